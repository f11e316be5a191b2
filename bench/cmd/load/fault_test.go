package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// spoilt is an echo server that has fault write, instead of it, what contains byte at of connection 1.
func spoilt(at int, fault func(nc net.Conn, before []byte, b byte, after []byte)) func(int, net.Conn) {
	return func(i int, nc net.Conn) {
		buf := make([]byte, 64<<10)
		for seen := 0; ; {
			n, err := nc.Read(buf)
			if err != nil {
				return
			}
			if k := at - seen; i == 1 && 0 <= k && k < n {
				fault(nc, buf[:k], buf[k], buf[k+1:n])
			} else if _, err := nc.Write(buf[:n]); err != nil {
				return
			}
			seen += n
		}
	}
}

// join writes its arguments in one.
func join(nc net.Conn, parts ...[]byte) {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	_, _ = nc.Write(all)
}

// faults are what can become of one byte.
var faults = map[string]func(nc net.Conn, before []byte, b byte, after []byte){
	"corrupted":  func(nc net.Conn, p []byte, b byte, q []byte) { join(nc, p, []byte{b ^ 0x20}, q) },
	"dropped":    func(nc net.Conn, p []byte, _ byte, q []byte) { join(nc, p, q) },
	"duplicated": func(nc net.Conn, p []byte, b byte, q []byte) { join(nc, p, []byte{b, b}, q) },
	"swapped":    func(nc net.Conn, p []byte, b byte, q []byte) { join(nc, p, []byte{q[0], b}, q[1:]) },
}

func TestFaultOfOneByte(t *testing.T) {
	for name, fault := range faults {
		for _, mode := range []string{"echo", "line", "stream"} {
			t.Run(name+"/"+mode, func(t *testing.T) {
				addr := serve(t, spoilt(20_004, fault))
				badly(t, patience, []string{"connection 1", "byte 2000"},
					"-addr", addr, "-mode", mode, "-conns", "3", "-depth", "4", "-size", "1000", "-messages", "5000")
			})
		}
	}
}

// The last byte of all has nothing after it that would be out of step.
func TestFaultAtTheEnd(t *testing.T) {
	args := []string{"-conns", "2", "-size", "500", "-duration", "10ms", "-addr"}
	addr := serve(t, spoilt(499, faults["dropped"]))
	badly(t, haste, []string{"stop short"}, append(args, addr)...)
	addr = serve(t, spoilt(499, faults["duplicated"]))
	badly(t, patience, []string{"connection 1", "501 bytes of replies after 500 bytes were sent"}, append(args, addr)...)
}

func TestFaultOfLines(t *testing.T) {
	var kept []byte
	for name, answer := range map[string]func(w *bufio.Writer, line []byte, n int){
		"reordered": func(w *bufio.Writer, line []byte, n int) {
			switch n {
			case 501:
				kept = append(kept[:0], line...)
			case 502:
				sameLine(w, line, n)
				sameLine(w, kept, n)
			default:
				sameLine(w, line, n)
			}
		},
		"lost": func(w *bufio.Writer, line []byte, n int) {
			if n != 501 {
				sameLine(w, line, n)
			}
		},
		"twice": func(w *bufio.Writer, line []byte, n int) {
			sameLine(w, line, n)
			if n == 500 {
				sameLine(w, line, n)
			}
		},
		"without CR": func(w *bufio.Writer, line []byte, n int) {
			if n == 501 {
				line = append(line[:len(line)-2], '\n')
			}
			sameLine(w, line, n)
		},
	} {
		t.Run(name, func(t *testing.T) {
			badly(t, patience, []string{"connection 0", "in message 501"},
				"-addr", serve(t, lines(answer)), "-mode", "line", "-depth", "8", "-size", "32", "-messages", "10000")
		})
	}
}

func TestServerCloses(t *testing.T) {
	closing := func(how func(nc net.Conn)) func(net.Conn, []byte, byte, []byte) {
		return func(nc net.Conn, p []byte, _ byte, _ []byte) {
			join(nc, p)
			how(nc)
		}
	}
	for name, how := range map[string]func(nc net.Conn){
		"closed": func(nc net.Conn) { nc.Close() },
		"ended":  func(nc net.Conn) { _ = nc.(*net.TCPConn).CloseWrite() },
		"reset": func(nc net.Conn) {
			_ = nc.(*net.TCPConn).SetLinger(0)
			nc.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			badly(t, patience, []string{"connection 1", "after byte "},
				"-addr", serve(t, spoilt(30_000, closing(how))), "-conns", "3", "-messages", "100000")
		})
	}
}

// An end that comes together with a reply is seen although it makes no event of its own.
func TestEndComesWithReply(t *testing.T) {
	addr := serve(t, func(_ int, nc net.Conn) {
		buf := make([]byte, 64)
		if _, err := io.ReadFull(nc, buf); err == nil {
			join(nc, buf)
			_ = nc.(*net.TCPConn).CloseWrite()
			_, _ = nc.Read(buf) // until the load has closed it
		}
	})
	s, err := newStopper()
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLoad(parsed(t, haste, "-addr", addr), s.fd)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.open(0, time.Second); err != nil {
		t.Fatal(err)
	}
	l.conns[0].goal = 1
	if err := l.flush(&l.conns[0]); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	if err := l.run(l.clock()+int64(time.Second), nil); !errors.Is(err, errClosed) || l.answered != 1 {
		t.Errorf("%v, %d messages", err, l.answered)
	}
	if err := errors.Join(l.close(), s.close()); err != nil {
		t.Error(err)
	}
}

func TestServerSaysNothing(t *testing.T) {
	mute := func(_ int, nc net.Conn) {
		buf := make([]byte, 1<<16)
		for _, err := nc.Read(buf); err == nil; _, err = nc.Read(buf) {
		}
	}
	badly(t, haste, []string{"connection 0", "after byte 0", "0 of 1 messages"}, "-addr", serve(t, mute))
}

func TestServerFallsSilent(t *testing.T) {
	silent := spoilt(2000, func(net.Conn, []byte, byte, []byte) {})
	badly(t, haste, []string{"connection 1", "stop short"}, "-addr", serve(t, silent), "-conns", "2", "-duration", "100ms")
	all := func(_ int, nc net.Conn) { silent(1, nc) }
	badly(t, haste, []string{"connection 0", "no message was answered within"}, "-addr", serve(t, all), "-messages", "10000")
}

// A reply too many after the last message is seen, too.
func TestServerSaysMore(t *testing.T) {
	addr := serve(t, func(i int, nc net.Conn) {
		echo(i, nc) // until the load has no more
		_, _ = nc.Write([]byte("bye"))
	})
	badly(t, patience, []string{"connection 0", "at least 3 bytes more"}, "-addr", addr, "-messages", "100")
}

// A server may reset a connection that has come to its end, or keep it.
func TestServerAfterTheEnd(t *testing.T) {
	addr := serve(t, func(i int, nc net.Conn) {
		echo(i, nc)
		_ = nc.(*net.TCPConn).SetLinger(0)
	})
	well(t, "-addr", addr, "-messages", "100")
	addr = serve(t, func(i int, nc net.Conn) {
		echo(i, nc)
		time.Sleep(200 * time.Millisecond)
	})
	o := parsed(t, patience, "-addr", addr, "-messages", "100")
	o.limits.leave = 20 * time.Millisecond
	if _, err := perform(o); err != nil {
		t.Error(err)
	}
}

func TestNobodyListens(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	badly(t, patience, []string{"opening connection 0", "connection refused"}, "-addr", ln.Addr().String())
	badly(t, patience, []string{"opening connection 0", "no such file"}, "-addr", "unix:"+socketPath(t))
}

// A queue of connections that nobody accepts fills up, and connecting must not wait for ever.
func TestNobodyAccepts(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		o := parsed(t, haste, "-addr", fullBacklog(t, network))
		o.limits.connect = 50 * time.Millisecond
		_, err := perform(o)
		if err == nil || !strings.Contains(err.Error(), "connect: ") {
			t.Errorf("%s: %v", network, err)
		}
	}
}

func TestAcceptsInTime(t *testing.T) {
	release := make(chan struct{})
	addr := serveOn(t, "unix", socketPath(t), func(i int, nc net.Conn) {
		<-release
		echo(i, nc)
	})
	time.AfterFunc(20*time.Millisecond, func() { close(release) })
	well(t, "-addr", addr, "-messages", "100")
}
