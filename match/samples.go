package match

import (
	"fmt"
	"slices"
)

// rareSample is the number of the sample that is scanned for alone.
const rareSample = 4

// samples are the bytes of a literal that the scans look for: a pair, two more that confirm it, and of the pair the one
// that is the rarer. Where all stand, a literal of at most exactLen bytes matches; a longer one is a candidate.
//
// The kernels know this layout: see match/_asm/samples.go.
//
// Invariant: bytes[k] is the literal's byte at offs[k]; offs[0] ≤ offs[1]; the last is one of the first two. more is 1
// if the samples 2 and 3 say more than the pair.
type samples struct {
	bytes [5]byte
	more  uint8
	offs  [5]uint16
}

const (
	exactLen   = 4   // the longest literal of which the samples are all bytes
	sampleSpan = 256 // the samples are chosen from so many first bytes of the literal
	sampleFew  = 16  // from so many of its rarest there
	maxChoices = 4   // and for so many ways to take them
)

// newSamples returns the samples of b at these offsets.
func newSamples(b []byte, i, j, k, l int) samples {
	i, j = min(i, j), max(i, j)
	r := i
	if rank[b[j]] < rank[b[i]] {
		r = j
	}
	s := samples{}
	for n, off := range [5]int{i, j, k, l, r} {
		s.bytes[n], s.offs[n] = b[off], uint16(off)
	}
	if (k != i && k != j) || (l != i && l != j) {
		s.more = 1
	}
	return s
}

// chooseSamples returns the ways to scan for b, the one that should misfire least in usual traffic first. A literal of
// which the samples are all bytes has one way only, since nothing that they find is false.
//
// For a longer one the ways have no byte of their pairs in common, as far as there are others: traffic in which one
// misfires may not have the bytes of the next.
func chooseSamples(b []byte) []samples {
	few := rarest(b[:min(len(b), sampleSpan)], sampleFew)
	if len(few) == 1 {
		return []samples{newSamples(b, 0, 0, 0, 0)}
	}
	var choices []samples
	var used [sampleSpan]bool
	for len(choices) < maxChoices {
		i, j := bestPair(b, few, &used)
		if i < 0 {
			break
		}
		used[i], used[j] = true, true
		k, l := confirmers(few, i, j)
		choices = append(choices, newSamples(b, i, j, k, l))
		if len(b) <= exactLen {
			break
		}
	}
	return choices
}

// rarest returns the offsets of the n rarest bytes of b, the first of each byte value before any second.
func rarest(b []byte, n int) []int {
	var seen [256]int
	offs, worth := make([]int, len(b)), make([]int, len(b))
	for i, c := range b {
		offs[i], worth[i] = i, int(rank[c])+256*seen[c]
		seen[c]++
	}
	slices.SortStableFunc(offs, func(i, j int) int { return worth[i] - worth[j] })
	return offs[:min(n, len(offs))]
}

// bestPair returns the two offsets of few that are least common together and not used yet, or -1.
func bestPair(b []byte, few []int, used *[sampleSpan]bool) (i, j int) {
	i, j = -1, -1
	best := 0
	for _, x := range few {
		for _, y := range few {
			if x >= y || used[x] || used[y] {
				continue
			}
			if cost := pairRank(b, x, y); i < 0 || cost < best {
				i, j, best = x, y, cost
			}
		}
	}
	return i, j
}

// confirmers returns two offsets of few other than i and j, or as far as there are none, these.
func confirmers(few []int, i, j int) (k, l int) {
	k, l = i, j
	for _, off := range few {
		switch {
		case off == i || off == j:
		case k == i:
			k = off
		case l == j:
			l = off
		}
	}
	return k, l
}

// check reports a breach of the invariant for the literal b.
func (s *samples) check(b []byte) error {
	for k, off := range s.offs {
		if int(off) >= len(b) || b[off] != s.bytes[k] {
			return fmt.Errorf("sample %d, %q at %d, is not in %q", k, s.bytes[k], off, b)
		}
	}
	if s.offs[0] > s.offs[1] || s.offs[rareSample] != s.offs[0] && s.offs[rareSample] != s.offs[1] {
		return fmt.Errorf("the pair is at %d and %d, the rare byte at %d", s.offs[0], s.offs[1], s.offs[rareSample])
	}
	return nil
}
