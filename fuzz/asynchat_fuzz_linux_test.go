package fuzz

import (
	"testing"

	"github.com/millrace-net/millrace/fuzz/internal/chat"
)

// FuzzChat makes a script of its input, and compares what a connection does with what the model of asynchat owes.
func FuzzChat(f *testing.F) {
	f.Add([]byte("hello\r\nworld\r\n"), []byte{0, 0, 1, 7}, []byte{3, 1})
	r := newChatRunners(f)
	f.Fuzz(func(t *testing.T, stream, plan, cuts []byte) {
		s := chat.Decode(stream, plan, cuts)
		_, want, _ := chat.Model(s)
		sameTrace(t, s, "the model", want, "here", r.run(t, s))
	})
}
