//go:build linux

package ftp

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestCommands: what needs no data connection.
func TestCommands(t *testing.T) {
	r := newRig(t, true)
	if err := os.Mkdir(filepath.Join(r.dir, `a"b`), 0o700); err != nil {
		t.Fatal(err)
	}
	when := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(r.dir, "small"), when, when); err != nil {
		t.Fatal(err)
	}
	c := r.dial()
	for _, row := range [][2]string{
		{"PWD", "530 "}, {"PASS x", "503 "}, {"USER root", "530 "}, {"PASS x", "503 "}, {"SYST", "215 UNIX"}, {"feat", "211 end"},
		{"USER ftp", "331 "}, {"PWD", "530 "}, {"PASS x@y", "230 "}, {"pwd", `257 "/"`}, {"NOOP", "200 "},
		{"OPTS UTF8 ON", "200 "}, {"OPTS X", "501 "}, {"XYZ", "500 "}, {"DELE small", "502 "}, {"PWD \x01", "501 "},
		{`CWD a"b`, "250 "}, {"PWD", `257 "/a""b"`}, {"CDUP", "250 "}, {"CWD ../..", "250 "}, {"PWD", `257 "/"`}, {"CWD none", "550 "},
		{"CWD small", "550 "}, {"CWD /", "250 "}, {"SIZE small", "213 10\r\n"}, {"SIZE ../small", "213 10\r\n"}, {"SIZE none", "550 "},
		{"SIZE /", "550 "}, {"MDTM /small", "213 20010203040506\r\n"}, {"MDTM none", "550 "},
		{"TYPE I", "200 "}, {"type a", "200 "}, {"TYPE A N", "200 "}, {"TYPE L 8", "200 "}, {"TYPE E", "504 "},
		{"MODE S", "200 "}, {"MODE B", "504 "}, {"STRU F", "200 "}, {"STRU R", "504 "}, {"ALLO 10", "202 "},
		{"REST 5", "350 "}, {"REST -1", "501 "}, {"REST x", "501 "}, {"REST 9223372036854775808", "501 "},
		{"PORT 127,0,0,1,0,80", "502 "}, {"EPRT |1|127.0.0.1|80|", "502 "},
		{"RETR small", "425 "}, {"LIST", "425 "}, {"NLST", "425 "}, {"STOR new", "425 "}, {"ABOR", "226 "}, {"\xff\xf4\xffABOR", "226 "},
		{"PASV", "227 Entering Passive Mode (127,0,0,1,"}, {"EPSV 1", "229 "}, {"EPSV 2", "522 "}, {"PASV", "227 "},
		{"RETR none", "550 "}, {"RETR /", "550 "}, {"LIST none", "550 "}, {"STOR none/new", "550 "}, {"STOR /", "553 "},
		{"REST 11", "350 "}, {"RETR small", "554 "}, {"REST 1", "350 "}, {"STOR new", "554 "},
		{"EPSV ALL", "200 "}, {"PASV", "503 "}, {"EPSV", "229 "},
		{strings.Repeat("x", MaxCommand+1), "500 "}, {"QUIT", "221 "},
	} {
		c.do(row[0], row[1])
	}
	if rest, err := io.ReadAll(c.lines); err != nil || len(rest) > 0 {
		t.Errorf("%q, %v", rest, err)
	}
	_ = c.conn.Close()
	r.settles(1) // the listener of the server, and none of the passive ones
}

// TestOrder: the data connection before the command and after it, one after the other in one session.
func TestOrder(t *testing.T) {
	r := newRig(t, true)
	c := r.login()
	for _, early := range []bool{true, false} {
		transfer := func(command string) *net.TCPConn {
			t.Helper()
			port := c.passive()
			if !early {
				c.do(command, "150 ")
				c.do("LIST", "503 ")
				c.do("NOOP", "200 ")
				return c.data("127.0.0.1", port)
			}
			nc := c.data("127.0.0.1", port)
			r.settles(3)
			c.do(command, "150 ")
			return nc
		}
		if got := c.all(transfer("RETR small")); got != "0123456789" {
			t.Errorf("%q", got)
		}
		c.want("226 ")
		c.do("REST 4", "350 ")
		if got := c.all(transfer("RETR small")); got != "456789" {
			t.Errorf("%q", got)
		}
		c.want("226 ")
		if got := c.all(transfer("NLST -a")); got != "large\r\nsmall\r\n" && got != "large\r\nnew\r\nsmall\r\n" {
			t.Errorf("%q", got)
		}
		c.want("226 ")
		up := transfer("STOR new")
		if _, err := io.WriteString(up, "stored"); err != nil {
			t.Fatal(err)
		}
		_ = up.CloseWrite()
		c.want("226 ")
		if got, err := os.ReadFile(filepath.Join(r.dir, "new")); err != nil || string(got) != "stored" {
			t.Errorf("%q, %v", got, err)
		}
		if got := c.all(transfer("RETR new")); got != "stored" {
			t.Errorf("%q", got)
		}
		c.want("226 ")
		_ = up.Close()
		r.settles(2)
	}
}

// TestHalfClosed: a client that ends its side of a data connection first gets the whole file.
func TestHalfClosed(t *testing.T) {
	r := newRig(t, false)
	c := r.login()
	for _, early := range []bool{true, false} {
		nc := c.data("127.0.0.1", c.passive())
		if early {
			_ = nc.CloseWrite()
			r.settles(3)
		}
		c.do("RETR large", "150 ")
		if !early {
			_ = nc.CloseWrite()
		}
		c.large(nc)
		c.want("226 ")
	}
}

// TestEager: what a client sends before the server has seen STOR is stored too.
func TestEager(t *testing.T) {
	r := newRig(t, true)
	c := r.login()
	nc := c.data("127.0.0.1", c.passive())
	if _, err := io.WriteString(nc, "eager"); err != nil {
		t.Fatal(err)
	}
	_ = nc.Close()
	r.settles(3)
	c.do("NOOP", "200 ")
	c.do("STOR new", "150 ")
	c.want("226 ")
	if got, err := os.ReadFile(filepath.Join(r.dir, "new")); err != nil || string(got) != "eager" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestMaxFile: a file of as many bytes as may be stored is, one of more is not, and leaves nothing behind.
func TestMaxFile(t *testing.T) {
	r := newRig(t, true)
	c := r.login()
	for _, n := range []int{maxFile, maxFile + 1} {
		nc := c.data("127.0.0.1", c.passive())
		c.do("STOR new", "150 ")
		if _, err := nc.Write(make([]byte, n)); err != nil {
			t.Fatal(err)
		}
		_ = nc.CloseWrite()
		if n > maxFile {
			c.want("552 ")
		} else {
			c.want("226 ")
		}
		_ = nc.Close()
		r.settles(2)
		if info, err := os.Stat(filepath.Join(r.dir, "new")); err != nil || info.Size() != maxFile {
			t.Errorf("%d bytes: %v, %v", n, info, err)
		}
	}
	if left, err := os.ReadDir(r.dir); err != nil || len(left) != 3 {
		t.Errorf("%v, %v", left, err)
	}
}

// TestAbort ends transfers in every way there is, and each leaves nothing but the control connection.
func TestAbort(t *testing.T) {
	r := newRig(t, true)
	c := r.login()
	begin := func(command string) *net.TCPConn {
		t.Helper()
		nc := c.data("127.0.0.1", c.passive())
		r.settles(3)
		c.do(command, "150 ")
		return nc
	}
	for _, command := range []string{"RETR large", "STOR new"} {
		begin(command)
		c.do("ABOR", "426 ")
		c.want("226 ")
		r.settles(2)
		c.passive()
		c.do(command, "150 ")
		c.do("ABOR", "426 ")
		c.want("226 ")
		r.settles(2)
		nc := begin(command)
		_ = nc.SetLinger(0) // a reset
		_ = nc.Close()
		c.want("426 ")
		r.settles(2)
		c.passive()
		r.settles(3)
		c.do("ABOR", "226 ")
		r.settles(2)
		begin(command)
		_ = c.conn.Close()
		r.settles(1)
		c = r.login()
	}
	left, err := os.ReadDir(r.dir)
	if err != nil || len(left) != 2 {
		t.Errorf("%v, %v", left, err)
	}
}

// TestStranger: from another address nobody gets at a client's data, and the client still does.
func TestStranger(t *testing.T) {
	r := newRig(t, false)
	c := r.login()
	port := c.passive()
	c.do("RETR small", "150 ")
	if got, err := io.ReadAll(c.data("127.0.0.2", port)); len(got) > 0 { // a reset is as good as an end
		t.Errorf("%q, %v", got, err)
	}
	if got := c.all(c.data("127.0.0.1", port)); got != "0123456789" {
		t.Errorf("%q", got)
	}
	c.want("226 ")
	r.settles(2)
	if _, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
		t.Error("the listener is still there")
	}
}

// TestLate: a listener to which nobody comes ends, with a transfer that waits and without.
func TestLate(t *testing.T) {
	r := newRig(t, false)
	c := r.login()
	for _, transfer := range []bool{false, true} {
		c.passive()
		if transfer {
			c.do("RETR small", "150 ")
		}
		r.on(func() { r.sessions[0].data.late() }) // what the timer calls
		if transfer {
			c.want("425 ")
		}
		r.settles(2)
	}
	c.do("RETR small", "425 ")
}

// TestQuit: QUIT and a shutdown wait for a transfer.
func TestQuit(t *testing.T) {
	r := newRig(t, false)
	c := r.login()
	nc := c.data("127.0.0.1", c.passive())
	c.do("RETR large", "150 ")
	c.send("QUIT")
	c.large(nc)
	c.want("226 ")
	c.want("221 ")
	if rest, err := io.ReadAll(c.lines); err != nil || len(rest) > 0 {
		t.Errorf("%q, %v", rest, err)
	}
}

// TestReadOnly: without Write nothing is stored.
func TestReadOnly(t *testing.T) {
	c := newRig(t, false).login()
	c.passive()
	c.do("STOR new", "550 ")
}

// TestOutside: neither a path nor a link leads out, and what is no file does not block.
func TestOutside(t *testing.T) {
	r := newRig(t, true)
	for name, to := range map[string]string{"out": "/etc/passwd", "up": "..", "dev": "/dev/zero"} {
		if err := os.Symlink(to, filepath.Join(r.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mkfifo(filepath.Join(r.dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := r.login()
	port := c.passive()
	for _, name := range []string{"out", "up", "dev", "fifo", "../../etc/passwd", "/etc/passwd", "up/x", "a\xff", ""} {
		c.do("RETR "+name, "550 ")
		c.do("SIZE "+name, "550 ")
	}
	c.do("CWD up", "550 ")
	c.do("STOR up/x", "550 ")
	c.do("NLST", "150 ")
	if got := c.all(c.data("127.0.0.1", port)); got != "large\r\nsmall\r\n" {
		t.Errorf("%q", got)
	}
	c.want("226 ")
}
