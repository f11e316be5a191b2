package match

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// eachTier runs test once on each tier of the machine, one after the other, and then restores the one in force.
func eachTier(t *testing.T, test func(t *testing.T)) {
	before := SIMD()
	t.Cleanup(func() { _ = SetSIMD(before) })
	for _, name := range SIMDTiers() {
		t.Run(name, func(t *testing.T) {
			if err := SetSIMD(name); err != nil {
				t.Fatal(err)
			}
			test(t)
		})
	}
}

func TestSIMDChoice(t *testing.T) {
	names := SIMDTiers()
	if names[len(names)-1] != "generic" {
		t.Errorf("the tiers %v do not end with generic", names)
	}
	if !slices.Contains(names, SIMD()) {
		t.Errorf("%s is in force, of %v", SIMD(), names)
	}
	if want := os.Getenv(simdEnv); want != "" && slices.Contains(names, want) && SIMD() != want {
		t.Errorf("%s is in force, %s=%s", SIMD(), simdEnv, want)
	}
	if err := SetSIMD("mmx"); err == nil {
		t.Error("mmx was accepted")
	}
	eachTier(t, func(t *testing.T) {
		if "TestSIMDChoice/"+SIMD() != t.Name() {
			t.Errorf("%s is in force", SIMD())
		}
	})
}

// naiveStand returns the places, of the n first of p, at which the samples stand.
func naiveStand(p []byte, n int, s *samples) (places []int) {
	for i := range n {
		stands := true
		for k, off := range s.offs {
			stands = stands && p[i+int(off)] == s.bytes[k]
		}
		if stands {
			places = append(places, i)
		}
	}
	return places
}

// firstOf returns the first of places, or n.
func firstOf(places []int, n int) int {
	if len(places) == 0 {
		return n
	}
	return places[0]
}

// kernelLiterals have samples of every kind: one byte, exact pairs, confirmed ones, far ones.
var kernelLiterals = []string{"\n", "\r\n", "aa", "aab", "\r\n\r\n", "aaaa", "abcab", "\r\n--boundary", "a23456789012345678901234567890123456789b"}

// shifts is lowered where the processor is emulated.
var shifts = flag.Int("shifts", thoroughness, "alignments at which TestKernels tries each length, up to 64")

// Every kernel on every tier, for every length from 0 to 257 and some beyond, at every alignment of 64, with no byte to
// read on either side, in texts of the literal's own bytes and others.
func TestKernels(t *testing.T) {
	lengths := make([]int, 0, 300)
	for n := range 258 {
		lengths = append(lengths, n)
	}
	lengths = append(lengths, 319, 320, 383, 511, 512, 513, 639, 1023, 1024, 1025, 4095)
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		g := newGuarded(t, 8192)
		for _, lit := range kernelLiterals {
			var l literal
			l.compile([]byte(lit))
			for _, n := range lengths {
				for k := range *shifts {
					shift := (k*37 + n) % 64
					text := kernelText(r, lit, n, shift)
					// The end of one slice and the beginning of the other are those of the memory.
					for _, p := range [][]byte{g.last(text), g.first(text)} {
						if err := checkKernels(&l, p); err != nil {
							t.Fatalf("%q in %q: %v", lit, p, err)
						}
					}
				}
			}
		}
	})
}

// kernelText returns n bytes and the literal's length more, of which kind says the kind.
func kernelText(r *rand.Rand, lit string, n, kind int) []byte {
	p := make([]byte, n+kind%4)
	for i := range p {
		switch {
		case kind%3 == 0: // of the literal's bytes only
			p[i] = lit[r.IntN(len(lit))]
		case kind%3 == 1 && r.IntN(8) == 0:
			p[i] = lit[r.IntN(len(lit))]
		default:
			p[i] = byte('0' + r.IntN(4))
		}
	}
	for range kind % 5 { // and here and there the literal
		if len(p) >= len(lit) {
			copy(p[r.IntN(len(p)-len(lit)+1):], lit)
		}
	}
	return p
}

// checkKernels compares every kernel on p with the reference.
func checkKernels(l *literal, p []byte) error {
	n := len(p) - len(l.bytes) + 1
	if n < 1 { // no place to look at
		return checkSets(p, l.bytes)
	}
	for i := range l.choices {
		s := &l.choices[i]
		want := naiveStand(p, n, s)
		if at, left := scanPair(p, n, s, noLimit); at != firstOf(want, n) || left < 0 {
			return fmt.Errorf("scanPair: %d, want %v", at, want)
		}
		if at, left := scanRare(p, n, s, noLimit); at != firstOf(want, n) || left < 0 {
			return fmt.Errorf("scanRare: %d, want %v", at, want)
		}
		if at, left := scanFull(p, n, s, noLimit); at != firstOf(want, n) || left < 0 {
			return fmt.Errorf("scanFull: %d, want %v", at, want)
		}
		for _, scan := range []func([]byte, int, *samples, int) (int, int){scanPair, scanRare, scanFull} {
			if at := scanOn(scan, p, n, s); at != firstOf(want, n) {
				return fmt.Errorf("a scan without credit: %d, want %v", at, want)
			}
		}
		if n >= roundLen {
			if err := checkAll(p, n, s, want); err != nil {
				return err
			}
		}
	}
	return checkSets(p, l.bytes)
}

// scanOn scans with no credit, and goes on where a misfire has ended the scan.
func scanOn(scan func([]byte, int, *samples, int) (int, int), p []byte, n int, s *samples) int {
	for i := 0; i < n; {
		at, left := scan(p[i:], n-i, s, 0)
		if left >= 0 {
			return i + at
		}
		i += at
	}
	return n
}

// checkAll compares the find-all kernels, with room for all and with little.
func checkAll(p []byte, n int, s *samples, want []int) error {
	const base = 1 << 20
	for _, room := range []int{len(p) + roundLen, roundLen, roundLen + 7} {
		const canaries, canary = 8, 0xcafe
		dst, dst32 := make([]uint64, room+canaries), make([]uint32, room+canaries)
		for i := range canaries {
			dst[room+i], dst32[room+i] = canary, canary
		}
		dst, dst32 = dst[:room], dst32[:room]
		var got, got32 []int
		for i := 0; n-i >= roundLen; {
			count, done := all64(dst, p[i:], n-i, s, uint64(base+i))
			for _, e := range dst[:count] {
				got = append(got, int(e)-base)
			}
			count32, done32 := all32(dst32, p[i:], n-i, s, uint32(base+i))
			for _, e := range dst32[:count32] {
				got32 = append(got32, int(e)-base)
			}
			if count != count32 || done != done32 || done == 0 || done < n-i && room-count >= roundLen {
				return fmt.Errorf("all64 %d to %d, all32 %d to %d, of %d with room for %d", count, done, count32, done32, n, room)
			}
			for i := range canaries {
				if dst[:room+canaries][room+i] != canary || dst32[:room+canaries][room+i] != canary {
					return fmt.Errorf("all with room for %d wrote entry %d", room, room+i)
				}
			}
			i += done
			if n-i < roundLen { // what is left is too short for the kernel
				for _, at := range want {
					if at >= i {
						got, got32 = append(got, at), append(got32, at)
					}
				}
			}
		}
		if !slices.Equal(got, want) || !slices.Equal(got32, want) {
			return fmt.Errorf("all with room for %d: %v and %v, want %v", room, got, got32, want)
		}
	}
	return nil
}

// checkSets compares the kernels for sets of bytes, and commonPrefix.
func checkSets(p, bytesOf []byte) error {
	var set [4]byte
	for i := range set {
		set[i] = bytesOf[i%len(bytesOf)]
	}
	var want []int
	for i, c := range p {
		if bytes.IndexByte(set[:], c) >= 0 {
			want = append(want, i)
		}
	}
	if at := scanSet(p, &set); at != firstOf(want, len(p)) {
		return fmt.Errorf("scanSet: %d, want %v", at, want)
	}
	if len(p) >= roundLen {
		if err := checkAllSet(p, &set, want); err != nil {
			return err
		}
	}
	q := bytes.Clone(p)
	if got := commonPrefix(p, q); got != len(p) {
		return fmt.Errorf("commonPrefix of equals: %d of %d", got, len(p))
	}
	if len(q) > 0 {
		at := len(want) * 31 % len(q)
		q[at] ^= 0x80
		if got := commonPrefix(p, q); got != at {
			return fmt.Errorf("commonPrefix: %d, want %d", got, at)
		}
	}
	return nil
}

// checkAllSet compares the find-all kernel for sets of bytes, with room for all and with little.
func checkAllSet(p []byte, set *[4]byte, want []int) error {
	const base, canaries, canary = 7, 8, 0xcafe
	for _, room := range []int{len(p) + roundLen, roundLen, roundLen + 7} {
		dst := slices.Repeat([]uint64{canary}, room+canaries)
		var got []int
		i := 0
		for n := len(p); n-i >= roundLen; {
			count, done := allSet(dst[:room], p[i:], set, uint64(base+i))
			if done == 0 || done < n-i && room-count >= roundLen {
				return fmt.Errorf("allSet: %d to %d, of %d with room for %d", count, done, n-i, room)
			}
			for _, e := range dst[:count] {
				got = append(got, int(e)-base)
			}
			for k, e := range dst[room:] {
				if e != canary {
					return fmt.Errorf("allSet with room for %d wrote entry %d", room, room+k)
				}
			}
			i += done
		}
		for _, at := range want { // what is left is too short for the kernel
			if at >= i {
				got = append(got, at)
			}
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("allSet with room for %d: %v, want %v", room, got, want)
		}
	}
	return nil
}

// The searches above the kernels, on every tier.
func TestSearchOnEveryTier(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		t.Run("Finder", TestFinderAgainstNaive)
		t.Run("GoesOn", TestIndexAllGoesOn)
		t.Run("CallLimit", TestCallLimit)
		t.Run("Cuts", TestCutsAgainstNaive)
		t.Run("Work", TestLiteralWorkIsLinear)
	})
}
