//go:build linux

package main

import (
	"fmt"
	"strconv"
)

const (
	mostValue    = 1 << 20 // bytes, and what the demo takes at most
	mostCommands = 24      // in a pipeline
	respKeys     = 6       // of a conversation
	// keySeconds is when a key goes that a broken conversation has left behind. It is longer than any conversation.
	keySeconds = 60
)

// talkRESP sends pipelines of commands and requires the very bytes that a map would have answered.
func talkRESP(c *conversation, addr string) error {
	nc, err := c.dialThrough(addr)
	if err != nil {
		return err
	}
	model := map[string][]byte{}
	for left := 1 + c.rng.IntN(3); left >= 0; left-- {
		commands, want := []byte(nil), []byte(nil)
		n := 1 + magnitude(c.rng, mostCommands-1)
		for range n {
			commands, want = addCommand(c, model, commands, want)
		}
		if left == 0 { // the keys are like no other's, so nobody else would remove them
			for key := range model {
				commands, want = command(commands, "DEL", key), append(want, ":1\r\n"...)
			}
			commands, want = command(commands, "QUIT"), append(want, "+OK\r\n"...)
		}
		sent := send(nc, commands)
		if err := expect(nc, want); err != nil {
			return err
		}
		c.answers += n
		if err := <-sent; err != nil {
			return err
		}
	}
	return expectEnd(nc)
}

// addCommand draws a command, and what its answer has to be.
func addCommand(c *conversation, model map[string][]byte, commands, want []byte) ([]byte, []byte) {
	key := c.id + ":" + strconv.Itoa(c.rng.IntN(respKeys))
	old, there := model[key]
	switch c.rng.IntN(6) {
	case 0, 1:
		value := slice(c.rng, binary, magnitude(c.rng, mostValue))
		model[key] = value
		return command(commands, "SET", key, string(value), "EX", strconv.Itoa(keySeconds)), append(want, "+OK\r\n"...)
	case 2:
		return command(commands, "STRLEN", key), fmt.Appendf(want, ":%d\r\n", len(old))
	case 3:
		delete(model, key)
		answer := ":0\r\n"
		if there {
			answer = ":1\r\n"
		}
		return command(commands, "DEL", key), append(want, answer...)
	case 4:
		word := slice(c.rng, binary, magnitude(c.rng, 1000))
		return command(commands, "ECHO", string(word)), bulk(want, word)
	}
	if !there {
		return command(commands, "GET", key), append(want, "$-1\r\n"...)
	}
	return command(commands, "GET", key), bulk(want, old)
}

// command appends a command to dst.
func command(dst []byte, words ...string) []byte {
	dst = fmt.Appendf(dst, "*%d\r\n", len(words))
	for _, w := range words {
		dst = fmt.Appendf(dst, "$%d\r\n%s\r\n", len(w), w)
	}
	return dst
}

// bulk appends a bulk string to dst.
func bulk(dst, value []byte) []byte {
	dst = fmt.Appendf(dst, "$%d\r\n", len(value))
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}
