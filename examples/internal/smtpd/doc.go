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
// # Not there
//
// TLS, authentication, BDAT, SMTPUTF8.
package smtpd
