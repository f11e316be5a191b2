// Package httpd is a small HTTP/1.1 server: the request handler of asynchat's documentation (CPython 3.11,
// Doc/library/asynchat.rst, "asynchat Example") made whole, after RFC 9110 and RFC 9112. It serves
//
//   - GET /hello, a fixed body from memory, without an allocation;
//   - POST /echo, the request's body, piece by piece as it arrives;
//   - any other path, a file or a directory below Config.Root.
//
// # The protocol as terminators
//
// A connection waits for CR LF CR LF, which ends the header of a request, in Whole delivery: the header is
// parsed where it lies. A body is a Count of Content-Length bytes in Pieces delivery, and after it the
// terminator is CR LF CR LF again. Between requests a connection has no state of its own: its handler is the
// worker that all connections of a loop share, and only a body under way has a handler to itself.
//
//	 CR LF CR LF, Whole              Count, Pieces
//	[worker: a header] ──POST /echo──▶ [echo: a body]
//	        ▲                                │
//	        └──────────the last piece────────┘
//
// A request that is refused, or that has a body nobody asked for, is answered with Connection: close and
// Conn.CloseWhenDone, so that the reply arrives although the client still sends.
//
// # Files
//
// Files are opened through os.Root, so neither a path nor a symbolic link leads out of the directory. A short file
// is read and pushed; a long one is a producer.File, which leaves by sendfile(2). While it does, the connection is
// paused: a client that asks for a thousand files without reading one keeps one open.
//
// Opening, stat and reading of files run on the loop and wait for the disk if they have to, as they do in
// asyncore: the other connections of that loop wait with them. A server for slow disks or network file systems
// would move them to a goroutine with Conn.Suspend.
//
// # Not there
//
// Transfer-Encoding (answered 501, though RFC 9112 section 7 asks for chunked), entity tags, ranges of several
// parts (answered with the whole file, as RFC 9110 section 14.2 allows), compression, TLS.
package httpd
