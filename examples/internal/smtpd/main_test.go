//go:build linux

package smtpd

import (
	"testing"

	"github.com/millrace-net/millrace/examples/internal/clienttest"
)

func TestMain(m *testing.M) { clienttest.Leakless(m) }
