//go:build linux

package chat

import (
	"math/rand/v2"
	"slices"
)

// Classes are the kinds of script that Generate makes. The first one meets differences by accident only; each of the
// others is made to meet one.
var Classes = []string{"plain", "held", "closes", "discards", "falsy", "simple", "unset", "resets", "hangup", "eager",
	"glut"}

// Generate makes the script of a seed.
func Generate(seed uint64) *Script {
	g := generator{Rand: rand.New(rand.NewPCG(seed, 0))}
	class := "plain"
	if g.IntN(3) == 0 {
		class = Classes[g.IntN(len(Classes)-2)] // without the last two: the glut takes long
	}
	return g.script(class)
}

// GenerateClass makes the script of a class and a seed.
func GenerateClass(class string, seed uint64) *Script {
	g := generator{Rand: rand.New(rand.NewPCG(seed, 1))}
	return g.script(class)
}

type generator struct {
	*rand.Rand
	alphabet string
	s        *Script
}

// alphabets make terminators that overlap themselves, begin like each other, and begin like what is no terminator.
var alphabets = []string{"a", "ab", "ab", "abc", "\r\n", "\r\n", "\r\n.", "\r\nx", "\x00\xff\x80", "\n\r\n"}

// common are terminators of protocols.
var common = []string{"\n", "\r\n", "\r\n", "\r\n\r\n", "\r\n.\r\n", "aab", "aabaa", "abab", "--boundary--\r\n"}

func (g *generator) script(class string) *Script {
	g.s = &Script{Class: class}
	g.alphabet = g.of(alphabets)
	g.s.Term = g.term()
	for range g.IntN(6) {
		g.s.Steps = append(g.s.Steps, g.step())
	}
	if g.IntN(3) > 0 {
		g.s.End = EndStream
	}
	if g.IntN(3) == 0 {
		g.s.In = g.of2([]int{1, 2, 3, 5, 16, 4096})
	}
	if g.IntN(3) == 0 {
		g.s.Out = g.of2([]int{1, 2, 3, 7, 4096})
	}
	g.class(class)
	if g.s.drops() {
		g.s.In = 0 // all that has arrived is read before anything is dropped, as here
	}
	if g.s.Stream == nil {
		g.s.Stream = g.stream()
	}
	if g.s.Chunks == nil {
		g.s.Chunks = g.chunks(len(g.s.Stream))
	}
	return g.s
}

func (g *generator) of(all []string) string { return all[g.IntN(len(all))] }

func (g *generator) of2(all []int) int { return all[g.IntN(len(all))] }

// term is a terminator of every kind.
func (g *generator) term() Term {
	switch g.IntN(12) {
	case 0:
		return Term{}
	case 1:
		return Term{Kind: TermBytes}
	case 2:
		return Term{Kind: TermCount}
	case 3, 4:
		return Term{Kind: TermCount, N: 1 + g.Int64N(1+g.Int64N(40))}
	case 5:
		return Term{Kind: TermCount, N: g.Int64N(5000)}
	case 6:
		return Term{Kind: TermBytes, Lit: g.word(1 + g.IntN(1+g.IntN(100)))}
	case 7, 8:
		return Term{Kind: TermBytes, Lit: Text(g.of(common))}
	}
	return Term{Kind: TermBytes, Lit: g.word(1 + g.IntN(8))}
}

// literal is a terminator that ends elements wherever it stands.
func (g *generator) literal() Term {
	return Term{Kind: TermBytes, Lit: g.word(2 + g.IntN(5))}
}

func (g *generator) word(n int) Text {
	b := make(Text, n)
	for i := range b {
		b[i] = g.alphabet[g.IntN(len(g.alphabet))]
	}
	return b
}

// step is what one found_terminator does; most keep the terminators going.
func (g *generator) step() Step {
	var step Step
	if g.IntN(2) == 0 {
		step = append(step, g.set())
	}
	for range g.IntN(3) {
		step = append(step, g.output())
	}
	switch g.IntN(40) {
	case 0:
		step = append(step, Op{Do: DoClose})
	case 1:
		step = append(step, Op{Do: DoWhenDone})
	case 2:
		step = append(step, Op{Do: DoDiscard})
	case 3:
		step = append(step, Op{Do: DoSet, Term: Term{Kind: TermCount, N: -1 - g.Int64N(9)}}) // refused
	}
	g.Shuffle(len(step), func(i, j int) { step[i], step[j] = step[j], step[i] })
	return endAtClose(step)
}

// endAtClose cuts a step behind its first close: a closed connection is not called any more.
func endAtClose(step Step) Step {
	i := slices.IndexFunc(step, func(op Op) bool { return op.Do == DoClose || op.Do == DoWhenDone })
	if i < 0 {
		return step
	}
	return step[:i+1]
}

func (g *generator) set() Op {
	return Op{Do: DoSet, Term: g.term()}
}

// output is a call that queues output.
func (g *generator) output() Op {
	switch g.IntN(8) {
	case 0, 1:
		return Op{Do: DoPush, Data: g.word(g.IntN(12))}
	case 2, 3:
		return Op{Do: DoEcho}
	case 4:
		return Op{Do: DoSimple, Data: g.word(g.IntN(30)), Size: 1 + g.IntN(12)}
	case 5:
		return Op{Do: DoFill, Size: g.IntN(1 + g.IntN(1500))}
	}
	return Op{Do: DoProducer, Chunks: g.texts(g.IntN(5), 5)}
}

// texts makes n chunks of a producer; an empty one ends it.
func (g *generator) texts(n, empty int) []Text {
	var all []Text
	for range n {
		if all = append(all, g.word(1+g.IntN(10))); g.IntN(empty) == 0 {
			all[len(all)-1] = Text{}
		}
	}
	return all
}

// stream is made of the script's own terminators, of parts of them, and of others.
func (g *generator) stream() Text {
	var lits []Text
	for t := range g.s.terms {
		if t.Kind == TermBytes && len(t.Lit) > 0 {
			lits = append(lits, t.Lit)
		}
	}
	lits = append(lits, g.word(1), g.word(3), Text("xyz"))
	s := Text{}
	for range 1 + g.IntN(1+g.IntN(40)) {
		lit := lits[g.IntN(len(lits))]
		switch g.IntN(5) {
		case 0, 1:
			s = append(s, lit...)
		case 2:
			s = append(s, lit[:g.IntN(len(lit)+1)]...)
		case 3:
			s = append(s, lit[g.IntN(len(lit)+1):]...)
		default:
			s = append(s, g.word(g.IntN(6))...)
		}
	}
	return s
}

// chunks cuts n bytes: into single ones, few, or at random.
func (g *generator) chunks(n int) []int {
	most := n
	switch g.IntN(4) {
	case 0:
		most = 1
	case 1:
		most = 5
	case 2:
		most = 1 + n/3
	}
	all := []int{}
	for n > 0 {
		size := 1 + g.IntN(min(n, max(most, 1)))
		if most == n && g.IntN(2) == 0 {
			size = n
		}
		all = append(all, size)
		n -= size
	}
	return all
}

// soon has the script make a step early on, in a long chunk.
func (g *generator) soon(step Step) {
	s := g.s
	s.Term = g.literal()
	s.Steps = append(s.Steps[:g.IntN(min(len(s.Steps), 2)+1)], step)
	s.Stream = append(append(g.stream(), s.Term.Lit...), g.stream()...)
	if g.IntN(2) == 0 {
		s.Chunks = []int{len(s.Stream)}
	}
}

// class changes the script so that it meets the difference of its class.
func (g *generator) class(class string) {
	s := g.s
	switch class {
	case "held": // the stream ends with what begins a terminator
		s.Term, s.Steps, s.End = g.literal(), nil, EndStream
		s.Stream = append(g.stream(), s.Term.Lit[:1+g.IntN(len(s.Term.Lit)-1)]...)
	case "closes": // amid what was read
		g.soon(Step{g.output(), {Do: g.of([]string{DoClose, DoWhenDone})}})
	case "discards":
		g.soon(Step{g.output(), {Do: DoDiscard}, g.output()})
	case "eager":
		g.soon(Step{g.output(), {Do: DoDiscard}, g.output()})
		s.Eager, s.Out = true, 0
	case "falsy":
		// with an item behind it, which asynchat loses, and without one, which is an error of asynchat's
		step := Step{{Do: DoFalsy, Chunks: g.texts(g.of2([]int{0, 2, 3}), 9)}, {Do: DoPush, Data: g.word(3)}}
		g.soon(step[:1+g.IntN(2)])
	case "simple":
		g.soon(Step{{Do: DoSimple, Data: g.word(1 + g.IntN(9))}})
	case "unset":
		s.Term = Term{Kind: TermUnset}
	case "resets": // a reply, and a close with more of the request unread
		s.Term, s.In, s.End = Term{Kind: TermBytes, Lit: Text("\n")}, 4, EndStream
		s.Steps = []Step{{{Do: DoPush, Data: g.word(4)}, {Do: DoWhenDone}}}
		s.Stream = append(append(g.word(1+g.IntN(3)), '\n'), fill(20+g.IntN(20))...)
		s.Chunks = []int{len(s.Stream)}
	case "hangup": // more than one read has arrived when the peer is gone
		s.Term, s.In, s.End = g.literal(), 1+g.IntN(8), EndHangUp
		s.Steps = []Step{{g.set()}, {g.set()}}[:g.IntN(3)]
	case "glut": // more output than any socket takes
		s.Term, s.Deaf = Term{Kind: TermBytes, Lit: Text("\n")}, true
		s.In, s.Out = 0, 0
		s.Steps = []Step{{{Do: DoFill, Size: 4000 + g.IntN(8000)}}}
		for range 150 + g.IntN(50) {
			s.Stream = append(append(s.Stream, g.word(g.IntN(2))...), '\n')
		}
		s.Chunks = []int{len(s.Stream)}
	}
}
