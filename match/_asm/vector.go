package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vector is an instruction set whose compares yield vectors, of which one instruction takes the high bits.
type vector struct {
	name  string // the suffix of its kernels
	width int    // bytes of a vector
	vex   bool   // three operands, and the upper halves to be cleared before returning
}

var (
	sse2 = vector{name: "SSE2", width: 16}
	avx2 = vector{name: "AVX2", width: 32, vex: true}
)

// half is v with vectors of 16 bytes.
func (v vector) half() vector {
	v.width = 16
	return v
}

// reg returns a new vector register.
func (v vector) reg() reg.VecVirtual {
	if v.width == 32 {
		return YMM()
	}
	return XMM()
}

// low is the part of x that v's vectors have.
func (v vector) low(x reg.VecVirtual) reg.Register {
	if v.width == 16 {
		return x.AsX()
	}
	return x
}

// splat returns a vector of copies of the byte at m.
func (v vector) splat(m operand.Mem) reg.VecVirtual {
	x := v.reg()
	if v.vex {
		VPBROADCASTB(m, x)
		return x
	}
	b := GP32()
	MOVBLZX(m, b)
	MOVD(b, x)
	PUNPCKLBW(x, x)
	PSHUFLW(operand.Imm(0), x, x)
	PUNPCKLQDQ(x, x)
	return x
}

// eq returns the vector that is all ones in each byte in which the bytes at m are those of x.
func (v vector) eq(m operand.Mem, x reg.VecVirtual) reg.VecVirtual {
	y := v.reg()
	if v.vex {
		VPCMPEQB(m, v.low(x), y)
		return y
	}
	MOVOU(m, y)
	PCMPEQB(x, y)
	return y
}

// load returns the vector at m.
func (v vector) load(m operand.Mem) reg.VecVirtual {
	y := v.reg()
	if v.vex {
		VMOVDQU(m, y)
	} else {
		MOVOU(m, y)
	}
	return y
}

// eqReg returns the vector that is all ones in each byte in which y is x.
func (v vector) eqReg(y, x reg.VecVirtual) reg.VecVirtual {
	z := v.reg()
	if v.vex {
		VPCMPEQB(y, v.low(x), z)
		return z
	}
	MOVO(y, z)
	PCMPEQB(x, z)
	return z
}

// and makes x the conjunction of x and y.
func (v vector) and(y, x reg.VecVirtual) {
	if v.vex {
		VPAND(y, x, x)
	} else {
		PAND(y, x)
	}
}

// or makes x the disjunction of x and y.
func (v vector) or(y, x reg.VecVirtual) {
	if v.vex {
		VPOR(y, x, x)
	} else {
		POR(y, x)
	}
}

// bits returns a bit for each byte of x, its high bit, the first byte's lowest.
func (v vector) bits(x reg.VecVirtual) reg.GPVirtual {
	m := GP32()
	v.bitsTo(x, m)
	return m
}

// bitsTo makes m those bits.
func (v vector) bitsTo(x reg.VecVirtual, m reg.Register) {
	if v.vex {
		VPMOVMSKB(x, m)
	} else {
		PMOVMSKB(x, m)
	}
}

// lowest makes n the number of the lowest bit of m, which is not 0.
func (v vector) lowest(m, n reg.Register) {
	if v.vex {
		TZCNTL(m, n)
	} else {
		BSFL(m, n)
	}
}

// leave clears the upper halves of the vector registers, which SSE code would stumble over.
func (v vector) leave() {
	if v.vex {
		VZEROUPPER()
	}
}
