//go:build linux

package loop

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
	"github.com/millrace-net/millrace/match"
)

// serveAgainstAGrabber echoes lines as serveWithFewDescriptors does, beside a goroutine that takes every descriptor
// that comes free, from the first line on standard input to the second. It writes how often accept was called to
// standard error.
func serveAgainstAGrabber() error {
	if err := limitDescriptors(); err != nil {
		return err
	}
	calls := sys.System()
	var accepted, refused atomic.Int64
	accept := calls.Accept
	calls.Accept = func(fd int, from *unix.RawSockaddrAny) (int, syscall.Errno) {
		n, errno := accept(fd, from)
		switch errno {
		case 0:
			accepted.Add(1)
		case unix.EMFILE:
			refused.Add(1)
		}
		return n, errno
	}
	set, err := NewSet(quiet(Options{Loops: 1, calls: calls}))
	if err != nil {
		return err
	}
	ln, err := set.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler {
		c.SetTerminator(match.CRLF)
		return HandlerFunc(echoLine)
	})
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		grabBetweenLines(os.Stdin)
		cancel()
	}()
	err = set.Run(ctx)
	fmt.Fprintf(os.Stderr, "accepted %d refused %d turns %d\n", accepted.Load(), refused.Load(), set.Stats().Turns)
	return err
}

// grabBetweenLines takes descriptors between two lines of r, and returns at the end of r.
func grabBetweenLines(r io.Reader) {
	in := bufio.NewScanner(r)
	in.Scan()
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		var mine []int
		for tick := time.NewTicker(time.Millisecond); ; {
			for fd, err := unix.Dup(0); err == nil; fd, err = unix.Dup(0) {
				mine = append(mine, fd)
			}
			select {
			case <-tick.C:
			case <-stop:
				for _, fd := range mine {
					unix.Close(fd)
				}
				return
			}
		}
	}()
	in.Scan()
	close(stop)
	<-done
	for in.Scan() {
	}
}

// startTimerWithoutDescriptors starts the process's first timer of Go's when there is a loop, and no descriptor is left.
func startTimerWithoutDescriptors() error {
	if err := limitDescriptors(); err != nil {
		return err
	}
	l, err := NewLoop(quiet(Options{}))
	if err != nil {
		return err
	}
	defer l.Close()
	var mine []int
	for fd, err := unix.Dup(0); err == nil; fd, err = unix.Dup(0) {
		mine = append(mine, fd)
	}
	time.Sleep(time.Millisecond)
	for _, fd := range mine {
		unix.Close(fd)
	}
	fmt.Println("alive")
	return nil
}

// Scenario 2: Go's runtime needs an epoll with its first timer, and ends the process if there is no descriptor for it. A loop
// sees to it that this comes too late for that.
func TestScenario02FirstTimer(t *testing.T) {
	c := startChild(t, "first-timer")
	if c.addr != "alive" {
		t.Error(c.addr)
	}
	c.stop(t)
}

// Scenario 2: whatever comes free is taken by somebody else, so accept fails again and again, at the moment when a
// trick with a spare descriptor would spin. Each failure waits longer than the one before; once the other stops, all
// are served.
func TestScenario02DescriptorsGrabbed(t *testing.T) {
	c := startChild(t, "grabbed-descriptors")
	var in, waiting []net.Conn
	for range 10 {
		nc := dial(t, c.addr)
		if !echoes(nc, 20*time.Second) {
			t.Fatal("one of the first does not answer")
		}
		in = append(in, nc)
	}
	grabbed := time.Now()
	c.tell(t, "grab")
	for range 50 { // some get in before the grabber has all
		waiting = append(waiting, dial(t, c.addr))
	}
	for i, nc := range in { // each that goes is a descriptor for one of the two
		nc.Close()
		for j, other := range in[i+1:] {
			if !echoes(other, 20*time.Second) {
				t.Fatalf("open connection %d does not answer", i+1+j)
			}
		}
		time.Sleep(150 * time.Millisecond) // the pauses are what is looked at, and they take time
	}
	c.tell(t, "release")
	waited := time.Since(grabbed)
	for i, nc := range waiting {
		if !echoes(nc, 20*time.Second) {
			t.Fatalf("connection %d of those that waited does not answer", i)
		}
		nc.Close()
	}
	log := c.stop(t)
	accepted, refused, turns := grabberCounts(t, log)
	t.Logf("%d accepted, %d times no descriptor, %d turns; grabbed for %v", accepted, refused, turns, waited)
	// An accept that goes well makes the pauses begin at 5 ms again: seven until they are 500 ms long.
	if most := 8*(accepted+1) + 3*int(time.Since(grabbed)/time.Second); refused > most || refused < 3 {
		t.Errorf("accept failed %d times, %d at most", refused, most)
	}
	if most := 40*(accepted+1) + refused + 20*int(time.Since(grabbed)/time.Second); turns > most {
		t.Errorf("%d turns, %d at most", turns, most)
	}
	if accepted != 60 {
		t.Errorf("%d connections were accepted", accepted)
	}
}

// tell writes a line to the child's standard input.
func (c *child) tell(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(c.stdin, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

// grabberCounts reads the counts of the child's log.
func grabberCounts(t *testing.T, log string) (accepted, refused, turns int) {
	t.Helper()
	found := regexp.MustCompile(`accepted (\d+) refused (\d+) turns (\d+)`).FindStringSubmatch(strings.TrimSpace(log))
	if found == nil {
		t.Fatalf("no counts in %q", log)
	}
	for i, to := range []*int{&accepted, &refused, &turns} {
		*to, _ = strconv.Atoi(found[i+1])
	}
	return accepted, refused, turns
}
