package main

import (
	"bytes"
	"errors"
	"strconv"
)

// request is what a server that answers everything alike must know of a request.
type request struct {
	head int   // how many bytes its head has, with the empty line that ends it
	body int64 // how many follow as its body
	last bool  // the client wants the connection closed after the answer
}

// What may be wrong with a head.
var (
	errMore    = errors.New("the head of the request has not ended yet")
	errRequest = errors.New("not a request of HTTP/1.1")
)

// The names and the value that the server has to know, as bytes, which a comparison takes without a copy.
var (
	connection       = []byte("Connection")
	contentLength    = []byte("Content-Length")
	transferEncoding = []byte("Transfer-Encoding")
	closing          = []byte("close")
	comma            = []byte(",")
)

// noLength is the body of a request whose head has not told its length yet.
const noLength = -1

// parseRequest reads the head of the request that data begins with. It fails with errMore where data ends too early.
func parseRequest(data []byte) (request, error) {
	line, n, err := cutLine(data)
	if err != nil {
		return request{}, err
	}
	r := request{head: n, body: noLength}
	if !r.requestLine(line) {
		return request{}, errRequest
	}
	for {
		line, n, err = cutLine(data[r.head:])
		if err != nil {
			return request{}, err
		}
		r.head += n
		if len(line) == 0 {
			r.body = max(r.body, 0)
			return r, nil
		}
		if !r.header(line) {
			return request{}, errRequest
		}
	}
}

// cutLine returns the line that data begins with and how many bytes it has with its CR LF.
func cutLine(data []byte) (line []byte, n int, err error) {
	i := bytes.IndexByte(data, '\n')
	switch {
	case i < 0:
		return nil, 0, errMore
	case i == 0 || data[i-1] != '\r':
		return nil, 0, errRequest
	}
	return data[:i-1], i + 1, nil
}

// requestLine reads a method, a target and a version with one space between each two. A client of HTTP/1.0 expects the
// end of the connection as the end of the answer.
func (r *request) requestLine(line []byte) bool {
	method := bytes.IndexByte(line, ' ')
	target := len(line) - len(" HTTP/1.1")
	if method < 1 || target <= method+1 || bytes.IndexByte(line[method+1:target], ' ') >= 0 {
		return false
	}
	switch string(line[target:]) {
	case " HTTP/1.1":
	case " HTTP/1.0":
		r.last = true
	default:
		return false
	}
	return true
}

// header reads a header, of which it knows those that tell where the request ends and whether another follows. The lengths
// of names differ more than their letters, so that most are not compared at all.
func (r *request) header(line []byte) bool {
	colon := bytes.IndexByte(line, ':')
	if colon < 1 || line[0] <= ' ' || line[colon-1] <= ' ' {
		return false
	}
	name, value := line[:colon], line[colon+1:]
	switch {
	case len(name) == len(connection) && bytes.EqualFold(name, connection):
		r.connection(value)
	case len(name) == len(contentLength) && bytes.EqualFold(name, contentLength):
		return r.contentLength(bytes.TrimSpace(value))
	case len(name) == len(transferEncoding) && bytes.EqualFold(name, transferEncoding):
		return false // there are no chunks in any measurement, and to guess where they end would be worse than to refuse
	}
	return true
}

// connection reads the list of what holds for this connection.
func (r *request) connection(list []byte) {
	for option := range bytes.SplitSeq(list, comma) {
		if bytes.EqualFold(bytes.TrimSpace(option), closing) {
			r.last = true
		}
	}
}

// contentLength reads the length of the body, which may be told twice but not in two ways.
func (r *request) contentLength(digits []byte) bool {
	n, err := strconv.ParseUint(string(digits), 10, 63)
	if err != nil || r.body != noLength && r.body != int64(n) {
		return false
	}
	r.body = int64(n)
	return true
}
