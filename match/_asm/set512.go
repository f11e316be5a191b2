package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// splatSet512 returns a vector for each byte of the set at b.
func splatSet512(b reg.Register) (splats [members]reg.VecVirtual) {
	for k := range splats {
		splats[k] = splat512(operand.Mem{Base: b, Disp: k})
	}
	return splats
}

// member512 returns the mask of the bytes of y that are in the set. A byte of the vector it tests is zero if one of the
// differences is.
func member512(y reg.VecVirtual, splats [members]reg.VecVirtual) reg.OpmaskVirtual {
	x, m := ZMM(), K()
	VPXORD(y, splats[0], x)
	for _, s := range splats[1:] {
		d := ZMM()
		VPXORD(y, s, d)
		VPMINUB(d, x, x)
	}
	VPTESTNMB(x, x, m)
	return m
}

func scanSet512() {
	const name = "scanSetAVX512"
	TEXT(name, NOSPLIT, "func(p *byte, n int, s *byte) (at int)")
	Pragma("noescape")
	Doc(name + ` finds the first of a few bytes.
//
// It returns the first place i < n of a byte of s, or n.
//
//	for each vector, then for the rest, by a mask
//	    if a byte of s is in it: return its place
//	return n
//
// It reads p[0] to p[n-1]. n must be at least 1. Worst case: O(n).`)
	p := Load(Param("p"), GP64())
	n := Load(Param("n"), GP64())
	splats := splatSet512(Load(Param("s"), GP64()))
	i, last, bits, rest := GP64(), GP64(), GP64(), GP64()
	XORQ(i, i)
	MOVQ(n, last)
	SUBQ(operand.Imm(width512), last)
	JL(operand.LabelRef("tail"))
	Label("vector")
	y := ZMM()
	VMOVDQU64(at(p, i, 0), y)
	KMOVQ(member512(y, splats), bits)
	TESTQ(bits, bits)
	JNZ(operand.LabelRef("found"))
	ADDQ(operand.Imm(width512), i)
	CMPQ(i, last)
	JLE(operand.LabelRef("vector"))
	Label("tail")
	MOVQ(n, rest)
	SUBQ(i, rest)
	JZ(operand.LabelRef("none"))
	some, both := lowest(rest), K()
	VMOVDQU8_Z(at(p, i, 0), some, y)
	KANDQ(some, member512(y, splats), both)
	KMOVQ(both, bits)
	TESTQ(bits, bits)
	JZ(operand.LabelRef("none"))
	Label("found")
	TZCNTQ(bits, bits)
	ADDQ(bits, i)
	Store(i, ReturnIndex(0))
	VZEROUPPER()
	RET()
	Label("none")
	Store(n, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
