//go:build linux

package chat

import (
	"errors"
	"testing"

	"github.com/millrace-net/millrace/loop"
)

func TestOptions(t *testing.T) {
	for _, queue := range []int{-1, 0, MinQueue - 1, MaxQueue + 1} {
		if _, err := Options(queue); !errors.Is(err, ErrQueue) {
			t.Errorf("a queue of %d: %v", queue, err)
		}
	}
	for _, queue := range []int{MinQueue, DefaultQueue, MaxQueue} {
		o, err := Options(queue)
		if err != nil {
			t.Fatalf("a queue of %d: %v", queue, err)
		}
		l, err := loop.NewLoop(o)
		if err != nil {
			t.Fatalf("a queue of %d: %v", queue, err)
		}
		l.Close()
	}
}
