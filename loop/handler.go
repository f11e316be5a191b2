//go:build linux

package loop

// Handler is the one thing a user writes: what to do with the elements of one connection. All
// callbacks of a connection run on its loop's goroutine, one at a time, never nested; after Closed
// there are none.
//
// A Handler may also implement Opener, Closer, HalfCloser, Drainer, UrgentReader, Failer, Oversizer
// and Quitter.
type Handler interface {
	// Receive gets data of the stream in place: a slice of the loop's memory, valid until Receive
	// returns. The handler may change the bytes it has not pushed; to keep them it copies them
	// (bytes.Clone).
	//
	// The capacity of data ends where the terminator ends that was found behind it: data[:cap(data)]
	// is the element with its end. Where none was found, the capacity is the length.
	//
	// In Whole delivery data is one element without its terminator and found is true; it may be
	// empty. found is false for what was left unfinished when the stream ended, and for bytes under
	// match.None. In Pieces delivery data is what came so far, and found is true on the last piece
	// of an element, which may be empty.
	//
	// A non-nil error closes the connection, dropping what is queued, and is the cause that Closed
	// gets.
	Receive(c *Conn, data []byte, found bool) error
}

// HandlerFunc makes a Receive function a Handler.
type HandlerFunc func(c *Conn, data []byte, found bool) error

// Receive calls f.
func (f HandlerFunc) Receive(c *Conn, data []byte, found bool) error { return f(c, data, found) }

// Opener is told, once and first of all, that the connection is open: accepted, or connected after
// a Dial. Bytes may be pushed. An error closes the connection.
type Opener interface{ Opened(c *Conn) error }

// Closer is told, once and last of all, that the connection is closed, and why: nil if this side
// closed it in order, io.EOF if the peer did, else the first cause that made it close. A Dial that
// fails calls Closed without Opened before it.
type Closer interface{ Closed(c *Conn, cause error) }

// HalfCloser is told that the peer has ended its side of the stream, after all bytes that came
// before it were delivered. The connection stays open for writing until the handler closes it.
// Without this callback the connection is closed as by CloseWhenDone, with io.EOF as cause. An
// error closes the connection.
type HalfCloser interface{ ReadClosed(c *Conn) error }

// Drainer is told that queued output, which had passed Options.HighWater, has fallen to
// Options.LowWater. An error closes the connection.
type Drainer interface{ Drained(c *Conn) error }

// UrgentReader gets the urgent byte of a TCP connection (tcp(7), "Sockets API": out-of-band data),
// out of line with the stream. An error closes the connection.
type UrgentReader interface {
	Urgent(c *Conn, b byte) error
}

// Failer is told that a callback of this connection panicked with v; Closed follows, with a
// *PanicError. Without it the panic is logged.
type Failer interface {
	Failed(c *Conn, v any, stack []byte)
}

// Oversizer is told, under DiscardOversize, that an element passed Options.MaxElement: once an
// element, in order with the elements around it. Its bytes are dropped up to and with its
// terminator; or, if Oversize sets another terminator, Options.MaxElement + 1 of them (none of a
// Count) are, and the new one applies behind them. An error closes the connection.
type Oversizer interface{ Oversize(c *Conn) error }

// Quitter is told that the set is shutting down and may say goodbye (an SMTP server's 421). It
// should end with CloseWhenDone, at once or when what it is about has ended; without this callback the connection finishes the element it has
// begun and is then closed by CloseWhenDone.
type Quitter interface{ Quit(c *Conn) error }

// Factory makes the Handler of a new connection, on the loop that will run it, before Opened: the
// place for SetTerminator and SetDelivery. nil refuses the connection.
type Factory func(c *Conn) Handler

// Delivery is how elements reach a handler.
type Delivery uint8

const (
	// Whole hands over each element in one slice, of at most Options.MaxElement bytes.
	Whole Delivery = iota
	// Pieces hands over bytes as they come, at any length, and buffers nothing: asynchat's
	// collect_incoming_data and found_terminator in one callback.
	Pieces
)
