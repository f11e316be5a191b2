package wheel

import "fmt"

// check tells whether the invariants of the wheel and of every armed timer hold. It looks at every list, and is for
// tests.
func (w *Wheel) check() error {
	if w.cursor > w.clock {
		return fmt.Errorf("cursor %d is ahead of the clock %d", msOf(w.cursor), msOf(w.clock))
	}
	count := 0
	for list := range w.lists {
		n, err := w.checkList(list)
		if err != nil {
			return fmt.Errorf("list %d: %w", list, err)
		}
		count += n
		if list >= dueList {
			continue
		}
		level, slot := list/slotCount, list&slotMask
		if (n != 0) != (w.slots[level]>>slot&1 == 1) {
			return fmt.Errorf("level %d slot %d: %d timers, bitmap %#x", level, slot, n, w.slots[level])
		}
	}
	for level, m := range w.slots {
		if (m != 0) != (w.used>>level&1 == 1) {
			return fmt.Errorf("level %d: bitmap %#x, levels in use %#x", level, m, w.used)
		}
	}
	if count != w.count {
		return fmt.Errorf("%d timers in lists, count %d", count, w.count)
	}
	return nil
}

// checkList checks one list and returns its length.
func (w *Wheel) checkList(list int) (int, error) {
	head := w.lists[list]
	n := 0
	for t := head; t != nil; {
		tick := tickOf(t.whenMs)
		switch {
		case !t.Armed() || t.prev == nil:
			return 0, fmt.Errorf("timer %d is in the list and not armed", n)
		case t.next.prev != t:
			return 0, fmt.Errorf("timer %d: the links do not meet", n)
		case int(t.list) != list:
			return 0, fmt.Errorf("timer %d says list %d", n, t.list)
		case list >= dueList && tick > w.clock:
			return 0, fmt.Errorf("timer %d for %d counts as late at %d", n, t.whenMs, msOf(w.clock))
		case list < dueList && tick < w.cursor:
			return 0, fmt.Errorf("timer %d for %d lies behind the cursor %d", n, t.whenMs, msOf(w.cursor))
		case list < dueList && listOf(tick, w.cursor) != list:
			return 0, fmt.Errorf("timer %d for %d belongs to list %d", n, t.whenMs, listOf(tick, w.cursor))
		}
		n++
		if t = t.next; t == head {
			break
		}
		if n > w.count {
			return 0, fmt.Errorf("more than the %d timers of the wheel", w.count)
		}
	}
	return n, nil
}
