package ringbuf_test

import (
	"bytes"
	"fmt"

	"github.com/millrace-net/millrace/ringbuf"
)

// Read into Space, commit what came, cut lines from Window, discard them.
func ExampleRing() {
	r, err := ringbuf.New(4096)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, read := range []string{"GET /\r\nHo", "st: example.org\r\n", "\r\nrest"} {
		n := copy(r.Space(), read)
		r.Commit(n)
		for {
			line, _, found := bytes.Cut(r.Window(), []byte("\r\n"))
			if !found {
				break
			}
			fmt.Printf("%q\n", line)
			r.Discard(len(line) + 2)
		}
	}
	fmt.Printf("left: %q\n", r.Window())
	fmt.Println(r.Close())
	// Output:
	// "GET /"
	// "Host: example.org"
	// ""
	// left: "rest"
	// <nil>
}

// A heap ring shows its bytes in one piece at its edge too.
func ExampleNewHeap() {
	r, err := ringbuf.NewHeap(4096)
	if err != nil {
		fmt.Println(err)
		return
	}
	for range r.Cap() - 3 {
		r.Commit(1)
		r.Discard(1)
	}
	r.Commit(copy(r.Space(), "over the edge"))
	fmt.Printf("%s, and room for the rest: %v\n", r.Window(), len(r.Space()) == r.Cap()-r.Len())
	// Output:
	// over the edge, and room for the rest: true
}

// A pool hands out rings of at least the size asked for, and the same memory again after Put.
func ExamplePool() {
	p := ringbuf.NewPool(ringbuf.PoolConfig{MaxIdleBytes: 1 << 20})
	r, err := p.Get(60_000)
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Commit(copy(r.Space(), "an element that is not complete"))
	fmt.Println(r.Cap(), p.Stats().InUse)
	r, err = p.Grow(r, 100_000)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Cap(), string(r.Window()))
	p.Put(r)
	s := p.Stats()
	fmt.Println(s.InUse, s.Idle, s.IdleBytes)
	fmt.Println(p.Close())
	// Output:
	// 65536 1
	// 131072 an element that is not complete
	// 0 2 196608
	// <nil>
}

// A block has length 0 and the capacity of its class.
func ExampleBlocks() {
	b := ringbuf.NewBlocks(0)
	p := b.Get(300)
	fmt.Println(len(p), cap(p))
	p = append(p, "the start of a line"...)
	b.Put(p)
	fmt.Println(b.Stats().IdleBytes)
	// Output:
	// 0 512
	// 512
}
