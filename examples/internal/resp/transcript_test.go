//go:build linux

package resp

import (
	"strings"
	"testing"
)

// transcript is what a client sends on a fresh connection to an empty server, and what comes back.
type transcript struct {
	name    string
	in, out string
	closes  bool // the server ends the connection
	ours    bool // Redis answers otherwise, for a reason the name tells
}

// lines joins lines with CRLF, and ends with one.
func lines(s ...string) string { return strings.Join(s, "\r\n") + "\r\n" }

const wrongArity = "-ERR wrong number of arguments for "

var transcripts = []transcript{
	{name: "ping", in: multibulk("PING") + multibulk("ping", "a\r\nb") + multibulk("PiNg", "a", "b"),
		out: "+PONG\r\n" + bulk("a\r\nb") + wrongArity + "'ping' command\r\n"},
	{name: "echo", in: multibulk("ECHO", "") + multibulk("ECHO", "x") + multibulk("ECHO"),
		out: bulk("") + bulk("x") + wrongArity + "'echo' command\r\n"},
	{name: "empty and negative multibulks are nothing", in: "*0\r\n*-1\r\n*-5\r\n" + multibulk("PING"), out: "+PONG\r\n"},
	{name: "set and get", in: multibulk("SET", "k", "v\x00\r\n") + multibulk("GET", "k") + multibulk("GET", "none") + multibulk("STRLEN", "k"),
		out: "+OK\r\n" + bulk("v\x00\r\n") + "$-1\r\n:4\r\n"},
	{name: "set rules", in: multibulk("SET", "k", "1", "XX") + multibulk("SET", "k", "2", "nx") + multibulk("SET", "k", "3", "NX") +
		multibulk("SET", "k", "4", "XX") + multibulk("GET", "k"),
		out: "$-1\r\n+OK\r\n$-1\r\n+OK\r\n" + bulk("4")},
	{name: "set get", in: multibulk("SET", "k", "1", "GET") + multibulk("SET", "k", "2", "GET") + multibulk("SET", "k", "3", "NX", "GET") + multibulk("GET", "k"),
		out: "$-1\r\n" + bulk("1") + bulk("2") + bulk("2")},
	{name: "set syntax", in: multibulk("SET", "k", "v", "EX") + multibulk("SET", "k", "v", "NX", "XX") + multibulk("SET", "k", "v", "EX", "1", "PX", "1") +
		multibulk("SET", "k", "v", "EX", "1", "KEEPTTL") + multibulk("SET", "k", "v", "KEEPTTL", "EX", "1") + multibulk("SET", "k", "v", "huh") +
		multibulk("SET", "k", "v", "EX", "0") + multibulk("SET", "k", "v", "PX", "-1") + multibulk("SET", "k", "v", "EX", "abc") +
		multibulk("SET", "k", "v", "EX", "9223372036854775807") + multibulk("SET", "k") + multibulk("EXISTS", "k"),
		out: strings.Repeat("-ERR syntax error\r\n", 6) + strings.Repeat("-ERR invalid expire time in 'set' command\r\n", 2) +
			"-ERR value is not an integer or out of range\r\n-ERR invalid expire time in 'set' command\r\n" +
			wrongArity + "'set' command\r\n:0\r\n"},
	{name: "getset and setnx", in: multibulk("GETSET", "k", "1") + multibulk("GETSET", "k", "2") + multibulk("SETNX", "k", "3") +
		multibulk("SETNX", "j", "4") + multibulk("MGET", "k", "j"),
		out: "$-1\r\n" + bulk("1") + ":0\r\n:1\r\n*2\r\n" + bulk("2") + bulk("4")},
	{name: "del, unlink, exists, type", in: multibulk("MSET", "a", "1", "b", "2", "c", "3") + multibulk("EXISTS", "a", "a", "b", "x") + multibulk("DEL", "a", "x", "a") +
		multibulk("UNLINK", "b") + multibulk("TYPE", "c") + multibulk("TYPE", "b") + multibulk("DBSIZE"),
		out: "+OK\r\n:3\r\n:1\r\n:1\r\n+string\r\n+none\r\n:1\r\n"},
	{name: "mset and mget", in: multibulk("MSET", "a", "1", "b") + multibulk("MSET", "a", "1", "a", "2") + multibulk("MGET", "a", "b", "a") + multibulk("MGET"),
		out: wrongArity + "'mset' command\r\n+OK\r\n*3\r\n" + bulk("2") + "$-1\r\n" + bulk("2") + wrongArity + "'mget' command\r\n"},
	{name: "numbers", in: multibulk("INCR", "n") + multibulk("INCRBY", "n", "41") + multibulk("DECR", "n") + multibulk("DECRBY", "n", "-9") + multibulk("GET", "n") +
		multibulk("SET", "n", "-9223372036854775808") + multibulk("INCR", "n") + multibulk("DECRBY", "n", "2"),
		out: ":1\r\n:42\r\n:41\r\n:50\r\n" + bulk("50") + "+OK\r\n:-9223372036854775807\r\n-ERR increment or decrement would overflow\r\n"},
	{name: "no numbers", in: multibulk("SET", "n", "01") + multibulk("INCR", "n") + multibulk("SET", "n", "") + multibulk("INCR", "n") + multibulk("INCRBY", "m", "1.5") +
		multibulk("DECRBY", "m", "-9223372036854775808") + multibulk("INCRBY", "m", "+1") + multibulk("EXISTS", "m"),
		out: "+OK\r\n-ERR value is not an integer or out of range\r\n+OK\r\n" + strings.Repeat("-ERR value is not an integer or out of range\r\n", 2) +
			"-ERR decrement would overflow\r\n-ERR value is not an integer or out of range\r\n:0\r\n"},
	{name: "append", in: multibulk("APPEND", "s", "ab") + multibulk("APPEND", "s", "") + multibulk("APPEND", "s", "cd") + multibulk("GET", "s") + multibulk("STRLEN", "none"),
		out: ":2\r\n:2\r\n:4\r\n" + bulk("abcd") + ":0\r\n"},
	{name: "keys", in: multibulk("MSET", "one", "1", "two", "2") + multibulk("KEYS", "o*") + multibulk("KEYS", "x?") + multibulk("FLUSHDB", "ASYNC") + multibulk("KEYS", "*") + multibulk("FLUSHALL", "now"),
		out: "+OK\r\n*1\r\n" + bulk("one") + "*0\r\n+OK\r\n*0\r\n-ERR syntax error\r\n"},
	{name: "scan", in: multibulk("SET", "one", "1") + multibulk("SCAN", "0", "MATCH", "o*", "COUNT", "1000", "TYPE", "string") + multibulk("SCAN", "0", "TYPE", "list", "COUNT", "1000") +
		multibulk("SCAN", "x") + multibulk("SCAN", "0", "COUNT", "0") + multibulk("SCAN", "0", "COUNT") + multibulk("SCAN", "0", "COUNT", "y") + multibulk("SCAN", "0", "HUH", "1"),
		out: "+OK\r\n*2\r\n" + bulk("0") + "*1\r\n" + bulk("one") + "*2\r\n" + bulk("0") + "*0\r\n-ERR invalid cursor\r\n-ERR syntax error\r\n-ERR syntax error\r\n" +
			"-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n"},
	{name: "long patterns", ours: true, in: multibulk("SET", "one", "1") + multibulk("KEYS", "o"+strings.Repeat("*", 1023)) + multibulk("KEYS", strings.Repeat("*", 1025)) + multibulk("SCAN", "0", "MATCH", strings.Repeat("*", 1025)),
		out: "+OK\r\n*1\r\n" + bulk("one") + strings.Repeat("-ERR pattern is longer than 1024 bytes\r\n", 2)},
	{name: "expire", in: multibulk("SET", "k", "v", "EX", "100") + multibulk("TTL", "k") + multibulk("PERSIST", "k") + multibulk("PERSIST", "k") + multibulk("TTL", "k") +
		multibulk("PTTL", "k") + multibulk("TTL", "none") + multibulk("PTTL", "none") + multibulk("EXPIRE", "k", "7") + multibulk("TTL", "k") +
		multibulk("PEXPIRE", "k", "-1") + multibulk("EXISTS", "k") + multibulk("EXPIRE", "k", "1"),
		out: "+OK\r\n:100\r\n:1\r\n:0\r\n:-1\r\n:-1\r\n:-2\r\n:-2\r\n:1\r\n:7\r\n:1\r\n:0\r\n:0\r\n"},
	{name: "expire out of range", in: multibulk("SET", "k", "v") + multibulk("EXPIRE", "k", "9223372036854775807") + multibulk("PEXPIRE", "k", "9223372036854775807") +
		multibulk("EXPIRE", "k", "-9223372036854775808") + multibulk("EXPIRE", "k", "x") + multibulk("TTL", "k"),
		out: "+OK\r\n-ERR invalid expire time in 'expire' command\r\n-ERR invalid expire time in 'pexpire' command\r\n" +
			"-ERR invalid expire time in 'expire' command\r\n-ERR value is not an integer or out of range\r\n:-1\r\n"},
	{name: "set and time to live", in: multibulk("SET", "k", "1", "EX", "100") + multibulk("SET", "k", "2", "KEEPTTL") + multibulk("TTL", "k") + multibulk("APPEND", "k", "3") + multibulk("INCR", "k") +
		multibulk("TTL", "k") + multibulk("GETSET", "k", "4") + multibulk("TTL", "k") + multibulk("SET", "k", "1", "PX", "100000") + multibulk("MSET", "k", "2") + multibulk("TTL", "k"),
		out: "+OK\r\n+OK\r\n:100\r\n:2\r\n:24\r\n:100\r\n" + bulk("24") + ":-1\r\n+OK\r\n+OK\r\n:-1\r\n"},
	{name: "select", in: multibulk("SELECT", "0") + multibulk("SELECT", "99") + multibulk("SELECT", "x"),
		out: "+OK\r\n-ERR DB index is out of range\r\n-ERR value is not an integer or out of range\r\n"},
	{name: "client", in: multibulk("CLIENT", "GETNAME") + multibulk("CLIENT", "SETNAME", "joe") + multibulk("CLIENT", "getname") + multibulk("CLIENT", "SETNAME", "a b") +
		multibulk("RESET") + multibulk("CLIENT", "GETNAME"),
		out: "$-1\r\n+OK\r\n" + bulk("joe") + "-ERR Client names cannot contain spaces, newlines or special characters.\r\n+RESET\r\n$-1\r\n"},
	{name: "client setinfo came with Redis 7.2", in: multibulk("CLIENT", "SETINFO", "LIB-NAME", "x") + multibulk("CLIENT", "SETINFO", "colour", "x"),
		out: "+OK\r\n-ERR Unrecognized option 'colour'\r\n", ours: true},
	{name: "subcommands that only Redis has", in: multibulk("CLIENT", "huh") + multibulk("CONFIG", "SET", "save", "") + multibulk("COMMAND", "huh") + multibulk("COMMAND", "DOCS") + multibulk("COMMAND"),
		out: "-ERR unknown subcommand 'huh'. Try CLIENT HELP.\r\n-ERR unknown subcommand 'SET'. Try CONFIG HELP.\r\n-ERR unknown subcommand 'huh'. Try COMMAND HELP.\r\n*0\r\n*0\r\n", ours: true},
	{name: "config get", in: multibulk("CONFIG", "GET", "save") + multibulk("CONFIG", "GET", "appendonly") + multibulk("CONFIG", "GET", "nothing"),
		out: "*2\r\n" + bulk("save") + bulk("") + "*2\r\n" + bulk("appendonly") + bulk("no") + "*0\r\n"},
	{name: "config get in capitals, which Redis gives back", in: multibulk("config", "get", "AppendOnly"), out: "*2\r\n" + bulk("appendonly") + bulk("no"), ours: true},
	{name: "hello has no RESP3 here", in: multibulk("HELLO", "3"), out: "-NOPROTO unsupported protocol version\r\n", ours: true},
	{name: "hello", in: multibulk("HELLO", "x") + multibulk("HELLO", "1") + multibulk("HELLO", "2", "huh"),
		out: "-ERR Protocol version is not an integer or out of range\r\n-NOPROTO unsupported protocol version\r\n-ERR Syntax error in HELLO option 'huh'\r\n"},
	{name: "unknown", in: multibulk("NoSuch", "a\r\nb", strings.Repeat("x", 200), "c") + multibulk("") + multibulk("averyveryverylongname"),
		out: "-ERR unknown command 'NoSuch', with args beginning with: 'a  b' '" + strings.Repeat("x", 121) + "' \r\n" +
			"-ERR unknown command '', with args beginning with: \r\n-ERR unknown command 'averyveryverylongname', with args beginning with: \r\n"},
	{name: "quit", in: multibulk("SET", "k", "v") + multibulk("QUIT") + multibulk("PING"), out: "+OK\r\n+OK\r\n", closes: true},

	{name: "inline", in: lines("PING", "", "   ", "set k  v", "get k") + "ping\nPING\t\"x y\" \n", out: "+PONG\r\n+OK\r\n" + bulk("v") + "+PONG\r\n" + bulk("x y")},
	{name: "inline quotes", in: lines(`echo "a\x41\n\"\q"`, `echo 'it\'s "\n"'`, `echo ""`, `echo a"b c"`, `echo "\x4"`),
		out: bulk("aA\n\"q") + bulk(`it's "\n"`) + bulk("") + bulk("ab c") + bulk("x4")},
	{name: "inline and multibulk", in: "PING\r\n" + multibulk("PING", "x") + "PING\n", out: "+PONG\r\n" + bulk("x") + "+PONG\r\n"},
	{name: "open quote", in: lines("PING", `echo "abc`, "PING"), out: "+PONG\r\n-ERR Protocol error: unbalanced quotes in request\r\n", closes: true},
	{name: "quote inside a word", in: lines(`echo "abc"d`), out: "-ERR Protocol error: unbalanced quotes in request\r\n", closes: true},

	{name: "multibulk length", in: "*abc\r\nPING\r\n", out: "-ERR Protocol error: invalid multibulk length\r\n", closes: true},
	{name: "multibulk length with a space", in: "* 1\r\n", out: "-ERR Protocol error: invalid multibulk length\r\n", closes: true},
	{name: "too many arguments", in: "*1048577\r\n", out: "-ERR Protocol error: invalid multibulk length\r\n", closes: true, ours: true},
	{name: "multibulk length past 64 bits", in: "*99999999999999999999\r\n", out: "-ERR Protocol error: invalid multibulk length\r\n", closes: true},
	{name: "multibulk without CR, for which Redis waits", in: "*1\n$4\nPING\n", out: "-ERR Protocol error: invalid multibulk length\r\n", closes: true, ours: true},
	{name: "no dollar", in: "*1\r\nPING\r\n", out: "-ERR Protocol error: expected '$', got 'P'\r\n", closes: true},
	{name: "no dollar in the second argument", in: multibulk("PING") + "*2\r\n$4\r\nECHO\r\n:1\r\n", out: "+PONG\r\n-ERR Protocol error: expected '$', got ':'\r\n", closes: true},
	{name: "no line", in: "*1\r\n\r\n", out: "-ERR Protocol error: expected '$', got ' '\r\n", closes: true},
	{name: "bulk length", in: "*1\r\n$x\r\nPING\r\n", out: "-ERR Protocol error: invalid bulk length\r\n", closes: true},
	{name: "negative bulk", in: "*1\r\n$-1\r\n", out: "-ERR Protocol error: invalid bulk length\r\n", closes: true},
	{name: "bulk over 64 MiB", in: "*1\r\n$67108865\r\n", out: "-ERR Protocol error: invalid bulk length\r\n", closes: true, ours: true},
	{name: "bulk that does not end, at which Redis does not look", in: "*1\r\n$4\r\nPINGxx" + multibulk("PING"),
		out: "-ERR Protocol error: expected CRLF after a bulk string\r\n", closes: true, ours: true},
}

// converse sends pieces of a transcript one by one and returns what came back, and whether the server ended the connection.
func (r *rig) converse(pieces []string, want int) (got string, closed bool) {
	r.t.Helper()
	r.reset()
	p := r.dial()
	for _, piece := range pieces {
		p.send([]byte(piece))
	}
	got = string(p.take(want))
	closed = p.eof
	p.close()
	return got, closed
}

// TestTranscripts runs every transcript whole, byte by byte, and cut in two at every place.
func TestTranscripts(t *testing.T) {
	for _, tr := range transcripts {
		t.Run(tr.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, Config{})
			try := func(how string, pieces ...string) {
				got, closed := r.converse(pieces, len(tr.out))
				if got != tr.out || closed != tr.closes {
					t.Fatalf("%s:\nsent %.300q\ngot  %q, closed %v\nwant %q, closed %v", how, tr.in, got, closed, tr.out, tr.closes)
				}
			}
			try("whole", tr.in)
			try("byte by byte", strings.Split(tr.in, "")...)
			for i := 1; i < len(tr.in); i++ {
				try("cut in two", tr.in[:i], tr.in[i:])
			}
		})
	}
}
