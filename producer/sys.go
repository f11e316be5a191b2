package producer

// Sys is what the queues of one loop share: the system calls, the source of blocks, the limits of a batch. The zero value
// is ready: real system calls, blocks from the heap. It is used by one goroutine, that of the loop; its fields are set
// before the first queue is given it, and not changed while a queue holds blocks.
//
// Invariant: outside WriteTo the scratch is empty, so that it pins no memory.
type Sys struct {
	// Calls are the system calls WriteTo makes. Those left nil become the real ones.
	Calls Calls

	// Get returns a block with length 0 and room for at least n bytes; n is a power of two from 4 KiB to 64 KiB. The
	// queue owns it until Put. Nil means make.
	Get func(n int) []byte

	// Put takes back a block that Get gave, with length 0. Nil leaves it to the garbage collector.
	Put func(p []byte)

	// MaxBatchBytes is the most bytes that one writev or sendfile is offered. 0 or less means 1 MiB.
	MaxBatchBytes int

	// MaxIovecs is the most slices that one writev is offered. 0 or less, or more, means 1,024: IOV_MAX, writev(2).
	MaxIovecs int

	scratch scratch
}

// get returns a block for at least n bytes.
func (s *Sys) get(n int) []byte {
	if s.Get != nil {
		if p := s.Get(n); cap(p) >= n {
			return p[:0]
		}
	}
	return make([]byte, 0, n)
}

// put gives a block back.
func (s *Sys) put(p []byte) {
	if s.Put != nil {
		s.Put(p[:0])
	}
}
