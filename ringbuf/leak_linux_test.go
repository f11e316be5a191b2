package ringbuf

import (
	"os"
	"strings"
	"testing"
)

// openFiles counts the process's descriptors, the one that lists them included.
func openFiles(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// ringMappings counts the process's mappings of ring memory.
func ringMappings(t testing.TB) int {
	t.Helper()
	return countMappings(t, mirrorName)
}

// countMappings counts the lines of /proc/self/maps that name holds.
func countMappings(t testing.TB, name string) int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(maps)) {
		if strings.Contains(line, name) {
			n++
		}
	}
	return n
}
