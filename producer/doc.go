// Package producer holds what is waiting to be written to a socket.
//
// A [Producer] makes bytes when it is asked for them, as asynchat's producers do with more(). A [Queue] is a FIFO of
// bytes and producers; its WriteTo offers the kernel one batch, in one writev(2), and advances one cursor by what the
// kernel took. Nothing is asked of a producer before the bytes it made last have left, so a slow peer slows its
// producers down, and memory is bounded by one chunk for each producer at work.
//
//	Push, PushCopy, PushOwned --> [ item | item | item ]  --fill--> chunks --gather--> iovecs --writev--> socket
//	                                ^ cursor: (item, offset), moved by what the kernel took
//
// Four kinds of item wait in a queue:
//
//   - copied bytes (PushCopy), coalesced in blocks of 4 KiB to 64 KiB which come from and go back to the loop;
//   - owned bytes (PushOwned), never copied, whose owner is told when they are done with;
//   - files ([File]), which leave by sendfile(2) on Linux;
//   - any other producer, which gives one chunk at a time.
//
// A queue belongs to one goroutine. The one call that may come from any other is the wake function a [Waker] is given.
//
// The model is asynchat's fifo, simple_producer and initiate_send, from CPython 3.11's Lib/asynchat.py. Where asynchat
// breaks on an empty producer, or loses data with a chunk size of 0, this package skips the one and refuses the other.
package producer
