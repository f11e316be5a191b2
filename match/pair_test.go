package match

import "testing"

// pairLetters has bytes whose differences borrow and carry in a word: neighbours, and the ends of the range.
const pairLetters = "ab\x00\x01\x7f\x80\xff"

// Every pair of letters at every place of slices of every length, between fillers that nearly match. The slices are
// cut out of a larger one that has the pair just outside, which must not be found.
func TestIndexPairAndEither(t *testing.T) {
	for i := range len(pairLetters) {
		for k := range len(pairLetters) {
			a, b := pairLetters[i], pairLetters[k]
			for length := range 40 {
				checkPairs(t, a, b, length)
			}
		}
	}
}

func checkPairs(t *testing.T, a, b byte, length int) {
	t.Helper()
	for place := range length + 1 {
		whole := make([]byte, length+4)
		for i := range whole {
			whole[i] = a ^ byte(1+i%2*0x80)
		}
		p := whole[2 : 2+length]
		whole[0], whole[1], whole[2+length], whole[3+length] = a, b, a, b
		if place < length {
			p[place] = a
			if place+1 < length {
				p[place+1] = b
			}
		}
		wantPair, wantEither := -1, -1
		for i := len(p) - 1; i >= 0; i-- {
			if p[i] == a || p[i] == b {
				wantEither = i
			}
			if i+1 < len(p) && p[i] == a && p[i+1] == b {
				wantPair = i
			}
		}
		if got := indexPair(p, a, b); got != wantPair {
			t.Fatalf("indexPair(%q, %q, %q) = %d, want %d", p, a, b, got, wantPair)
		}
		if got := indexEither(p, a, b); got != wantEither {
			t.Fatalf("indexEither(%q, %q, %q) = %d, want %d", p, a, b, got, wantEither)
		}
	}
}

func TestCommonPrefix(t *testing.T) {
	for length := range 30 {
		for differs := range length + 1 {
			for _, flip := range []byte{1, 0x80, 0xff} {
				a, b := make([]byte, length), make([]byte, length+3)
				for i := range a {
					a[i], b[i] = byte(i), byte(i)
				}
				if differs < length {
					b[differs] ^= flip
				}
				if got := commonPrefix(a, b); got != differs {
					t.Fatalf("%q and %q: %d in common, want %d", a, b, got, differs)
				}
				if got := commonPrefix(b, a); got != differs {
					t.Fatalf("%q and %q: %d in common, want %d", b, a, got, differs)
				}
			}
		}
	}
}
