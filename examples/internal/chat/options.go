//go:build linux

package chat

import (
	"errors"
	"fmt"

	"github.com/millrace-net/millrace/loop"
)

// Sizes, in bytes.
const (
	MaxLine = 4 << 10 // the longest line, its end not counted
	MaxName = 32      // the longest nickname

	DefaultQueue = 256 << 10 // output that may wait for one member
	MinQueue     = 64 << 10  // the least that Options takes: four batches of a link
	MaxQueue     = 1 << 30   // the most
)

// ErrQueue is what the error of Options wraps: the size makes no sense.
var ErrQueue = errors.New("chat: bad queue size")

// Options returns the options of a set that runs a room and nothing else. A member for whom more than queueBytes bytes
// wait, from MinQueue to MaxQueue, is put out; from half of that on it is not read either. Any goroutine.
//
// A room also works under other options: New keeps to MaxLine by itself.
func Options(queueBytes int) (loop.Options, error) {
	if queueBytes < MinQueue || queueBytes > MaxQueue {
		return loop.Options{}, fmt.Errorf("%w: %d bytes, not %d to %d", ErrQueue, queueBytes, MinQueue, MaxQueue)
	}
	return loop.Options{
		// Not ReusePort, under which a second server could share the port unseen.
		Balance: loop.LeastConns,
		// A small ring: what one sender says in a turn has to fit in the queues of all others.
		RingBytes:  16 << 10,
		MaxElement: MaxLine,
		Oversize:   loop.DiscardOversize,
		HighWater:  queueBytes / 2,
		MaxOutput:  queueBytes,
		Overflow:   loop.CloseOverflow,
	}, nil
}
