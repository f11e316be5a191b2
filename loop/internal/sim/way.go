//go:build linux

package sim

// way is one direction of a connection: what a send put in, what has arrived, and what is between.
//
// Invariant: due ≤ len(sent) ≤ unacked ≤ sendCap, but for the one that the end of the stream counts, unless a reset has emptied
// sent; len(got) ≤ recvCap.
type way struct {
	from, to *Socket
	sent     []byte // taken by a send, and not arrived
	due      int    // of them, those that have come to the receiver, which may have no room
	got      []byte // arrived, and not read
	unacked  int    // what the sender does not know to have arrived, its end of the stream counted as one
	sendCap  int
	recvCap  int
	lastNs   int64 // when the last segment comes: none overtakes another
	ended    bool  // the end of the stream is on its way
	endDue   bool  // it has come, maybe before bytes for which there is no room
	endGot   bool  // it has arrived
	asking   bool  // the receiver's new room is on its way to the sender
	Total    uint64
	Read     uint64 // bytes that the receiver has read
}

// arrival is when a segment that leaves now comes.
func (k *Kernel) arrival(w *way) int64 {
	w.lastNs = max(w.lastNs, k.now+k.delay())
	return w.lastNs
}

// put sends what fits of p, and returns how much that is.
func (k *Kernel) put(w *way, p []byte) int {
	n := min(len(p), w.sendCap-w.unacked)
	if n <= 0 {
		return 0
	}
	w.sent = append(w.sent, p[:n]...)
	w.unacked += n
	w.Total += uint64(n)
	k.Bytes += uint64(n)
	k.Progress++
	for left := n; left > 0; {
		segment := left
		if k.rand.IntN(8) == 0 {
			segment = 1 + k.rand.IntN(left)
		}
		left -= segment
		k.at(k.arrival(w), func() {
			w.due += segment
			k.arrive(w)
		})
	}
	return n
}

// end sends the end of the stream behind what was sent.
func (k *Kernel) end(w *way) {
	if w.ended {
		return
	}
	w.ended = true
	w.unacked++
	k.Progress++
	k.at(k.arrival(w), func() {
		w.endDue = true
		k.arrive(w)
	})
}

// arrive moves what has come, as far as the receiver has room, and has it acknowledged.
func (k *Kernel) arrive(w *way) {
	to := w.to
	if to.phase == dead || to.orphan && w.due > 0 {
		k.refuse(to, w)
		return
	}
	n := min(w.due, len(w.sent), w.recvCap-len(w.got))
	if n > 0 {
		w.got = append(w.got, w.sent[:n]...)
		w.sent = w.sent[:copy(w.sent, w.sent[n:])]
		w.due -= n
		k.acknowledge(w, n)
		to.touch()
	}
	if w.endDue && !w.endGot && len(w.sent) == 0 {
		w.endGot = true
		to.recvShut = true
		k.acknowledge(w, 1)
		to.touch()
	}
}

// acknowledge tells the sender, in a while, that n bytes have arrived.
func (k *Kernel) acknowledge(w *way, n int) {
	k.After(k.delay(), func() {
		if w.from.phase != dead {
			w.unacked -= n
			w.from.touch()
		}
	})
}

// take reads from what has arrived.
func (k *Kernel) take(w *way, p []byte) int {
	n := copy(p, w.got)
	w.got = w.got[:copy(w.got, w.got[n:])]
	w.Read += uint64(n)
	k.Progress++
	if w.due > 0 && !w.asking { // the sender learns of the room
		w.asking = true
		k.After(k.delay(), func() {
			w.asking = false
			k.arrive(w)
		})
	}
	return n
}

// refuse answers a segment for a socket that nobody has any more: the sender is reset, and what the socket itself had
// still to send is lost.
func (k *Kernel) refuse(to *Socket, w *way) {
	w.due = 0
	if to.phase != dead {
		to.phase = dead
	}
	k.reset(to)
}

// reset has a reset arrive at the other side, behind what is on its way there.
func (k *Kernel) reset(s *Socket) {
	peer := s.peer
	if peer == nil || s.resetSent {
		return
	}
	s.resetSent = true
	k.Resets++
	k.at(k.arrival(&s.out), func() { peer.wasReset() })
}
