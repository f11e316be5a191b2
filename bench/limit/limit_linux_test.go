package limit

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// both runs a test for both programs, with one loop and with two; built with sanitizers, and as they are meant to be.
func both(t *testing.T, mode string, test func(t *testing.T, s *server)) {
	for _, program := range []string{"limit-epoll", "limit-uring"} {
		for _, variant := range []struct {
			build
			loops string
		}{{sanitized, "1"}, {sanitized, "2"}, {fortified, "2"}} {
			t.Run(strings.Join([]string{program, variant.name, variant.loops}, "/"), func(t *testing.T) {
				t.Parallel()
				test(t, start(t, variant.path(t, program), "-addr", "127.0.0.1:0", "-mode", mode, "-loops", variant.loops))
			})
		}
	}
}

// all runs a test as both does, for every mode.
func all(t *testing.T, test func(t *testing.T, s *server, p protocol)) {
	for _, p := range protocols {
		t.Run(p.mode, func(t *testing.T) {
			both(t, p.mode, func(t *testing.T, s *server) { test(t, s, p) })
		})
	}
}

func TestEchoOfWritesOfAllSizes(t *testing.T) {
	both(t, "echo", func(t *testing.T, s *server) {
		data := randomBytes(1, 1<<20)
		c := s.dial()
		wait := c.sendMeanwhile(func() error {
			r := rand.New(rand.NewPCG(2, 0))
			for rest := data; len(rest) > 0; {
				n := min(1+r.IntN(1<<r.IntN(16)), len(rest))
				if _, err := c.Write(rest[:n]); err != nil {
					return err
				}
				rest = rest[n:]
			}
			return c.CloseWrite()
		})
		c.want(data)
		c.wantEnd()
		wait()
	})
}

// More streams than a loop has buffers for at first, all at the same time.
func TestManyStreams(t *testing.T) {
	both(t, "echo", func(t *testing.T, s *server) {
		data := randomBytes(1, 128<<10)
		var peers []peer
		for range 300 {
			peers = append(peers, s.dial())
		}
		var waits []func()
		for i, c := range peers {
			waits = append(waits, c.sendMeanwhile(func() error {
				_, err := c.Write(data[i:])
				return err
			}))
		}
		for i, c := range peers {
			waits[i]()
			c.finish()
			c.want(data[i:])
			c.wantEnd()
		}
	})
}

func TestLinesCutAnywhere(t *testing.T) {
	both(t, "line", func(t *testing.T, s *server) {
		c := s.dial()
		lines := []byte("ab\r\n\r\nc\rd\ne\r\r\n\n\r\n")
		for i := range len(lines) {
			for k := i; k < len(lines); k++ {
				c.sendApart(lines[:i], lines[i:k], lines[k:])
				c.want(lines)
			}
		}
	})
}

func TestManyLinesInOneWrite(t *testing.T) {
	both(t, "line", func(t *testing.T, s *server) {
		var lines []byte
		for i := range 2000 {
			lines = fmt.Appendf(lines, "%d%s\r\n", i, bytes.Repeat([]byte("-"), i%60))
		}
		c := s.dial()
		c.send(lines)
		c.want(lines)
	})
}

func TestLongLine(t *testing.T) {
	both(t, "line", func(t *testing.T, s *server) {
		c := s.dial()
		line := append(bytes.Repeat([]byte("x"), 64<<10), "\r\n"...)
		end := len(line)
		c.sendApart([]byte("a\r\n"), line, []byte("b\r\n"))
		c.sendApart(line[:end-1], line[end-1:])
		c.sendApart(line[:end-2], line[end-2:])
		c.sendApart(line[:1], line[1:end/2], line[end/2:end-3], line[end-3:])
		c.want([]byte("a\r\n"))
		c.want(line)
		c.want([]byte("b\r\n"))
		for range 3 {
			c.want(line)
		}
	})
}

func TestLineThatIsTooLong(t *testing.T) {
	both(t, "line", func(t *testing.T, s *server) {
		long := bytes.Repeat([]byte("x"), 64<<10+1)
		for _, rest := range []string{"\r\n", "xx", "x\r\nmore\r\n"} {
			c := s.dial()
			c.send([]byte("first\r\n"))
			c.send(append(long, rest...))
			c.want([]byte("first\r\n"))
			c.wantEnd()
		}
	})
}

func TestRequests(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: localhost\r\n"
	both(t, "http", func(t *testing.T, s *server) {
		c := s.dial()
		for _, test := range []struct {
			requests string
			replies  int
		}{
			{get + "\r\n", 1},
			{strings.Repeat(get+"\r\n", 300), 300},
			{"G / HTTP/1.1\r\n\r\n", 1},
			{get + "connection: keep-alive, Upgrade\r\nACCEPT:\r\nx:y:z \r\n\r\n", 1},
			{"POST /a?b HTTP/1.1\r\nContent-Length: 5\r\n\r\n12345" + get + "\r\n", 2},
			{"POST /a?b HTTP/1.1\r\ncontent-LENGTH:\t4 \r\n\r\n\r\n\r\n" + get + "\r\n", 2},
			{"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n" + get + "\r\n", 2},
			{"POST / HTTP/1.1\r\nContent-Length: 200000\r\n\r\n" + strings.Repeat("\r\n", 100000) + get + "\r\n", 2},
			{get + "Cookie: " + strings.Repeat("x", 60000) + "\r\n\r\n" + get + "\r\n", 2},
		} {
			c.send([]byte(test.requests))
			c.want(bytes.Repeat([]byte(hello), test.replies))
		}
	})
}

func TestRequestsCutAnywhere(t *testing.T) {
	both(t, "http", func(t *testing.T, s *server) {
		c := s.dial()
		requests := []byte("PUT / HTTP/1.1\r\nA: b\r\nContent-Length: 6\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n")
		for i := range len(requests) {
			c.sendApart(requests[:i], requests[i:])
			c.want([]byte(hello + hello))
		}
		for i := range requests {
			c.sendApart(requests[i : i+1])
		}
		c.want([]byte(hello + hello))
	})
}

func TestLastRequest(t *testing.T) {
	const get = "GET / HTTP/1.1\r\n"
	both(t, "http", func(t *testing.T, s *server) {
		for _, last := range []string{
			get + "Connection: close\r\n\r\n",
			get + "CONNECTION: Keep-Alive , CLOSE\r\n\r\n",
			get + "Connection: close\r\n\r\n" + get + "\r\n",
			get + "Connection: close\r\n\r\n" + strings.Repeat(get+"\r\n", 20000),
			"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 3\r\n\r\n123",
			"GET / HTTP/1.0\r\n\r\n",
		} {
			c := s.dial()
			wait := c.sendMeanwhile(func() error {
				// The server may have gone when it has answered the last request.
				if _, err := c.Write([]byte(get + "\r\n" + last)); !gone(err) {
					return err
				}
				return nil
			})
			c.want([]byte(hello + hello))
			c.wantEnd()
			wait()
		}
	})
}

func TestBadRequests(t *testing.T) {
	const get = "GET / HTTP/1.1\r\n"
	both(t, "http", func(t *testing.T, s *server) {
		for _, bad := range []string{
			"\r\n\r\n",
			"GET /\r\n\r\n",
			"GET / HTTP/2.0\r\n\r\n",
			"GET  HTTP/1.1\r\n\r\n",
			"GET / HTTP/1.1\n\n",
			get + "Host\r\n\r\n",
			get + ": x\r\n\r\n",
			get + " folded: x\r\n\r\n",
			get + "Host : x\r\n\r\n",
			get + "Content-Length: -1\r\n\r\n",
			get + "Content-Length:\r\n\r\n",
			get + "Content-Length: 99999999999999999999\r\n\r\n",
			get + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
			get + "Transfer-Encoding: chunked\r\n\r\n",
			get + "Cookie: " + strings.Repeat("x", 64<<10),
			get + "Cookie: " + strings.Repeat("x", 64<<10) + "\r\n\r\n",
		} {
			c := s.dial()
			c.send([]byte(get + "\r\n" + bad))
			c.want([]byte(hello + "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
			c.wantEnd()
		}
	})
}

func TestPeerThatReadsLate(t *testing.T) {
	for _, p := range protocols {
		requests, replies := p.exchanges(8 << 20)
		t.Run(p.mode, func(t *testing.T) {
			both(t, p.mode, func(t *testing.T, s *server) {
				c := s.dial()
				wait := c.sendMeanwhile(func() error {
					_, err := c.Write(requests)
					return err
				})
				time.Sleep(200 * time.Millisecond)
				p.try(s.dial())
				c.want(replies)
				wait()
				p.try(c)
			})
		})
	}
}

func TestHalfClose(t *testing.T) {
	all(t, func(t *testing.T, s *server, p protocol) {
		for _, size := range []int{1, 10_000, 1 << 20} {
			requests, replies := p.exchanges(size)
			c := s.dial()
			wait := c.sendMeanwhile(func() error {
				if _, err := c.Write(requests); err != nil {
					return err
				}
				return c.CloseWrite()
			})
			c.want(replies)
			c.wantEnd()
			wait()
		}
		// The end of an unfinished message is the end of the connection.
		c := s.dial()
		c.finish()
		c.wantEnd()
		if p.mode != "echo" {
			c = s.dial()
			c.send([]byte("unfinished\r"))
			c.finish()
			c.wantEnd()
		}
	})
}

// A peer that does not read is not read from, and costs the others nothing.
func TestPeerThatDoesNotRead(t *testing.T) {
	const most, growth = 256 << 20, 48 << 20
	all(t, func(t *testing.T, s *server, p protocol) {
		p.try(s.dial())
		before := s.memory()
		requests, _ := p.exchanges(64 << 10)
		silent := s.dial()
		if n := silent.stuff(requests, most); n >= most {
			t.Errorf("%d bytes were taken from a peer that does not read", n)
		}
		if grown := s.memory() - before; grown > growth {
			t.Errorf("memory grew by %d KiB", grown>>10)
		}
		for range 8 { // some of them are of the same loop
			p.try(s.dial())
		}
		silent.reset()
		p.try(s.dial())
	})
}

func TestNoConnectionStaysOpen(t *testing.T) {
	all(t, func(t *testing.T, s *server, p protocol) {
		p.try(s.dial())
		// A loop may not have opened all that it needs yet; there are two, at most.
		descriptors := s.descriptors() + 2
		var peers []peer
		for range 500 {
			c := s.dial()
			request, _ := p.exchange(0)
			c.send(request)
			peers = append(peers, c)
		}
		for i, c := range peers {
			switch i % 4 {
			case 0:
				c.leave()
			case 1:
				c.reset()
			case 2:
				_, reply := p.exchange(0)
				c.want(reply)
				c.leave()
			case 3:
				_, reply := p.exchange(0)
				c.want(reply)
				c.finish()
				c.wantEnd()
				c.leave()
			}
		}
		for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
			open, connections := s.descriptors(), s.connections()
			if open <= descriptors && connections <= 1 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d connections are open, and %d descriptors where %d are enough", connections, open, descriptors)
			}
		}
		p.try(s.dial())
	})
}

// More connections than a server can have wait until others have gone. With the larger limit limit-uring has as many as it
// can have, but not so many that it would accept all that are in the backlog.
func TestFewDescriptors(t *testing.T) {
	var allowed syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &allowed); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"limit-epoll", "limit-uring"} {
		for _, limit := range []uint64{40, min(4200, allowed.Max)} {
			t.Run(fmt.Sprintf("%s/%d", program, limit), func(t *testing.T) {
				t.Parallel()
				s := start(t, "/bin/sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$@"`, limit), "sh",
					sanitized.path(t, program), "-addr", "127.0.0.1:0", "-mode", "echo", "-loops", "1")
				for range 2 {
					var peers []peer
					for i := range 200 {
						c := s.dial()
						c.send([]byte{byte(i)})
						peers = append(peers, c)
					}
					for i, c := range peers {
						c.want([]byte{byte(i)})
						c.leave()
					}
				}
			})
		}
	}
}

func TestEndOfLifetime(t *testing.T) {
	for name, how := range map[string]func(s *server) func() error{
		"stdin": func(s *server) func() error { return s.stdin.Close },
		"term":  func(s *server) func() error { return func() error { return s.cmd.Process.Signal(syscall.SIGTERM) } },
		"int":   func(s *server) func() error { return func() error { return s.cmd.Process.Signal(syscall.SIGINT) } },
	} {
		t.Run(name, func(t *testing.T) {
			both(t, "line", func(t *testing.T, s *server) {
				s.dial()
				s.dial().stuff([]byte("line\r\n"), 64<<20)
				s.end(how(s))
			})
		})
	}
}

// A port is free again at once, though connections were open when the server ended.
func TestSamePortAgain(t *testing.T) {
	for _, program := range []string{"limit-epoll", "limit-uring"} {
		t.Run(program, func(t *testing.T) {
			path := sanitized.path(t, program)
			s := start(t, path, "-addr", "127.0.0.1:0")
			protocols[0].try(s.dial())
			s.end(s.stdin.Close)
			again := start(t, path, "-addr", s.addr, "-mode", "line", "-loops", "3")
			if again.addr != s.addr {
				t.Errorf("it listens on %s instead of %s", again.addr, s.addr)
			}
			protocols[1].try(again.dial())
		})
	}
}

func TestBadOptions(t *testing.T) {
	for _, program := range []string{"limit-epoll", "limit-uring"} {
		path := sanitized.path(t, program)
		for _, args := range []string{"-addr x", "-addr 127.0.0.1", "-addr :1", "-addr 127.0.0.1:65536", "-addr 127.0.0.1:1x", "-mode x",
			"-loops 0", "-loops x", "-loops 2000", "-loops", "-more 1", "more"} {
			err := exec.Command(path, strings.Fields(args)...).Run()
			if e := (*exec.ExitError)(nil); !errors.As(err, &e) || e.ExitCode() != 2 {
				t.Errorf("%s %s: %v", program, args, err)
			}
		}
	}
}

// A server that cannot listen says so.
func TestNoListener(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	out, err := exec.Command(sanitized.path(t, "limit-epoll"), "-addr", taken.Addr().String()).CombinedOutput()
	if e := (*exec.ExitError)(nil); !errors.As(err, &e) || e.ExitCode() != 1 || !strings.Contains(string(out), "bind: ") {
		t.Errorf("%v: %q", err, out)
	}
}
