//go:build linux

package smtpd

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// smuggled is what somebody hides in a message: a second one, if the server takes what is before it for an end.
const smuggled = "MAIL FROM:<evil@x>\r\nRCPT TO:<victim@y>\r\nDATA\r\nSubject: forged\r\n\r\nforged\r\n.\r\nQUIT\r\n"

// endings are the sequences that one server or another has taken for the end of a message: those published with the
// attack in 2023, and those that its scanners try.
var endings = []string{
	"\n.\n", "\n.\r\n", "\r.\r", "\r.\r\n", "\r\n.\n", "\r\n.\r", "\n\n.\r\n", "\r\n\n.\r\n", "\r\r\n.\r\n",
	"\r\n\r.\r\n", "\r\n.\r\r\n", "\r\n.\n\r\n", "\n.\r", "\r.\n", "\n\r.\n\r", "\r\n\x00.\r", "\r\n\x00.\n",
	"\n\x00.\r\n", "\r\n.\x00\n", "\r\x00\n.\r\x00\n", "\r\n.\r\x00\n", "\r\n\x00.\r\n", "\r\n.\x00\r\n", "\r\n.",
	"\r\n. \r\n", "\r\n..\r\n", "\r\n\x1a\r\n", "\r\n.\x85", "\v.\v", "\xe2\x80\xa8.\xe2\x80\xa8",
}

// bare tells whether a CR or LF of s stands without the other.
func bare(s string) bool {
	return strings.ContainsAny(strings.ReplaceAll(s, "\r\n", ""), "\r\n")
}

// unstuffed is a text without the dots that stand first in its lines.
func unstuffed(s string) string {
	s = strings.ReplaceAll("\r\n"+s, "\r\n.", "\r\n")
	return strings.TrimPrefix(s, "\r\n")
}

// Scenario 33: a message with a false end in it is refused, or it is one message with all that follows in it: it is
// never two, wherever the false end stands and however the stream is cut.
func TestScenario33Smuggling(t *testing.T) {
	r := newRig(t, Config{Dir: t.TempDir(), Name: "n"})
	for _, before := range []string{"", "a", "a\r\n", strings.Repeat("abcdefgh\r\n", bufferBytes/10) + "a"} {
		for _, end := range endings {
			stream := begin + before + end + smuggled
			at := len(begin) + len(before)
			r.smuggle(end, stream, []string{stream})
			for cut := at - 1; cut <= at+len(end)+1; cut++ {
				r.smuggle(end, stream, []string{stream[:cut], stream[cut:]})
			}
			pieces := append([]string{stream[:at]}, strings.Split(stream[at:], "")...)
			r.smuggle(end, stream, pieces)
		}
	}
}

// smuggle sends parts, which are stream.
func (r *rig) smuggle(end, stream string, parts []string) {
	r.t.Helper()
	codes := codes(r.talk(parts...))
	mail := r.mail()
	if bare(stream) {
		if codes != begun+" 554" || len(mail) > 0 {
			r.t.Fatalf("%q, in %d parts: %s, %d messages are kept", end, len(parts), codes, len(mail))
		}
		return
	}
	text := strings.TrimPrefix(stream, begin)
	text, _, _ = strings.Cut(text, "\r\n.\r\nQUIT")
	if want := unstuffed(text + "\r\n"); codes != begun+" 250 221" || !slices.Equal(mail, []string{want}) {
		r.t.Fatalf("%q, in %d parts: %s, %.200q, want %.200q", end, len(parts), codes, mail, want)
	}
}

// Scenario 33, in commands: a line that ends otherwise than by CR LF is no line, and nothing behind it is obeyed.
func TestScenario33SmuggledCommands(t *testing.T) {
	r := newRig(t, Config{Dir: t.TempDir(), Name: "n"})
	for _, end := range []string{"\n", "\r", "\n\r", "\r\r\n", "\n\r\n", "\r\x00\n"} {
		stream := "EHLO h" + end + "NOOP\r\n" + smuggled
		for cut := range stream[:20] {
			r.want(fmt.Sprint("cut at ", cut), stream, "220 554", nil, stream[:cut], stream[cut:])
		}
		stream = "EHLO h\r\nNOOP\x00\r\nNOOP x" + end + smuggled
		r.want("amid others", stream, "220 250 500 554", nil, strings.SplitAfter(stream, "N")...)
	}
}
