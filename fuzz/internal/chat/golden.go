//go:build linux

package chat

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// ReadGoldens reads trials from a file of JSON lines in gzip.
func ReadGoldens(name string) ([]Trial, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return nil, fmt.Errorf("chat: %s: %w", name, err)
	}
	var all []Trial
	for dec := json.NewDecoder(z); ; {
		var t Trial
		if err := dec.Decode(&t); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("chat: %s, trial %d: %w", name, len(all), err)
		}
		all = append(all, t)
	}
}

// WriteGoldens writes a file for ReadGoldens: the same trials give the same bytes.
func WriteGoldens(name string, all []Trial) error {
	var file bytes.Buffer
	z, err := gzip.NewWriterLevel(&file, gzip.BestCompression)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(z)
	for _, t := range all {
		if err := enc.Encode(t); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(name, file.Bytes(), 0o644)
}
