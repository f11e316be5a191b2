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
// AVX512_VBMI2, is not in avo. It overwrites its target, yet Zen 5 waits for what was there before, hence the zeros.
func compress(x reg.VecVirtual, m reg.OpmaskVirtual) reg.VecVirtual {
	y := ZMM()
	VPXOR(y.AsX(), y.AsX(), y.AsX())
	Instruction(&ir.Instruction{
		Opcode:   "VPCOMPRESSB",
		Suffixes: []string{"Z"},
		Operands: []operand.Op{x, m, y},
		Inputs:   []operand.Op{x, m, y},
		Outputs:  []operand.Op{y},
		ISA:      []string{"AVX512VBMI2"},
	})
	return y
}

// alignCode begins a line of the cache, for a loop whose time would otherwise depend on what stands before it.
func alignCode() {
	Instruction(&ir.Instruction{Opcode: "PCALIGN", Operands: []operand.Op{operand.Imm(64)}})
}

// finder512 is finder for AVX-512: the numbers of a round's places, compressed by the mask of those that match, are its
// entries. What rounds seldom do stands behind the loop.
type finder512 struct {
	finder
	numbers, step, bases reg.VecVirtual    // the bytes 0 to 63; what a round adds; base + i
	counts, hits         reg.OpmaskVirtual // the places of the round that count; those that match
	number               reg.GPVirtual     // the bits of hits, and then how many entries are still to be written
	compressed           reg.VecVirtual    // the numbers of hits
	out                  reg.GPVirtual     // where they go to
}

// rounds is the frame of a find-all kernel: look sets hits among counts; confirm, if there is one, clears those at which the
// other samples do not stand.
func (f *finder512) rounds(look, confirm func()) {
	last, mask := GP64(), GP64()
	Load(Param("n"), last)
	SUBQ(operand.Imm(places), last)
	KXNORQ(f.counts, f.counts, f.counts)

	alignCode()
	Label("round")
	look()
	KMOVQ(f.hits, f.number)
	TESTQ(f.number, f.number)
	JZ(operand.LabelRef("next"))
	if confirm != nil {
		CMPB(operand.Mem{Base: f.samples, Disp: moreAt}, operand.Imm(0))
		JNE(operand.LabelRef("confirm"))
		Label("confirmed")
	}
	CMPQ(f.dst, f.full)
	JG(operand.LabelRef("end"))
	f.emit()
	Label("next")
	f.add(f.step, f.bases, f.bases)
	ADDQ(operand.Imm(places), f.i)
	CMPQ(f.i, last)
	JLE(operand.LabelRef("round"))
	// The last round begins at last; the places before i have had their turn.
	again := GP64()
	MOVQ(f.i, again)
	SUBQ(last, again)
	CMPQ(again, operand.Imm(places))
	JEQ(operand.LabelRef("return"))
	MOVQ(operand.I64(-1), mask)
	f.shiftLeft(again, mask)
	KMOVQ(mask, f.counts)
	MOVQ(last, f.i)
	f.rebase()
	JMP(operand.LabelRef("round"))

	if confirm != nil {
		Label("confirm")
		confirm()
		KMOVQ(f.hits, f.number)
		TESTQ(f.number, f.number)
		JNZ(operand.LabelRef("confirmed"))
		JMP(operand.LabelRef("next"))
	}
	f.many()
	Label("end")
	KMOVQ(f.counts, mask)
	f.stop(mask)
}

// few is how many entries of a round make a short vector: a store of a whole one costs more, where it is of more than one
// line of the cache, and most of what it writes the next round writes again.
const few = 4

// emit writes the entries of hits, if they are few.
func (f *finder512) emit() {
	f.compressed, f.out = compress(f.numbers, f.hits), GP64()
	POPCNTQ(f.number, f.number)
	MOVQ(f.dst, f.out)
	LEAQ(operand.Mem{Base: f.dst, Index: f.number, Scale: uint8(f.size())}, f.dst)
	CMPQ(f.number, operand.Imm(few))
	JG(operand.LabelRef("many"))
	to := operand.Mem{Base: f.out}
	if f.wide {
		entries := YMM()
		VPMOVZXBQ(f.compressed.AsX(), entries)
		VPADDQ(f.bases.AsY(), entries, entries)
		VMOVDQU(entries, to)
	} else {
		entries := XMM()
		VPMOVZXBD(f.compressed.AsX(), entries)
		VPADDD(f.bases.AsX(), entries, entries)
		VMOVDQU(entries, to)
	}
}

// many writes the entries of hits a vector at a time.
func (f *finder512) many() {
	group := uint64(width512 / f.size())
	entries := ZMM()
	Label("many")
	if f.wide {
		VPMOVZXBQ(f.compressed.AsX(), entries)
	} else {
		VPMOVZXBD(f.compressed.AsX(), entries)
	}
	f.add(f.bases, entries, entries)
	VMOVDQU64(entries, operand.Mem{Base: f.out})
	SUBQ(operand.Imm(group), f.number)
	JLE(operand.LabelRef("next"))
	ADDQ(operand.Imm(width512), f.out)
	VALIGNQ(operand.Imm(group/8), f.compressed, f.compressed, f.compressed)
	JMP(operand.LabelRef("many"))
}

// add adds vectors of entries.
func (f *finder512) add(x, y, to reg.VecVirtual) {
	if f.wide {
		VPADDQ(x, y, to)
	} else {
		VPADDD(x, y, to)
	}
}

// spread sets each entry of z to x.
func (f *finder512) spread(x reg.GPVirtual, z reg.VecVirtual) {
	if f.wide {
		VPBROADCASTQ(x, z)
	} else {
		VPBROADCASTD(x.As32(), z)
	}
}

// rebase sets bases from i.
func (f *finder512) rebase() {
	from := GP64()
	LEAQ(at(f.base.As64(), f.i, 0), from)
	f.spread(from, f.bases)
}

// numbers is where numbers512 has put them.
var numbers operand.Mem

func newFinder512(wide bool) *finder512 {
	return &finder512{finder: finder{vector: vector{name: "AVX512", width: width512, vex: true}, wide: wide}}
}

// prepare loads what the kernel needs besides its arguments.
func (f *finder512) prepare() {
	f.arguments()
	f.numbers, f.step, f.bases = ZMM(), ZMM(), ZMM()
	f.counts, f.hits, f.number = K(), K(), GP64()
	VMOVDQU64(numbers, f.numbers)
	MOVQ(operand.U32(places), f.number)
	f.spread(f.number, f.step)
	f.rebase()
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
	narrow := func(k int, among reg.OpmaskVirtual) {
		VPCMPEQB(at(s.ptr[k], s.i, 0), s.splats[k], among, f.hits)
	}
	f.rounds(func() {
		narrow(low, f.counts)
		narrow(high, f.hits)
	}, func() {
		narrow(third, f.hits)
		narrow(fourth, f.hits)
	})
}

func allSet512() {
	const name = "allSetAVX512"
	f := newFinder512(true)
	f.begin(name, "func(dst *uint64, room int, p *byte, n int, s *byte, base uint64) (count, done int)",
		name+" finds every place at which one of a few bytes stands.\n"+allDoc)
	f.prepare()
	p := Load(Param("p"), GP64())
	splats := splatSet512(Load(Param("s"), GP64()))
	f.rounds(func() {
		y := ZMM()
		VMOVDQU64(at(p, f.i, 0), y)
		KANDQ(f.counts, member512(y, splats), f.hits)
	}, nil)
}
