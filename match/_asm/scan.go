package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// blocks is how many vectors the inner loops look at before they branch.
const blocks = 4

const scanDoc = `//
// It returns the first place i < n at which the samples stand, that is p[i+off[k]] == byte[k] for every k, or n. It takes
// one from credit for each block or vector that had to be looked at closely and in which they do not stand, but for the
// last ones of fewer places than a vector, and when that makes it negative it returns the next place that was not examined.
//
//	for each block of 4 vectors, then for the last block
//	(the second block is aligned, and overlaps the first; the last one overlaps those before)
//	    if %s in it
//	        if the samples stand in it: return the first place
//	        credit--; if credit < 0: return the place behind it
//	return n, credit
//
// %s
//
// It reads p[min(off)] to p[n-1+max(off)]. n must be at least 1. Worst case: every block is examined twice, O(n), with
// 4 compares more for each vector.`

// scanner is what the parts of one scan have in common.
type scanner struct {
	vector
	ptr    [5]reg.Register   // p plus each sample's offset
	splats [5]reg.VecVirtual // each sample's byte, in every byte
	i      reg.GPVirtual     // the place
}

// sample loads the pointers and the bytes of samples.
func (s *scanner) sample(sm reg.Register, samples ...int) {
	p := GP64()
	Load(Param("p"), p)
	for _, k := range samples {
		s.ptr[k] = pointer(p, sm, k)
		s.splats[k] = s.splat(operand.Mem{Base: sm, Disp: k})
	}
}

// stand returns the bits of the places from place+disp on at which the samples stand, as a vector.
func (s scanner) stand(place reg.Register, disp int, samples ...int) (x reg.VecVirtual) {
	for _, k := range samples {
		y := s.eq(at(s.ptr[k], place, disp), s.splats[k])
		if x == nil {
			x = y
		} else {
			s.and(y, x)
		}
	}
	return x
}

// pair is stand for the pair, from i+disp on.
func (s scanner) pair(disp int) reg.VecVirtual { return s.stand(s.i, disp, low, high) }

// confirm clears in x the places at which the other samples do not stand.
func (s scanner) confirm(x reg.VecVirtual, disp int) {
	s.and(s.eq(at(s.ptr[third], s.i, disp), s.splats[third]), x)
	s.and(s.eq(at(s.ptr[fourth], s.i, disp), s.splats[fourth]), x)
}

// gear is what the inner loop of a scan looks for.
type gear struct {
	name, what string
	samples    []int // first those whose loads are aligned
}

// gears are the scans, the fastest first; the later ones look at fewer blocks closely.
var gears = []gear{
	{"scanRare", "the rare byte stands", []int{rare}},
	{"scanPair", "the pair stands", []int{low, high}},
	{"scanFull", "the samples stand", []int{low, high, third, fourth}},
}

func scan(v vector, g gear) {
	name := g.name + v.name
	TEXT(name, NOSPLIT, "func(p *byte, n int, s *byte, credit int) (at, left int)")
	Pragma("noescape")
	Doc(fmt.Sprintf(name+" finds a literal by its samples.\n"+scanDoc, g.what, fewDoc))
	n := Load(Param("n"), GP64())
	sm := Load(Param("s"), GP64())
	credit := Load(Param("credit"), GP64())
	s := scanner{vector: v, i: GP64()}
	s.sample(sm, low, high)
	for _, k := range g.samples {
		if s.ptr[k] == nil {
			s.sample(sm, k)
		}
	}
	XORQ(s.i, s.i)
	last := GP64() // the last place a block, or a vector, may begin at
	m := GP32()

	MOVQ(n, last)
	SUBQ(operand.Imm(uint64(blocks*v.width)), last)
	JL(operand.LabelRef("vectors"))
	s.block(g, m)
	align(s.ptr[g.samples[0]], s.i, v.width)
	JMP(operand.LabelRef("checkBlock"))
	Label("block")
	s.block(g, m)
	Label("nextBlock")
	ADDQ(operand.Imm(uint64(blocks*v.width)), s.i)
	Label("checkBlock")
	CMPQ(s.i, last)
	JLE(operand.LabelRef("block"))
	CMPQ(s.i, n)
	JGE(operand.LabelRef("none"))
	MOVQ(last, s.i)
	JMP(operand.LabelRef("block"))

	Label("vectors")
	ADDQ(operand.Imm(uint64((blocks-1)*v.width)), last)
	JL(operand.LabelRef("narrow"))
	s.wide(last, sm, m)
	Label("vector")
	x := s.pair(0)
	v.bitsTo(x, m)
	TESTL(m, m)
	JNZ(operand.LabelRef("confirm"))
	Label("nextVector")
	ADDQ(operand.Imm(uint64(v.width)), s.i)
	CMPQ(s.i, last)
	JLE(operand.LabelRef("vector"))
	CMPQ(s.i, n)
	JGE(operand.LabelRef("none"))
	MOVQ(last, s.i)
	JMP(operand.LabelRef("vector"))

	Label("none")
	s.result(n, credit)

	Label("confirm")
	CMPB(operand.Mem{Base: sm, Disp: moreAt}, operand.Imm(0))
	JEQ(operand.LabelRef("found"))
	s.sample(sm, third, fourth)
	s.confirm(x, 0)
	v.bitsTo(x, m)
	TESTL(m, m)
	JNZ(operand.LabelRef("found"))
	DECQ(credit)
	JNS(operand.LabelRef("nextVector"))
	ADDQ(operand.Imm(uint64(v.width)), s.i)
	s.result(s.i, credit)

	for k := blocks - 1; k > 0; k-- {
		Label(fmt.Sprintf("found%d", k))
		ADDQ(operand.Imm(uint64(v.width)), s.i)
	}
	Label("found")
	s.hit(m, credit)

	Label("close")
	CMPB(operand.Mem{Base: sm, Disp: moreAt}, operand.Imm(0))
	JEQ(operand.LabelRef("exact"))
	s.sample(sm, third, fourth)
	s.close(m, true)
	Label("misfire")
	DECQ(credit)
	JNS(operand.LabelRef("nextBlock"))
	ADDQ(operand.Imm(uint64(blocks*v.width)), s.i)
	s.result(s.i, credit)
	Label("exact")
	s.close(m, false)
	JMP(operand.LabelRef("misfire"))
	s.narrow(n, sm, credit)
}

// block looks at the block at i, and jumps to where one is looked at closely.
func (s scanner) block(g gear, m reg.GPVirtual) {
	x := s.stand(s.i, 0, g.samples...)
	for k := 1; k < blocks; k++ {
		s.or(s.stand(s.i, k*s.width, g.samples...), x)
	}
	s.bitsTo(x, m)
	TESTL(m, m)
	JNZ(operand.LabelRef("close"))
}

// align makes i, at the first block, the place behind it, or as many places before that as it takes for the loads from p
// to be aligned: a load that crosses a line of the cache costs two.
func align(p, i reg.Register, width int) {
	over := GP64()
	LEAQ(operand.Mem{Base: p, Disp: blocks * width}, over)
	ANDQ(operand.Imm(uint64(width-1)), over)
	MOVQ(operand.I64(int64(blocks*width)), i)
	SUBQ(over, i)
}

// close looks at each vector of a block and jumps to where the first hit is reported.
func (s scanner) close(m reg.GPVirtual, more bool) {
	for k := range blocks {
		x := s.pair(k * s.width)
		if more {
			s.confirm(x, k*s.width)
		}
		s.bitsTo(x, m)
		TESTL(m, m)
		if k == 0 {
			JNZ(operand.LabelRef("found"))
		} else {
			JNZ(operand.LabelRef(fmt.Sprintf("found%d", k)))
		}
	}
}

// hit returns the place of the lowest bit of m, counted from i.
func (s scanner) hit(m reg.GPVirtual, credit reg.Register) {
	s.lowest(m, m)
	q := m.As64().(reg.GPVirtual)
	ADDQ(s.i, q)
	s.result(q, credit)
}

// result returns.
func (s scanner) result(place, credit reg.Register) {
	Store(place, ReturnIndex(0))
	Store(credit, ReturnIndex(1))
	s.leave()
	RET()
}
