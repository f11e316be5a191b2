package match

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// hostileStream is a literal and a text that make naive searches for it quadratic.
type hostileStream struct{ name, literal, text string }

// hostileStreams returns the worst that is known, with about size bytes of text each.
func hostileStreams(size int) []hostileStream {
	fill := func(s string) string { return strings.Repeat(s, size/len(s)+1) }
	as100 := strings.Repeat("a", 100)
	h := []hostileStream{
		{"LF in all LF", "\n", fill("\n")},
		{"CRLF in all CR", "\r\n", fill("\r")},
		{"CRLF in all LF", "\r\n", fill("\n")},
		{"CRLF in LF CR", "\r\n", fill("\n\r")},
		{"CRLF in all CRLF", "\r\n", fill("\r\n")},
		{"CRLFCRLF in all CR", "\r\n\r\n", fill("\r")},
		{"CRLFCRLF in CRLFCR", "\r\n\r\n", fill("\r\n\r")},
		{"CRLFCRLF in LFCR", "\r\n\r\n", fill("\n\r")},
		{"CRLFCRLF in CRLFx", "\r\n\r\n", fill("\r\nx")},
		{"dot in CRLF.CR", "\r\n.\r\n", fill("\r\n.\r")},
		{"many Q after a long run", as100 + "b" + as100 + "Q", fill(as100 + as100 + strings.Repeat("Qa", 75))},
		{"Fibonacci", fibonacci(987), fill(fibonacci(987)[:986])},
		{"Fibonacci, its last bytes changed", fibonacci(610) + "c", fill(fibonacci(610))},
	}
	for _, n := range []int{16, 64, 1024, 65535} {
		as := strings.Repeat("a", n)
		h = append(h,
			hostileStream{fmt.Sprintf("a^%d b in all a", n), as + "b", fill("a")},
			hostileStream{fmt.Sprintf("b a^%d in all a", n), "b" + as, fill("a")},
			hostileStream{fmt.Sprintf("a^%d in (a^%d b)", n+1, n), as + "a", fill(as + "b")},
			hostileStream{fmt.Sprintf("a^%d in all a", n+1), as + "a", fill("a")},
			hostileStream{fmt.Sprintf("(ab)^%d c in ab", n/2), strings.Repeat("ab", n/2) + "c", fill("ab")},
			hostileStream{fmt.Sprintf("a^%d b a^%d in (a^%d b)", n/2, n/2, n/2-1),
				as[:n/2] + "b" + as[:n/2], fill(as[:n/2-1] + "b")},
		)
	}
	return h
}

// fibonacci returns the first n letters of the Fibonacci word, on which failures fall furthest.
func fibonacci(n int) string {
	a, b := "b", "a"
	for len(b) < n {
		a, b = b, b+a
	}
	return b[:n]
}

// streamSteps feeds text in pieces to a Matcher for term and returns the steps taken and the elements found.
func streamSteps(t *testing.T, term Terminator, text []byte, piece int) (steps, elements int) {
	t.Helper()
	m := NewMatcher(term)
	var w meter
	for from := 0; from < len(text); from += piece {
		got, err := feed(&m, from, text[from:min(from+piece, len(text))], &w)
		if err != nil {
			t.Fatalf("%v in pieces of %d: %v", term, piece, err)
		}
		elements += len(got)
	}
	return w.steps, elements
}

// The bound that the package comment states for a literal, counted, on the worst texts and for every kind of cut; and
// all cuts find the same elements.
func TestLiteralWorkIsLinear(t *testing.T) {
	t.Parallel()
	const size = 100_000
	for _, h := range hostileStreams(size) {
		text := []byte(h.text)
		bound := stepsPerByte*len(text) + stepsOver
		term := MustLiteral(h.literal)
		_, want := streamSteps(t, term, text, len(text))
		if count := strings.Count(h.text, h.literal); want != count {
			t.Errorf("%s: %d elements, want %d", h.name, want, count)
		}
		for _, piece := range []int{len(text), 4096, 64, 8, 7, 1} {
			steps, elements := streamSteps(t, term, text, piece)
			if steps > bound || steps < len(text)/2 {
				t.Errorf("%s, by %d: %d steps for %d bytes, the bound is %d", h.name, piece, steps, len(text), bound)
			}
			if elements != want {
				t.Errorf("%s, by %d: %d elements, want %d", h.name, piece, elements, want)
			}
		}
	}
}

// The same bound for the Finder.
func TestFinderWorkIsLinear(t *testing.T) {
	t.Parallel()
	const size = 200_000
	for _, h := range hostileStreams(size) {
		text := []byte(h.text)
		bound := stepsPerByte*len(text) + stepsOver
		f, err := NewFinder([]byte(h.literal))
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]uint32, len(text))
		var one, all meter
		if got, want := f.index(text, &one), bytes.Index(text, []byte(h.literal)); got != want {
			t.Errorf("%s: index %d, want %d", h.name, got, want)
		}
		if n, _ := f.indexAll(dst, text, &all); n != strings.Count(h.text, h.literal) {
			t.Errorf("%s: %d matches", h.name, n)
		}
		if one.steps > bound || all.steps > bound {
			t.Errorf("%s: %d and %d steps for %d bytes, the bound is %d", h.name, one.steps, all.steps, len(text), bound)
		}
	}
}

// The bound that the package comment states for an Any: on repetitive literals, and where every node has 256
// children.
func TestAnyWorkIsLinear(t *testing.T) {
	t.Parallel()
	const size = 70_000
	var all, pairs []string
	for c := range 256 {
		all = append(all, strings.Repeat("a", 40)+string([]byte{byte(c)})+"x")
		for d := range 256 {
			pairs = append(pairs, string([]byte{byte(c), byte(d), 0, 1}))
		}
	}
	long := strings.Repeat("a", 60_000)
	everyByte := make([]byte, 256)
	for c := range everyByte {
		everyByte[c] = byte(255 - c)
	}
	for _, c := range []struct {
		name string
		lits []string
		text string
	}{
		{"a^60000 b and c in all a", []string{long + "b", long + "c"}, "a"},
		{"a^60000 b and b a^60000 in a^999 b", []string{long + "b", "b" + long}, strings.Repeat("a", 999) + "b"},
		{"256 children", all, strings.Repeat("a", 41)},
		{"256 times 256 children", pairs, string(everyByte)},
		{"line ends in all CR", []string{"\r\n", "\n"}, "\r"},
		{"two line ends in all CR", []string{"\r\n\r\n", "\n\n"}, "\r\n\r"},
	} {
		s := newSample(t, c.lits...)
		text := bytes.Repeat([]byte(c.text), size/len(c.text)+1)
		_, want := streamSteps(t, s.term, text, len(text))
		for _, piece := range []int{len(text), 64, 7, 1} {
			steps, elements := streamSteps(t, s.term, text, piece)
			if bound := 20 * len(text); steps > bound || steps < len(text) {
				t.Errorf("%s, by %d: %d steps for %d bytes, the bound is %d", c.name, piece, steps, len(text), bound)
			}
			if elements != want {
				t.Errorf("%s, by %d: %d elements, want %d", c.name, piece, elements, want)
			}
		}
	}
}

// The longest literal that is allowed, byte by byte.
func TestLongestLiteral(t *testing.T) {
	lit := bytes.Repeat([]byte("a"), MaxLiteral)
	lit[MaxLiteral-1] = 'b'
	if got := PrefixAtEnd(lit[:MaxLiteral-1], lit); got != MaxLiteral-1 {
		t.Errorf("PrefixAtEnd is %d", got)
	}
	m := NewMatcher(MustLiteral(string(lit)))
	for i := range lit {
		if m.Held() != i {
			t.Fatalf("%d held after %d bytes", m.Held(), i)
		}
		end, size, found := m.Next(lit[i : i+1])
		if last := i == MaxLiteral-1; found != last || end != 1 || last && size != MaxLiteral {
			t.Fatalf("byte %d: %d %d %v", i, end, size, found)
		}
	}
}

// The budget: false candidates run a Matcher into debt, to the plain search, piece after piece; a
// stretch without them pays it back.
func TestDebt(t *testing.T) {
	m := NewMatcher(MustLiteral("aabaabaab"))
	hostile, calm := []byte("aabaabaxbaabaabaxbaabaabaxb"), bytes.Repeat([]byte("x"), 64)
	most := int16(0)
	for range 100 {
		if _, _, found := m.Next(hostile); found {
			t.Fatal("a match in hostile text")
		}
		if err := m.check(); err != nil {
			t.Fatal(err)
		}
		most = max(most, m.debt)
	}
	if most < plainDebt {
		t.Errorf("the debt rose to %d, want %d", most, plainDebt)
	}
	m.Next(calm[:1]) // the carry was a false candidate too
	for owed := m.debt; owed > 0; owed = m.debt {
		m.Next(calm)
		if want := max(0, owed-int16(len(calm))); m.debt > want {
			t.Fatalf("%d bytes have lowered the debt from %d to %d", len(calm), owed, m.debt)
		}
	}
	// Long true runs pay as well as long scans do.
	m.Reset(MustLiteral(strings.Repeat("x", 1000)))
	m.debt = plainDebt - 1
	if m.Next(calm); m.debt != plainDebt-1-int16(len(calm)) {
		t.Errorf("a run of %d bytes has lowered the debt to %d", len(calm), m.debt)
	}
}

// Text that is no more than usual: here the scans must do nearly all the work, a step a byte, or the gears are wrong.
func TestCommonWorkIsScanning(t *testing.T) {
	for _, c := range []struct{ name, literal, text string }{
		{"headers", "\r\n\r\n", "Cache-Control: max-age=0\r\n"},
		{"all CR", "\r\n\r\n", "\r"},
		{"mail", "\r\n.\r\n", "A line of a letter. As people write them, it\r\n"},
		{"Unix text", "\r\n", "A line of a letter, as people write them.\n"},
		{"boundary", "\r\n--f7Gq0Lz81XbW", "bytes in base64 of some 76 a line, FxQzLw==\r\n"},
	} {
		text := bytes.Repeat([]byte(c.text), 100_000/len(c.text))
		for _, piece := range []int{len(text), 1400} {
			steps, _ := streamSteps(t, MustLiteral(c.literal), text, piece)
			if most := len(text) + len(text)/2; steps > most {
				t.Errorf("%s, by %d: %d steps for %d bytes, want at most %d", c.name, piece, steps, len(text), most)
			}
		}
	}
}
