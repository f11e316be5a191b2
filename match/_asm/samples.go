package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The layout of match.samples: five bytes, then at offsetsAt five 16-bit offsets.
const (
	low       = 0 // the pair's first byte
	high      = 1 // and its second
	third     = 2 // two more, which confirm
	fourth    = 3
	rare      = 4 // the byte of the pair that is scanned for alone
	moreAt    = 5 // 1 if third and fourth say more than the pair
	offsetsAt = 6
)

// pointer returns p plus the offset of sample k.
func pointer(p, s reg.Register, k int) reg.Register {
	q := GP64()
	MOVWQZX(operand.Mem{Base: s, Disp: offsetsAt + 2*k}, q)
	ADDQ(p, q)
	return q
}

// at is the place i + disp behind p.
func at(p, i reg.Register, disp int) operand.Mem {
	return operand.Mem{Base: p, Index: i, Scale: 1, Disp: disp}
}
