//go:build linux

package main

import (
	"bytes"
	"context"
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
	var want []byte
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
		want = append(want, f.data...)
		args = append(args, fmt.Sprintf("http://%s/%s", at, f.name))
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "httpget"), args...)
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	if !bytes.Equal(stdout.Bytes(), want) {
		return wrong("%d bytes, which are not those of %d", stdout.Len(), len(want))
	}
	c.answers += 3
	return nil
}
