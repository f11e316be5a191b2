package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// account shares out samples of a program's time among its parts.
type account struct {
	kernel, user map[string]int // samples by part
	samples      int
}

// newAccount reads what perf script prints of samples with their stacks, the innermost frame first, and an empty line
// behind each.
func newAccount(r io.Reader) (*account, error) {
	a := &account{kernel: map[string]int{}, user: map[string]int{}}
	var stack []string
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		if frame := strings.TrimSpace(s.Text()); frame != "" {
			_, symbol, _ := strings.Cut(frame, " ")
			stack = append(stack, symbol)
			continue
		}
		a.add(stack)
		stack = stack[:0]
	}
	a.add(stack)
	return a, s.Err()
}

// kernelParts are the kernel's parts, by a word in the names of their functions: a stack belongs to the first part that
// has a function in it, so that what is within another comes first.
var kernelParts = []struct{ word, part string }{
	{"sock_def_readable", "kernel: waking the peer"},
	{"net_rx_action", "kernel: delivery to the peer's socket"},
	{"tcp_sendmsg", "kernel: send, in TCP"},
	{"sendto", "kernel: send, above TCP"},
	{"sendmsg", "kernel: send, above TCP"},
	{"tcp_recvmsg", "kernel: receive, in TCP"},
	{"recvfrom", "kernel: receive, above TCP"},
	{"ksys_read", "kernel: read(2)"},
	{"ksys_write", "kernel: write(2)"},
	{"epoll_wait", "kernel: epoll_wait"},
	{"epoll_pwait", "kernel: epoll_wait"},
	{"futex", "kernel: futex"},
}

// add counts the sample with this stack.
func (a *account) add(stack []string) {
	if len(stack) == 0 {
		return
	}
	a.samples++
	if at := slices.IndexFunc(stack, entersKernel); at >= 0 {
		a.kernel[kernelPart(stack[:at+1])]++
		return
	}
	a.user[shortName(stack[0])]++
}

// entersKernel tells whether a frame is where the kernel begins: a system call's entry, or an interrupt's.
func entersKernel(symbol string) bool {
	return strings.HasPrefix(symbol, "entry_SYSCALL") || strings.HasPrefix(symbol, "asm_") || strings.HasPrefix(symbol, "ret_from_fork")
}

func kernelPart(stack []string) string {
	for _, p := range kernelParts {
		if slices.ContainsFunc(stack, func(s string) bool { return strings.Contains(s, p.word) }) {
			return p.part
		}
	}
	if strings.HasPrefix(stack[len(stack)-1], "asm_") {
		return "kernel: interrupts"
	}
	return "kernel: entry, exit and other calls"
}

// shortName is a symbol without the path of its package.
func shortName(symbol string) string { return symbol[strings.LastIndexByte(symbol, '/')+1:] }

// column is one contender's account, and what a message cost it in the same turn.
type column struct {
	name string
	*account
	ns float64
}

// of returns the nanoseconds a message of so many samples.
func (c *column) of(samples int) float64 { return c.ns * float64(samples) / float64(max(c.samples, 1)) }

// leastShare is the share of the time below which a function has no row of its own.
const leastShare = 0.002

// writeProfile writes a table of nanoseconds a message: the kernel's parts side by side, and then each program's functions.
func writeProfile(w io.Writer, name string, columns []column) {
	fmt.Fprintf(w, "\n%s, ns a message\n\n|", name)
	parts := map[string]int{}
	for _, c := range columns {
		fmt.Fprintf(w, " | %s", c.name)
		for part, n := range c.kernel {
			parts[part] += n
		}
	}
	fmt.Fprintf(w, " |\n| ---%s |\n| all", strings.Repeat(" | ---", len(columns)))
	writeCells(w, columns, func(c *column) int { return c.samples })
	for _, part := range byCount(parts) {
		fmt.Fprintf(w, "| %s", part)
		writeCells(w, columns, func(c *column) int { return c.kernel[part] })
	}
	fmt.Fprint(w, "| user")
	writeCells(w, columns, func(c *column) int { return sum(c.user) })
	for i := range columns {
		c := &columns[i]
		rest := 0
		for _, function := range byCount(c.user) {
			n := c.user[function]
			if float64(n) < leastShare*float64(c.samples) {
				rest += n
				continue
			}
			writeOwn(w, columns, i, function, n)
		}
		writeOwn(w, columns, i, "other functions of "+c.name, rest)
	}
}

// writeOwn writes a row that only the i-th column has something in.
func writeOwn(w io.Writer, columns []column, i int, what string, samples int) {
	fmt.Fprintf(w, "| %s%s | %s%s |\n", what, strings.Repeat(" |", i), nanoseconds(columns[i].of(samples)), strings.Repeat(" |", len(columns)-1-i))
}

func writeCells(w io.Writer, columns []column, samples func(*column) int) {
	for i := range columns {
		fmt.Fprintf(w, " | %s", nanoseconds(columns[i].of(samples(&columns[i]))))
	}
	fmt.Fprintln(w, " |")
}

// nanoseconds keeps three digits of small figures.
func nanoseconds(ns float64) string {
	if ns < 100 {
		return figure(ns, 1)
	}
	return figure(ns, 0)
}

func sum(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// byCount returns the keys, the largest count first, equal ones by name.
func byCount(counts map[string]int) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(counts[b]-counts[a], strings.Compare(a, b))
	})
}
