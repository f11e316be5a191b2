//go:build linux

package smtpd

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace-net/millrace/examples/internal/clienttest"
	"github.com/millrace-net/millrace/loop"
)

// secureServer is a server that offers STARTTLS, on a loop that runs.
type secureServer struct {
	t      *testing.T
	server *Server
	addr   string
	dir    string
	client *tls.Config // what trusts it
	stop   func()      // ends it in order
}

// newSecureServer starts one; change may change it before.
func newSecureServer(t *testing.T, change func(s *Server)) *secureServer {
	t.Helper()
	certFile, keyFile := clienttest.Certificate(t)
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(certFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	dir := t.TempDir()
	server, err := New(Config{Dir: dir, Name: "n", TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(server)
	}
	o := Options()
	o.Loops = 1
	set, err := loop.NewSet(o)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := set.Listen("tcp", "127.0.0.1:0", server.Open)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- set.Run(ctx) }()
	ended := false
	stop := func() {
		if ended {
			return
		}
		ended = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		server.Wait()
	}
	t.Cleanup(stop)
	return &secureServer{t, server, ln.Addr().String(), dir, &tls.Config{RootCAs: roots, ServerName: "localhost"}, stop}
}

// talker is a client.
type talker struct {
	t  *testing.T
	nc net.Conn
	r  *bufio.Reader
}

// dial connects, and is greeted.
func (s *secureServer) dial() *talker {
	s.t.Helper()
	nc, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	c := &talker{s.t, nc, bufio.NewReader(nc)}
	c.want("220")
	return c
}

// say sends text and wants a reply of this code.
func (c *talker) say(text, code string) (reply string) {
	c.t.Helper()
	if _, err := io.WriteString(c.nc, text); err != nil {
		c.t.Fatal(err)
	}
	return c.want(code)
}

// want reads a reply, which may have many lines.
func (c *talker) want(code string) (reply string) {
	c.t.Helper()
	for {
		line, err := c.r.ReadString('\n')
		if reply += line; err != nil {
			c.t.Fatalf("%q, then %v, where %s was to come", reply, err, code)
		}
		if len(line) > 3 && line[3] == ' ' {
			if line[:3] != code {
				c.t.Fatalf("%q, want %s", reply, code)
			}
			return reply
		}
	}
}

// secure shakes hands.
func (s *secureServer) secure(c *talker) (*talker, error) {
	client := tls.Client(c.nc, s.client)
	return &talker{s.t, client, bufio.NewReader(client)}, client.Handshake()
}

// upgraded is a client that speaks TLS.
func (s *secureServer) upgraded() *talker {
	s.t.Helper()
	c := s.dial()
	c.say("EHLO h\r\n", "250")
	c.say("STARTTLS\r\n", "220")
	c, err := s.secure(c)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// Scenario 34, the way it should go: what was said before TLS is forgotten, and what is said in it is taken.
func TestScenario34StartTLS(t *testing.T) {
	s := newSecureServer(t, nil)
	c := s.dial()
	if reply := c.say("EHLO h\r\n", "250"); !strings.Contains(reply, "250-STARTTLS\r\n") {
		t.Errorf("not offered: %q", reply)
	}
	c.say("MAIL FROM:<before@tls>\r\n", "250")
	c.say("STARTTLS now\r\n", "501")
	c.say("STARTTLS\r\n", "220")
	c, err := s.secure(c)
	if err != nil {
		t.Fatal(err)
	}
	c.say("RCPT TO:<c@d>\r\n", "503") // RFC 3207 section 4.2
	c.say("MAIL FROM:<a@b>\r\n", "503")
	if reply := c.say("EHLO h\r\n", "250"); strings.Contains(reply, "STARTTLS") {
		t.Errorf("offered in TLS: %q", reply)
	}
	c.say("STARTTLS\r\n", "503")
	text := strings.Repeat(strings.Repeat("x", 70)+"\r\n", 20_000)
	c.say("MAIL FROM:<a@b>\r\n", "250")
	c.say("RCPT TO:<c@d>\r\n", "250")
	c.say("DATA\r\n", "354")
	c.say(text+".\r\n", "250")
	c.say("QUIT\r\n", "221")
	if rest, err := io.ReadAll(c.r); err != nil || len(rest) > 0 {
		t.Errorf("after QUIT: %q, %v", rest, err)
	}
	_ = c.nc.Close()
	names, err := filepath.Glob(filepath.Join(s.dir, "*.eml"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	mail, err := os.ReadFile(names[0])
	if err != nil || !strings.Contains(string(mail), " with ESMTPS; ") || !strings.HasSuffix(string(mail), "\r\n"+text) {
		t.Errorf("%.300q, %v", mail, err)
	}
}

// Scenario 34: plaintext behind STARTTLS, in one segment with it or cut anywhere, ends the session: there is no TLS
// after it, no command of it is obeyed, and no byte of it reaches a session in TLS.
func TestScenario34InjectedPlaintext(t *testing.T) {
	s := newSecureServer(t, nil)
	const before, switching = "EHLO h\r\n", "STARTTLS\r\n"
	for _, injected := range []string{
		"MAIL FROM:<evil@x>\r\n", "EHLO evil\r\nMAIL FROM:<evil@x>\r\nRCPT TO:<a@b>\r\nDATA\r\n", "\r\n", "R", "\r",
		"\x16\x03\x01\x00\x05hello", // nor what looks like TLS
	} {
		stream := before + switching + injected
		for cut := range stream {
			s.inject(stream, cut, len(before+switching))
		}
	}
	if names, err := os.ReadDir(s.dir); err != nil || len(names) > 0 {
		t.Errorf("messages were kept: %v, %v", names, err)
	}
}

// inject sends stream in two parts and sees that there is no TLS behind it; switched is where the command ends.
func (s *secureServer) inject(stream string, cut, switched int) {
	t := s.t
	t.Helper()
	c := s.dial()
	_, _ = io.WriteString(c.nc, stream[:cut])
	if cut >= len("EHLO h\r\n") {
		c.want("250") // the first part has been read
	}
	if cut == switched { // nothing has followed yet
		c.want("220")
		_, _ = io.WriteString(c.nc, stream[cut:])
		if secure, err := s.secure(c); err == nil {
			t.Fatalf("%q cut behind STARTTLS: TLS works, and says %q", stream, secure.want("250"))
		}
		return
	}
	_, _ = io.WriteString(c.nc, stream[cut:])
	_ = c.nc.(*net.TCPConn).CloseWrite()
	rest, err := io.ReadAll(c.r)
	if got := strings.TrimPrefix(codes(string(rest)), "250 "); got != "554" || err != nil {
		t.Fatalf("%q cut at %d: %q, %v", stream, cut, rest, err)
	}
	_ = c.nc.Close()
}

// Scenario 34: who is refused is told, and nothing of what follows is answered.
func TestScenario34RefusalIsTold(t *testing.T) {
	s := newSecureServer(t, nil)
	c := s.dial()
	c.say("EHLO h\r\nSTARTTLS\r\nNOOP\r\nQUIT\r\n"+strings.Repeat("NOOP\r\n", 10_000), "250")
	_ = c.nc.(*net.TCPConn).CloseWrite()
	if rest, err := io.ReadAll(c.r); err != nil || codes(string(rest)) != "554" {
		t.Errorf("%q, %v", rest, err)
	}
}

// A session in TLS is told of the end of the server, and gets what is owed to it. One amid its handshake does not
// hold that up.
func TestEndOfSecureSessions(t *testing.T) {
	s := newSecureServer(t, func(s *Server) { s.bridges.linger = 100 * time.Millisecond })
	amid := s.dial()
	amid.say("STARTTLS\r\n", "220")
	c := s.upgraded()
	c.say("EHLO h\r\n", "250")
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.stop()
	}()
	if rest, err := io.ReadAll(c.r); err != nil || string(rest) != shuttingDown+"\r\n" {
		t.Errorf("%q, %v", rest, err)
	}
	_ = c.nc.Close()
	<-stopped
	if rest, err := io.ReadAll(amid.r); len(rest) > 0 {
		t.Errorf("%q, %v", rest, err)
	}
}

// Who does not shake hands, does not read, or does not end its side is hung up on.
func TestSecureClientsThatStall(t *testing.T) {
	const short = 50 * time.Millisecond
	s := newSecureServer(t, func(s *Server) { s.bridges.handshake = short })
	amid := s.dial()
	amid.say("STARTTLS\r\n", "220")
	if rest, err := io.ReadAll(amid.r); len(rest) > 0 {
		t.Errorf("%q, %v", rest, err)
	}
	s = newSecureServer(t, func(s *Server) { s.bridges.stall, s.bridges.linger = short, short })
	stays := s.upgraded()
	stays.say("QUIT\r\n", "221")
	deaf := s.upgraded()
	for range 1 << 20 { // until nobody reads
		_ = deaf.nc.SetWriteDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.WriteString(deaf.nc, strings.Repeat("NOOP\r\n", 2000)); err != nil {
			break
		}
	}
	for end := time.Now().Add(20 * time.Second); s.waiting() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d clients are still there", s.waiting())
		}
	}
}

// waiting is how many clients speak TLS.
func (s *secureServer) waiting() int {
	s.server.bridges.mu.Lock()
	defer s.server.bridges.mu.Unlock()
	return s.server.bridges.count
}

// One client more than there may be is told so, and goes on without TLS.
func TestTooManySecureClients(t *testing.T) {
	s := newSecureServer(t, func(s *Server) { s.bridges.count = maxBridges - 1 })
	c := s.upgraded()
	over := s.dial()
	over.say("STARTTLS\r\n", "454")
	over.say("NOOP\r\n", "250")
	over.say("QUIT\r\n", "221")
	c.say("QUIT\r\n", "221")
	_ = c.nc.Close()
}

// Who is refused for what follows STARTTLS takes no place of those who speak TLS.
func TestRefusedClientsTakeNoPlace(t *testing.T) {
	s := newSecureServer(t, nil)
	c := s.dial()
	c.say("STARTTLS\r\nNOOP\r\n", "554")
	_ = c.nc.Close()
	for end := time.Now().Add(20 * time.Second); s.waiting() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d clients are counted", s.waiting())
		}
	}
}

// A client that reads a little now and then does not hold the end up.
func TestEndDoesNotWaitForSlowReaders(t *testing.T) {
	b := &bridges{linger: time.Second}
	near, far := net.Pipe()
	defer far.Close()
	if !b.take() {
		t.Fatal("there is room")
	}
	b.enter(near)
	b.run(func() {
		defer b.leave(near)
		for err := error(nil); err == nil; {
			b.allow(near.SetWriteDeadline, time.Minute)
			_, err = near.Write([]byte{1})
		}
	})
	reads := make(chan struct{})
	go func() {
		defer close(reads)
		_, _ = io.Copy(io.Discard, far)
	}()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.end()
	}()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("it does not end")
		_ = near.Close()
	}
	<-ended
	_ = near.Close()
	<-reads
}
