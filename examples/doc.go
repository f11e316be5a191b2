// Package examples is the folder of the example programs; it has no code of its own.
//
//   - demo: a web server, a key-value store and a chat room in one process; make run starts it
//   - httpd: a web server
//   - resp: a key-value server for the clients of Redis
//   - chat: a chat room whose members are spread over all loops
//   - smtpd: a mail server that keeps what it gets, as files
//   - ftp: a file server with a second connection for each transfer
//   - httpget: an HTTP client on a bare dispatcher, for several URLs at once
//
// Each is a main package of a page or two; the protocols are packages of their own in examples/internal. The flag
// -addr says where a server listens, on host:port or unix:path; the demo has one for each of its services.
//
//	go run ./examples/httpd -addr 127.0.0.1:8080
//
// SIGINT and SIGTERM end a program in order, with code 0. Linux only, as package loop is.
package examples
