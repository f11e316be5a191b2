package wheel

import (
	"math"
	"testing"
)

// FuzzWheel reads its input as operations of four bytes on a wheel and on the model: what to do, to which timer, and a
// distance in milliseconds as a mantissa and a power of two. Inside Expired it goes on with the bytes that follow.
func FuzzWheel(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 1, 10, 0, 2, 0, 10, 0})                             // arm, fire
	f.Add([]byte{0, 1, 200, 20, 0, 2, 200, 20, 2, 0, 250, 20, 1, 2})    // two far ones in one slot
	f.Add([]byte{0, 1, 5, 0, 2, 0, 9, 0, 3, 1, 5, 0, 2, 0, 0, 0})       // armed again for the past inside Expired
	f.Add([]byte{4, 3, 63, 2, 0, 3, 1, 0, 2, 0, 64, 0, 5, 0, 1, 1})     // the clock goes back
	f.Add([]byte{0, 1, 255, 62, 0, 2, 128, 55, 5, 0, 0, 0, 5, 0, 0, 0}) // the highest levels
	f.Fuzz(func(t *testing.T, ops []byte) {
		d := newDriver(t, 0)
		ops = ops[:min(len(ops), 4*500)]
		next := func() (op, id int, distMs int64, ok bool) {
			if len(ops) < 4 {
				return 0, 0, 0, false
			}
			op, id = int(ops[0]%8), int(ops[1]%driverTimers)
			distMs = int64(ops[2]) << (ops[3] % 54)
			ops = ops[4:]
			return op, id, distMs, true
		}
		d.onFire = func(int) {
			if op, id, distMs, ok := next(); ok {
				d.change(op, id, distMs)
			}
		}
		for {
			op, id, distMs, ok := next()
			if !ok {
				break
			}
			switch {
			case op == 2 && d.nowMs < math.MaxInt64-distMs:
				d.advance(d.nowMs + distMs)
			case op == 4:
				d.advance(d.nowMs - distMs)
			case op == 5:
				if at, ok := d.w.Next(); ok {
					d.advance(at)
				}
			default:
				d.change(op, id, distMs)
			}
			d.compare()
		}
	})
}

// change arms or cancels a timer; a time out of the range of int64 becomes its end.
func (d *driver) change(op, id int, distMs int64) {
	switch whenMs := d.nowMs + distMs; {
	case op == 1:
		d.cancel(id)
	case op == 3:
		d.arm(id, d.nowMs-distMs)
	case whenMs < d.nowMs:
		d.arm(id, math.MaxInt64)
	default:
		d.arm(id, whenMs)
	}
}
