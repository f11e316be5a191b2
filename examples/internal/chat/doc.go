// Package chat is a line chat room whose members are spread over all loops of a set.
//
// # Protocol
//
// Lines end in LF or CRLF and hold at most MaxLine bytes. The first line that is a good nickname, which nobody
// has, lets its sender in: 1 to MaxName printable ASCII bytes without a space, the first of them none of / * <.
// From then on every line goes to all other members as "<nick> text", but for the commands
//
//	/who        the number of members, and the names of up to 100
//	/nick NAME  changes the nickname
//	/me TEXT    goes to the others as "** nick TEXT"
//	/quit       leaves
//
// What the server itself says begins with "* ": who has joined and who has left, and why. Control bytes in a
// text become question marks, so that nobody can draw on a reader's terminal or pass for the server.
//
// # Over the loops
//
// Each loop has a hall, the list of the members it runs, which nobody else touches. A line is pushed to the members
// of its own hall at once, and appended to one link for each other hall. A link has one batch of lines on its
// way at a time, sent with Loop.Post and acknowledged with another; what is said meanwhile is the next batch, so
// a busy room needs few posts and a quiet one waits for nothing. The batch is one Push for each member there.
//
//	member ──line──▶ hall 0 ──Push──▶ members of loop 0
//	                  │  pending ▶ flight ──Post──▶ hall 1 ──Push──▶ members of loop 1
//	                  ◀───────────────Post: landed────┘
//
// So all readers get the lines of one sender in the order in which they were sent, and those of different senders in any.
//
// # Limits
//
// A reader that does not keep up is put out when its queue is full (loop.CloseOverflow); the others do not
// wait for it. A sender that is faster than another loop can hand out is paused until its lines have landed, so links are
// bounded and lose nothing. At a shutdown every member is told goodbye; a line on its way to
// a loop that has said so already goes no further.
package chat
