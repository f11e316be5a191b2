//go:build linux

package chat

// Limits of a decoded script: what is pushed in one event stays below what a connection stages before it writes.
const (
	decodedSteps  = 8
	decodedOps    = 4
	decodedText   = 40
	decodedStream = 300
)

// Decode makes a script of any bytes: its terminators and calls of plan, the chunks of cuts. It is for this library, so it
// leaves out what changes asynchat alone: the sizes of its buffers.
func Decode(stream, plan, cuts []byte) *Script {
	d := decoder{plan: plan}
	s := &Script{Class: "fuzz", Stream: Text(stream[:min(len(stream), decodedStream)])}
	flags := d.next()
	if s.End = EndStream; flags&1 != 0 {
		s.End = EndNone
	}
	switch s.Term = d.term(); {
	case flags&6 == 6:
		s.Term = Term{Kind: TermUnset}
	case s.Term.N < 0:
		s.Term = Term{}
	}
	for len(d.plan) > 0 && len(s.Steps) < decodedSteps {
		s.Steps = append(s.Steps, d.step())
	}
	for i, left := 0, len(s.Stream); left > 0; i++ {
		n := left
		if len(cuts) > 0 {
			n = min(n, 1+int(cuts[i%len(cuts)]))
		}
		s.Chunks = append(s.Chunks, n)
		left -= n
	}
	return s
}

// decoder reads a plan; behind its end it reads zeros.
type decoder struct{ plan []byte }

func (d *decoder) next() byte {
	if len(d.plan) == 0 {
		return 0
	}
	c := d.plan[0]
	d.plan = d.plan[1:]
	return c
}

// text reads a length and so many bytes.
func (d *decoder) text() Text {
	n := min(int(d.next())%decodedText, len(d.plan))
	p := Text(d.plan[:n])
	d.plan = d.plan[n:]
	return p
}

func (d *decoder) term() Term {
	switch c := d.next(); c % 8 {
	case 0:
		return Term{Kind: TermBytes, Lit: Text("\r\n")}
	case 1:
		return Term{}
	case 2:
		return Term{Kind: TermCount, N: int64(c/8) - 1} // one of which is refused
	case 3:
		return Term{Kind: TermCount, N: int64(d.next())<<8 | int64(d.next())}
	case 4:
		return Term{Kind: TermBytes, Lit: Text(common[int(c/8)%len(common)])}
	}
	return Term{Kind: TermBytes, Lit: d.text()}
}

// step reads up to decodedOps calls; a byte tells how many.
func (d *decoder) step() Step {
	var step Step
	for range d.next() % (decodedOps + 1) {
		step = append(step, d.op())
	}
	return endAtClose(step)
}

func (d *decoder) op() Op {
	switch c := d.next(); c % 16 {
	case 0, 1, 2, 3, 4:
		return Op{Do: DoSet, Term: d.term()}
	case 5, 6:
		return Op{Do: DoPush, Data: d.text()}
	case 7, 8, 9:
		return Op{Do: DoEcho}
	case 10, 11:
		return Op{Do: DoProducer, Chunks: []Text{d.text(), d.text(), d.text()}}
	case 12:
		return Op{Do: DoSimple, Size: int(c / 16), Data: d.text()}
	case 13:
		return Op{Do: DoClose}
	case 14:
		return Op{Do: DoWhenDone}
	}
	return Op{Do: DoDiscard}
}
