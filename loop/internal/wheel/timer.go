package wheel

// Timer is a node of a [Wheel], made to be embedded in what it times. The zero value is not armed. It is 40 bytes on
// 64-bit systems. An armed Timer must not be copied, and must not be used with another wheel.
//
// Invariant: next, prev and list are set while the timer is armed; next and prev are nil otherwise.
type Timer struct {
	// Expired is called by [Wheel.Advance], on its goroutine, with the timer when it is due. The timer is no longer armed
	// then, and Expired may arm or cancel any timer of the wheel, this one included. It must not call Advance. It is
	// set once, before the first Arm.
	Expired func(t *Timer)

	next, prev *Timer
	whenMs     int64
	list       uint16
}

// Armed reports whether the timer waits in a wheel.
func (t *Timer) Armed() bool { return t.next != nil }

// When is the time in milliseconds that the timer was last armed for; 0 if it never was. It keeps its value when the
// timer fires or is cancelled.
func (t *Timer) When() int64 { return t.whenMs }
