package producer

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

// readFunc is a reader that may do anything.
type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// closing is a reader that counts its Close calls.
type closing struct {
	io.Reader
	closed atomic.Int32
	onStop func()
}

func (c *closing) Close() error {
	c.closed.Add(1)
	if c.onStop != nil {
		c.onStop()
	}
	return errors.New("this error is nobody's")
}

// mustCloseOnce waits for the Close of the goroutine, and for a second one that must not come.
func mustCloseOnce(t *testing.T, c *closing) {
	t.Helper()
	for range 1000 {
		if c.closed.Load() > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	runtime.Gosched()
	if n := c.closed.Load(); n != 1 {
		t.Fatalf("the reader was closed %d times", n)
	}
}

func TestReaderDelivers(t *testing.T) {
	data := noise(1, 200_000)
	readers := map[string]func() io.Reader{
		"bytes.Reader":   func() io.Reader { return bytes.NewReader(data) },
		"strings.Reader": func() io.Reader { return strings.NewReader(string(data)) },
		"bytes.Buffer":   func() io.Reader { return bytes.NewBuffer(bytes.Clone(data)) },
		"goroutine":      func() io.Reader { return iotest.OneByteReader(bytes.NewReader(data[:3000])) },
		"halves":         func() io.Reader { return iotest.HalfReader(bytes.NewReader(data)) },
		"data with EOF":  func() io.Reader { return iotest.DataErrReader(bytes.NewReader(data)) },
	}
	for name, reader := range readers {
		for _, size := range []int{-1, 0, 7, 4096, 1 << 20} {
			want := data
			if name == "goroutine" {
				want = data[:3000]
			}
			p := Reader(reader(), size)
			got, err := drain(t, p)
			if err != nil {
				t.Fatalf("%s, size %d: %v", name, size, err)
			}
			mustEqual(t, got, want)
			if more, err := p.More(); len(more) != 0 || err != io.EOF {
				t.Fatalf("%s: More after the end: %d bytes, %v", name, len(more), err)
			}
			closeProducer(t, p)
			if _, err := p.More(); !errors.Is(err, os.ErrClosed) {
				t.Fatalf("%s: More after Close: %v", name, err)
			}
		}
	}
}

func TestReaderEmpty(t *testing.T) {
	for _, r := range []io.Reader{strings.NewReader(""), iotest.DataErrReader(strings.NewReader(""))} {
		p := Reader(r, 16)
		if got, err := drain(t, p); len(got) != 0 || err != nil {
			t.Fatalf("%T: %q, %v", r, got, err)
		}
		closeProducer(t, p)
	}
}

func TestReaderHostile(t *testing.T) {
	cause := errors.New("disk on fire")
	var nilBuffer *bytes.Buffer
	once := func(s string, err error) io.Reader {
		return readFunc(func(p []byte) (int, error) { return copy(p, s), err })
	}
	// after gives the two bytes "ok", then what f does.
	after := func(f readFunc) io.Reader {
		begun := false
		return readFunc(func(p []byte) (int, error) {
			if !begun {
				begun = true
				return copy(p, "ok"), nil
			}
			return f(p)
		})
	}
	for _, tt := range []struct {
		name string
		r    io.Reader
		want string
		err  error
	}{
		{"nothing for ever", once("", nil), "", io.ErrNoProgress},
		{"bytes, then nothing for ever", after(func([]byte) (int, error) { return 0, nil }), "ok", io.ErrNoProgress},
		{"bytes with EOF", once("last", io.EOF), "last", nil},
		{"bytes with an error", once("last", cause), "last", cause},
		{"an error", once("", cause), "", cause},
		{"a count above the buffer", after(func(p []byte) (int, error) { return len(p) + 1, nil }), "ok", ErrRead},
		{"a count below 0", after(func([]byte) (int, error) { return -1, nil }), "ok", ErrRead},
		{"a count below 0 with EOF", after(func([]byte) (int, error) { return -1, io.EOF }), "ok", ErrRead},
		{"a panic", after(func([]byte) (int, error) { panic(cause) }), "ok", ErrRead},
		{"a nil panic", after(func([]byte) (int, error) { panic(nil) }), "ok", ErrRead},
		{"the end of its goroutine", after(func([]byte) (int, error) { runtime.Goexit(); return 0, nil }), "ok", ErrRead},
		{"a nil reader", nil, "", ErrRead},
		{"a nil buffer", nilBuffer, "", ErrRead},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := Reader(tt.r, 16)
			got, err := drain(t, p)
			if string(got) != tt.want || !errors.Is(err, tt.err) {
				t.Fatalf("got %q, %v, want %q, %v", got, err, tt.want, tt.err)
			}
			if _, again := p.More(); err != nil && !errors.Is(again, tt.err) {
				t.Fatalf("the error changed from %v to %v", err, again)
			}
			closeProducer(t, p)
			closeProducer(t, p)
		})
	}
}

// The message of a panic has to reach whoever reads the log.
func TestReaderPanicValue(t *testing.T) {
	_, err := drain(t, Reader(readFunc(func([]byte) (int, error) { panic("no paper in tray 2") }), 16))
	if err == nil || !strings.Contains(err.Error(), "tray 2") {
		t.Fatalf("the panic's value is lost: %v", err)
	}
}

// A reader that blocks must not block More; what it reads later wakes the queue.
func TestReaderBlocks(t *testing.T) {
	r, w := io.Pipe()
	p := Reader(r, 16)
	woken := make(chan struct{}, 100)
	p.(Waker).OnReady(func() { woken <- struct{}{} })
	for _, text := range []string{"first", "second"} {
		if got, err := p.More(); len(got) != 0 || err != ErrNotReady {
			t.Fatalf("More of a blocked reader: %q, %v", got, err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		wait(t, woken, "the wake after a write")
		if got, err := p.More(); string(got) != text || err != nil {
			t.Fatalf("More after the wake: %q, %v", got, err)
		}
	}
	if _, err := w.Write([]byte("ahead")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Millisecond) // the time in which a needless wake would come
	if len(woken) != 0 {
		t.Fatal("woken, though nobody was told to wait")
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := drain(t, p); string(got) != "ahead" || err != nil {
		t.Fatalf("at the end: %q, %v", got, err)
	}
	closeProducer(t, p)
}

// Dropping a producer whose reader blocks closes the reader, which ends the blocked Read.
func TestReaderCloseUnblocks(t *testing.T) {
	r, w := io.Pipe()
	inRead := make(chan struct{})
	c := &closing{onStop: func() { _ = r.Close() }}
	c.Reader = readFunc(func(p []byte) (int, error) { close(inRead); return r.Read(p) })
	p := Reader(c, 16)
	if _, err := p.More(); err != ErrNotReady {
		t.Fatal(err)
	}
	wait(t, inRead, "Read")
	closeProducer(t, p)
	mustCloseOnce(t, c)
	if _, err := w.Write([]byte("late")); err != io.ErrClosedPipe {
		t.Fatalf("a write to the dropped reader: %v", err)
	}
}

func TestReaderClosesOnce(t *testing.T) {
	t.Run("at the end", func(t *testing.T) {
		c := &closing{Reader: strings.NewReader("text")}
		p := Reader(c, 16)
		if _, err := drain(t, p); err != nil {
			t.Fatal(err)
		}
		closeProducer(t, p)
		closeProducer(t, p)
		mustCloseOnce(t, c)
	})
	t.Run("never used", func(t *testing.T) {
		c := &closing{Reader: strings.NewReader("text")}
		closeProducer(t, Reader(c, 16))
		mustCloseOnce(t, c)
	})
	t.Run("read ahead as far as allowed", func(t *testing.T) {
		c := &closing{Reader: readFunc(func(p []byte) (int, error) { return len(p), nil })}
		p := Reader(c, 16)
		for range 5 {
			if _, err := p.More(); err != nil && err != ErrNotReady {
				t.Fatal(err)
			}
		}
		closeProducer(t, p)
		mustCloseOnce(t, c)
	})
	t.Run("a panic in Close", func(t *testing.T) {
		c := &closing{Reader: strings.NewReader("text"), onStop: func() { panic("at closing time") }}
		closeProducer(t, Reader(c, 16))
		mustCloseOnce(t, c)
	})
}

// Read-ahead is two buffers: the goroutine must not swallow a whole source while nobody writes.
func TestReaderReadAheadIsBounded(t *testing.T) {
	var reads atomic.Int32
	p := Reader(readFunc(func(p []byte) (int, error) { reads.Add(1); return len(p), nil }), 8)
	if _, err := p.More(); err != nil && err != ErrNotReady {
		t.Fatal(err)
	}
	for range 1000 {
		if reads.Load() == readAheadBuffers {
			break
		}
		time.Sleep(time.Millisecond)
	}
	time.Sleep(5 * time.Millisecond) // the time in which a third read would come
	if n := reads.Load(); n != readAheadBuffers {
		t.Fatalf("%d reads before a buffer came back, want %d", n, readAheadBuffers)
	}
	mustCheck(t, p.(*readAhead))
	closeProducer(t, p)
}
