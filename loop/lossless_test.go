//go:build linux

package loop

import (
	"encoding/binary"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

// How many slow readers TestScenario19LosslessClose has, the most that one is sent, and from which seed. The whole:
//
//	go test ./loop -run Scenario19LosslessClose -v -timeout 0 -slow-readers 10000 -slow-bytes 33554432 -slow-at-once 5000
var (
	slowReaders = flag.Int("slow-readers", 200, "readers of TestScenario19LosslessClose")
	slowBytes   = flag.Int("slow-bytes", 128<<10, "the most bytes that each is sent")
	slowAtOnce  = flag.Int("slow-at-once", 500, "how many of them read at the same time")
	slowSeed    = flag.Uint64("slow-seed", 1, "seed of the sizes")
)

// slowTime is what a reader has, at 8 KiB/s and more.
func slowTime() time.Duration { return time.Minute + time.Duration(*slowBytes>>13)*time.Second }

// slowDrain is how long the server waits for a reader without progress: for one that has all in its receive buffer, until it
// has read that. It is longer the more others there are to be served meanwhile.
func slowDrain() time.Duration { return 20*time.Second + time.Duration(*slowBytes>>20)*2*time.Second }

// download is what a client asks for, by its number; ended is set when Closed has told how it went.
type download struct {
	size  int
	cause error
	ended bool
}

// chunkOf is the bytes of a download from a place on: so many of them that can be told apart.
func chunkOf(p []byte, id uint32, at int) {
	for i := 0; i+8 <= len(p); i += 8 {
		binary.LittleEndian.PutUint64(p[i:], uint64(id)<<40|uint64(at+i))
	}
}

// blocks is a producer of a download.
type blocks struct {
	id       uint32
	at, size int
	buf      []byte
}

func (b *blocks) More() ([]byte, error) {
	if b.at == b.size {
		return nil, io.EOF
	}
	if b.buf == nil {
		b.buf = make([]byte, 32<<10)
	}
	p := b.buf[:min(len(b.buf), b.size-b.at)]
	chunkOf(p, b.id, b.at)
	b.at += len(p)
	return p, nil
}

// downloads serves them, and takes note of how each ended.
type downloads struct {
	mu  sync.Mutex
	all []download
}

// one is the handler of a connection: the client sends its number, and some bytes more which nobody reads.
type one struct {
	of *downloads
	id int
}

func (o *one) Receive(c *Conn, data []byte, found bool) error {
	if !found {
		return nil
	}
	o.id = int(binary.LittleEndian.Uint32(data))
	err := c.PushProducer(&blocks{id: uint32(o.id), size: o.of.all[o.id].size})
	c.CloseWhenDone()
	return err
}

func (o *one) Closed(_ *Conn, cause error) {
	o.of.mu.Lock()
	defer o.of.mu.Unlock()
	if o.id >= 0 {
		o.of.all[o.id].cause, o.of.all[o.id].ended = cause, true
	}
}

// Scenario 19: slow readers of random sizes, who have sent more than the server has read, get all that was written for them when
// the server closes, or Closed has an error. Some of them go away amid it.
func TestScenario19LosslessClose(t *testing.T) {
	r := rand.New(rand.NewPCG(*slowSeed, 0))
	d := &downloads{all: make([]download, *slowReaders)}
	for i := range d.all {
		d.all[i].size = r.IntN(*slowBytes) &^ 7
	}
	s := start(t, Options{DrainTimeout: slowDrain()})
	var accepted atomic.Int64
	addr := serve(t, s, func(c *Conn) Handler {
		term, err := match.Count(4)
		if err != nil {
			t.Error(err)
		}
		c.SetTerminator(term)
		if accepted.Add(1)%2 == 0 { // the kernel takes little, so that most is queued when the server closes; of the others it may take all
			if err := unix.SetsockoptInt(int(c.fd), unix.SOL_SOCKET, unix.SO_SNDBUF, 16<<10); err != nil {
				t.Error(err)
			}
		}
		return &one{of: d, id: -1}
	})
	received := make([]atomic.Int64, len(d.all))
	var readers sync.WaitGroup
	limit := make(chan struct{}, *slowAtOnce)
	for id := range d.all {
		limit <- struct{}{}
		readers.Go(func() {
			defer func() { <-limit }()
			n, err := readSlowly(addr, uint32(id), d.all[id].size)
			received[id].Store(n)
			if err != nil {
				t.Errorf("reader %d, after %d bytes of %d: %v", id, n, d.all[id].size, err)
			}
		})
	}
	readers.Wait()
	settled := func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		for i := range d.all {
			if !d.all[i].ended {
				return false
			}
		}
		return true
	}
	for end := time.Now().Add(2 * slowDrain()); !settled(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("some connections do not end")
		}
	}
	lost := 0
	for i := range d.all {
		switch whole := received[i].Load() == int64(d.all[i].size); {
		case !whole && d.all[i].cause == nil:
			t.Errorf("%d got %d bytes of %d, and Closed had no error", i, received[i].Load(), d.all[i].size)
		case !whole:
			if lost++; i%10 != 0 {
				t.Logf("%d got %d bytes of %d, and Closed had %v", i, received[i].Load(), d.all[i].size, d.all[i].cause)
			}
		case d.all[i].cause != nil && i%10 != 0:
			t.Errorf("%d got all, and Closed had %v", i, d.all[i].cause)
		}
	}
	if want := len(d.all) / 10; lost > want {
		t.Errorf("%d downloads were lost, and %d readers went away", lost, want)
	}
	var sent, delivered int64
	for i := range d.all {
		sent += int64(d.all[i].size)
		delivered += received[i].Load()
	}
	t.Logf("%d readers got %d bytes of %d; %d went away, each of which Closed was told of", len(d.all), delivered, sent, lost)
}

var errWrong = errors.New("the bytes are not those of this place")

// readSlowly reads a download with a small window and pauses, and returns how much came. Every tenth goes away amid it.
func readSlowly(addr string, id uint32, size int) (n int64, err error) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	defer nc.Close()
	r := rand.New(rand.NewPCG(uint64(id), 0))
	least := max(4096, *slowBytes>>11) // a window of 4 KiB would take half an hour for 32 MiB
	if err := nc.(*net.TCPConn).SetReadBuffer(least << r.IntN(7)); err != nil {
		return 0, err
	}
	_ = nc.SetDeadline(time.Now().Add(slowTime()))
	if _, err := nc.Write(append(binary.LittleEndian.AppendUint32(nil, id), make([]byte, 10_000)...)); err != nil {
		return 0, err
	}
	got, want := xxhash.New(), xxhash.New()
	p, q := make([]byte, 64<<10), make([]byte, 64<<10)
	for turn := 0; ; turn++ {
		if turn%8 == 0 {
			time.Sleep(time.Duration(r.IntN(2000)) * time.Microsecond)
		}
		part := p[:8*(1+r.IntN(len(p)/8))]
		k, err := io.ReadFull(nc, part)
		chunkOf(q[:(k+7)&^7], id, int(n))
		_, _ = got.Write(part[:k])
		_, _ = want.Write(q[:k])
		n += int64(k)
		switch {
		case got.Sum64() != want.Sum64():
			return n, errWrong
		case err == io.EOF, err == io.ErrUnexpectedEOF:
			return n, nil
		case err != nil:
			return n, err
		case id%10 == 0 && n > int64(size)/2:
			return n, nil // goes away
		}
	}
}

// A peer that ends its own side first and still reads gets all; one that closes then, without reading, is a loss that Closed is told
// of: whatever the kernel has taken by then.
func TestPeerEndsFirst(t *testing.T) {
	for name, reads := range map[string]bool{"reads": true, "goes": false} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Options{DrainTimeout: 20 * time.Second})
			cause := make(chan error, 1)
			const size = 100 << 10 // which the kernel takes at once
			sent := make(chan struct{})
			addr := serve(t, s, func(c *Conn) Handler {
				c.SetTerminator(match.CRLF)
				return &halfCloser{hooks{
					receive: func(c *Conn, _ []byte, _ bool) error { return nil },
					closed:  func(_ *Conn, err error) { cause <- err },
					readClosed: func(c *Conn) error {
						err := c.Push(make([]byte, size))
						c.CloseWhenDone()
						close(sent)
						return err
					},
				}}
			})
			nc := dial(t, addr)
			if err := nc.SetReadBuffer(4096); err != nil {
				t.Fatal(err)
			}
			io.WriteString(nc, "go\r\n")
			nc.CloseWrite()
			wait(t, sent)
			time.Sleep(20 * time.Millisecond) // for both ends to have ended
			select {
			case err := <-cause:
				t.Fatalf("closed with %v before anybody read", err)
			default:
			}
			if !reads {
				nc.Close()
				if err := wait(t, cause); err == nil {
					t.Error("bytes were lost, and Closed had no error")
				}
				return
			}
			if n, err := io.Copy(io.Discard, nc); n != size || err != nil {
				t.Errorf("%d bytes came, %v", n, err)
			}
			if err := wait(t, cause); err != nil {
				t.Errorf("all was read, and Closed had %v", err)
			}
		})
	}
}
