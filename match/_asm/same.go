package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const sameDoc = `//
//	for each vector, then for the last vector, which overlaps
//	    if a and b differ in it: return the first place
//	return n
//
// It reads n bytes of each. n must be at least 16. Worst case: O(n).`

func same(v vector) {
	name := "same" + v.name
	TEXT(name, NOSPLIT, "func(a, b *byte, n int) int")
	Pragma("noescape")
	Doc(name + " returns how many first bytes of a and b, of n, are the same.\n" + sameDoc)
	a := Load(Param("a"), GP64())
	b := Load(Param("b"), GP64())
	n := Load(Param("n"), GP64())
	i, last := GP64(), GP64()
	XORQ(i, i)
	ret := func(r reg.Register) {
		Store(r, ReturnIndex(0))
		v.leave()
		RET()
	}
	// The halves of a first vector are compared one by one: most compares end there.
	h := v.half()
	m := h.differ(a, b, i)
	JNZ(operand.LabelRef("found"))
	MOVQ(n, last)
	SUBQ(operand.Imm(uint64(v.width)), last)
	if v.width > 16 {
		JL(operand.LabelRef("narrow"))
	}
	MOVQ(operand.I64(16), i)
	JMP(operand.LabelRef("check"))
	Label("vector")
	m = v.differ(a, b, i)
	JNZ(operand.LabelRef("found"))
	ADDQ(operand.Imm(uint64(v.width)), i)
	Label("check")
	CMPQ(i, last)
	JLE(operand.LabelRef("vector"))
	CMPQ(i, n)
	JGE(operand.LabelRef("none"))
	MOVQ(last, i)
	JMP(operand.LabelRef("vector"))
	if v.width > 16 {
		Label("narrow")
		MOVQ(n, i)
		SUBQ(operand.Imm(16), i)
		m = h.differ(a, b, i)
		JNZ(operand.LabelRef("found"))
	}
	Label("none")
	ret(n)
	Label("found")
	v.lowest(reg.EDX, reg.EDX)
	ADDQ(i, reg.RDX)
	ret(reg.RDX)
	_ = m
}

// differ puts a bit for each byte in which a and b differ at i into EDX and sets the flags by it.
func (v vector) differ(a, b, i reg.Register) reg.Register {
	x := v.load(at(a, i, 0))
	y := v.eq(at(b, i, 0), x)
	m := reg.EDX
	if v.vex {
		VPMOVMSKB(y, m)
	} else {
		PMOVMSKB(y, m)
	}
	if v.width == 32 {
		NOTL(m)
		TESTL(m, m)
	} else {
		XORL(operand.U32(0xffff), m)
	}
	return m
}
