package main

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestPrintedReport(t *testing.T) {
	var out, errs bytes.Buffer
	args := []string{"-addr", serve(t, echo), "-mode", "echo", "-conns", "2", "-messages", "100", "-warmup", "0s",
		"-pid", strconv.Itoa(os.Getpid()), "-progress"}
	if code := run(args, &out, &errs); code != exitWell || errs.Len() > 0 {
		t.Fatalf("code %d, %s", code, &errs)
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%s: %v", &out, err)
	}
	want := strings.Fields(`mode conns depth size rate seconds messages bytes server_cpu_ns server_user_ns
		server_system_ns load_cpu_ns server_voluntary_switches server_involuntary_switches latency_ns`)
	for _, name := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("no %s in %s", name, &out)
		}
	}
	for _, name := range []string{"connections", "rss_before", "never_sent"} {
		if _, ok := got[name]; ok {
			t.Errorf("%s in %s", name, &out)
		}
	}
	latency, _ := got["latency_ns"].(map[string]any)
	for _, name := range strings.Fields("p50 p90 p99 p999 max mean count") {
		if _, ok := latency[name].(float64); !ok {
			t.Errorf("no %s in %s", name, &out)
		}
	}
	if strings.Count(out.String(), "\n") != 1 {
		t.Errorf("more than a line: %s", &out)
	}
}

func TestExitCodes(t *testing.T) {
	wrong := serve(t, spoilt(1000, faults["corrupted"]))
	for _, tc := range []struct {
		args string
		code int
		says string
	}{
		{"-addr 192.0.2.1:80", exitUsage, "not a loopback"},
		{"-h", exitWell, "-addr"},
		{"-addr " + wrong + " -conns 2 -messages 100", exitError, "load: connection 1: byte 1000 of the replies"},
	} {
		var out, errs bytes.Buffer
		if code := run(strings.Fields(tc.args), &out, &errs); code != tc.code || !strings.Contains(errs.String(), tc.says) {
			t.Errorf("%s: code %d, %s", tc.args, code, &errs)
		}
		if out.Len() > 0 {
			t.Errorf("%s: printed %s", tc.args, &out)
		}
	}
}

func TestSignalEndsIt(t *testing.T) {
	for name, how := range map[string][]string{
		"closed loop": {"-duration", "1m"},
		"open loop":   {"-duration", "1m", "-rate", "10"},
		"messages":    {"-messages", "1000000000"},
		"warm-up":     {"-warmup", "1m"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
				signalled(t, sig, how, echo)
			}
		})
	}
}

// A signal ends even what waits for a server that says nothing.
func TestSignalEndsOpening(t *testing.T) {
	signalled(t, syscall.SIGINT, nil, func(_ int, nc net.Conn) {
		_, _ = nc.Read(make([]byte, 1<<16))
		_, _ = nc.Read(make([]byte, 1<<16))
	})
}

// signalled runs a load and has a signal come once the server has been sent something.
func signalled(t *testing.T, sig syscall.Signal, args []string, handle func(int, net.Conn)) {
	t.Helper()
	late := make(chan os.Signal, 1) // a signal that comes after the load must not end the tests
	signal.Notify(late, sig)
	defer signal.Stop(late)
	addr := serve(t, func(i int, nc net.Conn) {
		time.AfterFunc(20*time.Millisecond, func() { _ = syscall.Kill(os.Getpid(), sig) })
		handle(i, nc)
	})
	var out, errs bytes.Buffer
	begin := time.Now()
	code := run(slices.Concat([]string{"-addr", addr}, args), &out, &errs)
	if code != exitInterrupted || out.Len() > 0 || !strings.Contains(errs.String(), "interrupted") {
		t.Errorf("%v: code %d, %s%s", sig, code, &errs, &out)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
