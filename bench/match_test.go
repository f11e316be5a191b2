package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/millrace-net/millrace/match"
)

// headerLine is what header text repeats: every byte of CRLF CRLF is common in it, the literal itself is absent.
const headerLine = "Accept-Language: en-GB,en;q=0.5\r\nCache-Control: max-age=0\r\nHost: www.example.org\r\n"

// finderOf compiles literal, or ends the benchmark.
func finderOf(b *testing.B, literal string) *match.Finder {
	b.Helper()
	f, err := match.NewFinder([]byte(literal))
	if err != nil {
		b.Fatal(err)
	}
	return f
}

// repeated returns n bytes of s, s, s, …
func repeated(s string, n int) []byte {
	return []byte(strings.Repeat(s, n/len(s)+1)[:n])
}

// matchIndexCases are searches with the literal absent but for the last bytes, where a case has it present.
var matchIndexCases = []struct {
	name, literal, text string
}{
	{"CRLF/binary", "\r\n", "\x80\x91\xa2\xb3"},
	{"CRLF/letters", "\r\n", "the quick brown fox "},
	{"CRLFCRLF/headers", "\r\n\r\n", headerLine},
	{"boundary16/headers", "\r\n--f7Gq0Lz81XbW", headerLine},
	{"literal64/letters", strings.Repeat("abcdefgh", 7) + "ijklmnop", "the quick brown fox jumps over a lazy dog. "},
}

func BenchmarkIndex(b *testing.B) {
	for _, c := range matchIndexCases {
		for _, size := range []int{4 << 10, 64 << 10, 1 << 20} {
			for _, present := range []bool{false, true} {
				text, want := repeated(c.text, size), -1
				if present {
					want = size - len(c.literal)
					copy(text[want:], c.literal)
				}
				name := fmt.Sprintf("%s/%dKiB/present=%v", c.name, size>>10, present)
				f, lit := finderOf(b, c.literal), []byte(c.literal)
				benchmarkIndex(b, name+"/finder", text, want, f.Index)
				benchmarkIndex(b, name+"/bytes", text, want, func(p []byte) int { return bytes.Index(p, lit) })
			}
		}
	}
}

func benchmarkIndex(b *testing.B, name string, text []byte, want int, index func([]byte) int) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if got := index(text); got != want {
				b.Fatalf("index %d, want %d", got, want)
			}
		}
	})
}

// lineLengths are the lengths of lines in bytes, the CRLF included.
var lineLengths = []int{8, 32, 200}

// linesOf returns 64 KiB of lines of length bytes, and their number.
func linesOf(length int) (text []byte, lines int) {
	line := append(repeated("payload ", length-2), "\r\n"...)
	lines = (64 << 10) / length
	return bytes.Repeat(line, lines), lines
}

// reportLines adds the time a line takes.
func reportLines(b *testing.B, lines int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(lines), "ns/line")
}

func BenchmarkIndexAll(b *testing.B) {
	for _, length := range lineLengths {
		text, lines := linesOf(length)
		f := finderOf(b, "\r\n")
		dst := make([]uint32, 1024)
		benchmarkLines(b, fmt.Sprintf("%dB/finder", length), text, lines, func(p []byte) int {
			found := 0
			for {
				n, scanned := f.IndexAll(dst, p)
				found += n
				if n < len(dst) {
					return found
				}
				p = p[scanned:]
			}
		})
		benchmarkLines(b, fmt.Sprintf("%dB/bytes", length), text, lines, func(p []byte) int {
			found := 0
			for {
				i := bytes.Index(p, []byte("\r\n"))
				if i < 0 {
					return found
				}
				found++
				p = p[i+2:]
			}
		})
	}
}

// benchmarkLines measures count, which counts the lines of a text.
func benchmarkLines(b *testing.B, name string, text []byte, lines int, count func(p []byte) int) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if got := count(text); got != lines {
				b.Fatalf("%d lines, want %d", got, lines)
			}
		}
		reportLines(b, lines)
	})
}

// countElements feeds text to m in pieces and counts the elements.
func countElements(m *match.Matcher, text []byte, piece int) int {
	elements := 0
	for len(text) > 0 {
		p := text[:min(piece, len(text))]
		text = text[len(p):]
		for len(p) > 0 {
			end, _, found := m.Next(p)
			if found {
				elements++
			}
			p = p[end:]
		}
	}
	return elements
}

func BenchmarkMatcherLines(b *testing.B) {
	either, err := match.Any([]byte("\n"), []byte("\r\n"))
	if err != nil {
		b.Fatal(err)
	}
	for _, length := range lineLengths {
		text, lines := linesOf(length)
		for _, piece := range []int{len(text), 1} {
			name := fmt.Sprintf("%dB/fed%d", length, piece)
			m := match.NewMatcher(match.CRLF)
			benchmarkLines(b, name+"/CRLF", text, lines, func(p []byte) int { return countElements(&m, p, piece) })
			a := match.NewMatcher(either)
			benchmarkLines(b, name+"/Any", text, lines, func(p []byte) int { return countElements(&a, p, piece) })
		}
		benchmarkLines(b, fmt.Sprintf("%dB/scanner", length), text, lines, func(p []byte) int {
			s := bufio.NewScanner(bytes.NewReader(p))
			found := 0
			for s.Scan() {
				found++
			}
			return found
		})
	}
}

// hostileCases make a search that verifies every candidate from its beginning quadratic, or keep leaving a fast loop.
var hostileCases = []struct {
	name, literal, text string
}{
	{"CRLF/allCR", "\r\n", "\r"},
	{"CRLFCRLF/allCR", "\r\n\r\n", "\r"},
	{"CRLFCRLF/CRLFCR", "\r\n\r\n", "\r\n\r"},
	{"a1023b/a", strings.Repeat("a", 1023) + "b", "a"},
	{"a65535b/a", strings.Repeat("a", 65535) + "b", "a"},
	{"a1024/a1023b", strings.Repeat("a", 1024), strings.Repeat("a", 1023) + "b"},
	{"ba1023/a", "b" + strings.Repeat("a", 1023), "a"},
}

func BenchmarkHostile(b *testing.B) {
	const size = 1 << 20
	for _, c := range hostileCases {
		text := repeated(c.text, size)
		f, lit := finderOf(b, c.literal), []byte(c.literal)
		benchmarkIndex(b, c.name+"/finder", text, -1, f.Index)
		benchmarkIndex(b, c.name+"/bytes", text, -1, func(p []byte) int { return bytes.Index(p, lit) })
		for _, piece := range []int{64, 7, 1} {
			m := match.NewMatcher(match.MustLiteral(c.literal))
			benchmarkIndex(b, fmt.Sprintf("%s/fed%d", c.name, piece), text, -1, func(p []byte) int {
				return countElements(&m, p, piece) - 1
			})
		}
	}
}
