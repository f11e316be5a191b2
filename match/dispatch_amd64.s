//go:build gc && !purego

#include "go_asm.h"
#include "textflag.h"

// Every scan has one entry, which jumps to the kernel of the tier in force: the arguments stay where they are, and the Go
// functions around it are small enough to be inlined into the searches.

// A tier's number is compared with avx2; below it are sse2 and generic, above it avx512.
#define DISPATCH(on512, on2, onSSE2, onGeneric) \
	MOVL ·active(SB), AX        \
	CMPL AX, $const_avx2        \
	JNE  other                  \
	JMP  on2(SB)                \
other:                              \
	JHI  wider                  \
	CMPL AX, $const_generic     \
	JEQ  plain                  \
	JMP  onSSE2(SB)             \
wider:                              \
	JMP  on512(SB)              \
plain:                              \
	JMP  onGeneric(SB)

// func scanRareBest(p *byte, n int, s *samples, credit int) (at, left int)
TEXT ·scanRareBest(SB), NOSPLIT, $0-48
	DISPATCH(·scanRareAVX512, ·scanRareAVX2, ·scanRareSSE2, ·scanRarePlain)

// func scanPairBest(p *byte, n int, s *samples, credit int) (at, left int)
TEXT ·scanPairBest(SB), NOSPLIT, $0-48
	DISPATCH(·scanPairAVX512, ·scanPairAVX2, ·scanPairSSE2, ·scanPairPlain)

// func scanFullBest(p *byte, n int, s *samples, credit int) (at, left int)
TEXT ·scanFullBest(SB), NOSPLIT, $0-48
	DISPATCH(·scanFullAVX512, ·scanFullAVX2, ·scanFullSSE2, ·scanPairPlain)
