package wheel_test

import (
	"fmt"

	"github.com/millrace-net/millrace/loop/internal/wheel"
)

// conn embeds the timers that it needs.
type conn struct {
	name            string
	idle, handshake wheel.Timer
}

func (c *conn) idleExpired(t *wheel.Timer) { fmt.Println(c.name, "idle since", t.When()-30_000) }

func (c *conn) handshakeExpired(*wheel.Timer) { fmt.Println(c.name, "did not finish its handshake") }

func Example() {
	var w wheel.Wheel
	w.Init(0)
	a, b := &conn{name: "a"}, &conn{name: "b"}
	for _, c := range []*conn{a, b} {
		c.idle.Expired, c.handshake.Expired = c.idleExpired, c.handshakeExpired
		w.Arm(&c.idle, 30_000)
		w.Arm(&c.handshake, 5_000)
	}
	w.Advance(2_000)
	w.Cancel(&a.handshake)
	w.Arm(&a.idle, 32_000)

	// A loop sleeps until Next, or until an event wakes it.
	for now, ok := w.Next(); ok; now, ok = w.Next() {
		w.Advance(now)
	}
	// Output:
	// b did not finish its handshake
	// b idle since 0
	// a idle since 2000
}
