//go:build !poison

package ringbuf

// Poison reports whether the build tag poison is set.
const Poison = false

// Fill overwrites p with 0xDB under the build tag poison and does nothing otherwise. It is for memory whose users had
// to be done with it: one who still reads it is then seen.
func Fill(p []byte) {}
