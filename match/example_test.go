package match_test

import (
	"errors"
	"fmt"

	"github.com/millrace-net/millrace/match"
)

// A stream in pieces: the terminator of the first line is cut in two.
func ExampleMatcher() {
	m := match.NewMatcher(match.CRLF)
	for _, piece := range []string{"hello\r", "\nwor", "ld\r\nrest"} {
		p := []byte(piece)
		for {
			end, size, found := m.Next(p)
			fmt.Printf("%q end %d size %d found %v held %d\n", p, end, size, found, m.Held())
			if !found {
				break
			}
			p = p[end:]
		}
	}
	// Output:
	// "hello\r" end 6 size 0 found false held 1
	// "\nwor" end 1 size 2 found true held 0
	// "wor" end 3 size 0 found false held 0
	// "ld\r\nrest" end 4 size 2 found true held 0
	// "rest" end 4 size 0 found false held 0
}

// A false alarm: the held bytes were data after all, and the literal's own first bytes stand in for them.
func ExampleMatcher_HeldBytes() {
	m := match.NewMatcher(match.CRLFCRLF)
	m.Next([]byte("a\r\n"))
	held := m.HeldBytes()
	end, _, found := m.Next([]byte("b"))
	fmt.Printf("%q, then %d more byte, found %v\n", held, end, found)
	// Output: "\r\n", then 1 more byte, found false
}

// A header block, then a body of known length: the terminator changes between elements.
func ExampleMatcher_Reset() {
	p := []byte("Content-Length: 5\r\n\r\nhello, and more")
	m := match.NewMatcher(match.CRLFCRLF)
	end, size, _ := m.Next(p)
	fmt.Printf("%q\n", p[:end-size])
	p = p[end:]

	body, err := match.Count(5)
	if err != nil {
		fmt.Println(err)
		return
	}
	m.Reset(body)
	end, _, _ = m.Next(p)
	fmt.Printf("%q, then %v\n", p[:end], m.Terminator())
	// Output:
	// "Content-Length: 5"
	// "hello", then None
}

func ExampleLiteral() {
	boundary, err := match.Literal([]byte("\r\n--frontier"))
	fmt.Println(boundary, boundary.MaxLen(), err)
	_, err = match.Literal(nil)
	fmt.Println(errors.Is(err, match.ErrEmpty))
	// Output:
	// Literal("\r\n--frontier") 12 <nil>
	// true
}

// A line ends at LF, and a CR before it belongs to the line's end.
func ExampleAny() {
	eol, err := match.Any([]byte("\n"), []byte("\r\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	m := match.NewMatcher(eol)
	for p := []byte("unix\ninternet\r\n"); len(p) > 0; {
		end, size, _ := m.Next(p)
		fmt.Printf("%q %d\n", p[:end-size], size)
		p = p[end:]
	}
	// Output:
	// "unix" 1
	// "internet" 2
}

func ExampleCount() {
	ten, err := match.Count(10)
	fmt.Println(ten, ten.Count(), err)
	_, err = match.Count(-1)
	fmt.Println(errors.Is(err, match.ErrNegative))
	// Output:
	// Count(10) 10 <nil>
	// true
}

func ExampleFinder_Index() {
	f, err := match.NewFinder([]byte("needle"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f.Index([]byte("hay needle hay")), f.Index([]byte("hay")))
	// Output: 4 -1
}

// All lines of a window at once. The last CR may begin a terminator, so the next call has to see it again.
func ExampleFinder_IndexAll() {
	f, err := match.NewFinder([]byte("\r\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	dst := make([]uint32, 16)
	n, scanned := f.IndexAll(dst, []byte("one\r\ntwo\r\n\r\nthree\r"))
	fmt.Println(dst[:n], scanned)
	// Output: [3 8 10] 17
}

func ExamplePrefixAtEnd() {
	fmt.Println(match.PrefixAtEnd([]byte("qwerty\r"), []byte("\r\n")))
	fmt.Println(match.PrefixAtEnd([]byte("a\r\n.\r"), []byte("\r\n.\r\n")))
	fmt.Println(match.PrefixAtEnd([]byte("aab"), []byte("aabaa")))
	// Output:
	// 1
	// 4
	// 3
}

func ExampleTerminator_Equal() {
	fmt.Println(match.CRLF.Equal(match.MustLiteral("\r\n")), match.CRLF.Equal(match.LF))
	// Output: true false
}
