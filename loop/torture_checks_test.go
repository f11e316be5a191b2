//go:build linux

package loop

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
)

// judge checks what came through.
func (r *run) judge() {
	owed := r.in.fault.harmless()
	for _, s := range r.streams {
		got := *s.got
		if !bytes.HasPrefix(s.want, got) {
			r.problem("%s: %d bytes came that are no prefix of the %d sent", s.name, len(got), len(s.want))
		}
		if len(got) == len(s.want) || r.excused {
			continue
		}
		if owed {
			r.problem("%s: %d bytes came of %d, which all were owed; refused %v", s.name, len(got), len(s.want), r.refused)
		}
		if w := s.of; w != nil && w.closes > 0 && (w.cause == nil || errors.Is(w.cause, io.EOF)) {
			r.problem("%s: %d bytes came of %d, and Closed said %v", s.name, len(got), len(s.want), w.cause)
		}
	}
	if !owed || r.excused {
		return
	}
	if len(r.refused) > 0 {
		r.problem("refused: %v", r.refused)
	}
	for _, check := range r.owed {
		if err := check(); err != nil {
			r.problem("%v", err)
		}
	}
}

// bury checks what a loop leaves.
func (r *run) bury() {
	for _, check := range r.always {
		if err := check(); err != nil {
			r.problem("%v", err)
		}
	}
	if n := r.l.Stats().Panics; n != 0 {
		r.problem("%d panics", n)
	}
	if err := r.l.check(); err != nil {
		r.problem("%v", err)
	}
	if s := r.l.Stats(); s.Opened != s.Closed || s.Conns != 0 || s.BlockBytes != 0 || s.RingBytes != 0 {
		r.problem("not given back: %+v", s)
	}
	for i, w := range r.witnesses {
		if w.closes > 1 || w.opens > 1 || w.opens == 1 && w.closes == 0 {
			r.problem("connection %d of %d was opened %d times and closed %d times", i, len(r.witnesses), w.opens, w.closes)
		}
	}
}

// holdings are what a process must not have more of after a run.
type holdings struct{ descriptors, goroutines, mappings int }

// within tells whether nothing was added. A goroutine of an earlier run may have ended since.
func (h holdings) within(before holdings) bool {
	return h.descriptors == before.descriptors && h.mappings == before.mappings && h.goroutines <= before.goroutines
}

func holding() holdings {
	fds, _ := os.ReadDir("/proc/self/fd")
	maps, _ := os.ReadFile("/proc/self/maps")
	return holdings{len(fds), runtime.NumGoroutine(), strings.Count(string(maps), "millrace-ring")}
}
