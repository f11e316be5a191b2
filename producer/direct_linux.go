package producer

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// sendDirect lets the head, which is a Direct, send a batch.
func (q *Queue) sendDirect(fd int) (int64, error) {
	it := q.at(q.head)
	if it.state == failed {
		return 0, fmt.Errorf("producer: %w", it.err)
	}
	n, err := it.prod.(Direct).SendTo(fd, q.sys.maxBatchBytes())
	switch {
	case err == io.EOF:
		q.head++
		q.retire()
		err = nil
	case err == nil, errors.Is(err, ErrBlocked), errors.Is(err, ErrNotReady):
	default:
		if _, socket := err.(*os.SyscallError); !socket {
			it.state, it.err = failed, err
			err = fmt.Errorf("producer: %w", err)
		}
	}
	return int64(n), err
}
