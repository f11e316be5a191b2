package match

import (
	"errors"
	"fmt"
)

// The causes for which a constructor refuses a terminator. What it returns wraps one of them with the detail, so test
// with errors.Is.
var (
	// ErrEmpty: a literal of no bytes, or an Any of no literals. To collect without end, use None.
	ErrEmpty = errors.New("match: empty terminator")
	// ErrTooLong: a literal of more than MaxLiteral bytes, or an Any of more than MaxAnyBytes bytes in all.
	ErrTooLong = errors.New("match: terminator too long")
	// ErrNegative: a Count below zero.
	ErrNegative = errors.New("match: negative count")
)

// checkLiteral refuses what no literal may be.
func checkLiteral(b []byte) error {
	if len(b) == 0 {
		return fmt.Errorf("%w: a literal has at least one byte", ErrEmpty)
	}
	if len(b) > MaxLiteral {
		return fmt.Errorf("%w: a literal of %d bytes, the limit is %d", ErrTooLong, len(b), MaxLiteral)
	}
	return nil
}
