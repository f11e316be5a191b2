package match

import (
	"bytes"
	"fmt"
	"slices"
)

// automaton searches for several literals at once: Aho and Corasick's machine, without the part that goes on after a
// match. It is immutable.
//
// The nodes of the trie are numbered breadth first, so the children of a node are neighbours, sorted by their label,
// and an edge needs no more than the label: node v's children are nodes[v].first up to nodes[v+1].first. The root is
// 0 and has a full row besides. That is 21 bytes a node; with the literals themselves, 22 bytes for each of their
// bytes.
//
// Invariant: fail of a node is less deep than the node and spells its longest proper suffix that is in the trie; out
// is the longest literal that the node's path ends with.
type automaton struct {
	text   []byte     // the literals, sorted, each once, one behind the other
	ends   []int32    // where each literal ends in text
	nodes  []node     // and one more, whose first ends the children of the last
	labels []byte     // the byte on the edge to each node; that of the root is not used
	root   [256]int32 // the root's child for each byte, or the root
	heads  *[4]byte   // the bytes that literals begin with, if they are no more than that
	maxLen int        // bytes of the longest literal
	few    *few       // set if the literals are few and short
}

// node is a prefix of a literal. Lengths and places are in bytes.
type node struct {
	first int32 // its first child
	fail  int32 // the longest proper suffix of its path that is a node
	depth int32 // the length of its path
	out   int32 // the length of the longest literal its path ends with, 0 if there is none
	spell int32 // where its path begins in text
}

// newAutomaton compiles lits, which have been checked and have total bytes together. O(total) time and space after
// sorting.
func newAutomaton(lits [][]byte, total int) *automaton {
	sorted := slices.SortedFunc(slices.Values(lits), bytes.Compare)
	sorted = slices.CompactFunc(sorted, bytes.Equal)
	a := &automaton{text: make([]byte, 0, total)}
	for _, b := range sorted {
		a.text = append(a.text, b...)
		a.ends = append(a.ends, int32(len(a.text)))
		a.maxLen = max(a.maxLen, len(b))
	}
	a.grow()
	heads := a.labels[a.nodes[0].first:a.nodes[1].first]
	for i, c := range heads {
		a.root[c] = a.nodes[0].first + int32(i)
	}
	if len(heads) <= len(a.heads) {
		a.heads = new([4]byte)
		for i := range a.heads {
			a.heads[i] = heads[min(i, len(heads)-1)]
		}
	}
	a.link()
	a.few = newFew(a)
	return a
}

// start returns where literal i begins in text.
func (a *automaton) start(i int32) int32 {
	if i == 0 {
		return 0
	}
	return a.ends[i-1]
}

// span is the literals from lo to before hi: those that share the path of a node.
type span struct{ lo, hi int32 }

// grow builds the trie, breadth first. The literals are sorted, so those below a node are a span, and one that ends
// at the node comes first in it.
func (a *automaton) grow() {
	spans := []span{{0, int32(len(a.ends))}}
	a.nodes = []node{{}}
	a.labels = []byte{0}
	for v := 0; v < len(a.nodes); v++ {
		n, s := &a.nodes[v], spans[v]
		n.first = int32(len(a.nodes))
		n.spell = a.start(s.lo)
		depth := n.depth
		if a.ends[s.lo]-n.spell == depth {
			n.out = depth
			s.lo++
		}
		for s.lo < s.hi {
			label := a.text[a.start(s.lo)+depth]
			child := span{s.lo, s.lo + 1}
			for child.hi < s.hi && a.text[a.start(child.hi)+depth] == label {
				child.hi++
			}
			a.nodes = append(a.nodes, node{depth: depth + 1})
			a.labels = append(a.labels, label)
			spans = append(spans, child)
			s.lo = child.hi
		}
	}
	a.nodes = append(a.nodes, node{first: int32(len(a.nodes))})
	a.nodes, a.labels, a.ends = slices.Clip(a.nodes), slices.Clip(a.labels), slices.Clip(a.ends)
}

// link sets the failures and completes the outputs, breadth first, so that those of less deep nodes are there.
func (a *automaton) link() {
	var w meter
	for v := a.nodes[0].first; v < int32(len(a.labels)); v++ {
		for c := a.nodes[v].first; c < a.nodes[v+1].first; c++ {
			a.nodes[c].fail = a.next(a.nodes[v].fail, a.labels[c], &w)
		}
		if n := &a.nodes[v]; n.out == 0 {
			n.out = a.nodes[n.fail].out
		}
	}
}

// child returns the child of v along c, or 0, which is nobody's child. At most ten label compares.
func (a *automaton) child(v int32, c byte, w *meter) int32 {
	const few = 4 // at most so many are tried one by one
	lo, hi := a.nodes[v].first, a.nodes[v+1].first
	for hi-lo > few {
		w.steps++
		if mid := (lo + hi) / 2; a.labels[mid] <= c {
			lo = mid
		} else {
			hi = mid
		}
	}
	for ; lo < hi; lo++ {
		w.steps++
		if a.labels[lo] == c {
			return lo
		}
	}
	return 0
}

// next is the automaton's step: the node after v and the byte c.
func (a *automaton) next(v int32, c byte, w *meter) int32 {
	for v != 0 {
		if u := a.child(v, c, w); u != 0 {
			return u
		}
		v = a.nodes[v].fail
	}
	w.steps++
	return a.root[c]
}

// search reads p after a stream that led to node v, and stops after the first match. It returns the bytes of p it has
// read, the node it has come to, the root after a match, and the length of the literal that matched, 0 for none.
//
// Each step goes down the trie by one node or, along failures, up by one or more, so a stream of n bytes takes at
// most 2n transitions, of at most ten label compares each.
func (a *automaton) search(p []byte, v int32, w *meter) (read int, at int32, size int) {
	for i := 0; i < len(p); i++ {
		if depth := int(a.nodes[v].depth); a.few != nil && depth <= i && len(p)-i >= minPlace {
			read, v, size := a.few.search(a, p[i-depth:], w)
			return i - depth + read, v, size
		}
		if v == 0 {
			if i = a.skip(p, i, w); i == len(p) {
				break
			}
		}
		v = a.next(v, p[i], w)
		if out := a.nodes[v].out; out != 0 {
			return i + 1, 0, int(out)
		}
	}
	return len(p), v, 0
}

// skip returns the first place from i on where a literal can begin, or len(p). The first bytes are looked up one by
// one, so that frequent candidates do not each cost the call of a fast scan, which is the faster one only over a
// distance.
func (a *automaton) skip(p []byte, i int, w *meter) int {
	const near = 16 // bytes looked up one by one
	from := i
	slow := len(p)
	if a.heads != nil {
		slow = min(i+near, len(p))
	}
	for i < slow && a.root[p[i]] == 0 {
		i++
	}
	for i == slow && slow < len(p) {
		slow = min(slow+maxCall, len(p))
		i += scanSet(p[i:slow], a.heads)
	}
	w.steps += i - from
	return i
}

// path returns what node v spells, a part of text.
func (a *automaton) path(v int32) []byte {
	from := a.nodes[v].spell
	to := from + a.nodes[v].depth
	return a.text[from:to:to]
}

// literals is the sequence of the distinct literals, sorted; each is a part of text.
func (a *automaton) literals(yield func([]byte) bool) {
	for i := range int32(len(a.ends)) {
		if !yield(a.text[a.start(i):a.ends[i]:a.ends[i]]) {
			return
		}
	}
}

// equal reports whether a and b are of the same literals.
func (a *automaton) equal(b *automaton) bool {
	return bytes.Equal(a.text, b.text) && slices.Equal(a.ends, b.ends)
}

// check reports a breach of the invariant, and of what the numbering promises.
func (a *automaton) check() error {
	if len(a.nodes) != len(a.labels)+1 {
		return fmt.Errorf("%d nodes and %d labels", len(a.nodes), len(a.labels))
	}
	for v := int32(1); v < int32(len(a.labels)); v++ {
		n := a.nodes[v]
		f := a.nodes[n.fail]
		path := a.path(v)
		if path[len(path)-1] != a.labels[v] {
			return fmt.Errorf("node %d spells %q, its label is %q", v, path, a.labels[v])
		}
		if f.depth >= n.depth || !bytes.HasSuffix(path, a.path(n.fail)) {
			return fmt.Errorf("node %d spells %q, its failure %q", v, path, a.path(n.fail))
		}
		if n.out > n.depth || n.out < f.out {
			return fmt.Errorf("node %d of depth %d puts out %d, its failure %d", v, n.depth, n.out, f.out)
		}
		if n.first > a.nodes[v+1].first || n.first <= v {
			return fmt.Errorf("node %d has children from %d to %d", v, n.first, a.nodes[v+1].first)
		}
	}
	return nil
}
