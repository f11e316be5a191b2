package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/millrace-net/millrace/match"
)

// ours returns the searches of package match, on each tier; those of the best tier come first.
func ours() []contender {
	var all []contender
	for _, tier := range match.SIMDTiers() {
		all = append(all,
			contender{name: "Index", task: first, fits: oneLiteral, prepare: finderIndex},
			contender{name: "Cuts", task: elements, fits: always, prepare: newMatcherCuts},
			contender{name: "Cuts, running", task: elements, fits: always, prepare: runningMatcherCuts},
			contender{name: "IndexAll", task: elements, fits: oneLiteral, prepare: finderIndexAll},
			contender{name: "Next", task: elements, fits: always, prepare: matcherNext},
		)
		for _, piece := range []int{whole, 64, 7, 1} {
			all = append(all, contender{
				name: "Next" + fed(piece), task: stream, piece: piece, fits: always,
				prepare: func(c *searchCase) (batch, error) { return matcherStream(c, piece) },
			})
		}
		for i := len(all) - 9; i < len(all); i++ {
			all[i].name = fmt.Sprintf("millrace %s %s", tier, all[i].name)
			all[i].prepare = onTier(tier, all[i].prepare)
		}
	}
	return all
}

// tiers says which tiers of package match there are.
func tiers() string {
	return fmt.Sprintf("match: tiers %s, of which it chose %s", strings.Join(match.SIMDTiers(), ", "), match.SIMD())
}

// fed says how a stream comes, behind a name.
func fed(piece int) string {
	if piece == whole {
		return " whole"
	}
	return fmt.Sprintf(" by %d", piece)
}

// onTier prepares and runs on one tier; every batch chooses it anew, because the contenders take turns.
func onTier(tier string, prepare func(*searchCase) (batch, error)) func(*searchCase) (batch, error) {
	return func(c *searchCase) (batch, error) {
		if err := match.SetSIMD(tier); err != nil {
			return nil, err
		}
		run, err := prepare(c)
		if err != nil {
			return nil, err
		}
		return func(iterations int) (time.Duration, answer, error) {
			if err := match.SetSIMD(tier); err != nil {
				return 0, 0, err
			}
			return run(iterations)
		}, nil
	}
}

// terminatorOf compiles the literals of a case.
func terminatorOf(c *searchCase) (match.Terminator, error) {
	if c.single() {
		return match.Literal(c.literal())
	}
	all := make([][]byte, len(c.literals))
	for i, l := range c.literals {
		all[i] = l.bytes
	}
	return match.Any(all...)
}

func finderIndex(c *searchCase) (batch, error) {
	f, err := match.NewFinder(c.literal())
	if err != nil {
		return nil, err
	}
	p := c.text.bytes
	return timed(func() answer { return place(f.Index(p)) }), nil
}

func finderIndexAll(c *searchCase) (batch, error) {
	f, err := match.NewFinder(c.literal())
	if err != nil {
		return nil, err
	}
	p, dst := c.text.bytes, make([]uint32, 1024)
	return timed(func() answer {
		count, sum, base := 0, uint64(0), 0
		for {
			n, scanned := f.IndexAll(dst, p[base:])
			count += n
			for _, at := range dst[:n] {
				sum += uint64(base) + uint64(at)
			}
			if n < len(dst) {
				return pack(count, sum)
			}
			base += scanned
		}
	}), nil
}

// newMatcherCuts has a new Matcher for each walk, which has to see a few elements before it looks ahead.
func newMatcherCuts(c *searchCase) (batch, error) { return matcherCuts(c, false) }

// runningMatcherCuts goes on with the Matcher that has read the same text before, as a connection does with each read.
func runningMatcherCuts(c *searchCase) (batch, error) { return matcherCuts(c, true) }

// matcherCuts takes each element as a slice of the text.
func matcherCuts(c *searchCase, running bool) (batch, error) {
	t, err := terminatorOf(c)
	if err != nil {
		return nil, err
	}
	p, dst, m := c.text.bytes, make([]match.Cut, 512), match.NewMatcher(t)
	return timed(func() answer {
		count, sum, base, begin := 0, uint64(0), 0, 0
		if !running || m.Held() > 0 {
			m.Reset(t)
		}
		for base < len(p) {
			n, read := m.Cuts(dst, p[base:])
			if read == 0 {
				return absent // it would go on for ever
			}
			count += n
			for _, cut := range dst[:n] {
				element := p[begin : base+int(cut.End)-int(cut.Size)]
				sum += uint64(begin + len(element))
				begin = base + int(cut.End)
			}
			base += read
		}
		return pack(count, sum)
	}), nil
}

// matcherNext takes each element as a slice of the text, too.
func matcherNext(c *searchCase) (batch, error) {
	t, err := terminatorOf(c)
	if err != nil {
		return nil, err
	}
	p, m := c.text.bytes, match.NewMatcher(t)
	return timed(func() answer {
		count, sum, begin := 0, uint64(0), 0
		m.Reset(t)
		for {
			end, size, found := m.Next(p[begin:])
			if !found {
				return pack(count, sum)
			}
			element := p[begin : begin+end-size]
			count++
			sum += uint64(begin + len(element))
			begin += end
		}
	}), nil
}

// matcherStream feeds the text in pieces, and counts what is held back in the end.
func matcherStream(c *searchCase, piece int) (batch, error) {
	t, err := terminatorOf(c)
	if err != nil {
		return nil, err
	}
	text, m := c.text.bytes, match.NewMatcher(t)
	if piece == 1 {
		return timed(func() answer { return bytewise(&m, t, text) }), nil
	}
	return timed(func() answer {
		count, sum, at := 0, uint64(0), 0
		m.Reset(t)
		for at < len(text) {
			p := text[at:min(at+piece, len(text))]
			for len(p) > 0 {
				end, size, found := m.Next(p)
				at += end
				if found {
					count++
					sum += uint64(at - size)
				}
				p = p[end:]
			}
		}
		return pack(count, sum+uint64(m.Held()))
	}), nil
}

// bytewise feeds the text byte by byte. A piece of one byte is always read whole, so that no loop goes on inside it.
func bytewise(m *match.Matcher, t match.Terminator, text []byte) answer {
	count, sum := 0, uint64(0)
	m.Reset(t)
	for i := range text {
		if _, size, found := m.Next(text[i : i+1]); found {
			count++
			sum += uint64(i + 1 - size)
		}
	}
	return pack(count, sum+uint64(m.Held()))
}
