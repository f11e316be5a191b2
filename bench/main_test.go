package bench

import (
	"testing"

	"github.com/millrace-net/millrace/internal/leaks"
)

func TestMain(m *testing.M) {
	describeMachine()
	leaks.Main(m)
}
