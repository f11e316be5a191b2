//go:build linux

package ftp

import (
	"testing"

	"github.com/millrace-net/millrace/examples/internal/clienttest"
)

func TestMain(m *testing.M) { clienttest.Leakless(m) }
