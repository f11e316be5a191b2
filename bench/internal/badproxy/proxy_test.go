package badproxy

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"
)

const patience = 60 * time.Second // bounds every wait

// echo serves connections until the test ends: everything comes back, and the end after it.
func echo(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { ln.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return ln.Addr().String()
}

// exchange sends text through a proxy to an echo, ends, and returns what came back, how it ended, and the report.
func exchange(t *testing.T, plan Plan, text []byte) ([]byte, Report, error) {
	t.Helper()
	p, err := Start(echo(t), plan)
	if err != nil {
		t.Fatal(err)
	}
	nc, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(patience))
	go func() {
		_, _ = nc.Write(text) // the reader sees whatever goes wrong
		_ = nc.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(nc)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("it does not end")
	}
	return got, p.Close(), err
}

func text(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// Faults that lose nothing hand on every byte, and the end.
func TestFaithful(t *testing.T) {
	for f := Clean; !f.Lossy(); f++ {
		for _, n := range []int{0, 1, 1000, 300_000} {
			want := text(n)
			got, r, err := exchange(t, Plan{Fault: f, Seed: uint64(n)}, want)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%v of %d: %d bytes, %v", f, n, len(got), err)
			}
			if r != (Report{Up: int64(n), Down: int64(n)}) {
				t.Errorf("%v of %d: %+v", f, n, r)
			}
		}
	}
}

// Lossy faults hand on exactly what comes before their place, and say so.
func TestLossy(t *testing.T) {
	want := text(100_000)
	for f := Reset; f < Faults; f++ {
		for _, w := range []Way{Up, Down} {
			for _, at := range []int64{0, 1, 30_000, 99_999} {
				got, r, err := exchange(t, Plan{Fault: f, At: at, Way: w}, want)
				passed := r.Up
				if w == Down {
					passed = r.Down
				}
				if !r.Struck || passed != at || !bytes.HasPrefix(want, got) || int64(len(got)) > at {
					t.Errorf("%v %d at %d: got %d, %+v", f, w, at, len(got), r)
				}
				if f == HalfClose && (err != nil || int64(len(got)) != at) {
					t.Errorf("half-close %d at %d: got %d, %v", w, at, len(got), err)
				}
				if f != HalfClose && !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("%v %d at %d: %v, not a reset", f, w, at, err)
				}
			}
		}
	}
}

// A fault whose place the stream does not reach has not struck.
func TestNotStruck(t *testing.T) {
	for f := Reset; f < Faults; f++ {
		want := text(500)
		got, r, err := exchange(t, Plan{Fault: f, At: 500, Way: Up}, want)
		if err != nil || !bytes.Equal(got, want) || r.Struck {
			t.Errorf("%v: %d bytes, %v, %+v", f, len(got), err, r)
		}
	}
}

// What dribbles and what stalls is counted, and every byte arrives.
func TestCuts(t *testing.T) {
	b := text(16 << 10)
	for f := Clean; !f.Lossy(); f++ {
		p := &Proxy{plan: Plan{Fault: f, Seed: 3}, ended: make(chan struct{})}
		to, arrived := counted(t)
		c := newCutter(p, Up)
		if err := c.pass(to, b); err != nil {
			t.Fatal(err)
		}
		to.Close()
		if err := c.check(); err != nil {
			t.Error(err)
		}
		if p.report.Up != int64(len(b)) {
			t.Errorf("%v: %d bytes", f, p.report.Up)
		}
		if n := <-arrived; n != len(b) {
			t.Errorf("%v: %d bytes arrived", f, n)
		}
		if f == Dribble && c.dribbled != dribbleFirst || f == Stall && c.stalls == 0 || f != Stall && c.stalls > 0 {
			t.Errorf("%v: %d dribbled, %d stalls", f, c.dribbled, c.stalls)
		}
	}
}

// pieces keeps the lengths of what is written.
type pieces []int

func (p *pieces) Write(b []byte) (int, error) {
	*p = append(*p, len(b))
	return len(b), nil
}

// Dribbled bytes come alone, at the start and then at the front of each read; pieces are many: the faults are no names
// only.
func TestPieces(t *testing.T) {
	b := text(16 << 10)
	cutterOf := func(f Fault) *cutter {
		return newCutter(&Proxy{plan: Plan{Fault: f, Seed: 3}, ended: make(chan struct{})}, Up)
	}
	var dribbled pieces
	c := cutterOf(Dribble)
	for range 2 {
		if err := c.dribble(&dribbled, b); err != nil {
			t.Fatal(err)
		}
	}
	for i, n := range dribbled {
		want := 1
		switch i {
		case dribbleFirst:
			want = len(b) - dribbleFirst
		case dribbleFirst + 1 + dribbleEach:
			want = len(b) - dribbleEach
		}
		if n != want {
			t.Fatalf("piece %d of a dribble has %d bytes, not %d", i, n, want)
		}
	}
	if len(dribbled) != dribbleFirst+1+dribbleEach+1 {
		t.Errorf("%d pieces of a dribble", len(dribbled))
	}
	var cut pieces
	if err := cutterOf(Cut).cut(&cut, b); err != nil {
		t.Fatal(err)
	}
	if short := slices.Min(cut); len(cut) < 4 || short > 100 {
		t.Errorf("%d pieces, the shortest of %d bytes", len(cut), short)
	}
}

// counted returns a connection and how many bytes arrive at its other end.
func counted(t *testing.T) (*net.TCPConn, chan int) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	near, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	total := make(chan int, 1)
	go func() {
		defer far.Close()
		n, _ := io.Copy(io.Discard, far)
		total <- int(n)
	}()
	return near.(*net.TCPConn), total
}

// Close ends a proxy to which nobody came, one amid a connection, and one whose server is not there.
func TestClose(t *testing.T) {
	p, err := Start("127.0.0.1:1", Plan{})
	if err != nil {
		t.Fatal(err)
	}
	if r := p.Close(); r != (Report{}) {
		t.Errorf("%+v", r)
	}
	for _, target := range []string{echo(t), "127.0.0.1:1"} {
		p, err := Start(target, Plan{})
		if err != nil {
			t.Fatal(err)
		}
		nc, err := net.Dial("tcp", p.Addr())
		p.Close()
		if err != nil { // the reset for a server that is not there may come that early
			continue
		}
		_ = nc.SetDeadline(time.Now().Add(patience))
		if _, err := nc.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", target, err)
		}
		nc.Close()
	}
}

// The same seed makes the same plan, and all faults are lossy or not as they say.
func TestPlan(t *testing.T) {
	a, b := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(1, 2))
	for f := range Faults {
		x, y := NewPlan(f, a), NewPlan(f, b)
		if x != y || x.At < 0 || x.At >= 1<<atMostBits || f.String() == "" {
			t.Errorf("%+v, %+v", x, y)
		}
	}
}
