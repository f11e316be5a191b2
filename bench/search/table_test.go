package main

import (
	"strings"
	"testing"
)

func TestShort(t *testing.T) {
	for _, tt := range []struct {
		x    float64
		want string
	}{
		{0, "0.000000"}, {0.00015, "0.000150"}, {0.0123, "0.0123"}, {0.5, "0.500"}, {1, "1.00"},
		{9.87654, "9.88"}, {75.55, "75.5"}, {123.4, "123"}, {45678.9, "45679"},
	} {
		if got := short(tt.x); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.x, got, tt.want)
		}
	}
}

func TestWriteAligned(t *testing.T) {
	var b strings.Builder
	if err := writeAligned(&b, [][]string{{"a", "b", "c"}, nil, {"long", "é", "123"}}, 1); err != nil {
		t.Fatal(err)
	}
	if want := "a     b    c\n\nlong  é  123\n\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

func TestSizeName(t *testing.T) {
	for n, want := range map[int]string{64: "64B", 1448: "1448B", 4 << 10: "4KiB", 1 << 20: "1MiB"} {
		if got := sizeName(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
