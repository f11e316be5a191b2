package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fewer places than a block has are the usual case of small reads. They are looked at without a loop: by vectors, words
// or bytes from the first place on, and by others that end with the last one. These overlap.
const fewDoc = `Fewer places than a block has are looked at in one go for the pair, by vectors that overlap, or words, or one by one, and,
// if it stands there and is not all, vector by vector as above.`

// wide looks at one vector to a block less one place. It falls through, to the loop, if the pair stands somewhere and where
// is not known yet.
func (s scanner) wide(last, sm reg.Register, m reg.GPVirtual) {
	CMPQ(last, operand.Imm(uint64(s.width)))
	JG(operand.LabelRef("four"))
	m1, m2 := s.bits(s.stand(s.i, 0, low, high)), s.bits(s.stand(last, 0, low, high))
	s.found(s.join(m1, m2, last), sm, "vector")

	Label("four")
	x := s.stand(s.i, 0, low, high)
	s.or(s.pair(s.width), x)
	before := GP64()
	LEAQ(operand.Mem{Base: last, Disp: -s.width}, before)
	s.or(s.stand(before, 0, low, high), x)
	s.or(s.stand(last, 0, low, high), x)
	s.bitsTo(x, m)
	TESTL(m, m)
	JZ(operand.LabelRef("none"))
}

// narrow looks at fewer places than a vector has.
func (s scanner) narrow(n, sm reg.Register, credit reg.Register) {
	Label("narrow")
	h := s
	h.vector = s.half()
	from := GP64()
	if s.width > 16 {
		MOVQ(n, from)
		SUBQ(operand.Imm(16), from)
		JL(operand.LabelRef("words"))
		h.few(sm, "confirmHalves", func(s scanner, samples ...int) reg.GPVirtual {
			return s.join(s.bits(s.stand(s.i, 0, samples...)), s.bits(s.stand(from, 0, samples...)), from)
		})
		Label("words")
	}
	MOVQ(n, from)
	SUBQ(operand.Imm(8), from)
	JL(operand.LabelRef("bytes"))
	h.few(sm, "confirmWords", func(s scanner, samples ...int) reg.GPVirtual {
		m, m2 := s.bits(s.wordsStand(from, samples...)), GP32()
		MOVL(m, m2)
		SHRL(operand.Imm(8), m2)
		MOVBLZX(m.As8(), m)
		return s.join(m, m2, from)
	})
	s.bytewise(n, sm, credit)
}

// few ends the search among the places that look has the bits of.
func (s scanner) few(sm reg.Register, more string, look func(s scanner, samples ...int) reg.GPVirtual) {
	bits := look(s, low, high)
	s.found(bits, sm, more)
	Label(more)
	s.sample(sm, third, fourth)
	ANDQ(look(s, third, fourth), bits)
	JZ(operand.LabelRef("none"))
	s.firstOf(bits)
}

// found ends the search with the first of the places that bits has, if there is none, or if the pair is all; else it goes
// on at the label more.
func (s scanner) found(bits reg.GPVirtual, sm reg.Register, more string) {
	TESTQ(bits, bits)
	JZ(operand.LabelRef("none"))
	CMPB(operand.Mem{Base: sm, Disp: moreAt}, operand.Imm(0))
	JNE(operand.LabelRef(more))
	s.firstOf(bits)
}

// firstOf returns the place of the lowest bit.
func (s scanner) firstOf(bits reg.GPVirtual) {
	credit := Load(Param("credit"), GP64())
	if s.vex {
		TZCNTQ(bits, bits)
	} else {
		BSFQ(bits, bits)
	}
	s.result(bits, credit)
}

// wordsStand is stand for eight places from the first on, and eight from place on.
func (s scanner) wordsStand(place reg.Register, samples ...int) (x reg.VecVirtual) {
	for _, k := range samples {
		y := XMM()
		first, second := operand.Mem{Base: s.ptr[k]}, at(s.ptr[k], place, 0)
		if s.vex {
			VMOVQ(first, y)
			VMOVHPS(second, y, y)
		} else {
			MOVQ(first, y)
			MOVHPS(second, y)
		}
		z := s.eqReg(y, s.splats[k])
		if x == nil {
			x = z
		} else {
			s.and(z, x)
		}
	}
	return x
}

// join returns the bits m1, and the bits m2 moved up by n.
func (v vector) join(m1, m2 reg.GPVirtual, n reg.Register) reg.GPVirtual {
	bits := m2.As64().(reg.GPVirtual)
	if v.vex {
		SHLXQ(n, bits, bits)
	} else {
		MOVQ(n, reg.RCX)
		SHLQ(reg.CL, bits)
	}
	ORQ(m1.As64(), bits)
	return bits
}

// bytewise looks at fewer than eight places, one by one.
func (s scanner) bytewise(n, sm, credit reg.Register) {
	p, off, c := GP64(), GP64(), GP32()
	Label("bytes")
	for _, k := range []int{low, high} {
		MOVBLZX(operand.Mem{Base: sm, Disp: k}, c)
		CMPB(at(s.ptr[k], s.i, 0), c.As8())
		JNE(operand.LabelRef("nextByte"))
	}
	for _, k := range []int{third, fourth} {
		Load(Param("p"), p)
		MOVWQZX(operand.Mem{Base: sm, Disp: offsetsAt + 2*k}, off)
		ADDQ(off, p)
		MOVBLZX(operand.Mem{Base: sm, Disp: k}, c)
		CMPB(at(p, s.i, 0), c.As8())
		JNE(operand.LabelRef("nextByte"))
	}
	s.result(s.i, credit)
	Label("nextByte")
	INCQ(s.i)
	CMPQ(s.i, n)
	JL(operand.LabelRef("bytes"))
	s.result(n, credit)
}
