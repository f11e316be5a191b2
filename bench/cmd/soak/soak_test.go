//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/millrace-net/millrace/bench/internal/badproxy"
	"github.com/millrace-net/millrace/internal/leaks"
)

// examples is where the examples are built, by the first test that needs them; TestMain removes it.
var examples string

func TestMain(m *testing.M) {
	code := leaks.Run(m)
	if err := os.RemoveAll(examples); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// build returns the directory of the examples, built once.
func build(t *testing.T) string {
	t.Helper()
	if examples != "" {
		return examples
	}
	bin, err := os.MkdirTemp("", "soak-examples-")
	if err != nil {
		t.Fatal(err)
	}
	examples = bin
	args := []string{"build", "-buildvcs=false", "-o", bin + "/", "./examples/httpget"}
	for _, p := range programs {
		args = append(args, "./examples/"+p.name)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = "../../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return bin
}

// A short soak passes every check and keeps its record and its plot.
func TestSoak(t *testing.T) {
	dir, bin := t.TempDir(), build(t)
	t.Setenv("TMPDIR", t.TempDir())
	o, err := parseOptions([]string{"-minutes", "0.2", "-load", "2", "-bin", bin, "-record", filepath.Join(dir, "record"),
		"-plot", filepath.Join(dir, "plot.svg")}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(t.Context(), o, &out); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	for name, want := range map[string]string{"record": "# ok: 0 failures", "plot.svg": "Resident memory"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s has no %q: %v", name, want, err)
		}
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A server that ends amid the traffic fails the soak, which still comes to its end.
func TestServerDies(t *testing.T) {
	o, err := parseOptions([]string{"-minutes", "0.05", "-bin", build(t)}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSoak(o)
	if err != nil {
		t.Fatal(err)
	}
	killed := make(chan error, 1)
	go func() {
		for talked := 0; talked <= len(s.clients()); time.Sleep(time.Millisecond) { // all have warmed up
			sum, _ := s.ledger.totals()
			talked = sum.all
		}
		killed <- s.servers[2].cmd.Process.Kill()
	}()
	s.work(context.Background(), &bytes.Buffer{})
	if err := errors.Join(<-killed, s.stop()); err != nil {
		t.Error(err)
	}
	if _, failed := s.ledger.totals(); failed == 0 || s.verdict() == nil {
		t.Errorf("nobody has noticed: %d failures, %v", failed, s.verdict())
	}
}

// TestLedger enters what is excused by a fault that struck, and what nothing excuses.
func TestLedger(t *testing.T) {
	for _, row := range []struct {
		name   string
		err    error
		struck bool
		broken int
		failed int
	}{
		{"right", nil, false, 0, 0},
		{"right behind a fault", nil, true, 0, 0},
		{"cut short by a fault", os.ErrDeadlineExceeded, true, 1, 0},
		{"cut short by nobody", os.ErrDeadlineExceeded, false, 0, 1},
		{"wrong behind a fault", wrong("x"), true, 0, 1},
		{"wrong", wrong("x"), false, 0, 1},
	} {
		l := newLedger()
		l.enter("kind", &conversation{struck: row.struck, plan: badproxy.Plan{Fault: badproxy.Reset}}, row.err)
		sum, failed := l.totals()
		if sum.all != 1 || sum.broken != row.broken || failed != row.failed || len(l.failures) != failed {
			t.Errorf("%s: %+v, %d", row.name, sum, failed)
		}
	}
}

// TestExpect tells wrong bytes from missing ones.
func TestExpect(t *testing.T) {
	for _, row := range []struct {
		got   string
		ok    bool
		wrong bool
	}{{"abc", true, false}, {"ab", false, false}, {"", false, false}, {"abd", false, true}, {"x", false, true}} {
		err := expect(strings.NewReader(row.got), []byte("abc"))
		if (err == nil) != row.ok || isWrong(err) != row.wrong {
			t.Errorf("%q: %v", row.got, err)
		}
	}
	if err := expectEnd(strings.NewReader("x")); !isWrong(err) {
		t.Error(err)
	}
	if err := expectEnd(strings.NewReader("")); err != nil {
		t.Error(err)
	}
}

// TestPart lets one body be cut short, and nothing else.
func TestPart(t *testing.T) {
	for _, row := range []struct {
		got string
		ok  bool
	}{
		{"abcdef", true}, {"abcef", true}, {"abef", true},
		{"abdef", false}, {"abcde", false}, {"bcdef", false}, {"abcdxef", false}, {"", false},
	} {
		err := checkPart([]byte(row.got), []byte("ab"), []byte("cd"), []byte("ef"))
		if (err == nil) != row.ok || err != nil && !isWrong(err) {
			t.Errorf("%q: %v", row.got, err)
		}
	}
}

// TestEndless blames a server that reads to the end and does not end its side, and no other.
func TestEndless(t *testing.T) {
	for _, ends := range []bool{true, false} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		over, served := make(chan struct{}), make(chan error, 1)
		go func() {
			nc, err := ln.Accept()
			if err == nil {
				_, err = io.Copy(io.Discard, nc)
				if !ends {
					<-over
				}
				err = errors.Join(err, nc.Close())
			}
			served <- err
		}()
		c := newConversation("x", badproxy.Clean, rand.New(rand.NewPCG(1, 2)))
		if !ends {
			c.until = time.Now().Add(time.Second)
		}
		if err := endless(c, ln.Addr().String(), protocol{}); (err == nil) != ends {
			t.Errorf("a server that ends, %v: %v", ends, err)
		}
		close(over)
		if err := errors.Join(<-served, ln.Close()); err != nil {
			t.Error(err)
		}
		c.end()
	}
}

// TestHearing lets the last line of a speaker that was cut off be short, and nothing else.
func TestHearing(t *testing.T) {
	for _, row := range []struct {
		heard string
		whole bool
		ok    bool
	}{
		{"ab cd", true, true}, {"ab", true, false}, {"ab c", true, false}, {"ab cd ef", true, false}, {"cd ab", true, false},
		{"ab c", false, true}, {"ab cd?", false, true}, {"ab", false, true}, {"a cd", false, false}, {"ab x", false, false},
	} {
		h := hearing{lines: strings.Fields(row.heard)}
		if err := h.check([]string{"ab", "cd"}, row.whole); (err == nil) != row.ok {
			t.Errorf("%q, whole %v: %v", row.heard, row.whole, err)
		}
	}
}

// TestPostOffice finds a mail that is whole, and none that is not, is there twice, or was never posted.
func TestPostOffice(t *testing.T) {
	p := newPostOffice(t.TempDir())
	p.posted("a.1")
	p.taken("a.1")
	if taken, missing := p.missing(); taken != 1 || missing != 1 {
		t.Errorf("%d taken, %d missing", taken, missing)
	}
	put := func(text string) error {
		if err := os.WriteFile(filepath.Join(p.dir, "1.eml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return p.collect()
	}
	mail := fmt.Sprintf("Received: x\r\nX-Soak: a.1 %x\r\n\r\ntext\r\n", xxhash.Sum64String("text\r\n"))
	for _, bad := range []string{"", strings.Replace(mail, "text", "tex", 1), strings.Replace(mail, "a.1", "a.2", 1), "Received: x\r\n\r\n"} {
		if put(bad) == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if err := put(mail); err != nil {
		t.Error(err)
	}
	if taken, missing := p.missing(); taken != 1 || missing != 0 {
		t.Errorf("%d taken, %d missing", taken, missing)
	}
	if put(mail) == nil {
		t.Error("a mail was taken twice")
	}
}

// TestUpload removes what was stored, and tells other bytes and missing ones.
func TestUpload(t *testing.T) {
	path := filepath.Join(t.TempDir(), "up")
	for _, row := range []struct {
		got       string
		whole, ok bool
	}{{"abc", true, true}, {"ab", true, false}, {"ab", false, true}, {"x", false, false}, {"abcd", false, false}} {
		if err := os.WriteFile(path, []byte(row.got), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := checkUpload(path, []byte("abc"), row.whole); (err == nil) != row.ok {
			t.Errorf("%q, whole %v: %v", row.got, row.whole, err)
		}
	}
	_ = os.Remove(path) // the last was not removed, for it was wrong
	if checkUpload(path, nil, true) == nil || checkUpload(path, nil, false) != nil {
		t.Error("a file that is not there")
	}
}

// TestTrend tells growth from a level.
func TestTrend(t *testing.T) {
	minutes, level, growth := make([]float64, 40), make([]float64, 40), make([]float64, 40)
	for i := range minutes {
		minutes[i] = float64(i)
		level[i] = float64(100<<20 + i%2<<20)
		growth[i] = float64(10<<20 + i<<20)
	}
	if l := trendOf(minutes, level); !l.judged || l.last > l.second+l.margin() || l.perMinute > 1<<16 || l.perMinute < -1<<16 {
		t.Errorf("%+v", l)
	}
	if g := trendOf(minutes, growth); g.last <= g.second+g.margin() || g.perMinute < 1<<20-1 || g.perMinute > 1<<20+1 {
		t.Errorf("%+v", g)
	}
	if few := trendOf(minutes[:7], level[:7]); few.judged {
		t.Errorf("%+v", few)
	}
}

func TestOptions(t *testing.T) {
	for _, args := range [][]string{{"-minutes", "0"}, {"-minutes", "NaN"}, {"-load", "0"}, {"more"}, {"-x"}, {"-minutes", "1e9"}} {
		if _, err := parseOptions(args, &bytes.Buffer{}); err == nil {
			t.Errorf("%v was accepted", args)
		}
	}
	for _, minutes := range []string{"0.1", "2", "60", "600"} {
		o, err := parseOptions([]string{"-minutes", minutes}, &bytes.Buffer{})
		if err != nil {
			t.Fatal(err)
		}
		if n := o.duration() / o.interval(); n > mostSamples {
			t.Errorf("%s minutes have %d samples", minutes, n)
		}
	}
}
