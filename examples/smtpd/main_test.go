//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace-net/millrace/examples/internal/clienttest"
)

func TestMain(m *testing.M) { clienttest.Main(m) }

// messages reads what is kept in dir, oldest first.
func messages(t *testing.T, dir string) (texts []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil || filepath.Ext(e.Name()) != ".eml" {
			t.Error(e.Name(), err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

// TestSwaks sends with swaks: plainly, pipelined, by HELO, with dots, with an attachment, and over a unix socket.
func TestSwaks(t *testing.T) {
	swaks := clienttest.Client(t, "swaks")
	dir, bin := t.TempDir(), clienttest.Binary(t, ".")
	attachment := filepath.Join(t.TempDir(), "x.bin")
	if err := os.WriteFile(attachment, make([]byte, 300_000), 0o600); err != nil {
		t.Fatal(err)
	}
	addr, stop := clienttest.Start(t, bin, "-dir", dir, "-loops", "2")
	common := []string{"--server", addr, "--helo", "me.test", "--from", "a@test", "--to", "b@test,c@test", "--silent", "2"}
	runs := []struct{ args, wants []string }{
		{[]string{"--body", "plain"}, []string{"\r\n\r\nplain\r\n", "with ESMTP"}},
		{[]string{"--body", ".\n..\n.x", "--pipeline"}, []string{"\r\n\r\n.\r\n..\r\n.x\r\n", "Delivered-To: c@test\r\n"}},
		{[]string{"--body", "old", "--protocol", "SMTP"}, []string{"\r\n\r\nold\r\n", "with SMTP"}},
		{[]string{"--attach", "@" + attachment}, []string{"multipart/mixed"}},
	}
	for i, tt := range runs {
		clienttest.Run(t, swaks, append(common, tt.args...)...)
		all := messages(t, dir)
		if len(all) != i+1 {
			t.Fatalf("%q: %d messages are kept", tt.args, len(all))
		}
		for _, want := range append(tt.wants, "Return-Path: <a@test>\r\n", "Received: from me.test by ") {
			if !strings.Contains(all[i], want) {
				t.Errorf("%q: no %q in %.1000q", tt.args, want, all[i])
			}
		}
	}
	stop()
	socket := filepath.Join(t.TempDir(), "s")
	_, stop = clienttest.Start(t, bin, "-addr", "unix:"+socket)
	clienttest.Run(t, swaks, append([]string{"--socket", socket}, common[2:]...)...)
	stop()
}

// TestCurl sends with curl, which sends SIZE: what fits, and what does not.
func TestCurl(t *testing.T) {
	curl := clienttest.Client(t, "curl")
	dir := t.TempDir()
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."), "-dir", dir, "-max-size", "1000000")
	file := filepath.Join(t.TempDir(), "mail")
	for _, tt := range []struct {
		text string
		code int
	}{
		{"Subject: x\r\n\r\n" + strings.Repeat("..0123456789\r\n.\r\n", 50_000), 0},
		{"\r\n", 0},
		{strings.Repeat("0123456789\r\n", 100_000), 55}, // CURLE_SEND_ERROR is what curl makes of 552
	} {
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		before := len(messages(t, dir))
		_, stderr, code := clienttest.RunCode(t, curl, "-sS", "--max-time", "30", "smtp://"+addr, "--mail-from", "a@test",
			"--mail-rcpt", "b@test", "-T", file)
		all := messages(t, dir)
		if code != tt.code || len(all)-before != 1 && code == 0 || code == 0 && !strings.HasSuffix(all[before], "\r\n"+tt.text) {
			t.Errorf("%.20q: code %d, %s, %d messages", tt.text, code, stderr, len(all)-before)
		}
	}
	stop()
}

// TestScenario34Clients sends with curl and swaks, which demand TLS; curl looks at the certificate too.
func TestScenario34Clients(t *testing.T) {
	certFile, keyFile := clienttest.Certificate(t)
	dir := t.TempDir()
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."), "-dir", dir, "-cert", certFile, "-key", keyFile)
	text := "Subject: x\r\n\r\n" + strings.Repeat("..0123456789\r\n.\r\n", 20_000)
	file := filepath.Join(t.TempDir(), "mail")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	kept := func(t *testing.T, want string) {
		all := messages(t, dir)
		if n := len(all); n == 0 || !strings.Contains(all[n-1], " with ESMTPS; ") || !strings.HasSuffix(all[n-1], want) {
			t.Errorf("%d messages, %.500q", n, all)
		}
	}
	t.Run("curl", func(t *testing.T) {
		clienttest.Run(t, clienttest.Client(t, "curl"), "-sS", "--max-time", "30", "--ssl-reqd", "--cacert", certFile,
			"smtp://"+addr, "--mail-from", "a@test", "--mail-rcpt", "b@test", "-T", file)
		kept(t, "\r\n"+text)
	})
	t.Run("swaks", func(t *testing.T) {
		swaks := clienttest.Client(t, "swaks")
		if support, _ := exec.Command(swaks, "--support").Output(); bytes.Contains(support, []byte("TLS not available")) {
			clienttest.Missing(t, "swaks' TLS (Net::SSLeay)")
		}
		clienttest.Run(t, swaks, "--server", addr, "--helo", "me.test", "--from", "a@test",
			"--to", "b@test", "--silent", "2", "--tls", "--body", "plain")
		kept(t, "\r\n\r\nplain\r\n\r\n\r\n") // swaks ends a body with two empty lines
	})
	stop()
}

// dial connects, and sends text.
func dial(t *testing.T, addr, text string) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(nc, text); err != nil {
		t.Fatal(err)
	}
	return nc
}

// TestDrain: SIGTERM says goodbye to who is idle, and lets a message end that has begun. A client that goes away amid one
// leaves nothing behind.
func TestDrain(t *testing.T) {
	dir := t.TempDir()
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."), "-dir", dir)
	gone := dial(t, addr, "HELO h\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"+strings.Repeat("x\r\n", 100_000))
	_ = gone.Close()
	waits := dial(t, addr, "")
	idle := bufio.NewReader(waits)
	if line, err := idle.ReadString('\n'); err != nil || !strings.HasPrefix(line, "220 ") {
		t.Fatal(line, err)
	}
	busy := dial(t, addr, "HELO h\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nbegun\r\n")
	replies := bufio.NewReader(busy)
	for line := ""; !strings.HasPrefix(line, "354 "); {
		var err error
		if line, err = replies.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	if rest, err := io.ReadAll(idle); err != nil || string(rest) != "421 shutting down\r\n" {
		t.Errorf("%q, %v", rest, err)
	}
	_ = waits.Close()
	if _, err := io.WriteString(busy, "ended\r\n.\r\n"); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(replies); err != nil || string(rest) != "250 kept\r\n421 shutting down\r\n" {
		t.Errorf("%q, %v", rest, err)
	}
	_ = busy.Close()
	<-stopped
	if all := messages(t, dir); len(all) != 1 || !strings.HasSuffix(all[0], "\r\nbegun\r\nended\r\n") {
		t.Errorf("%d messages", len(all))
	}
}

// TestMany: clients at the same time, on two loops, each with messages one behind the other.
func TestMany(t *testing.T) {
	dir := t.TempDir()
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."), "-dir", dir, "-loops", "2")
	const clients, each = 10, 10
	var session bytes.Buffer
	session.WriteString("EHLO h\r\n")
	for i := range each {
		fmt.Fprintf(&session, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n%d\r\n.\r\n", i)
	}
	session.WriteString("QUIT\r\n")
	var conns []net.Conn
	for range clients {
		conns = append(conns, dial(t, addr, session.String()))
	}
	for _, nc := range conns {
		if all, err := io.ReadAll(nc); err != nil || strings.Count(string(all), "\n250 kept\r\n") != each {
			t.Errorf("%q, %v", all, err)
		}
		_ = nc.Close()
	}
	stop()
	if n := len(messages(t, dir)); n != clients*each {
		t.Errorf("%d messages, want %d", n, clients*each)
	}
}

// TestBadStart starts servers that cannot run: one line says why, and the exit code is 1.
func TestBadStart(t *testing.T) {
	bin := clienttest.Binary(t, ".")
	addr, _ := clienttest.Start(t, bin)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"-addr", addr}, "address already in use"},
		{[]string{"-addr", "127.0.0.1:0", "-dir", "/nowhere/at/all"}, "no such file"},
		{[]string{"-addr", "127.0.0.1:0", "-max-size", "-1"}, "MaxSize is -1"},
		{[]string{"-addr", "127.0.0.1:0", "-cert", "/nowhere/at/all", "-key", "/dev/null"}, "no such file"},
		{[]string{"-addr", "127.0.0.1:0", "-key", "/dev/null"}, "no such file"},
	} {
		_, stderr, code := clienttest.RunCode(t, bin, c.args...)
		if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.says) || !strings.HasPrefix(stderr, "smtpd: ") {
			t.Errorf("%q: exit code %d, %q", c.args, code, stderr)
		}
	}
}
