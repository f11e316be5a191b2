//go:build linux

package resp

// Errors that are replies.
var (
	errSyntax    = replyError("ERR syntax error")
	errCursor    = replyError("ERR invalid cursor")
	errIndex     = replyError("ERR DB index is out of range")
	errProtocol  = replyError("NOPROTO unsupported protocol version")
	errName      = replyError("ERR Client names cannot contain spaces, newlines or special characters.")
	errPassword  = replyError("ERR AUTH called without any password configured")
	errPattern   = replyError("ERR pattern is longer than 1024 bytes")
	errInteger   = replyError("ERR value is not an integer or out of range")
	errOverflow  = replyError("ERR increment or decrement would overflow")
	errValueSize = replyError("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
)

// replyError is an error that the client is told; the connection goes on.
type replyError string

func (e replyError) Error() string { return string(e) }
