package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// members is how many bytes a set has.
const members = 4

// splatSet returns a vector for each byte of the set at b.
func (v vector) splatSet(b reg.Register) (splats [members]reg.VecVirtual) {
	for k := range splats {
		splats[k] = v.splat(operand.Mem{Base: b, Disp: k})
	}
	return splats
}

// member returns the vector that is all ones in each byte in which the bytes at m are in the set.
func (v vector) member(m operand.Mem, splats [members]reg.VecVirtual) reg.VecVirtual {
	y := v.load(m)
	x := v.eqReg(y, splats[0])
	for _, s := range splats[1:] {
		v.or(v.eqReg(y, s), x)
	}
	return x
}

func scanSet(v vector) {
	name := "scanSet" + v.name
	TEXT(name, NOSPLIT, "func(p *byte, n int, s *byte) (at int)")
	Pragma("noescape")
	Doc(name + ` finds the first of a few bytes.
//
// It returns the first place i < n of a byte of s, or n.
//
//	for each two vectors, then for each vector, then for the last vector, which overlaps
//	    if a byte of s is in it: return its place
//	return n
//
// It reads p[0] to p[n-1]. n must be at least 16. Worst case: O(n).`)
	p := Load(Param("p"), GP64())
	n := Load(Param("n"), GP64())
	set := Load(Param("s"), GP64())
	splats := v.splatSet(set)
	i, last := GP64(), GP64()
	XORQ(i, i)
	ret := func(r reg.Register) {
		Store(r, ReturnIndex(0))
		v.leave()
		RET()
	}
	hit := func(m reg.GPVirtual) {
		v.lowest(m, m)
		ADDQ(i, m.As64())
		ret(m.As64())
	}

	MOVQ(n, last)
	SUBQ(operand.Imm(uint64(2*v.width)), last)
	JL(operand.LabelRef("vectors"))
	Label("block")
	x := v.member(at(p, i, 0), splats)
	y := v.member(at(p, i, v.width), splats)
	v.or(x, y)
	m := v.bits(y)
	TESTL(m, m)
	JNZ(operand.LabelRef("vectors")) // it is found there
	ADDQ(operand.Imm(uint64(2*v.width)), i)
	CMPQ(i, last)
	JLE(operand.LabelRef("block"))

	Label("vectors")
	MOVQ(n, last)
	SUBQ(operand.Imm(uint64(v.width)), last)
	if v.width > 16 {
		JL(operand.LabelRef("narrow"))
	}
	Label("vector")
	CMPQ(i, last)
	JG(operand.LabelRef("tail"))
	Label("look")
	m = v.bits(v.member(at(p, i, 0), splats))
	TESTL(m, m)
	JNZ(operand.LabelRef("found"))
	ADDQ(operand.Imm(uint64(v.width)), i)
	JMP(operand.LabelRef("vector"))
	Label("found")
	hit(m)
	Label("tail")
	CMPQ(i, n)
	JGE(operand.LabelRef("none"))
	MOVQ(last, i)
	JMP(operand.LabelRef("look"))
	Label("none")
	ret(n)
	if v.width == 16 {
		return
	}
	h := v.half()
	Label("narrow")
	for k := range 2 {
		m := h.bits(h.member(at(p, i, 0), splats))
		TESTL(m, m)
		next := fmt.Sprintf("narrow%d", k)
		JZ(operand.LabelRef(next))
		hit(m)
		Label(next)
		MOVQ(n, i)
		SUBQ(operand.Imm(16), i)
	}
	ret(n)
}

func allSet(v vector) {
	f := &finder{vector: v, wide: true}
	name := "allSet" + v.name
	f.begin(name, "func(dst *uint64, room int, p *byte, n int, s *byte, base uint64) (count, done int)",
		name+" finds every place at which one of a few bytes stands.\n"+allDoc)
	f.arguments()
	p := Load(Param("p"), GP64())
	splats := v.splatSet(Load(Param("s"), GP64()))
	f.rounds(func() reg.GPVirtual {
		return v.word(func(disp int) reg.VecVirtual { return v.member(at(p, f.i, disp), splats) })
	}, nil, f.emitEach)
}
