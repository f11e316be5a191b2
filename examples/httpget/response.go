//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/millrace-net/millrace/match"
)

// maxHead is the longest head of a response, line of a chunk, or all of a trailer, in bytes.
const maxHead = 64 << 10

// What a response is amid.
type part uint8

const (
	partHead      part = iota
	partCounted        // a body of Content-Length bytes
	partEndless        // a body that the end of the stream ends
	partChunkSize      // the line before a chunk
	partChunk          // its bytes
	partChunkEnd       // the end of line behind them
	partTrailer        // fields behind the last chunk
	partDone
)

// response cuts a response to GET (RFC 9112) into its parts, in whatever pieces it comes. What ends each part is a terminator.
//
//	head ─┬─▶ counted ───────────────────────────────────────────────┬─▶ done
//	 ▲    ├─▶ endless ──end of the stream────────────────────────────┤
//	 └1xx─┴─▶ chunk size ─┬─▶ chunk ─▶ chunk end ─▶ chunk size       │
//	                      └─0─▶ trailer ─▶ trailer, an empty line ───┘
//
// Invariant: text is the element so far, and empty amid a body; at most maxHead bytes.
type response struct {
	matcher match.Matcher
	part    part
	text    []byte
	trailer int // bytes of trailer so far
	interim int // bytes of heads with status 1xx so far
	body    func(p []byte) error
}

// headEnd is an empty line. A single LF may end a line of the head (RFC 9112 section 2.2), so it ends what CR LF CR LF does.
var headEnd = func() match.Terminator {
	t, err := match.Any([]byte("\n\n"), []byte("\n\r\n"))
	if err != nil {
		panic(err) // the literals are constant
	}
	return t
}()

// init begins a response whose body goes to body, piece by piece.
func (r *response) init(body func(p []byte) error) {
	r.body = body
	r.enter(partHead, headEnd)
}

// enter begins a part.
func (r *response) enter(next part, end match.Terminator) {
	r.part, r.text = next, r.text[:0]
	r.matcher.Reset(end)
}

// count begins a part of n bytes, or what follows it if it is empty.
func (r *response) count(next part, n int64) error {
	end, err := match.Count(n)
	r.enter(next, end)
	if err == nil && n == 0 {
		err = r.element(nil)
	}
	return err
}

// done tells whether the response was whole.
func (r *response) done() bool { return r.part == partDone }

// feed takes the next bytes. What comes after the response is dropped.
func (r *response) feed(p []byte) error {
	for len(p) > 0 && !r.done() {
		end, size, found := r.matcher.Next(p)
		data := p[:end]
		p = p[end:]
		if r.part == partCounted || r.part == partEndless || r.part == partChunk {
			if err := r.body(data); err != nil {
				return err
			}
		} else if r.text = append(r.text, data...); len(r.text)+r.trailer > maxHead {
			return fmt.Errorf("the head of the response, or of a chunk, is longer than %d bytes", maxHead)
		}
		if found {
			if err := r.element(r.text[:max(len(r.text)-size, 0)]); err != nil {
				return err
			}
		}
	}
	return nil
}

// element ends a part, whose text it is unless that is a body, and begins the next one.
func (r *response) element(text []byte) error {
	switch r.part {
	case partHead:
		return r.head(r.text) // with its end
	case partChunkSize:
		return r.chunk(text)
	case partChunk:
		r.enter(partChunkEnd, match.CRLF)
	case partChunkEnd:
		if len(text) > 0 {
			return errors.New("a chunk is longer than it says")
		}
		r.enter(partChunkSize, match.CRLF)
	case partTrailer:
		r.trailer += len(text)
		if len(text) > 0 {
			r.enter(partTrailer, match.CRLF)
			break
		}
		fallthrough
	default:
		r.enter(partDone, match.None)
	}
	return nil
}

// head looks at the status and at what ends the body.
func (r *response) head(text []byte) error {
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(text)), nil)
	switch {
	case err != nil:
		return err
	case res.StatusCode < 200 && res.StatusCode != http.StatusSwitchingProtocols: // more to come
		if r.interim += len(text); r.interim > maxHead {
			return fmt.Errorf("the heads before the response are longer than %d bytes", maxHead)
		}
		r.enter(partHead, headEnd)
		return nil
	case res.StatusCode/100 == 3 && res.Header.Get("Location") != "":
		return fmt.Errorf("%s, to %q", res.Status, res.Header.Get("Location"))
	case res.StatusCode/100 != 2:
		return errors.New(res.Status)
	case len(res.TransferEncoding) > 0: // chunked: ReadResponse refuses others
		r.enter(partChunkSize, match.CRLF)
		return nil
	case res.ContentLength < 0:
		r.enter(partEndless, match.None)
		return nil
	}
	return r.count(partCounted, res.ContentLength)
}

// chunk looks at the line before a chunk: its size, and extensions that nobody needs.
func (r *response) chunk(line []byte) error {
	digits, _, _ := bytes.Cut(line, []byte(";"))
	n, err := strconv.ParseUint(string(bytes.TrimRight(digits, " \t")), 16, 63)
	if err != nil {
		return fmt.Errorf("%.100q is no size of a chunk", line)
	}
	if n == 0 {
		r.enter(partTrailer, match.CRLF)
		return nil
	}
	return r.count(partChunk, int64(n))
}

// end tells what is wrong with a response behind which the stream has ended; nothing if that is its end.
func (r *response) end() error {
	switch {
	case r.part == partEndless || r.part == partDone:
		r.part = partDone
		return nil
	case r.part != partHead:
		return fmt.Errorf("the body is cut short: %w", io.ErrUnexpectedEOF)
	case len(r.text) == 0:
		return fmt.Errorf("an empty reply: %w", io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("the head of the response is cut short: %w", io.ErrUnexpectedEOF)
}
