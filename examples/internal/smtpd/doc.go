// Package smtpd is an SMTP sink (RFC 5321): it takes mail for everybody and keeps each message as a file, or drops it. It is
// there to be sent to by programs that are being tested, and never passes anything on.
//
// # The protocol as terminators
//
// Commands are lines that CR LF ends, in Whole delivery. A message ends at CR LF . CR LF, and comes in Pieces, so that it may be
// longer than an element. Its first bytes come one by one: the CR LF before a dot that stands first belongs to the line of
// DATA, where CR LF . CR LF cannot find it, and so it is with empty lines before the dot.
//
//	 CR LF, Whole              Count(1), Pieces            CR LF . CR LF, Pieces
//	[commands] ──DATA──▶ [at the start of a line] ──text──▶ [amid the message] ──┐
//	    ▲                              │ . CR LF                                 │
//	    └──reply── [saving, suspended] ◀─────────────────────────────────────────┘
//
// Pipelining (RFC 2920) needs nothing: what has been received is cut by whatever terminator the reply before has set.
//
// # Line ends
//
// CR and LF are allowed together and in that order, nowhere else. Servers that differ in what ends a message, such as
// LF . LF, can be made to see two where the sender sees one; so a bare CR or LF, in a command or a message, is answered
// with 554 and the connection closed.
//
// # Files
//
// Whatever waits for the disk must not wait on the loop. What is received is gathered in memory, 64 KiB at a time; a message that
// is longer is written to its file by the loop, as that goes to the page cache. The rest of it, fsync(2) and rename(2) run
// on a goroutine, with the connection suspended: 250 means that the message is on the disk. A file
// appears under its name, NUMBER.eml, when it is whole; names begin with a dot before.
//
// # STARTTLS
//
// The loop knows nothing of TLS. A connection that changes to it (RFC 3207) leaves the loop by Detach; two goroutines
// and crypto/tls stand between the client and a socket pair, and the loop adopts the other end of that:
//
//	client ──TLS──▶ [goroutines, tls.Conn] ──socket pair──▶ [loop, a session of its own]
//
// Whoever changes protocols in this way has to think of these things, all of which are in starttls.go:
//
//   - What was received behind the command came without TLS, perhaps from somebody between the client and the server,
//     and must not be read as if it had come by it. Detach hands it over: if there is any the session is refused with
//     554. What comes later than that is read by crypto/tls, which takes it for a broken handshake.
//   - So the reply to the command must not be pushed before Detach, but be written when it is known that nothing
//     followed.
//   - The session on the other side is a new one, with nothing in it of what was said before.
//   - The end of each side is passed on as an end of that side, so that CloseWhenDone and its reply work as before; and
//     whoever does not end is ended by a deadline. A client amid its handshake is on no loop: Server.Wait waits for it.
//
// # Not there
//
// Authentication, BDAT, SMTPUTF8.
package smtpd
