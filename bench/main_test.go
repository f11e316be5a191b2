package bench

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	describeMachine()
	os.Exit(m.Run())
}
