package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// turn is what the load generator reports of one turn of one server.
type turn struct {
	Seconds       float64 `json:"seconds"`
	Messages      int64   `json:"messages"`
	ServerCPU     int64   `json:"server_cpu_ns"`
	ServerUser    int64   `json:"server_user_ns"`
	ServerSystem  int64   `json:"server_system_ns"`
	LoadCPU       int64   `json:"load_cpu_ns"`
	Connections   int64   `json:"connections"`
	ResidentFirst int64   `json:"rss_before"`
	ResidentLast  int64   `json:"rss_after"`
	Latency       struct {
		P50  int64 `json:"p50"`
		P99  int64 `json:"p99"`
		P999 int64 `json:"p999"`
	} `json:"latency_ns"`
}

// cost is what counts in a cell: nanoseconds of the server a message, or resident bytes a connection.
func (t *turn) cost(c cell) float64 {
	if c.idle {
		return float64(t.ResidentLast-t.ResidentFirst) / float64(max(t.Connections, 1))
	}
	return float64(t.ServerCPU) / float64(max(t.Messages, 1))
}

// turnLimit is how long a turn may take besides what is measured, before it is given up.
const turnLimit = 90 * time.Second

// measure has one server run and be loaded once.
func (o *options) measure(ctx context.Context, c cell, who contender) (*turn, error) {
	ctx, cancel := context.WithTimeout(ctx, turnLimit+o.duration)
	defer cancel()
	s, err := o.start(ctx, c, who)
	if err != nil {
		return nil, err
	}
	t, err := o.load(ctx, c, s, "-warmup", o.warmup.String(), "-duration", o.duration.String())
	if stopErr := s.stop(); err == nil && stopErr != nil {
		err = stopErr
	}
	return t, err
}

// load runs the load generator against a server.
func (o *options) load(ctx context.Context, c cell, s *server, more ...string) (*turn, error) {
	args := append([]string{"-addr", s.addr, "-pid", strconv.Itoa(s.cmd.Process.Pid)}, c.load...)
	cmd := exec.CommandContext(ctx, filepath.Join(o.bin, "load"), append(args, more...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := startOn(cmd, o.cpuOf(c, o.loadCPU)); err != nil {
		return nil, err
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("load: %w: %s", err, strings.TrimSpace(errs.String()))
	}
	t := &turn{}
	if err := json.Unmarshal(out.Bytes(), t); err != nil {
		return nil, fmt.Errorf("what load has printed: %w", err)
	}
	if t.Messages == 0 && !c.idle {
		return nil, errors.New("no message was answered in time")
	}
	return t, nil
}

// cpuOf returns the processor for a process of the cell, or -1 where it may have all.
func (o *options) cpuOf(c cell, cpu int) int {
	if c.pinned() {
		return cpu
	}
	return -1
}
