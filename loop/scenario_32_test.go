//go:build linux

package loop

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

var endlessMiB = flag.Int("endless-mib", endlessDefault, "MiB without a terminator that TestScenario32Endless sends")

// residentBytes is the process's memory that is resident.
func residentBytes(t *testing.T) int64 {
	t.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// Scenario 32: a peer sends a GiB without the end of an element, nearly ends it now and then, and at last does. What
// the process holds does not grow with it: the element is dropped, or handed over in pieces, and the next one is
// delivered.
func TestScenario32Endless(t *testing.T) {
	for name, delivery := range map[string]Delivery{"discarded": Whole, "in pieces": Pieces} {
		t.Run(name, func(t *testing.T) {
			l := newTestLoop(t, Options{Oversize: DiscardOversize})
			var got []string
			var size int64
			told := ""
			h := &tellOversize{got: &told, hooks: hooks{receive: func(_ *Conn, data []byte, found bool) error {
				if size += int64(len(data)); found {
					got = append(got, string(data[max(0, len(data)-10):]))
				}
				return nil
			}}}
			c, peer := pair(t, l, h, func(c *Conn) {
				c.SetTerminator(match.CRLFCRLF)
				c.SetDelivery(delivery)
			})
			total := int64(*endlessMiB/2) << 20
			part := bytes.Repeat([]byte("abcdefg\r\n\ra\r\nb\n\r\n\n\r"), 10_000)
			endless(t, l, peer, part, total/8) // all buffers have grown by then as far as they do
			before, most := residentBytes(t), int64(0)
			for range 8 {
				endless(t, l, peer, part, total/4)
				most = max(most, residentBytes(t))
			}
			if grown := most - before; grown > 16<<20 {
				t.Errorf("%d MiB more are resident", grown>>20)
			}
			if held := l.Stats(); c.in != nil || held.BlockBytes > 1<<20 {
				t.Errorf("held: %v, %d bytes of blocks", c.in, held.BlockBytes)
			}
			sendAll(t, l, peer, "x\r\n\r\nnext\r\n\r\n")
			poll(t, l, func() bool { return len(got) > 0 && got[len(got)-1] == "next" })
			wrong := told != "" || size < 2*total
			if delivery == Whole {
				wrong = told != "too long, " || size != int64(len("next"))
			}
			if wrong {
				t.Errorf("%q, %d bytes in all, told %q", got, size, told)
			}
		})
	}
}

// endless sends part again and again, of so many bytes in all, while the loop reads.
func endless(t *testing.T, l *Loop, peer *os.File, part []byte, total int64) {
	t.Helper()
	raw, err := peer.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for rest := part; total > 0; {
		n := 0
		_ = raw.Write(func(fd uintptr) bool { n, err = unix.Write(int(fd), rest); return true })
		if n <= 0 && err != unix.EAGAIN {
			t.Fatal(err)
		}
		total -= int64(max(n, 0))
		if rest = rest[max(n, 0):]; len(rest) == 0 {
			rest = part
		}
		if err := l.Poll(0); err != nil {
			t.Fatal(err)
		}
	}
}

// Scenario 32, the policy that closes: the peer is cut off at the limit, with nothing delivered, and not much later
// than that.
func TestScenario32EndlessCloses(t *testing.T) {
	l := newTestLoop(t, Options{MaxElement: 64 << 10})
	var causes []error
	h := &hooks{
		receive: func(_ *Conn, data []byte, _ bool) error { t.Errorf("%d bytes are delivered", len(data)); return nil },
		closed:  func(_ *Conn, cause error) { causes = append(causes, cause) },
	}
	_, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.CRLF) })
	in := l.Stats().BytesIn
	sendAll(t, l, peer, strings.Repeat("x", 8<<20))
	poll(t, l, func() bool { return len(causes) > 0 })
	if in = l.Stats().BytesIn - in; in > 64<<10+256<<10 || len(causes) != 1 || !errors.Is(causes[0], ErrElementTooLong) {
		t.Errorf("closed with %v after %d bytes", causes, in)
	}
}

// Scenario 32, every split: what is too long is so whatever the reads, by either policy. Streams at and around the
// limit are cut in all ways if there are not too many, and else at random.
func TestScenario32EverySplit(t *testing.T) {
	const limit, most = 5, 300
	for _, policy := range []Oversize{CloseOversize, DiscardOversize} {
		l := newTestLoop(t, Options{MaxElement: limit, Oversize: policy})
		for _, stream := range []string{
			"abcde\r\nok\r\n", "abcdef\r\nok\r\n", "abcdefg\r\nok\r\n", "abcde\r\r\nok\r\n", "abcd\r\rf\r\n", "abcdefghij",
			"abcde", "abcdef", "\r\n\r\n\r\r\r\r\r\r\r\n", "abcde\r", "abcdef\r", "ok\r\nabcdefgh\r\n",
			"abcdef\rabcdef\nabc\r\n\r\nok",
		} {
			want := naiveOversize(stream, limit, policy)
			cuts := 1 << (len(stream) - 1)
			for n := range min(cuts, most) {
				at := uint64(n)
				if cuts > most {
					at = rand.Uint64N(uint64(cuts))
				}
				if got := splitOversize(t, l, stream, at); got != want {
					t.Fatalf("policy %d, %q cut at %b:\n got %s\nwant %s", policy, stream, at, got, want)
				}
			}
		}
	}
}

// naiveOversize is what should come of a stream of lines.
func naiveOversize(stream string, limit int, policy Oversize) (want string) {
	lines := strings.Split(stream, "\r\n")
	for i, line := range lines {
		last := i == len(lines)-1 // and not ended
		switch {
		case last && line == "":
		case len(line) > limit && !last, last && tooLong(line, match.CRLF, limit):
			if policy == CloseOversize {
				return want + "closed: true"
			}
			want += "too long, "
		default:
			want += fmt.Sprintf("%q %t, ", line, !last)
		}
	}
	return want + "closed: false"
}

// splitOversize is what comes of a stream that is cut at the places of a mask.
func splitOversize(t *testing.T, l *Loop, stream string, cuts uint64) (got string) {
	closed := false
	h := &tellOversize{got: &got, hooks: hooks{
		receive: func(_ *Conn, data []byte, found bool) error { got += fmt.Sprintf("%q %t, ", data, found); return nil },
		closed: func(_ *Conn, cause error) {
			got += fmt.Sprintf("closed: %t", errors.Is(cause, ErrElementTooLong))
			closed = true
		},
	}}
	_, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.CRLF) })
	for _, chunk := range cutAt([]byte(stream), cuts) {
		_, _ = peer.Write(chunk) // the loop may have closed by then
		rounds(t, l, 1)
	}
	_ = peer.Close()
	poll(t, l, func() bool { return closed })
	return got
}

// tellOversize notes what is too long.
type tellOversize struct {
	hooks
	got *string
}

func (h *tellOversize) Oversize(*Conn) error { *h.got += "too long, "; return nil }
