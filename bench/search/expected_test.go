package main

import "testing"

func TestExpected(t *testing.T) {
	for _, tt := range []struct {
		text     string
		literals []string
		task     task
		want     answer
	}{
		{"abc", []string{"x"}, load, 3},
		{"abc", []string{"c"}, first, 2},
		{"abc", []string{"x"}, first, absent},
		{"a\r\nbc\r\n\r\nd\r", []string{"\r\n"}, elements, pack(3, 1+5+7)},
		{"a\r\nbc\r\n\r\nd\r", []string{"\r\n"}, stream, pack(3, 1+5+7+1)},
		{"a\nbc\r\nd", []string{"\n", "\r\n"}, elements, pack(2, 1+4)},
		{"aaaaa", []string{"aa"}, stream, pack(2, 0+2+1)},
		{"xabab", []string{"ababa"}, stream, pack(0, 4)},
		{"", []string{"a"}, stream, pack(0, 0)},
	} {
		c := &searchCase{text: text{bytes: []byte(tt.text)}, answers: map[task]answer{}}
		for _, l := range tt.literals {
			c.literals = append(c.literals, text{bytes: []byte(l)})
		}
		if got := c.expected(tt.task); got != tt.want {
			t.Errorf("%q in %q, task %d: %#x, want %#x", tt.literals, tt.text, tt.task, got, tt.want)
		}
	}
}

func TestPack(t *testing.T) {
	if count, sum := unpack(pack(8192, 1<<39)); count != 8192 || sum != 1<<39 {
		t.Errorf("%d elements, sum %d", count, sum)
	}
}

func TestTwinOf(t *testing.T) {
	original := []byte("abcdef")
	if got := string(twinOf(original, []byte("xy"))); got != "abcdxy" || string(original) != "abcdef" {
		t.Errorf("twin %q of %q", got, original)
	}
	if twinOf(original, []byte("1234567")) != nil {
		t.Error("a twin for a literal that is longer than the text")
	}
}
