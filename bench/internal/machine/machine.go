// Package machine tells, for the records of a benchmark, what its figures depend on.
package machine

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Describe returns, line by line, what the figures of programs depend on that run on these processors.
func Describe(pinned ...int) []string {
	return []string{
		"cpu: " + cpuModel(),
		fmt.Sprintf("pinned to processor %s of %d", strings.Trim(fmt.Sprint(pinned), "[]"), runtime.NumCPU()),
		"vectors: " + vectors(),
		"caches: " + caches(pinned[0]),
		"kernel: " + kernel(),
		fmt.Sprintf("go: %s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH),
	}
}

// cpuInfo returns what /proc/cpuinfo says of the first processor.
func cpuInfo() map[string]string {
	info := map[string]string{}
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return info
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan() && s.Text() != ""; {
		key, value, _ := strings.Cut(s.Text(), ":")
		info[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	return info
}

// cpuModel names the processor; a guest is often told the maker only, so the numbers stand beside the name.
func cpuModel() string {
	info := cpuInfo()
	if info["model name"] == "" {
		return "unknown"
	}
	return fmt.Sprintf("%s, family %s, model %s, stepping %s", info["model name"], info["cpu family"], info["model"], info["stepping"])
}

// vectors names the sets of vector instructions that searches use.
func vectors() string {
	info := cpuInfo()
	flags := strings.Fields(info["flags"] + " " + info["Features"])
	var has []string
	for _, f := range []string{"sse2", "avx2", "bmi2", "avx512f", "avx512bw", "avx512_vbmi2", "asimd"} {
		if slices.Contains(flags, f) {
			has = append(has, f)
		}
	}
	return strings.Join(has, " ")
}

// caches returns the sizes of the processor's caches for data.
func caches(cpu int) string {
	dirs, _ := filepath.Glob(fmt.Sprintf("/sys/devices/system/cpu/cpu%d/cache/index*", cpu))
	var all []string
	for _, dir := range dirs {
		if kind := sysValue(dir, "type"); kind != "Instruction" {
			all = append(all, fmt.Sprintf("L%s %s", sysValue(dir, "level"), sysValue(dir, "size")))
		}
	}
	if len(all) == 0 {
		return "unknown"
	}
	return strings.Join(all, ", ")
}

func sysValue(dir, name string) string {
	value, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return "?"
	}
	return strings.TrimSpace(string(value))
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}

// Commit returns the id of the commit that is checked out where the program was started, and whether files differ.
func Commit() string {
	id, err := exec.Command("git", "rev-parse", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	changed, err := exec.Command("git", "status", "--porcelain").Output()
	if err != nil || len(changed) > 0 {
		return strings.TrimSpace(string(id)) + ", with changes"
	}
	return strings.TrimSpace(string(id))
}

// CommandLine returns how the program was called, without where it lies.
func CommandLine(args []string) string {
	return strings.Join(append([]string{filepath.Base(args[0])}, args[1:]...), " ")
}
