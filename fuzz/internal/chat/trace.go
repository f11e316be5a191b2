//go:build linux

package chat

import (
	"fmt"
	"hash/crc32"
	"strings"
)

// trace is written by whoever runs a script.
type trace struct {
	lines []string
	part  []byte // collected since the last line
	out   []byte // received by the peer since the last such line
}

// collect takes bytes that were collected.
func (t *trace) collect(p []byte) { t.part = append(t.part, p...) }

// add writes a line, behind what was collected before.
func (t *trace) add(line string) {
	if len(t.part) > 0 {
		t.lines = append(t.lines, "+"+Text(t.part).String())
		t.part = nil
	}
	t.lines = append(t.lines, line)
}

// received writes what the peer has received, if it has.
func (t *trace) received() {
	if len(t.out) > 0 {
		t.add("<" + outText(t.out))
	}
	t.out = nil
}

// outText gives what a peer received, of much the length and the checksum.
func outText(p []byte) string {
	const most = 200
	if len(p) <= most {
		return Text(p).String()
	}
	return fmt.Sprintf("%d bytes %08x", len(p), crc32.ChecksumIEEE(p))
}

// Elements are the parts of a trace that do not depend on when the peer wrote: all that is collected up to an end of an
// element joined, without the lines that say how far the connection has come. What is collected and not ended counts
// where the peer ends the stream, which is what ends it.
func Elements(lines []string) []string {
	var all []string
	var part strings.Builder
	for _, line := range lines {
		switch {
		case line[0] == '+':
			part.WriteString(line[1:])
			continue
		case line[0] == '.' || line[0] == '~':
			continue
		case line[0] == '!' || line == "end peer":
			all = append(all, "+"+part.String())
		}
		if line[0] != '<' {
			part.Reset()
		}
		all = append(all, line)
	}
	return all
}

// Calm is a trace without the lines that say how far the connection had come before the peer read.
func Calm(lines []string) []string {
	var all []string
	for _, line := range lines {
		if line[0] != '~' && !strings.HasPrefix(line, "copied ") {
			all = append(all, line)
		}
	}
	return all
}
