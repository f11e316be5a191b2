package main

import (
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/sys/unix"
)

// progressPace is how often the bar is drawn: it costs the load a moment each time.
const progressPace = 200 * time.Millisecond

// progress is a bar on standard error.
type progress struct {
	load *load
	bar  *progressbar.ProgressBar
	next int64 // when it is drawn again
}

// newProgress makes a bar, or none unless it is wanted and there is a terminal.
func newProgress(l *load) *progress {
	if _, err := unix.IoctlGetTermios(unix.Stderr, unix.TCGETS); err != nil || !l.options.progress {
		return nil
	}
	_, whole := l.done(0)
	return &progress{load: l, bar: progressbar.NewOptions64(whole,
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetDescription(l.options.mode),
		progressbar.OptionSetPredictTime(false))}
}

// act implements pacer.
func (p *progress) act(now int64) (next int64, err error) {
	if now >= p.next {
		p.next = now + int64(progressPace)
		part, whole := p.load.done(now)
		_ = p.bar.Set64(min(part, whole)) // the load goes on without it
	}
	return p.next, nil
}

// clear makes room for other output.
func (p *progress) clear() { _ = p.bar.Clear() }

// done returns how much of the load is done, and how much there is to do, in whatever it is that ends the load.
func (l *load) done(now int64) (part, whole int64) {
	switch o := l.options; {
	case o.mode == "idle":
		return int64(len(l.conns)), int64(o.conns)
	case o.messages > 0:
		return l.answered, o.messages
	default:
		if l.begun > 0 {
			part = now - l.begun
		}
		return part / int64(time.Millisecond), int64((o.warmup + o.duration) / time.Millisecond)
	}
}
