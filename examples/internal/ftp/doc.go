// Package ftp is a server of the files below a directory by FTP (RFC 959, RFC 2428, RFC 3659): a classic user of asynchat, with
// a second connection for each transfer.
//
// # Two connections
//
// A session's commands come on the control connection, in lines. PASV or EPSV opens a listener on the control connection's
// own address and on its own loop, so that all callbacks of a session run on one goroutine and nothing is
// locked. The first connection from the client's own address is the data connection, and ends the listener. RETR, LIST,
// NLST or STOR, which may come before it or after it, is the transfer.
//
//	             PASV, EPSV                  accepted
//	[nothing] ───────────────▶ [listening] ────────────▶ [connected]
//	    ▲                          │ RETR ...                 │ RETR ...
//	    │                          ▼         accepted         ▼
//	    ├───time, ABOR─────── [waiting] ─────────────▶ [transferring]
//	    └───226, 426──────────────────────────────────────────┘
//
// Meanwhile the control connection is read: ABOR ends a transfer, QUIT waits for its end.
//
// A file leaves by sendfile(2). 226 comes when the kernel has taken all of it and the client has ended its side in order.
//
// # Safety
//
// Files are opened through os.Root: neither a path nor a symbolic link leads out of the directory. Active mode (PORT, EPRT) is
// refused, since by it a server can be made to connect to others (RFC 2577). A listener takes nobody but the
// client's own address, and closes after 30 s.
//
// A file that is stored (Config.Write) appears under its name when it is whole; one that is cut short, or longer than
// Config.MaxFile, is dropped.
//
// Files are opened, listed and written on the loop, which waits for the disk if it has to, as in package httpd: this is a server
// for a local disk.
//
// # Not there
//
// TLS, users, conversion of line ends (TYPE A is taken, and files are sent as they are), APPE and STOR behind REST, whatever
// else changes files.
package ftp
