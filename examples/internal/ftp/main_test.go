//go:build linux

package ftp

import (
	"testing"

	"github.com/millrace-net/millrace/internal/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }
