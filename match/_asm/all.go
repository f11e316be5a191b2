package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// places is how many places one round of the find-all kernels looks at: the bits of a word.
const places = 64

const allDoc = `//
// It writes base plus each place i < n at which they stand to dst, in order, and returns how many it has written and the
// place it has come to. It stops short of n when fewer than 64 free entries are left of the room that dst has: a round
// may write 64, and writes beyond what it counts.
//
//	for each 64 places, then for the last 64, of which only the new ones count
//	    if room - count < 64: return count, i
//	    bits = the places at which they stand
//	    write base + i + each bit's number
//	return count, n
//
// It reads p[min(off)] to p[n-1+max(off)]. n must be at least 64. Worst case: O(n), 64 entries for each 64 places.`

// finder is what the parts of a find-all kernel have in common.
type finder struct {
	vector
	wide               bool          // entries of 64 bits, else of 32
	dst, full, base, i reg.GPVirtual // the next entry; where there is no room for a round; the place
	samples            reg.Register
}

// begin declares a find-all kernel.
func (f *finder) begin(name, signature, doc string) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(doc)
}

// arguments loads what every find-all kernel has.
func (f *finder) arguments() {
	f.dst = Load(Param("dst"), GP64()).(reg.GPVirtual)
	f.full, f.i = GP64(), GP64()
	Load(Param("room"), f.full)
	SUBQ(operand.Imm(places), f.full)
	LEAQ(operand.Mem{Base: f.dst, Index: f.full, Scale: uint8(f.size())}, f.full)
	if f.wide {
		f.base = Load(Param("base"), GP64()).(reg.GPVirtual)
	} else {
		f.base = Load(Param("base"), GP32()).(reg.GPVirtual)
	}
	XORQ(f.i, f.i)
}

// size is the bytes of an entry.
func (f *finder) size() int {
	if f.wide {
		return 8
	}
	return 4
}

// rounds is the frame of a find-all kernel: look returns the bits of the 64 places from i on; confirm, if there is one,
// clears those at which the other samples do not stand; emit writes the entries of the bits.
func (f *finder) rounds(look func() reg.GPVirtual, confirm, emit func(m reg.GPVirtual)) {
	last := GP64()
	Load(Param("n"), last)
	SUBQ(operand.Imm(places), last)
	mask := GP64() // the places of the round that count
	MOVQ(operand.I64(-1), mask)

	Label("round")
	m := look()
	ANDQ(mask, m)
	JZ(operand.LabelRef("next"))
	if confirm != nil {
		CMPB(operand.Mem{Base: f.samples, Disp: moreAt}, operand.Imm(0))
		JEQ(operand.LabelRef("exact"))
		confirm(m)
		JZ(operand.LabelRef("next"))
		Label("exact")
	}
	CMPQ(f.dst, f.full)
	JG(operand.LabelRef("end"))
	emit(m)
	Label("next")
	ADDQ(operand.Imm(places), f.i)
	CMPQ(f.i, last)
	JLE(operand.LabelRef("round"))
	// The last round begins at last; the places before i have had their turn.
	again := GP64()
	MOVQ(f.i, again)
	SUBQ(last, again)
	CMPQ(again, operand.Imm(places))
	JEQ(operand.LabelRef("return"))
	f.shiftLeft(again, mask)
	MOVQ(last, f.i)
	JMP(operand.LabelRef("round"))

	Label("end")
	f.stop(mask)
}

// stop returns from a kernel: at end because of the round that has no room, whose places that count are those of mask, or else
// at return.
func (f *finder) stop(mask reg.GPVirtual) {
	// The round that did not happen begins at its first place that counts.
	skipped := GP64()
	BSFQ(mask, skipped)
	ADDQ(skipped, f.i)
	Label("return")
	start := GP64()
	Load(Param("dst"), start)
	SUBQ(start, f.dst)
	SHRQ(operand.Imm(uint64(f.size()/4+1)), f.dst)
	Store(f.dst, ReturnIndex(0))
	Store(f.i, ReturnIndex(1))
	f.leave()
	RET()
}

// shiftLeft shifts m left by n, 1 to 63.
func (f *finder) shiftLeft(n, m reg.GPVirtual) {
	MOVQ(n, reg.RCX)
	SHLQ(reg.CL, m)
}

// emitEach writes the entries bit by bit: always two, and more while there are more, so that the branch that cannot be
// predicted is the one that elements of irregular length make in any case.
func (f *finder) emitEach(m reg.GPVirtual) {
	if !f.vex {
		f.emitPlainly(m)
		return
	}
	out, from := GP64(), GP64()
	number := GP64()
	POPCNTQ(m, number)
	MOVQ(f.dst, out)
	LEAQ(operand.Mem{Base: f.dst, Index: number, Scale: uint8(f.size())}, f.dst)
	if f.wide {
		LEAQ(at(f.base, f.i, 0), from)
	} else {
		LEAL(at(f.base.As64(), f.i, 0), from.As32())
	}
	for _, group := range []int{2, 2, 4} {
		for k := range group {
			f.emitOne(m, from, out, k)
		}
		ADDQ(operand.Imm(uint64(group*f.size())), out)
		TESTQ(m, m)
		JZ(operand.LabelRef("next"))
	}
	Label("more")
	for k := range 4 {
		f.emitOne(m, from, out, k)
	}
	ADDQ(operand.Imm(uint64(4*f.size())), out)
	TESTQ(m, m)
	JNZ(operand.LabelRef("more"))
}

// emitOne writes the entry of the lowest bit of m to place k of out and clears the bit.
func (f *finder) emitOne(m, from, out reg.GPVirtual, k int) {
	bit := GP64()
	TZCNTQ(m, bit)
	BLSRQ(m, m)
	f.store(bit, from, out, k)
}

// emitPlainly is emitEach without the instructions that came with AVX2: one entry at a time, and no more than there are.
func (f *finder) emitPlainly(m reg.GPVirtual) {
	bit, rest, from := GP64(), GP64(), GP64()
	if f.wide {
		LEAQ(at(f.base, f.i, 0), from)
	} else {
		LEAL(at(f.base.As64(), f.i, 0), from.As32())
	}
	Label("more")
	BSFQ(m, bit)
	LEAQ(operand.Mem{Base: m, Disp: -1}, rest)
	f.store(bit, from, f.dst, 0)
	ADDQ(operand.Imm(uint64(f.size())), f.dst)
	ANDQ(rest, m)
	JNZ(operand.LabelRef("more"))
}

// store writes from + bit to place k of out.
func (f *finder) store(bit, from, out reg.GPVirtual, k int) {
	to := operand.Mem{Base: out, Disp: k * f.size()}
	if f.wide {
		ADDQ(from, bit)
		MOVQ(bit, to)
	} else {
		ADDL(from.As32(), bit.As32())
		MOVL(bit.As32(), to)
	}
}

// word returns the bits of 64 places; vectorOf returns the vector of those from disp on.
func (v vector) word(vectorOf func(disp int) reg.VecVirtual) reg.GPVirtual {
	var m reg.GPVirtual
	for disp := places - v.width; disp >= 0; disp -= v.width {
		b := v.bits(vectorOf(disp)).As64().(reg.GPVirtual)
		if m == nil {
			m = b
			continue
		}
		SHLQ(operand.Imm(uint64(v.width)), m)
		ORQ(b, m)
	}
	return m
}

func all(v vector, wide bool) {
	f := &finder{vector: v, wide: wide}
	name, entry := "all32"+v.name, "uint32"
	if wide {
		name, entry = "all64"+v.name, "uint64"
	}
	f.begin(name, fmt.Sprintf("func(dst *%s, room int, p *byte, n int, s *byte, base %s) (count, done int)", entry, entry),
		name+" finds every place at which the samples of a literal stand.\n"+allDoc)
	f.arguments()
	sm := Load(Param("s"), GP64())
	s := scanner{vector: v, i: f.i}
	s.sample(sm, low, high) // the others are pointed to when they are needed
	for _, k := range []int{third, fourth} {
		s.splats[k] = v.splat(operand.Mem{Base: sm, Disp: k})
	}
	f.samples = sm
	f.rounds(func() reg.GPVirtual { return v.word(s.pair) }, func(m reg.GPVirtual) {
		for _, k := range []int{third, fourth} {
			q, off := GP64(), GP64() // made anew: registers are short
			Load(Param("p"), q)
			MOVWQZX(operand.Mem{Base: sm, Disp: offsetsAt + 2*k}, off)
			ADDQ(off, q)
			ANDQ(v.word(func(disp int) reg.VecVirtual { return s.eq(at(q, s.i, disp), s.splats[k]) }), m)
		}
	}, f.emitEach)
}
