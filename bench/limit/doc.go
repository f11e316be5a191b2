// Package limit is the lower bound for the servers that are compared: two servers in C, on epoll and on io_uring, that do what
// the system calls and the protocols demand and as little as possible besides. It has no Go code but tests, which build them
// and talk to them; their sources are in the folder c, because Go does not build C beside it.
//
//	bench/limit/build DIR
//	DIR/limit-epoll -addr 127.0.0.1:PORT -mode echo|line|http -loops N
//	DIR/limit-uring -addr 127.0.0.1:PORT -mode echo|line|http -loops N
//
// A server prints "listening HOST:PORT" when it accepts connections, and ends when its standard input does, or by SIGTERM or
// SIGINT. Each loop is a thread with a listener of its own. A peer that does not read is not read from.
//
// limit-epoll reads once for each event, into one buffer of the loop, answers what has come where it is, and writes once.
// limit-uring enters the kernel once a turn, for all connections: accepting and receiving go on until they are stopped, into
// buffers that the kernel takes from a ring, and what is to be sent is submitted by the same call that waits. Where there is no
// io_uring it ends with code 3.
package limit
