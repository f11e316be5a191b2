// Package loop runs servers and clients of protocols whose elements end at a terminator or after a
// count: epoll loops, one a core, that cut the streams of all their connections at terminators and
// call handlers with the elements, in place.
//
// It carries Python's asyncore and asynchat. A [Set] is one [Loop] a core; a Loop is asyncore's map
// and loop; a [Conn] is asynchat's channel: its terminator is state, set with [Conn.SetTerminator]
// and in force from the next byte on, and what it writes is a queue of producers. A [Dispatcher] is
// asyncore's. The pages docs/from-*.md list the names of asyncore and asynchat, of gnet and of net beside these.
//
// # A server
//
//	type echo struct{}
//
//	func (echo) Receive(c *loop.Conn, line []byte, found bool) error {
//		c.Push(line)
//		return c.Push(match.CRLF.Bytes())
//	}
//
//	func main() {
//		log.Fatal(loop.ListenAndServe("tcp", ":7000", func(c *loop.Conn) loop.Handler {
//			c.SetTerminator(match.CRLF)
//			return echo{}
//		}))
//	}
//
// # Datagrams
//
// [Loop.ListenPacket], [Loop.DialPacket] and [Set.ListenPacket] make a [PacketConn], of UDP or of unix
// datagrams: a [PacketHandler] gets each datagram in place, and what it sends leaves in batches.
//
// # Goroutines
//
// All callbacks of a connection run on its loop's goroutine, one at a time, never nested. A
// callback must not block: every connection of its loop waits for it. Work that may block goes to
// another goroutine with [Conn.Suspend]. Methods are for the loop's goroutine unless they say "any
// goroutine": [Conn.Post], [Conn.PushAsync], the function that [Conn.Suspend] returns, the
// addresses, [PacketConn.Post], [Loop.Post], [Loop.Listen], [Loop.ListenPacket], [Loop.Dial],
// [Loop.DialPacket], [Loop.Adopt], all methods of a Listener and of a Set.
//
// # Memory
//
// A slice handed to a callback is valid until the callback returns. An idle connection owns no
// buffer: a loop reads into a ring of its own, and only an unfinished element, or output that the
// socket does not take, is kept with its connection. The build tag poison overwrites memory that is
// no longer valid, so that a slice that was kept is noticed.
//
// # Limits
//
// Everything has a limit with a default, in [Options]; reaching one is a named error, which [Closer] is told.
//
// Linux only. On other systems the package does not build: see
// [github.com/millrace-net/millrace/match] for what does.
package loop
