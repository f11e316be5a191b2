package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// callMessages is how many messages the system calls are counted over.
const callMessages = 20_000

// countCalls returns the server's system calls a message, the most frequent first, as strace counts them, or why
// they were not counted. A traced server is slow, so that more messages may meet in one turn of its loop than
// otherwise.
func (o *options) countCalls(ctx context.Context, c cell, who contender) string {
	ctx, cancel := context.WithTimeout(ctx, turnLimit)
	defer cancel()
	s, err := o.start(ctx, c, who)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = s.stop() }()
	strace := exec.CommandContext(ctx, "strace", "-f", "-c", "-U", "calls,name", "-p", strconv.Itoa(s.cmd.Process.Pid))
	errs, err := strace.StderrPipe()
	if err == nil {
		err = strace.Start()
	}
	if err != nil {
		return "not counted: " + err.Error()
	}
	time.Sleep(200 * time.Millisecond) // until it is attached
	t, err := o.load(ctx, c, s, "-warmup", "0s", "-messages", strconv.Itoa(callMessages))
	_ = strace.Process.Signal(syscall.SIGINT)
	table, _ := io.ReadAll(errs)
	_ = strace.Wait()
	if err != nil {
		return "not counted: " + err.Error()
	}
	return perMessage(string(table), t.Messages)
}

// perMessage reads strace's table of calls and names.
func perMessage(table string, messages int64) string {
	type count struct {
		name  string
		calls int64
	}
	var counts []count
	for s := bufio.NewScanner(strings.NewReader(table)); s.Scan(); {
		f := strings.Fields(s.Text())
		if len(f) != 2 || f[1] == "total" {
			continue
		}
		if n, err := strconv.ParseInt(f[0], 10, 64); err == nil {
			counts = append(counts, count{f[1], n})
		}
	}
	slices.SortFunc(counts, func(a, b count) int { return int(b.calls - a.calls) })
	var words []string
	sum := 0.0
	for _, c := range counts {
		each := float64(c.calls) / float64(messages)
		sum += each
		if each >= 0.005 && len(words) < 4 {
			words = append(words, fmt.Sprintf("%s %.2f", c.name, each))
		}
	}
	return fmt.Sprintf("%.2f (%s)", sum, strings.Join(words, ", "))
}
