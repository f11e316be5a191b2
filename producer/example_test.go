package producer_test

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/millrace-net/millrace/producer"
)

// A simple producer cuts bytes into chunks, as asynchat's does.
func ExampleBytes() {
	p, err := producer.Bytes([]byte("hello world\n"), 8)
	if err != nil {
		fmt.Println(err)
		return
	}
	for {
		chunk, err := p.More()
		fmt.Printf("%q %v\n", chunk, err)
		if err != nil {
			break
		}
	}
	_, err = producer.Bytes([]byte("hello world\n"), 0)
	fmt.Println(err)
	// Output:
	// "hello wo" <nil>
	// "rld\n" EOF
	// producer: chunk size 0 is not above 0
}

// A reader in memory is read in place. One that may block is read ahead of More, and then More may say ErrNotReady.
func ExampleReader() {
	p := producer.Reader(strings.NewReader("a page of text"), 6)
	for {
		chunk, err := p.More()
		fmt.Printf("%q %v\n", chunk, err)
		if err != nil {
			break
		}
	}
	// Output:
	// "a page" <nil>
	// " of te" <nil>
	// "xt" EOF
}

// A part of a file. A Queue would send it without reading it.
func ExampleFile() {
	f, err := os.CreateTemp("", "page")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(f.Name())
	if _, err := f.WriteString("header, body, footer"); err != nil {
		fmt.Println(err)
		return
	}
	p := producer.File(f, 8, 4)
	chunk, err := p.More()
	fmt.Printf("%q %v\n", chunk, err)
	fmt.Println(p.(io.Closer).Close())
	// Output:
	// "body" EOF
	// <nil>
}

// counter is a producer of its own: it makes its bytes when the socket has room for them.
type counter struct{ next, last int }

func (c *counter) More() ([]byte, error) {
	if c.next > c.last {
		return nil, io.EOF
	}
	c.next++
	return fmt.Appendf(nil, "%d ", c.next-1), nil
}

func (c *counter) Close() error {
	fmt.Println("counter closed")
	return nil
}

// The fifo of asynchat: bytes and producers, first come, first served.
func ExampleQueue() {
	var q producer.Queue
	q.Init(nil, nil)
	q.PushCopy([]byte("one, "))
	q.PushCopy([]byte("two"))
	q.Push(nil) // skipped
	q.Push(&counter{1, 3})
	fmt.Println(q.Len(), "items,", q.Size(), "bytes known")
	first, _ := q.Pop()
	chunk, err := first.More()
	fmt.Printf("%q %v\n", chunk, err)
	q.Discard()
	fmt.Println(q.Empty())
	// Output:
	// 2 items, 8 bytes known
	// "one, two" EOF
	// counter closed
	// true
}
