package match

// Prices and limits of the search for a literal, in bytes: a false candidate is a debt, and a byte read pays back one.
const (
	falsePrice = 16      // what a false candidate costs, in bytes of the plain search
	plainDebt  = 512     // from this debt on there is no scan but the plain search
	plainSpell = 2048    // for so many bytes at least: who comes to this debt in hostile text would soon come to it again
	plainBlock = 16      // bytes of the plain search after which it looks for a cycle
	maxWait    = 1 << 20 // blocks of the plain search between two looks for a cycle, at most: 16 MiB of text
	maxBack    = 8       // bytes that are compared again at most, after a false candidate
)

// A search of n bytes takes at most stepsPerByte·n + stepsOver steps; see search.
const (
	stepsPerByte = 8
	stepsOver    = 1024
)

// meter counts the work of a search and keeps its budget: false candidates are paid for by bytes read. So no input can
// keep a search busy leaving and entering its fast loops.
//
// Invariant: 0 ≤ debt ≤ plainDebt + plainSpell; steps never falls.
type meter struct {
	steps int   // bytes scanned, bytes compared, and the price of each false candidate
	debt  int32 // in bytes
}

// broke reports whether the plain search has to go on.
func (w *meter) broke() bool { return w.debt >= plainDebt }

// pay lowers the debt by the n bytes that were read. The plain search ends with no debt.
func (w *meter) pay(n int) {
	least := 0
	if w.broke() {
		least = plainDebt
	}
	if w.debt = int32(max(least, int(w.debt)-n)); w.debt == plainDebt {
		w.debt = 0
	}
}

// charge enters a false candidate.
func (w *meter) charge() {
	w.steps += falsePrice
	if w.debt += falsePrice; w.broke() {
		w.debt = plainDebt + plainSpell
	}
}
