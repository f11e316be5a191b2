//go:build linux

package httpd

import (
	"fmt"
	"time"
)

// check verifies the worker's invariant, between callbacks.
func (w *worker) check() error {
	for i, e := range w.idle {
		if e.started || e.late || e.worker != w || e.req.method != methodNone {
			return fmt.Errorf("idle body %d has state: %+v", i, e)
		}
		for _, other := range w.idle[:i] {
			if other == e {
				return fmt.Errorf("body %d was given back twice", i)
			}
		}
	}
	return w.clock.check()
}

func (k *clock) check() error {
	if !k.fresh {
		return nil
	}
	at, err := time.Parse(timeFormat, string(k.date))
	if err != nil {
		return fmt.Errorf("the date is %q: %w", k.date, err)
	}
	if age := time.Since(at); k.timer == nil || age > 10*time.Second {
		return fmt.Errorf("a fresh date is %v old", age)
	}
	return nil
}

// check verifies what holds after parse returned 0.
func (r *request) check() error {
	switch {
	case len(r.path) == 0:
		return fmt.Errorf("no path")
	case r.length < -1:
		return fmt.Errorf("length %d", r.length)
	case r.minor > 1 || r.minor == 1 && r.hosts != 1:
		return fmt.Errorf("HTTP/1.%d with %d hosts", r.minor, r.hosts)
	case r.minor == 0 && !r.close && !r.saysKeep, r.saysClose && !r.close:
		return fmt.Errorf("close is %v", r.close)
	case r.chunked:
		return fmt.Errorf("a Transfer-Encoding passed")
	}
	return nil
}
