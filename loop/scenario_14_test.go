//go:build linux

package loop

import (
	"bytes"
	"errors"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// Scenario 14: six MiB are pushed in Opened, more than the socket takes. The connection is in epoll by then, so that
// what waits leaves when there is room; each descriptor's first epoll_ctl is an ADD, and a MOD only follows one.
func TestScenario14PushInOpened(t *testing.T) {
	want := placed(6 << 20)
	in := map[int]bool{} // descriptors that are in epoll
	l := newSeamLoop(t, Options{}, func(calls *sys.Calls) {
		control := calls.EpollCtl
		calls.EpollCtl = func(epfd, op, fd int, event *unix.EpollEvent) syscall.Errno {
			if (op == unix.EPOLL_CTL_ADD) == in[fd] {
				t.Errorf("operation %d, in epoll already: %t", op, in[fd])
			}
			in[fd] = op != unix.EPOLL_CTL_DEL
			return control(epfd, op, fd, event)
		}
	})
	_, fd := bareTCPPair(t, l, &hooks{opened: func(c *Conn) error {
		if !in[int(c.fd)] {
			t.Error("Opened is called before ADD")
		}
		return c.Push(want)
	}}, nil)
	var got []byte
	poll(t, l, func() bool { got, _ = hear(fd, got); return len(got) >= len(want) })
	if !bytes.Equal(got, want) {
		t.Fatalf("%d bytes came, which are not those that were pushed", len(got))
	}
}

// An epoll_ctl that fails, the ADD before Opened or the MOD that waits for room, closes that connection with its
// error, and no other.
func TestScenario14ControlFails(t *testing.T) {
	for name, fails := range map[string]int{"ADD": unix.EPOLL_CTL_ADD, "MOD": unix.EPOLL_CTL_MOD} {
		t.Run(name, func(t *testing.T) {
			victim := -1
			l := newSeamLoop(t, Options{}, func(calls *sys.Calls) {
				control := calls.EpollCtl
				calls.EpollCtl = func(epfd, op, fd int, event *unix.EpollEvent) syscall.Errno {
					if fd == victim && op == fails {
						return unix.ENOMEM
					}
					return control(epfd, op, fd, event)
				}
			})
			others := newPingers(t, l, 3)
			var causes []error
			opened := 0
			h := &hooks{
				opened: func(c *Conn) error { opened++; return c.Push(make([]byte, 6<<20)) },
				closed: func(_ *Conn, err error) { causes = append(causes, err) },
			}
			bareTCPPair(t, l, h, func(c *Conn) { victim = int(c.fd) })
			poll(t, l, func() bool { return len(causes) > 0 })
			rounds(t, l, 3)
			wantOpened := 0
			if fails == unix.EPOLL_CTL_MOD {
				wantOpened = 1
			}
			if len(causes) != 1 || !errors.Is(causes[0], unix.ENOMEM) || opened != wantOpened {
				t.Errorf("opened %d times, closed for %v", opened, causes)
			}
			victim = -1
			others.turn(t, l)
		})
	}
}
