package main

// byOne returns the replies of a protocol to pieces that arrive one after the other, and whether it wants the connection
// closed, where each element is taken by itself.
func byOne(p protocol, pieces ...string) (replies string, last bool) {
	var data []byte
	for _, piece := range pieces {
		data = append(data, piece...)
		for !last {
			reply, n, end := p.next(data)
			replies += string(reply)
			data, last = data[n:], end
			if n == 0 {
				break
			}
		}
	}
	return replies, last
}

// byBatch returns the same where all that is there is taken at once, and replies are collected in one buffer.
func byBatch(p protocol, pieces ...string) (replies string, last bool) {
	var data []byte
	b := batch{protocol: p}
	for _, piece := range pieces {
		if last {
			break
		}
		data = append(data, piece...)
		reply, n, end := b.replies(data)
		replies += string(reply)
		data, last = data[n:], end
	}
	return replies, last
}
