//go:build linux

package loop

import "time"

// Stats are counts since a loop began, but for those that say "now".
type Stats struct {
	Conns        int64  // open now, those being dialled included
	Opened       uint64 // connections accepted, adopted or dialled
	Closed       uint64 // connections that ended
	Elements     uint64 // elements delivered with found = true
	BytesIn      uint64 // bytes read
	BytesOut     uint64 // bytes the kernel took
	Writes       uint64 // system calls that wrote
	Turns        uint64 // returns from epoll_wait
	Events       uint64 // events that they brought
	Stale        uint64 // events for a channel that was closed before
	Oversize     uint64 // elements discarded for their length
	Panics       uint64 // callbacks that panicked
	Refused      uint64 // PushAsync calls that found the connection unwritable
	AcceptPauses uint64 // times that a listener backed off
	PacketsIn    uint64 // datagrams delivered to a PacketHandler
	PacketsOut   uint64 // datagrams of a PacketConn that the kernel took
	PacketsLost  uint64 // datagrams of a PacketConn that the kernel refused, or that were queued when it closed
	Truncated    uint64 // datagrams longer than MaxPacket, which were not delivered
	PacketErrors uint64 // errors of a PacketConn's socket that did not close it
	Stalls       uint64 // turns that took longer than StallTimeout
	RingBytes    int64  // in rings that are in use, now
	BlockBytes   int64  // in blocks that are in use, now
}

func (s *Stats) add(t *Stats) {
	s.Conns += t.Conns
	s.Opened += t.Opened
	s.Closed += t.Closed
	s.Elements += t.Elements
	s.BytesIn += t.BytesIn
	s.BytesOut += t.BytesOut
	s.Writes += t.Writes
	s.Turns += t.Turns
	s.Events += t.Events
	s.Stale += t.Stale
	s.Oversize += t.Oversize
	s.Panics += t.Panics
	s.Refused += t.Refused
	s.AcceptPauses += t.AcceptPauses
	s.PacketsIn += t.PacketsIn
	s.PacketsOut += t.PacketsOut
	s.PacketsLost += t.PacketsLost
	s.Truncated += t.Truncated
	s.PacketErrors += t.PacketErrors
	s.Stalls += t.Stalls
	s.RingBytes += t.RingBytes
	s.BlockBytes += t.BlockBytes
}

// Stats returns the loop's counts. Loop's goroutine only, or after its end.
func (l *Loop) Stats() Stats {
	s := l.stats
	s.Conns = l.conns.Load()
	s.Stalls = l.pulse.stalls.Load()
	s.RingBytes = l.rings.Stats().InUseBytes
	s.BlockBytes = l.blocks.Stats().InUseBytes
	return s
}

// statsWait bounds how long Set.Stats waits for a loop whose handler blocks.
const statsWait = time.Second

// ask fetches Stats from another goroutine, at no cost to a loop that nobody asks. It reports false
// for a loop that does not answer in time.
func (l *Loop) ask() (Stats, bool) {
	answer := make(chan Stats, 1)
	if l.mail.PutAlways(message{f: func() { answer <- l.Stats() }}) != nil {
		<-l.done // it is closing
		return l.Stats(), true
	}
	timeout := time.NewTimer(statsWait)
	defer timeout.Stop()
	select {
	case s := <-answer:
		return s, true
	case <-timeout.C:
		return Stats{}, false
	}
}
