//go:build gc && !purego

#include "textflag.h"

// The NEON kernels. kernels_arm64.go has what each promises, its pseudocode and its worst case; here are the departures:
//
//  1. The order of a pair does not matter, so A is its rare sample and B the other, in every kernel. A single pointer,
//     the cursor, goes through the text at A's offset; the other samples are at fixed distances from it.
//  2. A block is 64 places, 4 vectors. Where there are as many places there are blocks only, and the last one overlaps
//     those before; vectors are for fewer places, and there the last vector overlaps. Vectors are asked for the pair, in
//     every scan.
//  3. After the first block the cursor is aligned to 32 bytes, which is what one instruction loads, so that no load at A
//     crosses a line of the cache. Whether the text has ended is asked before that, since aligning goes back.
//  4. NEON has no instruction that takes a bit of each byte. The bits of a block come from weights, one for each byte of
//     eight, which pairwise adds bring together; a single vector is narrowed to four bits a byte. A loop that only asks
//     whether anything stands in a block folds it into a word.
//
// The registers are the same in all kernels, as far as they have a use for them. V0 to V3 are the block that is looked
// at, all ones in each byte at whose place something stands; V4 to V7 are for the while.

#define cursor R0  // the place i, as a pointer: p + the offset of A + i
#define places R1  // n
#define start  R2  // the cursor at the place 0
#define last   R3  // the cursor at the last place a block, or a vector, may begin at
#define beyond R4  // and at the place n
#define bits   R5  // what was found: a bit for each place of a block, four for each of a vector
#define ptr    R6  // for the while, as are the next two
#define tmp    R7
#define tmp2   R8
#define toB    R9  // the distance from A to B
#define toC    R10 // and to the two samples that confirm the pair
#define toD    R11
#define more   R12 // 0 if these say no more than the pair
#define sample R13 // where the samples are, or the set
#define budget R14 // the credit of a scan

#define out    R14 // the next entry of a find-all kernel
#define full   R15 // where there is no room for a round, but for an entry less
#define origin R16 // what makes the cursor an entry: base - start
#define mask   R17 // the places of a round that count, as bits
#define from   R19 // the entry of the round's first place
#define to     R20 // where the next two entries go
#define second R21 // the second of them

#define byteA   V16 // the samples, or the bytes of a set, each in every byte
#define byteB   V17
#define byteC   V18
#define byteD   V19
#define weights V20 // the bytes 1, 2, 4 to 128, and once more

// SAMPLES makes byteA to byteD, toB to toD, more, start and the cursor, which before is p.
//
// The layout of match.samples: five bytes, which are the pair, C, D, and the rare one of the pair; then more; then five
// offsets of 16 bits. B is the second of the pair if A is the first, else the first.
#define SAMPLES \
	MOVHU   6(sample), tmp        \
	MOVHU   14(sample), tmp2      \
	CMP     tmp, tmp2             \
	CSET    EQ, tmp               \
	ADD     tmp, sample, ptr      \
	VLD1R   (ptr), [byteB.B16]    \
	ADD     tmp<<1, sample, ptr   \
	MOVHU   6(ptr), toB           \
	MOVHU   10(sample), toC       \
	MOVHU   12(sample), toD       \
	SUB     tmp2, toB             \
	SUB     tmp2, toC             \
	SUB     tmp2, toD             \
	ADD     $2, sample, ptr       \
	VLD1R.P 1(ptr), [byteC.B16]   \
	VLD1R.P 1(ptr), [byteD.B16]   \
	VLD1R   (ptr), [byteA.B16]    \
	MOVBU   5(sample), more       \
	ADD     tmp2, cursor          \
	MOVD    cursor, start

// SET makes byteA to byteD, and start, for a set.
#define SET \
	VLD1R.P 1(sample), [byteA.B16] \
	VLD1R.P 1(sample), [byteB.B16] \
	VLD1R.P 1(sample), [byteC.B16] \
	VLD1R   (sample), [byteD.B16]  \
	MOVD    cursor, start

// WEIGHTS makes weights, which BITS needs.
#define WEIGHTS \
	MOVD $0x8040201008040201, tmp \
	VMOV tmp, weights.D2

// LIMIT makes last and beyond, for blocks or vectors of so many bytes.
#define LIMIT(size) \
	ADD places, start, beyond \
	SUB $size, beyond, last

// STAND makes V0 to V3 the places of a block at which the bytes at the cursor are x. ALSO clears those at which the
// bytes at this distance are not x.
#define STAND(x) \
	FLDPQ (cursor), (F0, F1)      \
	FLDPQ 32(cursor), (F2, F3)    \
	VCMEQ x.B16, V0.B16, V0.B16   \
	VCMEQ x.B16, V1.B16, V1.B16   \
	VCMEQ x.B16, V2.B16, V2.B16   \
	VCMEQ x.B16, V3.B16, V3.B16

#define ALSO(distance, x) \
	ADD   distance, cursor, ptr   \
	FLDPQ (ptr), (F4, F5)         \
	FLDPQ 32(ptr), (F6, F7)       \
	VCMEQ x.B16, V4.B16, V4.B16   \
	VCMEQ x.B16, V5.B16, V5.B16   \
	VCMEQ x.B16, V6.B16, V6.B16   \
	VCMEQ x.B16, V7.B16, V7.B16   \
	VAND  V4.B16, V0.B16, V0.B16  \
	VAND  V5.B16, V1.B16, V1.B16  \
	VAND  V6.B16, V2.B16, V2.B16  \
	VAND  V7.B16, V3.B16, V3.B16

// STAND1 and ALSO1 do so for a single vector, V0.
#define STAND1(x) \
	FMOVQ (cursor), F0            \
	VCMEQ x.B16, V0.B16, V0.B16

#define ALSO1(distance, x) \
	ADD   distance, cursor, ptr   \
	FMOVQ (ptr), F4               \
	VCMEQ x.B16, V4.B16, V4.B16   \
	VAND  V4.B16, V0.B16, V0.B16

// MEMBER makes v, which is text, the places at which a byte of the set stands; MEMBERS makes V0 to V3 those of a block.
#define MEMBER(v) \
	VCMEQ byteA.B16, v.B16, V4.B16 \
	VCMEQ byteB.B16, v.B16, V5.B16 \
	VCMEQ byteC.B16, v.B16, V6.B16 \
	VCMEQ byteD.B16, v.B16, V7.B16 \
	VORR  V4.B16, V5.B16, V5.B16   \
	VORR  V6.B16, V7.B16, V7.B16   \
	VORR  V5.B16, V7.B16, v.B16

#define MEMBERS \
	FLDPQ (cursor), (F0, F1)      \
	FLDPQ 32(cursor), (F2, F3)    \
	MEMBER(V0)                    \
	MEMBER(V1)                    \
	MEMBER(V2)                    \
	MEMBER(V3)

// ANY makes bits other than 0 if V0 to V3 are, and leaves them as they are.
//
// The word is UMAXP V4.16B, V4.16B, V4.16B, which the assembler lacks: the greater of each two bytes.
#define ANY \
	VORR  V0.B16, V1.B16, V4.B16  \
	VORR  V2.B16, V3.B16, V5.B16  \
	VORR  V4.B16, V5.B16, V4.B16  \
	WORD  $0x6e24a484             \
	FMOVD F4, bits

// BITS makes bits a bit for each byte of V0 to V3, and leaves them as they are. An add yields the sums of its second
// operand in the lower half, those of its first in the upper.
#define BITS \
	VAND  weights.B16, V0.B16, V4.B16 \
	VAND  weights.B16, V1.B16, V5.B16 \
	VAND  weights.B16, V2.B16, V6.B16 \
	VAND  weights.B16, V3.B16, V7.B16 \
	VADDP V5.B16, V4.B16, V4.B16      \
	VADDP V7.B16, V6.B16, V6.B16      \
	VADDP V6.B16, V4.B16, V4.B16      \
	VADDP V4.B16, V4.B16, V4.B16      \
	FMOVD F4, bits

// BITS1 makes bits four bits for each byte of V0, and leaves that as it is.
//
// The word is SHRN V4.8B, V0.8H, #4, which the assembler lacks: the bits 4 to 11 of each 16.
#define BITS1 \
	WORD  $0x0f0c8404 \
	FMOVD F4, bits

// LOWEST makes r the number of the lowest bit of x, or 64.
#define LOWEST(x, r) \
	RBIT x, r \
	CLZ  r, r

// RARE, PAIR, FULL and MEMBER4 make V0 to V3 what the block at the cursor is asked for, and bits other than 0 if there is
// any of it.
#define RARE \
	STAND(byteA)                  \
	ANY

#define PAIR \
	STAND(byteA)                  \
	ALSO(toB, byteB)              \
	ANY

#define FULL \
	STAND(byteA)                  \
	ALSO(toB, byteB)              \
	ALSO(toC, byteC)              \
	ALSO(toD, byteD)              \
	ANY

#define MEMBER4 \
	MEMBERS                       \
	ANY

// BLOCKS looks at each block and goes to close where there is something. That comes back to next, if there is not what
// is searched for. At the end it goes to none.
#define BLOCKS(look) \
	look                  \
	CBNZ bits, close      \
next:                         \
	ADD  $64, cursor      \
further:                      \
	CMP  beyond, cursor   \
	BHS  none             \
	AND  $~31, cursor     \
	CMP  last, cursor     \
	BLS  block            \
	MOVD last, cursor     \
	PCALIGN $16           \
block:                        \
	look                  \
	CBNZ bits, close      \
	ADD  $64, cursor      \
	CMP  last, cursor     \
	BLS  block            \
	B    further

// ONWARD goes to the next block or vector of so many bytes, which is looked at behind label; FROM to the one at the
// cursor, or to the last one, or, if that was looked at, to none.
#define ONWARD(size, label) \
	ADD $size, cursor      \
	FROM(label)

#define FROM(label) \
	CMP  last, cursor      \
	BLS  label             \
	CMP  beyond, cursor    \
	BHS  none              \
	MOVD last, cursor      \
	B    label

// PLACES is the end of a search. It goes to return with the place in tmp: from none with n; from found with that of the
// lowest of bits, which has one for each place; from found1 if it has four; from found8 if eight.
#define PLACES \
none:                           \
	MOVD places, tmp        \
	B    return             \
found8:                         \
	LOWEST(bits, bits)      \
	LSR  $3, bits           \
	B    add                \
found1:                         \
	LOWEST(bits, bits)      \
	LSR  $2, bits           \
	B    add                \
found:                          \
	LOWEST(bits, bits)      \
add:                            \
	SUB  start, cursor, tmp \
	ADD  bits, tmp          \
	B    return

// CLOSELY is the closer look at a block, of which V0 to V3 are the places of the pair.
#define CLOSELY \
	CBZ  more, exact        \
	ALSO(toC, byteC)        \
	ALSO(toD, byteD)        \
exact:                          \
	BITS                    \
	CBNZ bits, found        \
	SUBS $1, budget         \
	BPL  next               \
	ADD  $64, cursor        \
	B    behind

// VECTORS is a scan of fewer than 64 places, and the end of every scan: behind has the cursor as its result.
#define VECTORS \
vectors:                        \
	LIMIT(16)               \
vector:                         \
	STAND1(byteA)           \
	ALSO1(toB, byteB)       \
	BITS1                   \
	CBNZ bits, close1       \
next1:                          \
	ONWARD(16, vector)      \
close1:                         \
	CBZ  more, found1       \
	ALSO1(toC, byteC)       \
	ALSO1(toD, byteD)       \
	BITS1                   \
	CBNZ bits, found1       \
	SUBS $1, budget         \
	BPL  next1              \
	ADD  $16, cursor        \
behind:                         \
	SUB  start, cursor, tmp \
	B    return             \
	PLACES

// func scanRareNEON(p *byte, n int, s *byte, credit int) (at int, left int)
TEXT ·scanRareNEON(SB), NOSPLIT, $0-48
	MOVD p+0(FP), cursor
	MOVD n+8(FP), places
	MOVD s+16(FP), sample
	MOVD credit+24(FP), budget
	SAMPLES
	CMP  $64, places
	BLT  vectors
	LIMIT(64)
	WEIGHTS
	BLOCKS(RARE)

close:
	ALSO(toB, byteB)
	CLOSELY
	VECTORS

return:
	MOVD tmp, at+32(FP)
	MOVD budget, left+40(FP)
	RET

// func scanPairNEON(p *byte, n int, s *byte, credit int) (at int, left int)
TEXT ·scanPairNEON(SB), NOSPLIT, $0-48
	MOVD p+0(FP), cursor
	MOVD n+8(FP), places
	MOVD s+16(FP), sample
	MOVD credit+24(FP), budget
	SAMPLES
	CMP  $64, places
	BLT  vectors
	LIMIT(64)
	WEIGHTS
	BLOCKS(PAIR)

close:
	CLOSELY
	VECTORS

return:
	MOVD tmp, at+32(FP)
	MOVD budget, left+40(FP)
	RET

// func scanFullNEON(p *byte, n int, s *byte, credit int) (at int, left int)
TEXT ·scanFullNEON(SB), NOSPLIT, $0-48
	MOVD p+0(FP), cursor
	MOVD n+8(FP), places
	MOVD s+16(FP), sample
	MOVD credit+24(FP), budget
	SAMPLES
	CMP  $64, places
	BLT  vectors
	LIMIT(64)
	WEIGHTS
	BLOCKS(FULL)

close:
	BITS
	B found
	VECTORS

return:
	MOVD tmp, at+32(FP)
	MOVD budget, left+40(FP)
	RET

// func scanSetNEON(p *byte, n int, s *byte) (at int)
TEXT ·scanSetNEON(SB), NOSPLIT, $0-32
	MOVD p+0(FP), cursor
	MOVD n+8(FP), places
	MOVD s+16(FP), sample
	SET
	CMP  $64, places
	BLT  vectors
	LIMIT(64)
	WEIGHTS
	BLOCKS(MEMBER4)

close:
	BITS
	B found

vectors:
	LIMIT(16)

vector:
	FMOVQ (cursor), F0
	MEMBER(V0)
	BITS1
	CBNZ bits, found1
	ONWARD(16, vector)
	PLACES

return:
	MOVD tmp, at+24(FP)
	RET

// ROOM makes full and mask, from the room in tmp, for entries of 1<<shift bytes; and origin, which before is base.
#define ROOM(shift) \
	SUB  $64, tmp               \
	ADD  tmp<<shift, out, full  \
	SUB  start, origin          \
	MOVD $-1, mask

// ENTRY makes r the entry of the lowest of bits and clears that. If there is none, r is of no use and does no harm.
#define ENTRY(r) \
	LOWEST(bits, r)             \
	SUB  $1, bits, tmp          \
	ADD  from, r                \
	AND  tmp, bits

// ENTRIES writes the entries of the lowest two, by STP.P or STPW.P, which advances to by so many bytes.
#define ENTRIES(store, size) \
	ENTRY(tmp2)                 \
	ENTRY(second)               \
	store (tmp2, second), size(to)

// EMIT writes the entries of bits. It always writes two, and more while there are more, so that the branch that cannot
// be predicted is the one that elements of irregular length make in any case. It counts them besides, so that where the
// next round writes does not depend on how often the loop ran.
#define EMIT(store, size, shift) \
	FMOVD   bits, F4            \
	VCNT    V4.B8, V4.B8        \
	VUADDLV V4.B8, V4           \
	FMOVD   F4, tmp             \
	MOVD    out, to             \
	ADD     tmp<<shift, out     \
	ADD     origin, cursor, from \
	ENTRIES(store, size)        \
	CBZ     bits, next          \
	ENTRIES(store, size)        \
	CBZ     bits, next          \
emit:                               \
	ENTRIES(store, size)        \
	ENTRIES(store, size)        \
	CBNZ    bits, emit

// FINISH is the rest of a round that has found something: it writes the entries, and goes to the next round, or to the
// last one, of which only the new places count, or, if that was there, to return. Without room it ends at the first place
// of the round that counts.
#define FINISH(store, size, shift) \
	CMP  full, out              \
	BHI  end                    \
	EMIT(store, size, shift)    \
next:                               \
	ADD  $64, cursor            \
	CMP  last, cursor           \
	BLS  round                  \
	CMP  beyond, cursor         \
	BHS  return                 \
	SUB  last, cursor, tmp      \
	LSL  tmp, mask              \
	MOVD last, cursor           \
	B    round                  \
end:                                \
	LOWEST(mask, tmp)           \
	ADD  tmp, cursor            \
	B    return

// ROUNDS is a find-all kernel for samples.
#define ROUNDS(store, size, shift) \
round:                              \
	STAND(byteA)                \
	ALSO(toB, byteB)            \
	BITS                        \
	ANDS mask, bits             \
	BEQ  next                   \
	CBZ  more, exact            \
	ALSO(toC, byteC)            \
	ALSO(toD, byteD)            \
	BITS                        \
	ANDS mask, bits             \
	BEQ  next                   \
exact:                              \
	FINISH(store, size, shift)

// func all32NEON(dst *uint32, room int, p *byte, n int, s *byte, base uint32) (count int, done int)
TEXT ·all32NEON(SB), NOSPLIT, $0-64
	MOVD  p+16(FP), cursor
	MOVD  n+24(FP), places
	MOVD  s+32(FP), sample
	SAMPLES
	LIMIT(64)
	WEIGHTS
	MOVD  dst+0(FP), out
	MOVWU base+40(FP), origin
	MOVD  room+8(FP), tmp
	ROOM(2)

	PCALIGN $16
	ROUNDS(STPW.P, 8, 2)

return:
	MOVD dst+0(FP), tmp
	SUB  tmp, out
	LSR  $2, out
	SUB  start, cursor
	MOVD out, count+48(FP)
	MOVD cursor, done+56(FP)
	RET

// func all64NEON(dst *uint64, room int, p *byte, n int, s *byte, base uint64) (count int, done int)
TEXT ·all64NEON(SB), NOSPLIT, $0-64
	MOVD p+16(FP), cursor
	MOVD n+24(FP), places
	MOVD s+32(FP), sample
	SAMPLES
	LIMIT(64)
	WEIGHTS
	MOVD dst+0(FP), out
	MOVD base+40(FP), origin
	MOVD room+8(FP), tmp
	ROOM(3)

	PCALIGN $16
	ROUNDS(STP.P, 16, 3)

return:
	MOVD dst+0(FP), tmp
	SUB  tmp, out
	LSR  $3, out
	SUB  start, cursor
	MOVD out, count+48(FP)
	MOVD cursor, done+56(FP)
	RET

// func allSetNEON(dst *uint64, room int, p *byte, n int, s *byte, base uint64) (count int, done int)
TEXT ·allSetNEON(SB), NOSPLIT, $0-64
	MOVD p+16(FP), cursor
	MOVD n+24(FP), places
	MOVD s+32(FP), sample
	SET
	LIMIT(64)
	WEIGHTS
	MOVD dst+0(FP), out
	MOVD base+40(FP), origin
	MOVD room+8(FP), tmp
	ROOM(3)

	PCALIGN $16
round:
	MEMBERS
	BITS
	ANDS mask, bits
	BEQ  next
	FINISH(STP.P, 16, 3)

return:
	MOVD dst+0(FP), tmp
	SUB  tmp, out
	LSR  $3, out
	SUB  start, cursor
	MOVD out, count+48(FP)
	MOVD cursor, done+56(FP)
	RET

// func sameNEON(a *byte, b *byte, n int) int
//
// The cursor goes through a; b is at the distance toB. The first 16 bytes are compared as two words: most compares end
// there.
TEXT ·sameNEON(SB), NOSPLIT, $0-32
	MOVD a+0(FP), cursor
	MOVD b+8(FP), ptr
	MOVD n+16(FP), places
	MOVD cursor, start
	LDP  (cursor), (bits, tmp)
	LDP  (ptr), (tmp2, second)
	SUB  cursor, ptr, toB
	EOR  tmp2, bits
	CBNZ bits, found8
	EOR  second, tmp, bits
	ADD  $8, cursor
	CBNZ bits, found8
	ADD  $8, cursor
	CMP  $64, places
	BLT  vectors
	LIMIT(64)
	WEIGHTS
	FROM(block)

	PCALIGN $16
block:
	ADD   toB, cursor, ptr
	FLDPQ (cursor), (F0, F1)
	FLDPQ (ptr), (F4, F5)
	FLDPQ 32(cursor), (F2, F3)
	FLDPQ 32(ptr), (F6, F7)
	VEOR  V4.B16, V0.B16, V0.B16
	VEOR  V5.B16, V1.B16, V1.B16
	VEOR  V6.B16, V2.B16, V2.B16
	VEOR  V7.B16, V3.B16, V3.B16
	ANY
	CBNZ  bits, close
	ONWARD(64, block)

close:
	VCMTST V0.B16, V0.B16, V0.B16
	VCMTST V1.B16, V1.B16, V1.B16
	VCMTST V2.B16, V2.B16, V2.B16
	VCMTST V3.B16, V3.B16, V3.B16
	BITS
	B      found

vectors:
	LIMIT(16)
	FROM(vector)

vector:
	ADD    toB, cursor, ptr
	FMOVQ  (cursor), F0
	FMOVQ  (ptr), F4
	VEOR   V4.B16, V0.B16, V0.B16
	VCMTST V0.B16, V0.B16, V0.B16
	BITS1
	CBNZ   bits, found1
	ONWARD(16, vector)
	PLACES

return:
	MOVD tmp, ret+24(FP)
	RET
