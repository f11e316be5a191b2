//go:build poison

package ringbuf

// Poison reports whether the build tag poison is set.
const Poison = true

const poisonByte = 0xDB

// Fill overwrites p with 0xDB under the build tag poison and does nothing otherwise. It is for memory whose users had
// to be done with it: one who still reads it is then seen.
func Fill(p []byte) {
	if len(p) == 0 {
		return
	}
	p[0] = poisonByte
	for n := 1; n < len(p); n *= 2 {
		copy(p[n:], p[:n])
	}
}
