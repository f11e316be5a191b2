//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
)

const (
	helloBody   = "Hello, world!\n"
	mostEcho    = 200_000 // bytes of a body
	mostInHand  = 12      // requests in a pipeline
	mostHTTPPer = 3       // pipelines on a connection
)

// exchange is a request, and what its answer has to be.
type exchange struct {
	request []byte
	status  int
	body    []byte
}

// talkHTTP has pipelines answered on one connection, of which the last may ask for the close.
func talkHTTP(c *conversation, addr string, files []content) error {
	nc, err := c.dialThrough(addr)
	if err != nil {
		return err
	}
	replies := bufio.NewReaderSize(nc, 16<<10)
	for left := 1 + c.rng.IntN(mostHTTPPer); left > 0; left-- {
		closes := left == 1 && c.rng.IntN(2) == 0
		pipeline := makeExchanges(c, files, closes)
		var requests []byte
		for _, x := range pipeline {
			requests = append(requests, x.request...)
		}
		sent := send(nc, requests)
		for _, x := range pipeline {
			if err := x.check(replies); err != nil {
				return err
			}
			c.answers++
		}
		if err := <-sent; err != nil {
			return err
		}
		if closes {
			return expectEnd(replies)
		}
	}
	return nil
}

// makeExchanges draws a pipeline.
func makeExchanges(c *conversation, files []content, closes bool) []exchange {
	pipeline := make([]exchange, 1+magnitude(c.rng, mostInHand-1))
	for i := range pipeline {
		more := "\r\n"
		if closes && i == len(pipeline)-1 {
			more = "Connection: close\r\n\r\n"
		}
		switch kind := c.rng.IntN(4); {
		case kind == 0:
			body := slice(c.rng, binary, magnitude(c.rng, mostEcho))
			head := fmt.Appendf(nil, "POST /echo HTTP/1.1\r\nHost: soak\r\nContent-Length: %d\r\n%s", len(body), more)
			pipeline[i] = exchange{append(head, body...), 200, body}
		case kind == 1 || len(files) == 0:
			pipeline[i] = exchange{fmt.Appendf(nil, "GET /hello HTTP/1.1\r\nHost: soak\r\n%s", more), 200, []byte(helloBody)}
		default:
			pipeline[i] = askFile(c, files[c.rng.IntN(len(files))], more)
		}
	}
	return pipeline
}

// askFile asks for a file or, now and then, for a part of it.
func askFile(c *conversation, f content, more string) exchange {
	if len(f.data) < 2 || c.rng.IntN(3) > 0 {
		return exchange{fmt.Appendf(nil, "GET /%s HTTP/1.1\r\nHost: soak\r\n%s", f.name, more), 200, f.data}
	}
	first := c.rng.IntN(len(f.data))
	last := first + c.rng.IntN(len(f.data)-first)
	ask := fmt.Appendf(nil, "GET /%s HTTP/1.1\r\nHost: soak\r\nRange: bytes=%d-%d\r\n%s", f.name, first, last, more)
	return exchange{ask, 206, f.data[first : last+1]}
}

// check reads the answer.
func (x *exchange) check(r *bufio.Reader) error {
	head, err := readHead(r)
	if err != nil {
		return err
	}
	reply, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), nil)
	if err != nil {
		return wrong("a reply that is none: %v", err)
	}
	if reply.StatusCode != x.status { // a request that was cut short may be refused
		return fmt.Errorf("status %s instead of %d", reply.Status, x.status)
	}
	if reply.ContentLength != int64(len(x.body)) {
		return wrong("a body of %d bytes instead of %d", reply.ContentLength, len(x.body))
	}
	return expect(r, x.body)
}

// readHead reads a head to its end: only a whole one can be judged.
func readHead(r *bufio.Reader) ([]byte, error) {
	var head []byte
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		head = append(head, line...)
	}
	return head, nil
}
