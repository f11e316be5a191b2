package wheel

import (
	"fmt"
	"math/bits"
)

const (
	slotBits  = 6             // one digit
	slotCount = 1 << slotBits // slots a level
	slotMask  = slotCount - 1
	levels    = 11 // 11 digits of 6 bits hold 64 bits

	// Lists that follow the slots in Wheel.lists.
	dueList   = levels * slotCount // being fired by an Advance
	lateList  = dueList + 1        // armed for a time that had passed
	listCount = lateList + 1
)

// Wheel is a set of timers ordered by time. It must not be copied after Init. One goroutine uses it.
//
// Invariant: cursor ≤ clock; a timer in a slot lies in the level and slot that place gives for its tick, and that slot
// does not lie behind the cursor; a bit of slots or used is set exactly when its slot or level holds a timer.
type Wheel struct {
	lists  [listCount]*Timer // heads of circular lists, oldest first
	slots  [levels]uint64    // bit s of slots[l]: slot s of level l holds a timer
	used   uint32            // bit l: level l holds a timer
	count  int
	cursor uint64 // the tick up to which slots were emptied; behind the clock only within Advance and after a panic
	clock  uint64 // the latest tick given to Init or Advance
}

// tickOf maps time to ticks and keeps its order, negative times included.
func tickOf(ms int64) uint64 { return uint64(ms) ^ 1<<63 }

func msOf(tick uint64) int64 { return int64(tick ^ 1<<63) }

// Init empties the wheel and sets its clock to nowMs, in milliseconds from any fixed start. It is for a wheel that
// holds no timer: one that is armed would be left with links to a list that is gone.
func (w *Wheel) Init(nowMs int64) {
	if w.count != 0 {
		panic(fmt.Sprintf("wheel: Init with %d timers armed", w.count))
	}
	*w = Wheel{cursor: tickOf(nowMs), clock: tickOf(nowMs)}
}

// Len is the number of armed timers.
func (w *Wheel) Len() int { return w.count }

// Arm sets t to fire at the first Advance to whenMs or later. If t is armed already it is moved. A time that is not
// after the wheel's clock counts as the clock's: t fires at the next Advance, but not in one that is under way. O(1).
// It panics if t has no Expired.
func (w *Wheel) Arm(t *Timer, whenMs int64) {
	if t.Expired == nil {
		panic("wheel: Arm of a timer without Expired")
	}
	if t.Armed() {
		w.unlink(t)
	}
	t.whenMs = whenMs
	if tickOf(whenMs) <= w.clock {
		w.link(t, lateList)
		return
	}
	w.place(t)
}

// Cancel disarms t and reports whether it was armed. O(1).
func (w *Wheel) Cancel(t *Timer) bool {
	if !t.Armed() {
		return false
	}
	w.unlink(t)
	return true
}

// Advance sets the clock to nowMs and fires every timer that is due, each once. First come the timers that were late
// when they were armed, in the order of arming; then the others in order of time, equal times in the order of arming.
// A timer that is armed during Advance for nowMs or before waits for the next one.
//
// A clock that goes backwards fires nothing: the wheel waits until the clock is back where it was. If an Expired
// panics, that timer is disarmed, and the next Advance goes on with the others.
func (w *Wheel) Advance(nowMs int64) {
	now := tickOf(nowMs)
	switch {
	case now < w.clock:
	case w.count == 0:
		w.clock, w.cursor = now, now
	default:
		w.advance(now)
	}
}

func (w *Wheel) advance(now uint64) {
	w.clock = now
	for t := w.lists[lateList]; t != nil; t = w.lists[lateList] {
		w.unlink(t)
		w.link(t, dueList)
	}
	w.fire(dueList)
	for {
		list, start, ok := w.first()
		if !ok || start > now {
			break
		}
		w.cursor = start
		if list < slotCount {
			w.fire(list)
		} else {
			w.cascade(list)
		}
	}
	// No slot starts between the cursor and now, so the place of every timer is the same seen from either.
	w.cursor = now
}

// Next is a lower bound for the time in milliseconds at which Advance has something to fire, and false if no timer is
// armed. It is exact if the earliest timer is in the lowest level or late; a late timer counts as due at the wheel's
// clock. Advancing to the bound makes the next bound larger, so that a loop that sleeps until Next comes to each timer
// after ten wake-ups at most.
func (w *Wheel) Next() (whenMs int64, ok bool) {
	_, tick, ok := w.first()
	if w.lists[lateList] != nil || w.lists[dueList] != nil {
		if !ok || w.clock < tick {
			tick = w.clock
		}
		ok = true
	}
	if !ok {
		return 0, false
	}
	return msOf(tick), true
}

// first finds the earliest slot that holds a timer, and the tick at which it starts.
func (w *Wheel) first() (list int, start uint64, ok bool) {
	if w.used == 0 {
		return 0, 0, false
	}
	level := bits.TrailingZeros32(w.used)
	slot := bits.TrailingZeros64(w.slots[level])
	shift := level * slotBits
	above := shift + slotBits // 66 at the top level, where nothing is above: Go shifts everything out
	start = w.cursor>>above<<above | uint64(slot)<<shift
	return level*slotCount + slot, start, true
}

// fire empties a list. The timer is unlinked before the call, so that a panic leaves the wheel whole. The loop ends,
// because Arm puts nothing into a list that is being fired.
func (w *Wheel) fire(list int) {
	for t := w.lists[list]; t != nil; t = w.lists[list] {
		w.unlink(t)
		t.Expired(t)
	}
}

// cascade spreads a slot that the cursor has just entered over the levels below.
func (w *Wheel) cascade(list int) {
	for t := w.lists[list]; t != nil; t = w.lists[list] {
		w.unlink(t)
		w.place(t)
	}
}

// place links a timer whose tick is not behind the cursor.
func (w *Wheel) place(t *Timer) {
	w.link(t, listOf(tickOf(t.whenMs), w.cursor))
}

// listOf is the slot for a tick, seen from a cursor: the highest digit in which they differ gives the level, and the
// tick's digit there the slot.
func listOf(tick, cursor uint64) int {
	level := (bits.Len64((tick^cursor)|slotMask) - 1) / slotBits
	return level*slotCount + int(tick>>(level*slotBits)&slotMask)
}

// link appends t to a list.
func (w *Wheel) link(t *Timer, list int) {
	w.count++
	t.list = uint16(list)
	head := w.lists[list]
	if head != nil {
		last := head.prev
		t.prev, t.next = last, head
		last.next, head.prev = t, t
		return
	}
	t.prev, t.next = t, t
	w.lists[list] = t
	if list < dueList {
		level := list / slotCount
		w.slots[level] |= 1 << (list & slotMask)
		w.used |= 1 << level
	}
}

// unlink takes t out of its list.
func (w *Wheel) unlink(t *Timer) {
	w.count--
	list := int(t.list)
	next, prev := t.next, t.prev
	t.next, t.prev = nil, nil
	if next != t {
		prev.next, next.prev = next, prev
		if w.lists[list] == t {
			w.lists[list] = next
		}
		return
	}
	w.lists[list] = nil
	if list < dueList {
		level := list / slotCount
		w.slots[level] &^= 1 << (list & slotMask)
		if w.slots[level] == 0 {
			w.used &^= 1 << level
		}
	}
}
