//go:build linux

package chat

import (
	"bufio"
	"bytes"
	_ "embed" // oracle.py
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

//go:embed oracle.py
var oracle string

// ErrNoOracle says that there is no python3, or that its asynchat is not CPython's; the error that wraps it says which.
var ErrNoOracle = errors.New("chat: no CPython with asynchat")

// Trial is a script and the trace that CPython wrote for it.
type Trial struct {
	Script *Script  `json:"script"`
	Trace  []string `json:"trace"`
}

// Ask has one CPython run all scripts. The error wraps ErrNoOracle if there is none that can.
func Ask(scripts []*Script) ([]Trial, error) {
	var in, complaint bytes.Buffer
	enc := json.NewEncoder(&in)
	for _, s := range scripts {
		if err := errors.Join(s.check(), enc.Encode(s)); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command("python3", "-W", "ignore", "-c", oracle)
	cmd.Stdin, cmd.Stderr = &in, &complaint
	out, err := cmd.Output()
	switch text := strings.TrimSpace(complaint.String()); {
	case errors.Is(err, exec.ErrNotFound):
		return nil, fmt.Errorf("%w: %w", ErrNoOracle, err)
	case err != nil && strings.Contains(text, "asynchat") && !strings.Contains(text, "Traceback"):
		return nil, fmt.Errorf("%w: %s", ErrNoOracle, text)
	case err != nil:
		return nil, fmt.Errorf("chat: python3: %w: %s", err, text)
	}
	return trials(scripts, bytes.NewReader(out))
}

// trials reads the trace of each script.
func trials(scripts []*Script, from io.Reader) ([]Trial, error) {
	dec := json.NewDecoder(bufio.NewReader(from))
	all := make([]Trial, len(scripts))
	for i, s := range scripts {
		all[i].Script = s
		if err := dec.Decode(&all[i].Trace); err != nil {
			return nil, fmt.Errorf("chat: trace %d of %d: %w", i, len(scripts), err)
		}
	}
	return all, nil
}
