//go:build linux

package loop

import "os"

// socketPath is the path of a unix socket that was bound, for its removal at the end; the zero value has none.
type socketPath struct {
	name string
	file os.FileInfo // as it was bound
}

// boundPath is the path that bind(2) has just made.
func boundPath(name string) (p socketPath) {
	if file, err := os.Lstat(name); err == nil { // else somebody has removed it already
		p = socketPath{name, file}
	}
	return p
}

// remove removes the path if it is the same file still: a successor may have renamed a socket of its own onto it, or have
// bound it anew after somebody removed it.
func (p socketPath) remove() {
	if file, err := os.Lstat(p.name); p.file != nil && err == nil && os.SameFile(file, p.file) {
		_ = os.Remove(p.name) // gone already is as good
	}
}
