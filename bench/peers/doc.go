// Peers is a benchmark server on other network libraries for Go, for a comparison with Millrace. Each library serves in two
// forms: best is what its documentation and its own benchmarks advise, with the replies to all that was read written at
// once; plain is what a newcomer writes, with one write for each reply.
//
//	peers -lib gnet|nbio|netpoll|net|nethttp|fasthttp -form best|plain -addr 127.0.0.1:0 -mode echo|line|http -loops 1
//
// When it takes connections it prints "listening HOST:PORT" on standard output, and nothing else ever. It ends with code 0
// when its standard input does, or on SIGTERM or SIGINT; a wrong command line ends it with code 2.
//
// The modes are:
//
//   - echo writes back every byte that it reads.
//   - line answers each line, which CR LF ends, with the same line. A line has at most 64 KiB.
//   - http answers each request of HTTP/1.1 with "Hello, World!". It skips the body that a Content-Length announces, and
//     closes the connection after a request that says Connection: close, or that is none.
//
// A client is to bound what it has in flight, and to read all answers before it closes its own half: gnet and nbio read on
// however much waits to be written, and drop it when they close a connection; netpoll reads on too.
//
// The libraries net/http and fasthttp know http only. The others have it from one parser of this program, so that their
// servers differ in the reading and writing alone.
//
// gnet has two build tags, of which its author says that they make it faster: poll_opt saves it the search for the
// connection of an event, gc_opt keeps its connections where the garbage collector need not follow them. Its best form is
// built with both:
//
//	go build -tags poll_opt,gc_opt
package main
