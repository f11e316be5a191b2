package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// sampleRate is how often perf looks, in hertz: a rate that no timer shares.
const sampleRate = "3989"

// profile shares out the processor time of servers among what they did, by samples of perf: for each cell and each
// contender one turn, whose cost a message is what the load generator measured in the same turn.
func (o *options) profile(ctx context.Context, chosen []cell, field []contender, out io.Writer) error {
	for _, c := range chosen {
		var columns []column
		for _, who := range field {
			if c.idle || !who.serves(c.mode) {
				continue
			}
			a, t, err := o.sample(ctx, c, who)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", c.name, who.name, err)
			}
			columns = append(columns, column{who.name, a, t.cost(c)})
		}
		if len(columns) > 0 {
			writeProfile(out, c.name, columns)
		}
	}
	return nil
}

// sample has one server run and be loaded once, while perf looks at it.
func (o *options) sample(ctx context.Context, c cell, who contender) (*account, *turn, error) {
	ctx, cancel := context.WithTimeout(ctx, turnLimit+o.duration)
	defer cancel()
	folder, err := os.MkdirTemp("", "millrace-profile")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(folder)
	data := filepath.Join(folder, "perf.data")
	s, err := o.start(ctx, c, who)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = s.stop() }()
	perf := exec.CommandContext(ctx, "perf", "record", "-q", "-e", "cpu-clock", "-F", sampleRate, "-g",
		"-p", strconv.Itoa(s.cmd.Process.Pid), "-o", data)
	var errs bytes.Buffer
	perf.Stderr = &errs
	if err := perf.Start(); err != nil {
		return nil, nil, err
	}
	time.Sleep(200 * time.Millisecond) // until it is attached
	t, err := o.load(ctx, c, s, "-warmup", o.warmup.String(), "-duration", o.duration.String())
	_ = perf.Process.Signal(syscall.SIGINT)
	_ = perf.Wait() // ends by the signal
	if err != nil {
		return nil, nil, err
	}
	script := exec.CommandContext(ctx, "perf", "script", "-i", data, "-F", "ip,sym")
	script.Stderr = &errs
	text, err := script.Output()
	if err != nil {
		return nil, nil, fmt.Errorf("perf: %w: %s", err, strings.TrimSpace(errs.String()))
	}
	a, err := newAccount(bytes.NewReader(text))
	if err == nil && a.samples == 0 {
		err = fmt.Errorf("perf has no samples: %s", strings.TrimSpace(errs.String()))
	}
	return a, t, err
}
