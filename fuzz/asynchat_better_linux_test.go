package fuzz

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/fuzz/internal/chat"
	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
)

// better calls compare with the goldens of a class that meet d and nothing else, and demands that there are many.
func better(t *testing.T, class string, d chat.Difference, compare func(s *chat.Script, cpython, ours []string)) {
	t.Helper()
	const few = 20
	r, n := newChatRunners(t), 0
	for _, trial := range goldens(t) {
		s := trial.Script
		if s.Class != class {
			continue
		}
		if _, _, met := chat.Model(s); met != d {
			continue
		}
		compare(s, trial.Trace, r.run(t, s))
		n++
	}
	if t.Logf("%d scripts", n); n < few {
		t.Errorf("only %d scripts of class %q meet %v", n, class, d)
	}
}

// consumed puts together what a trace says was received: what was collected, and the terminators found behind it.
func consumed(lines []string) string {
	var all strings.Builder
	for _, line := range lines {
		if line[0] == '+' {
			all.WriteString(line[1:])
		} else if lit, ok := strings.CutPrefix(line, "!="); ok {
			all.WriteString(lit)
		}
	}
	return all.String()
}

// asynchat loses the bytes that it holds back when the stream ends; here they are delivered before the close.
func TestBetterHeldPrefix(t *testing.T) {
	better(t, "held", chat.LosesHeld, func(s *chat.Script, cpython, ours []string) {
		stream := s.Stream.String()
		if got := consumed(ours); got != stream {
			t.Fatalf("%s\ndelivered %q", s, got)
		}
		lost, ok := strings.CutPrefix(stream, consumed(cpython))
		if !ok || lost == "" || !strings.HasPrefix(s.Term.Lit.String(), lost) {
			t.Fatalf("%s\nasynchat lost %q", s, lost)
		}
		if n := len(ours); ours[n-2] != "end peer" || !strings.HasSuffix(ours[n-3], lost) {
			t.Fatalf("%s\n%q", s, ours)
		}
	})
}

// asynchat goes on with what it has read after close and close_when_done; here nothing is delivered any more.
func TestBetterNothingAfterClose(t *testing.T) {
	fired := 0
	better(t, "closes", chat.ParsesClosed, func(s *chat.Script, cpython, ours []string) {
		at := slices.IndexFunc(ours, func(line string) bool { return line == "x" || line == "w" }) + 1
		if at == 0 || !slices.Equal(ours[:at], cpython[:min(at, len(cpython))]) {
			t.Fatalf("%s\nasynchat %q\nhere     %q", s, cpython, ours)
		}
		if i := slices.IndexFunc(ours[at:], delivers); i >= 0 {
			t.Fatalf("%s\nafter the close: %q", s, ours[at+i:])
		}
		if slices.ContainsFunc(cpython[at:], delivers) {
			fired++
		}
	})
	if t.Logf("%d times asynchat went on", fired); fired < 20 {
		t.Errorf("asynchat went on %d times", fired)
	}
}

// delivers tells whether a line of a trace is a delivery.
func delivers(line string) bool { return line[0] == '+' || line[0] == '!' }

// A producer that is false to Python loses its data, and takes the next item or the connection with it. There is nothing
// false to this library: it does what asynchat does with a producer that is true.
func TestBetterFalsyProducer(t *testing.T) {
	broken, errs := 0, 0
	better(t, "falsy", chat.BreaksOnFalsy, func(s *chat.Script, cpython, ours []string) {
		twin := *s
		twin.Steps = nil
		for _, step := range s.Steps {
			step = slices.Clone(step)
			for i := range step {
				if step[i].Do == chat.DoFalsy {
					step[i].Do = chat.DoProducer
				}
			}
			twin.Steps = append(twin.Steps, step)
		}
		want, _, met := chat.Model(&twin)
		if met != 0 {
			t.Fatalf("%s meets %v", s, met)
		}
		sameTrace(t, s, "asynchat, of true producers", want, "here", ours)
		if !slices.Equal(cpython, ours) {
			broken++
		}
		if slices.Contains(cpython, "end error IndexError") {
			errs++
		}
	})
	if t.Logf("asynchat broke %d times, %d of them with an error", broken, errs); broken < 20 || errs == 0 {
		t.Errorf("asynchat broke %d times, %d of them with an error", broken, errs)
	}
}

// A simple_producer with buffer_size 0 drops its data silently; here it is refused.
func TestBetterSimpleProducer(t *testing.T) {
	count := func(lines []string) (n int) {
		for _, line := range lines {
			if line == "?" {
				n++
			}
		}
		return n
	}
	better(t, "simple", chat.DropsSimple, func(s *chat.Script, cpython, ours []string) {
		if count(ours) <= count(cpython) {
			t.Fatalf("%s\nasynchat %q\nhere     %q", s, cpython, ours)
		}
	})
}

// Data before set_terminator is an error of asynchat's; here the terminator is none until it is set.
func TestBetterDefaultTerminator(t *testing.T) {
	better(t, "unset", chat.NeedsTerm, func(s *chat.Script, cpython, ours []string) {
		if cpython[0] != "end error AttributeError" {
			t.Fatalf("%s\nasynchat %q", s, cpython)
		}
		twin := *s
		twin.Term = chat.Term{}
		want, _, met := chat.Model(&twin)
		if met != 0 {
			t.Fatalf("%s meets %v", s, met)
		}
		sameTrace(t, s, "asynchat, with none", want, "here", ours)
	})
}

// close_when_done closes while input is unread, which resets the peer; here the peer reads the reply and an end of stream.
func TestBetterCloseWhenDone(t *testing.T) {
	better(t, "resets", chat.ResetsPeer|chat.ParsesClosed, func(s *chat.Script, cpython, ours []string) {
		if cpython[len(cpython)-1] != "peer reset" {
			t.Fatalf("%s\nasynchat %q", s, cpython)
		}
		reply := "<" + s.Steps[0][0].Data.String()
		if n := len(ours); !slices.Equal(ours[n-4:], []string{"w", reply, "end self", "peer eof"}) {
			t.Fatalf("%s\nhere %q", s, ours)
		}
	})
}

// In poll mode asyncore loses what it has not read when it sees a hang-up; here all that arrived is delivered first.
func TestBetterHangUp(t *testing.T) {
	better(t, "hangup", chat.LosesAtHangUp, func(s *chat.Script, cpython, ours []string) {
		stream := s.Stream.String()
		if got := consumed(ours); got != stream || ours[len(ours)-1] != "end peer" {
			t.Fatalf("%s\ndelivered %q: %q", s, got, ours)
		}
		lost, ok := strings.CutPrefix(stream, consumed(cpython))
		if !ok || lost == "" {
			t.Fatalf("%s\nasynchat lost %q", s, lost)
		}
	})
}

// asynchat reads on, and queues without end, for a peer that takes nothing; here the high-water mark stops delivery, until
// the peer reads. Then both have done the same.
func TestBetterWaterMarks(t *testing.T) {
	better(t, "glut", 0, func(s *chat.Script, cpython, ours []string) {
		lines := strings.Count(s.Stream.String(), "\n")
		all := fmt.Sprintf("~%d", lines)
		if !slices.Contains(cpython, all) {
			t.Fatalf("asynchat stopped before %s", all)
		}
		if slices.Contains(ours, all) {
			t.Fatalf("all %s lines were delivered to a connection whose peer reads nothing", all)
		}
		sameTrace(t, s, "asynchat", chat.Calm(cpython), "here", chat.Calm(ours))
	})
}

// asynchat copies what is left of a read for each line, and a terminator for each of its prefixes: four times as much for
// twice the size. Here lines are delivered where they were read, and nothing is copied; what the search of a terminator
// examines is counted in package match, TestLiteralWorkIsLinear.
func TestBetterLinear(t *testing.T) {
	copied := map[string][]int{}
	for _, trial := range goldens(t) {
		var n int
		if last := trial.Trace[len(trial.Trace)-1]; trial.Script.Count {
			if _, err := fmt.Sscanf(last, "copied %d", &n); err != nil {
				t.Fatalf("%q: %v", last, err)
			}
			copied[trial.Script.Class] = append(copied[trial.Script.Class], n)
		}
		if trial.Script.Class == "lines" {
			if n := copiedHere(t, trial.Script.Stream); n != 0 {
				t.Errorf("%d bytes of %d were delivered elsewhere than they were read", n, len(trial.Script.Stream))
			}
		}
	}
	for _, class := range []string{"lines", "needle"} {
		sizes := copied[class]
		if len(sizes) != 3 {
			t.Fatalf("%d sizes of %s", len(sizes), class)
		}
		for i := range 2 {
			if ratio := float64(sizes[i+1]) / float64(sizes[i]); ratio < 3.5 {
				t.Errorf("asynchat copies %.2f times as much for twice the %s", ratio, class)
			}
		}
	}
}

// copiedHere has a connection read stream at once, and returns how many bytes of its lines do not lie where they would if
// the whole stream were still as it was read.
func copiedHere(t *testing.T, stream []byte) (moved int) {
	l, err := loop.NewLoop(loop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[1])
	if _, err := unix.Write(fds[1], stream); err != nil {
		t.Fatal(err)
	}
	var first *byte
	taken := 0
	if err := l.Adopt(fds[0], func(c *loop.Conn) loop.Handler {
		c.SetTerminator(match.LF)
		return loop.HandlerFunc(func(_ *loop.Conn, data []byte, _ bool) error {
			at := unsafe.SliceData(data)
			if first == nil {
				first = at
			}
			if at != (*byte)(unsafe.Add(unsafe.Pointer(first), taken)) {
				moved += len(data)
			}
			taken += len(data) + 1
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := l.Poll(0); err != nil {
			t.Fatal(err)
		}
	}
	if taken != len(stream) {
		t.Fatalf("%d bytes of %d were delivered", taken, len(stream))
	}
	return moved
}

// By itself asynchat writes within each push, as much as one send takes; here all that an event pushes leaves behind it. When
// output leaves changes nothing of what is delivered, but discard_buffers finds more to drop here. In all other scripts
// CPython writes behind the event too, so that what the peer receives is compared as well.
func TestChatWritesBehindTheEvent(t *testing.T) {
	fewer := 0
	better(t, "eager", 0, func(s *chat.Script, cpython, ours []string) {
		sameTrace(t, s, "asynchat", unheard(cpython), "here", unheard(ours))
		if !slices.Equal(cpython, ours) {
			fewer++
		}
	})
	if t.Logf("%d times the peer got less", fewer); fewer < 20 {
		t.Errorf("only %d times the peer got less", fewer)
	}
}
