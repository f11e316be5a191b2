package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// maxMemory is more than any server needs for what the tests have in flight, and less than they send in all.
const maxMemory = 100 << 20

func TestEcho(t *testing.T) {
	forEach(t, modeEcho, func(t *testing.T, s *server) {
		echoRandomSizes(t, s)
		echoStream(t, s)
		echoWindows(t, s)
	})
}

// random returns random bytes.
func random(n int) []byte {
	p := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(n)})
	_, _ = r.Read(p)
	return p
}

// echoRandomSizes writes in pieces of random sizes.
func echoRandomSizes(t *testing.T, s *server) {
	c := s.dial(t)
	data := random(1 << 20)
	failed := make(chan error, 1)
	go func() {
		for rest := data; len(rest) > 0; {
			n, err := c.Write(rest[:min(len(rest), 1+rand.IntN(8<<10))])
			if err != nil {
				failed <- err
				return
			}
			rest = rest[n:]
		}
		failed <- nil
	}()
	expect(t, c, data)
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
}

// echoStream writes more at once than there is room for on the way to the server and back.
func echoStream(t *testing.T, s *server) {
	c := s.dial(t)
	data := random(streamSize)
	stream(t, c, data, func() { expect(t, c, data) })
}

// echoWindows has eight clients that each keep four chunks in flight, and demands that the server's memory is bounded.
func echoWindows(t *testing.T, s *server) {
	const clients, chunks, window = 8, 256, 4
	failed := make(chan error, clients)
	for range clients {
		c := s.dial(t)
		go func() { failed <- echoWindow(c, chunks, window) }()
	}
	for range clients {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	if kib := peakMemory(t, s.cmd.Process.Pid); kib<<10 > maxMemory {
		t.Errorf("the server took %d MiB", kib>>10)
	}
}

// echoWindow sends chunks, each when the one before by the window has come back.
func echoWindow(c io.ReadWriter, chunks, window int) error {
	free := make(chan struct{}, window)
	failed := make(chan error, 1)
	data := random(64 << 10)
	go func() {
		for range chunks {
			free <- struct{}{}
			if _, err := c.Write(data); err != nil {
				failed <- err
				return
			}
		}
		failed <- nil
	}()
	got := make([]byte, len(data))
	for i := range chunks {
		if _, err := io.ReadFull(c, got); err != nil {
			return err
		}
		if !bytes.Equal(got, data) {
			return fmt.Errorf("chunk %d is another than was sent", i)
		}
		<-free
	}
	return <-failed
}

// peakMemory returns the most that a process had resident, in KiB.
func peakMemory(t *testing.T, pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	var kib int
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib
}
