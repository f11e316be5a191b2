package main

// response answers every request. It is the least that tells a client where it ends.
const response = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"

// responseBytes is the response for whoever does not collect replies.
var responseBytes = []byte(response)

// requests answers each request when its body has been skipped.
type requests struct {
	body int64 // so much of the body of the last request is still to come
	last bool  // the connection is to be closed after that request
}

// next takes the head of a request and what is there of its body. What cannot be parsed is the last, without a reply: a
// client that sends it is wrong, and the end of its connection tells it so.
func (q *requests) next(data []byte) (reply []byte, taken int, last bool) {
	if q.body == 0 {
		r, err := parseRequest(data)
		if err != nil {
			return nil, 0, err != errMore || len(data) >= maxElement
		}
		taken, q.body, q.last = r.head, r.body, r.last
	}
	n := min(q.body, int64(len(data)-taken))
	taken += int(n)
	q.body -= n
	if q.body > 0 {
		return nil, taken, false
	}
	return responseBytes, taken, q.last
}

// answer takes all requests that are whole, and what is there of the body of the next.
func (q *requests) answer(out, data []byte) (reply []byte, taken int, last bool) {
	for {
		reply, n, last := q.next(data[taken:])
		out = append(out, reply...)
		taken += n
		if n == 0 || last {
			return out, taken, last
		}
	}
}
