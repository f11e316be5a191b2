//go:build linux

package resp

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
)

func TestConfig(t *testing.T) {
	for _, o := range []Config{{MaxArgs: -1}, {MaxBulkBytes: -1}, {MaxBulkBytes: 1<<30 + 1}, {MaxCommandBytes: -1}, {MaxCommandBytes: 1<<30 + 1}} {
		if _, err := New(o); !errors.Is(err, ErrConfig) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := New(Config{MaxArgs: 1, MaxBulkBytes: 1, MaxCommandBytes: 1 << 30}); err != nil {
		t.Error(err)
	}
}

// TestLimits sends what just fits each limit, and what just does not.
func TestLimits(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	const refused = "-ERR Protocol error: "
	for _, c := range []struct {
		name, in, out string
		closes        bool
	}{
		{"arguments", multibulk("EXISTS", "a", "b", "c"), ":0\r\n", false},
		{"one argument more", multibulk("EXISTS", "a", "b", "c", "d"), refused + "invalid multibulk length\r\n", true},
		{"bulk", multibulk("SET", "k", long(50_000)) + multibulk("STRLEN", "k"), "+OK\r\n:50000\r\n", false},
		{"bulk of a byte more", multibulk("SET", "k", long(50_001)), refused + "invalid bulk length\r\n", true},
		{"bytes of a command", multibulk("DEL", long(50_000), long(49_997)), ":0\r\n", false},
		{"a byte more of a command", multibulk("DEL", long(50_000), long(49_998)), refused + "too big command\r\n", true},
		{"append", multibulk("APPEND", "k", long(49_999)) + multibulk("APPEND", "k", "xx") + multibulk("APPEND", "k", "x") + multibulk("APPEND", "k", "") + multibulk("APPEND", "k", "x"),
			":49999\r\n-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n:50000\r\n:50000\r\n-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n", false},
		{"line", "ECHO " + long(lineMax-6) + "\r\n", bulk(long(lineMax - 6)), false},
		{"line that is too long", long(lineMax+1) + "\r\n", refused + "too big inline request\r\n", true},
		{"line that does not end", long(lineMax * 3), refused + "too big inline request\r\n", true},
		{"bulk's line that does not end", "*1\r\n$" + long(lineMax*2), refused + "too big bulk count string\r\n", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, Config{MaxArgs: 4, MaxBulkBytes: 50_000, MaxCommandBytes: 100_000})
			for _, cut := range []int{len(c.in), 1, len(c.in) / 2, len(c.in) - 1} {
				got, closed := r.converse([]string{c.in[:cut], c.in[cut:]}, len(c.out))
				if got != c.out || closed != c.closes {
					t.Fatalf("cut at %d: got %.200q, closed %v; want %.200q, closed %v", cut, got, closed, c.out, c.closes)
				}
			}
		})
	}
}

// TestBulkSizes stores and reads values around every length at which something changes, cut at many places.
func TestBulkSizes(t *testing.T) {
	r := newRig(t, Config{})
	for _, n := range []int{0, 1, 2, wholeMax - 1, wholeMax, wholeMax + 1, sharedMin + 1, lineMax - 2, lineMax - 1, lineMax, lineMax + 1, 300_000} {
		value := string(ramp(n))
		in := multibulk("SET", "k", value) + multibulk("GET", "k") + multibulk("ECHO", value) + multibulk("GETSET", "k", "") + multibulk("GET", "k")
		out := "+OK\r\n" + strings.Repeat(bulk(value), 3) + bulk("")
		body := strings.Index(in, value[:n/2]) // where cuts are worth most: around the value
		for _, cut := range []int{1, 20, body - 1, body, body + 1, body + n/2, body + n - 1, body + n, body + n + 1, body + n + 2, len(in) - 1} {
			cut = max(cut, 0)
			if got, closed := r.converse([]string{in[:cut], in[cut:]}, len(out)); got != out || closed {
				t.Fatalf("%d bytes, cut at %d: got %d bytes, closed %v, want %d", n, cut, len(got), closed, len(out))
			}
		}
	}
}

// TestHugeValue sends 10 MiB to and fro, and takes it slowly.
func TestHugeValue(t *testing.T) {
	const n = 10 << 20
	r := newRig(t, Config{})
	p := r.dial()
	value := string(ramp(n))
	p.do("+OK\r\n", "SET", "k", value)
	p.do(":"+strconv.Itoa(n)+"\r\n", "STRLEN", "k")
	p.do(bulk(value), "GET", "k")
	p.do("*2\r\n$-1\r\n"+bulk(value), "MGET", "none", "k")
	p.do(bulk(value), "SET", "k", "small", "GET")
	p.do(bulk("small"), "GET", "k")
	for _, w := range r.srv.workers {
		if cap(w.reply.buf) > 4*keptBytes {
			t.Errorf("a reply buffer of %d bytes is kept", cap(w.reply.buf))
		}
	}
}

// TestSharedValueStays holds the reply of a GET back while the value is overwritten, grown and removed.
func TestSharedValueStays(t *testing.T) {
	const n = 1 << 20 // more than a socket takes
	r := newRig(t, Config{})
	p, q := r.dial(), r.dial()
	value := ramp(n)
	for _, change := range [][]string{{"SET", "k", strings.Repeat("z", n)}, {"SET", "k", "1"}, {"APPEND", "k", "tail"}, {"DEL", "k"}, {"FLUSHALL"}} {
		p.do("+OK\r\n", "SET", "k", string(value))
		if _, err := writeAll(p, multibulk("GET", "k")); err != nil {
			t.Fatal(err)
		}
		r.turn() // the reply is queued; p does not read yet
		q.send([]byte(multibulk(change...)))
		if len(q.take(4)) == 0 {
			t.Fatalf("%q: no reply", change)
		}
		want := append(appendLength(nil, '$', n), value...)
		if got := p.take(n + 12); !bytes.Equal(got, append(want, '\r', '\n')) {
			t.Fatalf("%q changed a reply under way", change[0])
		}
	}
}

// TestPipeline sends 10,000 commands in one piece.
func TestPipeline(t *testing.T) {
	r := newRig(t, Config{})
	var in, out bytes.Buffer
	for i := range 10_000 {
		key := "key:" + strconv.Itoa(i%100)
		switch i % 4 {
		case 0:
			in.WriteString(multibulk("SET", key, strconv.Itoa(i)))
			out.WriteString("+OK\r\n")
		case 1:
			in.WriteString(multibulk("GET", "key:"+strconv.Itoa((i-1)%100)))
			out.WriteString(bulk(strconv.Itoa(i - 1)))
		case 2:
			in.WriteString(multibulk("INCR", "n"))
			out.WriteString(":" + strconv.Itoa(i/4+1) + "\r\n")
		case 3:
			in.WriteString("PING\r\n")
			out.WriteString("+PONG\r\n")
		}
	}
	for _, pieces := range [][]string{{in.String()}, chop(in.String(), 97), chop(in.String(), 4093)} {
		if got, closed := r.converse(pieces, out.Len()); got != out.String() || closed {
			t.Fatalf("in %d pieces: got %d bytes, closed %v, want %d", len(pieces), len(got), closed, out.Len())
		}
	}
}

// chop cuts s into pieces of n bytes.
func chop(s string, n int) (pieces []string) {
	for ; len(s) > n; s = s[n:] {
		pieces = append(pieces, s[:n])
	}
	return append(pieces, s)
}

// TestOtherClientsSurvive has one client die within each element of a command; the memory it used serves the next.
func TestOtherClientsSurvive(t *testing.T) {
	r := newRig(t, Config{})
	good := r.dial()
	command := multibulk("SET", "k", strings.Repeat("v", 100))
	for i := range command {
		bad := r.dial()
		bad.send([]byte(command[:i]))
		bad.close()
		good.do("+PONG\r\n", "PING")
	}
	good.do(":0\r\n", "EXISTS", "k")
}

// TestBodyTerminator looks into a session amid a command.
func TestBodyTerminator(t *testing.T) {
	r := newRig(t, Config{})
	p := r.dial()
	var s *session
	for _, s = range r.srv.clients {
	}
	p.send([]byte("*2\r\n$4\r\nECHO\r\n$3\r\na"))
	want, err := match.Count(4) // of 3 + CRLF one has come
	if err != nil {
		t.Fatal(err)
	}
	if got := s.conn.Terminator(); !got.Equal(want) || s.left != 1 || s.bulk != 3 {
		t.Errorf("terminator %v, %d arguments left, bulk %d; want %v, 1, 3", got, s.left, s.bulk, want)
	}
	p.want("bc\r\n*2\r\n$4\r\nECHO\r\n$20000\r\na", bulk("abc"))
	if s.conn.Delivery() != loop.Pieces || len(s.query.buf) != len("ECHOa") {
		t.Errorf("delivery %v, %q so far", s.conn.Delivery(), s.query.buf)
	}
}
