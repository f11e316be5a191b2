// Package census counts what a process holds at a moment, as proc(5) tells it.
package census

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Count is what a process holds.
type Count struct {
	Resident    int64 // bytes in memory
	Descriptors int   // open files
	Pollers     int   // of these, such as poll others: of epoll, and the eventfds that wake it
	Mappings    int   // lines of maps
	Rings       int   // of these, such as hold a ring of this library
	Threads     int
	CPU         time.Duration // used since it began, in steps of a tick
}

// ringName is in the names of the mappings of rings.
const ringName = "millrace-ring"

// tick is the unit of the times in stat: the kernel tells them in hundredths of a second on every machine.
const tick = 10 * time.Millisecond

// Others is how many descriptors there are besides pollers. Go's runtime opens a pair of pollers when it first needs
// them, which may be any time, and keeps them.
func (c Count) Others() int { return c.Descriptors - c.Pollers }

// Of counts what the process holds; it is an error if that has ended. What changes meanwhile may be counted or not.
func Of(pid int) (Count, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	var c Count
	files, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		return c, fmt.Errorf("census: %w", err)
	}
	c.Descriptors = len(files)
	for _, f := range files {
		// One that has been closed meanwhile has no target.
		if to, _ := os.Readlink(filepath.Join(dir, "fd", f.Name())); strings.HasPrefix(to, "anon_inode:[event") {
			c.Pollers++
		}
	}
	maps, err := os.ReadFile(filepath.Join(dir, "maps"))
	if err != nil {
		return c, fmt.Errorf("census: %w", err)
	}
	if len(maps) == 0 {
		return c, fmt.Errorf("census: process %d has ended", pid)
	}
	c.Mappings, c.Rings = bytes.Count(maps, []byte("\n")), bytes.Count(maps, []byte(ringName))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return c, fmt.Errorf("census: %w", err)
	}
	return c, c.readStat(string(stat))
}

// readStat reads threads, times and memory: fields 20, 14, 15 and 24 of stat.
func (c *Count) readStat(stat string) error {
	// The name, which is in parentheses, may contain anything; the third field comes after it.
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	var numbers [4]int64
	for i, field := range []int{20, 14, 15, 24} {
		if field-3 >= len(fields) {
			return fmt.Errorf("census: stat is %q", stat)
		}
		n, err := strconv.ParseInt(fields[field-3], 10, 64)
		if err != nil {
			return fmt.Errorf("census: stat: %w", err)
		}
		numbers[i] = n
	}
	c.Threads = int(numbers[0])
	c.CPU = time.Duration(numbers[1]+numbers[2]) * tick
	c.Resident = numbers[3] * int64(os.Getpagesize())
	return nil
}
