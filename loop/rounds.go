//go:build linux

package loop

import "time"

// Rounds runs rounds of Poll on the calling goroutine until nothing is left on the loop, neither a
// channel nor something posted, or count of them were run: asyncore's loop(timeout, count). A
// negative count means no limit. timeout is each Poll's. The loop can be used further after it. It
// returns nil, or the error of Poll.
func (l *Loop) Rounds(timeout time.Duration, count int) error {
	for ; count != 0 && !l.idle(); count-- {
		if err := l.Poll(timeout); err != nil {
			return err
		}
	}
	return nil
}
