//go:build linux

package smtpd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	begin    = "EHLO h\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"
	begun    = "220 250 250 250 354"
	envelope = "MAIL FROM:<e@f>\r\nRCPT TO:<g@h>\r\nDATA\r\n"
)

// sessions are what clients send, the codes that answer it, and the messages that are kept. All is sent at once: every row is
// a test of pipelining.
var sessions = []struct {
	stream, replies string
	kept            []string
}{
	// Messages.
	{begin + "Subject: x\r\n\r\ntext\r\n.\r\nQUIT\r\n", begun + " 250 221", []string{"Subject: x\r\n\r\ntext\r\n"}},
	{begin + ".\r\nQUIT\r\n", begun + " 250 221", []string{""}},
	{begin + "\r\n.\r\nQUIT\r\n", begun + " 250 221", []string{"\r\n"}},
	{begin + "\r\n\r\n.\r\nQUIT\r\n", begun + " 250 221", []string{"\r\n\r\n"}},
	{begin + "\r\n\r\n..\r\n\r\n.\r\nQUIT\r\n", begun + " 250 221", []string{"\r\n\r\n.\r\n\r\n"}},
	{begin + "..\r\n.x\r\nx.\r\n...\r\n .\r\n.\r\nQUIT\r\n", begun + " 250 221", []string{".\r\nx\r\nx.\r\n..\r\n .\r\n"}},
	{begin + "a\r\n.\r\n" + envelope + ".\r\n" + envelope + "b\xff\x00\r\n.\r\nNOOP\r\nQUIT\r\n",
		begun + " 250 250 250 354 250 250 250 354 250 250 221", []string{"a\r\n", "", "b\xff\x00\r\n"}},
	{begin + "cut short\r\n.\r", begun, nil},
	{begin + ".\r", begun, nil},
	{begin + "a\r\n.\r\nNOO", begun + " 250", []string{"a\r\n"}},

	// What might end a message elsewhere: the commands behind it must never be obeyed.
	{begin + "a\n.\nNOOP\r\n", begun + " 554", nil},
	{begin + "a\n.\r\nNOOP\r\n", begun + " 554", nil},
	{begin + "a\r\n.\nNOOP\r\n", begun + " 554", nil},
	{begin + "a\r.\rNOOP\r\n", begun + " 554", nil},
	{begin + "a\r.\r\nNOOP\r\n", begun + " 554", nil},
	{begin + "a\r\n.\rNOOP\r\n", begun + " 554", nil},
	{begin + "a\r\r\n.\r\nNOOP\r\n", begun + " 554", nil},
	{begin + "a\r\n\r.\r\nNOOP\r\n", begun + " 554", nil},
	{begin + "a\r\n.\r\r\nNOOP\r\n", begun + " 554", nil},
	{begin + ".\nNOOP\r\n", begun + " 554", nil},
	{begin + "\n.\r\nNOOP\r\n", begun + " 554", nil},
	{begin + "\r.\r\nNOOP\r\n", begun + " 554", nil},
	{begin + ".\r.\r\nNOOP\r\n", begun + " 554", nil},
	{begin + "\r\n\n.\r\nNOOP\r\n", begun + " 554", nil},
	{begin + "\r\r\n.\r\nNOOP\r\n", begun + " 554", nil},
	{"EHLO h\nNOOP\r\nQUIT\r\n", "220 554", nil},
	{"EHLO h\r\nNOOP\rQUIT\r\n", "220 250 554", nil},
	{"NOOP\r\r\nQUIT\r\n", "220 554", nil},

	// Commands.
	{"helo h\r\nmail from: <a@b>\r\nrcpt to: <c@d>\r\nnoop x\r\nvrfy c\r\nhelp\r\nrset\r\ndata\r\nquit\r\n",
		"220 250 250 250 250 252 214 250 503 221", nil},
	{"MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\nHELO\r\nEHLO a b\r\n\r\nGET / HTTP/1.1\r\nSTARTTLS\r\nVRFY\r\n",
		"220 503 503 503 501 501 500 500 502 501", nil},
	{"EHLO h\r\nMAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\nDATA\r\nEHLO h\r\nRCPT TO:<a@b>\r\nMAIL FROM:<>\r\nRCPT TO:<x>\r\n" +
		"RCPT TO:<Postmaster>\r\nDATA now\r\nRSET now\r\nQUIT now\r\n",
		"220 250 250 503 503 250 503 250 553 250 501 501 221", nil},
	{"EHLO h\r\nMAIL a@b\r\nMAIL FROM:a@b\r\nMAIL FROM:<a@b\r\nMAIL FROM:<a@b>x\r\nMAIL FROM:<\x01@b>\r\n" +
		"MAIL FROM:<\"\\\x01\"@b>\r\n" +
		"MAIL FROM:<" + strings.Repeat("a", maxPath) + "@b>\r\nMAIL FROM:<\"a\\\"> b\"@c>\r\nRCPT TO:<@x,@y:a@b>\r\nRCPT TO:<@x>\r\n",
		"220 250 501 501 501 501 501 501 501 250 250 501", nil},
	{"EHLO h\r\nMAIL FROM:<a@b> SIZE=1001\r\nMAIL FROM:<a@b> SIZE=99999999999999999999\r\nMAIL FROM:<a@b> SIZE=x\r\n" +
		"MAIL FROM:<a@b> BODY=x\r\nMAIL FROM:<a@b> X=y\r\nMAIL FROM:<a@b> size=1000 body=8bitmime\r\nRCPT TO:<a@b> X\r\n",
		"220 250 552 552 501 501 555 250 555", nil},
	{strings.Repeat("x", MaxCommand+1) + "\r\nNOOP " + strings.Repeat("x", MaxCommand-5) + "\r\n", "220 500 250", nil},
	{strings.Repeat("x\r\n", maxErrors+2), "220" + strings.Repeat(" 500", maxErrors) + " 421", nil},

	// Limits of a message of 1,000 bytes.
	{begin + strings.Repeat("x", 998) + "\r\n.\r\n", begun + " 250", []string{strings.Repeat("x", 998) + "\r\n"}},
	{begin + strings.Repeat("x", 999) + "\r\n.\r\nNOOP\r\n", begun + " 552 250", nil},
	{begin + strings.Repeat("x", 2002) + "\r\n.\r\nNOOP\r\n", begun + " 552", nil},
	{begin + strings.Repeat("\r\n", 501) + ".\r\nNOOP\r\n", begun + " 552 250", nil},
	{begin + strings.Repeat("\r\n", 1001) + ".\r\nNOOP\r\n", begun + " 552", nil},
}

// TestSessions sends every stream at once, cut at every place, and byte by byte.
func TestSessions(t *testing.T) {
	r := newRig(t, Config{Dir: t.TempDir(), MaxSize: 1000, Name: "n"})
	for _, tt := range sessions {
		r.want("whole", tt.stream, tt.replies, tt.kept, tt.stream)
		if len(tt.stream) < 500 {
			r.want("byte by byte", tt.stream, tt.replies, tt.kept, strings.Split(tt.stream, "")...)
		}
		for i := 1; i < len(tt.stream) && len(tt.stream) < 200; i++ {
			r.want(fmt.Sprint("cut at ", i), tt.stream, tt.replies, tt.kept, tt.stream[:i], tt.stream[i:])
		}
	}
}

// TestTrace: the fields above a message, and what the server offers.
func TestTrace(t *testing.T) {
	r := newRig(t, Config{Dir: t.TempDir(), Name: "mx.test"})
	got := r.talk("EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n")
	want := "220 mx.test ESMTP sink\r\n250-mx.test\r\n250-PIPELINING\r\n250-SIZE 10485760\r\n250 8BITMIME\r\n"
	if !strings.HasPrefix(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	names, err := filepath.Glob(filepath.Join(r.dir, "*.eml"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	text, err := os.ReadFile(names[0])
	want = "Return-Path: <a@b>\r\nDelivered-To: c@d\r\nDelivered-To: e@f\r\nReceived: from me by mx.test with ESMTP; "
	if err != nil || !strings.HasPrefix(string(text), want) || !strings.HasSuffix(string(text), "\r\nx\r\n") {
		t.Errorf("%q, %v; want %q", text, err, want)
	}
}

// TestLong: a message longer than what is held in memory, and one whose client goes away amid it.
func TestLong(t *testing.T) {
	r := newRig(t, Config{Dir: t.TempDir(), Name: "n"})
	text := strings.Repeat(strings.Repeat("x", 70)+"\r\n", 5000)
	r.want("long", text, begun+" 250 221", []string{text}, begin+text+".\r\nQUIT\r\n")
	r.want("cut short", text, begun, nil, begin+text)
	long := strings.Repeat("x", MaxTextLine+1) + "\r\n"
	r.want("a long line", long, begun+" 554 250", nil, begin+text+long+".\r\nNOOP\r\n")
	parts := append([]string{begin}, strings.SplitAfter(long+".\r\nNOOP\r\n", "xxx")...)
	r.want("a long line in pieces", long, begun+" 554 250", nil, parts...)
}

// TestRecipients: as many as there may be, and one more.
func TestRecipients(t *testing.T) {
	r := newRig(t, Config{Dir: t.TempDir(), Name: "n"})
	long := "<" + strings.Repeat("a", 200) + "@b>"
	stream := "HELO h\r\nMAIL FROM:<a@b>\r\n" + strings.Repeat("RCPT TO:"+long+"\r\n", MaxRecipients+1) + "DATA\r\nx\r\n.\r\n"
	r.want("many", stream, "220 250 250"+strings.Repeat(" 250", MaxRecipients)+" 452 354 250", []string{"x\r\n"}, stream)
}

// TestNoDisk: a directory that has gone fails the message, not the session.
func TestNoDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mail")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, Config{Dir: dir, Name: "n"})
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"x\r\n", strings.Repeat("x\r\n", bufferBytes)} {
		if got := codes(r.talk(begin + text + ".\r\nNOOP\r\n")); got != begun+" 451 250" {
			t.Error(got)
		}
	}
}

// TestDropped: without a directory nothing is kept, and all is answered.
func TestDropped(t *testing.T) {
	r := newRig(t, Config{})
	if got := codes(r.talk(begin + "x\r\n.\r\n" + envelope + ".\r\nQUIT\r\n")); got != begun+" 250 250 250 354 250 221" {
		t.Error(got)
	}
}

func TestNewErrors(t *testing.T) {
	if _, err := New(Config{MaxSize: -1}); !errors.Is(err, ErrSize) {
		t.Error(err)
	}
	for _, dir := range []string{"/nowhere/at/all", "/dev/null"} {
		if _, err := New(Config{Dir: dir}); err == nil {
			t.Error(dir, "passes")
		}
	}
}
