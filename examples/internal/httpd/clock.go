//go:build linux

package httpd

import (
	"time"

	"github.com/millrace-net/millrace/loop"
)

// timeFormat is the form of a date in a header: IMF-fixdate of RFC 9110 section 5.6.7. The time must be in UTC.
const timeFormat = "Mon, 02 Jan 2006 15:04:05 GMT"

// clock keeps the text of the present second for the Date of replies. A timer makes it stale, so that a
// reply reads no clock, and an idle loop is woken once and no more.
//
// Invariant: fresh ⇒ the timer is armed and date is at most a second (and the timer's lateness) old.
type clock struct {
	loop   *loop.Loop
	change func() // called when date has changed
	timer  *loop.Timer
	date   []byte
	fresh  bool
}

func (k *clock) init(l *loop.Loop, change func()) { k.loop, k.change = l, change }

// read brings date up to date.
func (k *clock) read() {
	if !k.fresh {
		k.set(time.Now())
	}
}

func (k *clock) set(now time.Time) {
	k.date = now.UTC().AppendFormat(k.date[:0], timeFormat)
	left := time.Second - time.Duration(now.Nanosecond())
	if k.timer == nil {
		k.timer = k.loop.After(left, func() { k.fresh = false })
	} else {
		k.timer.Reset(left)
	}
	k.fresh = true
	k.change()
}

// parseTime reads a date in any of the three forms of RFC 9110 section 5.6.7.
func parseTime(p []byte) (t time.Time, ok bool) {
	for _, layout := range []string{timeFormat, "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC} {
		if t, err := time.Parse(layout, string(p)); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
