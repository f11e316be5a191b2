//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"
)

// talkHTTPGet has the example httpget fetch files, one of them by a proxy.
func talkHTTPGet(c *conversation, bin, addr string, files []content) error {
	ctx, cancel := context.WithDeadline(context.Background(), c.until)
	defer cancel()
	args := []string{"-timeout", (patience / 2).String()}
	var bodies [3][]byte
	bad := c.rng.IntN(3)
	for i := range 3 {
		at := addr
		if i == bad {
			by, err := c.through(addr)
			if err != nil {
				return err
			}
			at = by
		}
		f := files[c.rng.IntN(len(files))]
		bodies[i] = f.data
		args = append(args, fmt.Sprintf("http://%s/%s", at, f.name))
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "httpget"), args...)
	cmd.WaitDelay = 20 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	before, after := bytes.Join(bodies[:bad], nil), bytes.Join(bodies[bad+1:], nil)
	if err := cmd.Run(); err != nil {
		if ctx.Err() == nil { // else it was killed, and had no time for the others
			err = errors.Join(err, checkPart(stdout.Bytes(), before, bodies[bad], after))
		}
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	if want := bytes.Join(bodies[:], nil); !bytes.Equal(stdout.Bytes(), want) {
		return wrong("%d bytes, which are not those of %d", stdout.Len(), len(want))
	}
	c.answers += 3
	return nil
}

// checkPart compares what was fetched where one body may be cut short, and no other.
func checkPart(got, before, cut, after []byte) error {
	rest, ok := bytes.CutPrefix(got, before)
	part, ok2 := bytes.CutSuffix(rest, after)
	if !ok || !ok2 || !bytes.HasPrefix(cut, part) {
		return wrong("%d bytes, which are not %d, a part of %d, and %d", len(got), len(before), len(cut), len(after))
	}
	return nil
}
