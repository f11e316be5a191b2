package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// numbers512 declares the bytes 0 to 63 once.
func numbers512() operand.Mem {
	m := GLOBL("numbers512", attr.RODATA|attr.NOPTR)
	for k := 0; k < width512; k += 8 {
		v := uint64(0)
		for b := 7; b >= 0; b-- {
			v = v<<8 | uint64(k+b)
		}
		DATA(k, operand.U64(v))
	}
	return m
}

// compress moves the bytes of x that are in m to the front and clears the others. The instruction, VPCOMPRESSB of
// AVX512_VBMI2, is not in avo.
func compress(x reg.VecVirtual, m reg.OpmaskVirtual) reg.VecVirtual {
	y := ZMM()
	Instruction(&ir.Instruction{
		Opcode:   "VPCOMPRESSB",
		Suffixes: []string{"Z"},
		Operands: []operand.Op{x, m, y},
		Inputs:   []operand.Op{x, m},
		Outputs:  []operand.Op{y},
		ISA:      []string{"AVX512VBMI2"},
	})
	return y
}

// finder512 is finder for AVX-512: the numbers of a word's bits, compressed, are the entries of a round.
type finder512 struct {
	finder
	numbers reg.VecVirtual
}

// emit writes the entries a vector at a time, at least one.
func (f *finder512) emit(m reg.GPVirtual) {
	group := width512 / f.size()
	k := K()
	KMOVQ(m, k)
	places := compress(f.numbers, k)
	out, from, left := GP64(), GP64(), GP64()
	POPCNTQ(m, left)
	MOVQ(f.dst, out)
	LEAQ(operand.Mem{Base: f.dst, Index: left, Scale: uint8(f.size())}, f.dst)
	bases, entries := ZMM(), ZMM()
	if f.wide {
		LEAQ(at(f.base, f.i, 0), from)
		VPBROADCASTQ(from, bases)
	} else {
		LEAL(at(f.base.As64(), f.i, 0), from.As32())
		VPBROADCASTD(from.As32(), bases)
	}
	Label("group")
	if f.wide {
		VPMOVZXBQ(places.AsX(), entries)
		VPADDQ(bases, entries, entries)
	} else {
		VPMOVZXBD(places.AsX(), entries)
		VPADDD(bases, entries, entries)
	}
	VMOVDQU64(entries, operand.Mem{Base: out})
	SUBQ(operand.Imm(uint64(group)), left)
	JLE(operand.LabelRef("next"))
	ADDQ(operand.Imm(width512), out)
	VALIGNQ(operand.Imm(uint64(group/8)), places, places, places)
	JMP(operand.LabelRef("group"))
}

// numbers is where numbers512 has put them.
var numbers operand.Mem

func newFinder512(wide bool) *finder512 {
	return &finder512{finder: finder{vector: vector{name: "AVX512", width: width512, vex: true}, wide: wide}}
}

// prepare loads what the kernel needs besides its arguments.
func (f *finder512) prepare() {
	f.arguments()
	f.numbers = ZMM()
	VMOVDQU64(numbers, f.numbers)
}

func all512(wide bool) {
	f := newFinder512(wide)
	name, entry := "all32AVX512", "uint32"
	if wide {
		name, entry = "all64AVX512", "uint64"
	}
	f.begin(name, fmt.Sprintf("func(dst *%s, room int, p *byte, n int, s *byte, base %s) (count, done int)", entry, entry),
		name+" finds every place at which the samples of a literal stand.\n"+allDoc)
	f.prepare()
	sm := Load(Param("s"), GP64())
	s := scanner512{i: f.i}
	s.sample(sm, low, high, third, fourth)
	f.samples = sm
	f.rounds(func() reg.GPVirtual {
		bits := GP64()
		KMOVQ(s.andEq(high, 0, s.eq(low)), bits)
		return bits
	}, func(m reg.GPVirtual) {
		k := K()
		KMOVQ(m, k)
		KMOVQ(s.andEq(fourth, 0, s.andEq(third, 0, k)), m)
		TESTQ(m, m)
	}, f.emit)
}

func allSet512() {
	const name = "allSetAVX512"
	f := newFinder512(true)
	f.begin(name, "func(dst *uint64, room int, p *byte, n int, s *byte, base uint64) (count, done int)",
		name+" finds every place at which one of a few bytes stands.\n"+allDoc)
	f.prepare()
	p := Load(Param("p"), GP64())
	splats := splatSet512(Load(Param("s"), GP64()))
	f.rounds(func() reg.GPVirtual {
		y, bits := ZMM(), GP64()
		VMOVDQU64(at(p, f.i, 0), y)
		KMOVQ(member512(y, splats), bits)
		return bits
	}, nil, f.emit)
}
