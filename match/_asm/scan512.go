package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// width512 is the bytes of a vector of AVX-512, whose compares yield masks of as many bits.
const width512 = 64

// splat512 returns a vector of copies of the byte at m.
func splat512(m operand.Mem) reg.VecVirtual {
	z := ZMM()
	VPBROADCASTB(m, z)
	return z
}

// scanner512 is scanner for AVX-512.
type scanner512 struct {
	ptr    [5]reg.Register
	splats [5]reg.VecVirtual
	i      reg.GPVirtual
}

// sample loads the pointers and the bytes of samples.
func (s *scanner512) sample(sm reg.Register, samples ...int) {
	p := GP64()
	Load(Param("p"), p)
	for _, k := range samples {
		s.ptr[k] = pointer(p, sm, k)
		s.splats[k] = splat512(operand.Mem{Base: sm, Disp: k})
	}
}

// eq returns the mask of the places from i on at which sample k stands.
func (s scanner512) eq(k int) reg.OpmaskVirtual {
	m := K()
	VPCMPEQB(at(s.ptr[k], s.i, 0), s.splats[k], m)
	return m
}

// andEq returns the mask of the places of among at which sample k stands too.
func (s scanner512) andEq(k int, disp int, among reg.OpmaskVirtual) reg.OpmaskVirtual {
	m := K()
	VPCMPEQB(at(s.ptr[k], s.i, disp), s.splats[k], among, m)
	return m
}

// zero returns a vector that is zero in each byte at whose place, counted from i+disp, the samples of g
// stand.
func (s scanner512) zero(g gear, disp int) reg.VecVirtual {
	const orDifference = 0xf6 // a | b ^ c
	x := ZMM()
	for n, k := range g.samples {
		if n == 0 {
			VPXORD(at(s.ptr[k], s.i, disp), s.splats[k], x)
		} else {
			VPTERNLOGD(operand.U8(orDifference), at(s.ptr[k], s.i, disp), s.splats[k], x)
		}
	}
	return x
}

func scan512(g gear) {
	name := g.name + "AVX512"
	TEXT(name, NOSPLIT, "func(p *byte, n int, s *byte, credit int) (at, left int)")
	Pragma("noescape")
	Doc(fmt.Sprintf(name+" finds a literal by its samples.\n"+scanDoc, g.what,
		"Fewer places than a block has are looked at vector by vector, for the pair and then for all samples, the last by a mask."))
	n := Load(Param("n"), GP64())
	sm := Load(Param("s"), GP64())
	credit := Load(Param("credit"), GP64())
	s := scanner512{i: GP64()}
	s.sample(sm, low, high, third, fourth)
	if g.samples[0] == rare {
		s.sample(sm, rare)
	}
	XORQ(s.i, s.i)
	last := GP64()

	MOVQ(n, last)
	SUBQ(operand.U32(blocks*width512), last)
	JL(operand.LabelRef("vectors"))
	s.block(g)
	align(s.ptr[g.samples[0]], s.i, width512)
	JMP(operand.LabelRef("checkBlock"))
	Label("block")
	s.block(g)
	Label("nextBlock")
	ADDQ(operand.U32(blocks*width512), s.i)
	Label("checkBlock")
	CMPQ(s.i, last)
	JLE(operand.LabelRef("block"))
	CMPQ(s.i, n)
	JGE(operand.LabelRef("none"))
	MOVQ(last, s.i)
	JMP(operand.LabelRef("block"))

	Label("vectors")
	ADDQ(operand.U32((blocks-1)*width512), last)
	Label("vector")
	CMPQ(s.i, last)
	JG(operand.LabelRef("tail"))
	stands := s.andEq(high, 0, s.eq(low))
	bits := GP64()
	KORTESTQ(stands, stands)
	JNZ(operand.LabelRef("confirm"))
	Label("nextVector")
	ADDQ(operand.Imm(width512), s.i)
	JMP(operand.LabelRef("vector"))

	Label("confirm")
	KMOVQ(s.andEq(fourth, 0, s.andEq(third, 0, stands)), bits)
	TESTQ(bits, bits)
	JNZ(operand.LabelRef("found"))
	DECQ(credit)
	JNS(operand.LabelRef("nextVector"))
	ADDQ(operand.Imm(width512), s.i)
	s.result(s.i, credit)

	Label("tail")
	s.tail(n, credit)

	Label("none")
	s.result(n, credit)

	Label("found")
	TZCNTQ(bits, bits)
	ADDQ(s.i, bits)
	s.result(bits, credit)

	Label("close")
	for k := range blocks {
		m := K()
		VPCMPEQB(at(s.ptr[low], s.i, k*width512), s.splats[low], m)
		for _, sample := range []int{high, third, fourth} {
			m = s.andEq(sample, k*width512, m)
		}
		KMOVQ(m, bits)
		TESTQ(bits, bits)
		JNZ(operand.LabelRef(fmt.Sprintf("found%d", k)))
	}
	DECQ(credit)
	JNS(operand.LabelRef("nextBlock"))
	ADDQ(operand.U32(blocks*width512), s.i)
	s.result(s.i, credit)
	for k := 1; k < blocks; k++ {
		Label(fmt.Sprintf("found%d", k))
		ADDQ(operand.U32(uint64(k*width512)), s.i)
		JMP(operand.LabelRef("found"))
	}
	Label("found0")
	JMP(operand.LabelRef("found"))
}

// block looks at the block at i, and jumps to where one is looked at closely.
func (s scanner512) block(g gear) {
	x := s.zero(g, 0)
	for k := 1; k < blocks; k++ {
		VPMINUB(s.zero(g, k*width512), x, x)
	}
	m := K()
	VPTESTNMB(x, x, m)
	KORTESTQ(m, m)
	JNZ(operand.LabelRef("close"))
}

// tail looks at the places from i to before n, fewer than 64, and reads those only.
func (s scanner512) tail(n, credit reg.Register) {
	rest, bits := GP64(), GP64()
	MOVQ(n, rest)
	SUBQ(s.i, rest)
	JZ(operand.LabelRef("none"))
	stands := lowest(rest)
	for _, sample := range []int{low, high, third, fourth} {
		z := ZMM()
		VMOVDQU8_Z(at(s.ptr[sample], s.i, 0), stands, z)
		m := K()
		VPCMPEQB(z, s.splats[sample], stands, m)
		stands = m
	}
	KMOVQ(stands, bits)
	TESTQ(bits, bits)
	JZ(operand.LabelRef("none"))
	TZCNTQ(bits, bits)
	ADDQ(s.i, bits)
	s.result(bits, credit)
}

// lowest returns the mask of the first n places, n < 64.
func lowest(n reg.GPVirtual) reg.OpmaskVirtual {
	ones, m := GP64(), K()
	MOVQ(operand.I64(-1), ones)
	BZHIQ(n, ones, ones)
	KMOVQ(ones, m)
	return m
}

// result returns.
func (s scanner512) result(place, credit reg.Register) {
	Store(place, ReturnIndex(0))
	Store(credit, ReturnIndex(1))
	VZEROUPPER()
	RET()
}
