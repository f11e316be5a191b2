package main

import "fmt"

// draft is a case before its texts are in shared memory.
type draft struct {
	name     string
	literals []string
	text     []byte
	tasks    []task
	pieces   []int
	unit     unit
	x        float64
}

const (
	kib = 1 << 10
	mib = 1 << 20

	segment = 1448 // what one TCP segment carries over Ethernet, with timestamps
)

// drafts returns all cases; seed is that of the random texts.
func drafts(seed uint64) []draft {
	var all []draft
	all = append(all, absentDrafts()...)
	all = append(all, headerDrafts()...)
	all = append(all, boundaryDrafts()...)
	all = append(all, longDrafts(seed)...)
	all = append(all, lineDrafts(seed)...)
	all = append(all, hostileDrafts()...)
	return append(all, bytewiseDraft())
}

// absentDrafts: no byte of the literal is in the text.
func absentDrafts() (all []draft) {
	for _, size := range []int{64, 256, segment, 4 * kib, 64 * kib, mib} {
		all = append(all, draft{
			name: "absent/CRLF/" + sizeName(size), literals: []string{"\r\n"}, text: repeated(letters, size),
			tasks: []task{load, first}, unit: gigabytes, x: float64(size),
		})
	}
	return all
}

// headerDrafts: every byte of the literal is common in the text.
func headerDrafts() (all []draft) {
	for _, size := range []int{segment, 4 * kib, 64 * kib, mib} {
		all = append(all, draft{
			name: "headers/CRLFCRLF/" + sizeName(size), literals: []string{"\r\n\r\n"}, text: repeated(headers, size),
			tasks: []task{load, first}, unit: gigabytes,
		})
	}
	return all
}

// boundaryDrafts: the boundaries of MIME multiparts.
func boundaryDrafts() (all []draft) {
	for _, b := range []struct{ name, literal string }{{"common", commonBoundary}, {"base62", base62Boundary}} {
		for _, size := range []int{4 * kib, 64 * kib, mib} {
			all = append(all, draft{
				name: "boundary/" + b.name + "/" + sizeName(size), literals: []string{b.literal},
				text: repeated(headers, size), tasks: []task{load, first}, unit: gigabytes,
			})
		}
	}
	return all
}

// longDrafts: a long literal that ordinary text keeps resembling.
func longDrafts(seed uint64) (all []draft) {
	for _, size := range []int{64 * kib, mib} {
		all = append(all, draft{
			name: "long/64B/" + sizeName(size), literals: []string{literal64}, text: english(size, seed),
			tasks: []task{load, first}, unit: gigabytes,
		})
	}
	return all
}

// lineDrafts: every end of a line, of lines of one length and of random lengths. The latter show what is owed to a
// processor that has learnt by heart which branches it takes.
func lineDrafts(seed uint64) (all []draft) {
	const size = 64 * kib
	for _, e := range []struct {
		name     string
		end      string
		literals []string
	}{
		{"CRLF", "\r\n", []string{"\r\n"}},
		{"LF", "\n", []string{"\n"}},
		{"Any", "\r\n", []string{"\n", "\r\n"}},
	} {
		add := func(name string, text []byte, x float64) {
			all = append(all, draft{
				name: "lines/" + e.name + "/" + name, literals: e.literals, text: text,
				tasks: []task{elements}, unit: perLine, x: x,
			})
		}
		for _, length := range []int{8, 16, 32, 64, 200} {
			add(sizeName(length), linesOf(length, e.end, size), float64(length))
		}
		add("random32B", randomLines(32, e.end, size, seed), 0)
	}
	return append(all, draft{
		name: "segment/CRLF/32B", literals: []string{"\r\n"}, text: linesOf(32, "\r\n", segment),
		tasks: []task{elements}, unit: perText,
	})
}

// hostileDrafts: texts that make a careless search quadratic, or keep leaving a fast loop.
func hostileDrafts() (all []draft) {
	add := func(name, literal, period string, size int) {
		all = append(all, draft{
			name: "hostile/" + name, literals: []string{literal}, text: repeated(period, size),
			tasks: []task{stream, first}, pieces: []int{whole, 64, 7, 1}, unit: perByte,
		})
	}
	add("CRLF/CR", "\r\n", "\r", 256*kib)
	add("CRLFCRLF/CR", "\r\n\r\n", "\r", 256*kib)
	add("CRLFCRLF/CRLFCR", "\r\n\r\n", "\r\n\r", 256*kib)
	const longest = 64 * kib // what a literal may be
	for _, n := range []int{16, 64, 1024, longest - 1} {
		add(fmt.Sprintf("a%db/a", n), as(n)+"b", "a", max(256*kib, min(16*n, mib)))
	}
	for _, n := range []int{16, 64, 1024, longest} {
		add(fmt.Sprintf("a%d/a%db", n, n-1), as(n), as(n-1)+"b", max(256*kib, min(16*n, mib)))
	}
	return all
}

// bytewiseDraft: lines that come one byte at a time.
func bytewiseDraft() draft {
	return draft{
		name: "bytewise/CRLF/32B", literals: []string{"\r\n"}, text: linesOf(32, "\r\n", 64*kib),
		tasks: []task{stream}, pieces: []int{1}, unit: perByte,
	}
}
