package producer

import "errors"

// Errors of producers and queues. They may be wrapped; test for them with errors.Is.
var (
	// ErrNotReady says that a producer has nothing now and will wake its queue when it has. It is no failure.
	ErrNotReady = errors.New("producer: not ready")

	// ErrBlocked says that the socket took less than it was offered: try again when it is writable. It is no failure.
	ErrBlocked = errors.New("producer: socket full")

	// ErrRead says that a reader broke io.Reader's contract (a count below 0 or above the length of its buffer), or
	// panicked, or ended its goroutine. The error that wraps it says which.
	ErrRead = errors.New("producer: reader broke its contract")
)

// maxEmptyChunks is how many times in a row a producer or reader may give nothing, without an error, before it is
// taken to be stuck: the figure of bufio.
const maxEmptyChunks = 100

// Producer makes bytes when it is asked for them: asynchat's more().
//
// More returns the next chunk, a slice that is the producer's and valid until the next call of More or Close. The error
// is io.EOF, unwrapped, when the producer is exhausted; a chunk that comes together with io.EOF counts, and is the
// last. An empty chunk with no error is skipped, but 100 of them in a row are io.ErrNoProgress. ErrNotReady means that
// there is nothing now, and that the producer, which then has to be a [Waker], will wake its queue. Any other error
// ends the stream, after the chunk that came with it.
//
// More is called on the goroutine of the queue, never again after an error other than ErrNotReady, and must not block.
// It may push to the queue, or discard it.
//
// If a producer is an io.Closer, its queue calls Close exactly once: when its last byte was written, or when it is
// dropped. The error of that Close is not used, since by then nobody waits for it.
type Producer interface {
	More() ([]byte, error)
}

// Waker is a producer that can answer ErrNotReady.
//
// OnReady is called once for each queue the producer is pushed to, on that queue's goroutine, before the first More. The
// producer keeps wake, and after each ErrNotReady it calls wake when it is worth asking again. wake may be called from
// any goroutine, any number of times, needed or not; it is never nil.
type Waker interface {
	Producer
	OnReady(wake func())
}
