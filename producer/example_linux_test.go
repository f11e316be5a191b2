package producer_test

import (
	"fmt"
	"strings"

	"github.com/millrace-net/millrace/producer"
	"golang.org/x/sys/unix"
)

// Everything that waits leaves in one writev.
func ExampleQueue_WriteTo() {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])

	var q producer.Queue
	q.Init(nil, nil)
	q.PushCopy([]byte("head, "))
	q.PushOwned([]byte("body, "), func(p []byte) { fmt.Printf("done with %q\n", p) })
	q.Push(producer.Reader(strings.NewReader("tail"), 0))
	n, err := q.WriteTo(fds[0])
	fmt.Println(n, err, q.Empty())

	buf := make([]byte, 100)
	n2, err := unix.Read(fds[1], buf)
	fmt.Printf("%q %v\n", buf[:max(n2, 0)], err)
	// Output:
	// done with "body, "
	// 16 <nil> true
	// "head, body, tail" <nil>
}

// The calls are a seam: here one that counts, and takes three bytes at a time.
func ExampleCalls() {
	calls := producer.SystemCalls()
	count := 0
	calls.Write = func(fd int, p []byte) (int, unix.Errno) {
		count++
		return min(len(p), 3), 0
	}
	var q producer.Queue
	q.Init(&producer.Sys{Calls: calls}, nil)
	q.PushCopy([]byte("hello world"))
	for !q.Empty() {
		n, err := q.WriteTo(0)
		fmt.Println(n, err)
	}
	fmt.Println(count, "calls")
	// Output:
	// 3 producer: socket full
	// 3 producer: socket full
	// 3 producer: socket full
	// 2 <nil>
	// 4 calls
}
