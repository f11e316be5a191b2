//go:build linux

package loop

import (
	"net"
	"time"
)

const (
	minBackoff = 5 * time.Millisecond
	maxBackoff = 500 * time.Millisecond
)

// backoff is the time for which accepting pauses, which grows with each failure.
type backoff struct {
	wait   time.Duration // 0: accepting goes well
	retry  *Timer
	logged time.Time
}

// pause has resume called after a while, and says why, at most once a second.
func (b *backoff) pause(l *Loop, addr net.Addr, why error, resume func()) {
	b.wait = min(max(2*b.wait, minBackoff), maxBackoff)
	l.stats.AcceptPauses++
	if now := time.Now(); now.Sub(b.logged) >= time.Second {
		b.logged = now
		l.opts.Logger.Warn("millrace: accepting pauses", "addr", addr, "err", why, "for", b.wait)
	}
	if b.retry == nil {
		b.retry = l.After(b.wait, resume)
	} else {
		b.retry.Reset(b.wait)
	}
}

// within has a pause that began just now end after left at the latest.
func (b *backoff) within(left time.Duration) {
	if left < b.wait {
		b.retry.Reset(left)
	}
}

// reset is for an accept that went well.
func (b *backoff) reset() { b.wait = 0 }

func (b *backoff) stop() {
	if b.retry != nil {
		b.retry.Stop()
	}
}
