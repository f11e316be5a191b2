package match

// Prices and limits of the search for a literal, in bytes: a false candidate is a debt, and a byte read pays back one.
// The prices are what the false candidate costs, in bytes of the next slower gear.
const (
	rareFalse  = 128  // what a false candidate adds to the debt in the first gear, where the scan is for one rare byte
	pairFalse  = 16   // and in the second gear, where it is for a pair of bytes
	pairDebt   = 256  // at this debt the second gear begins
	plainDebt  = 512  // at this debt there is no scan but the plain search
	pairBlock  = 4096 // bytes that the second gear scans before it gives way to the first
	plainBlock = 256  // bytes of plain search before the debt is looked at again
	maxBack    = 8    // bytes that are compared again at most, after a false candidate
)

// A search of n bytes takes at most stepsPerByte·n + stepsOver steps; see search.
const (
	stepsPerByte = 5
	stepsOver    = 1024
)

// meter counts the work of a search and keeps its budget: false candidates are paid for by bytes read. So no input can
// keep a search busy leaving and entering its fast loops.
//
// Invariant: 0 ≤ debt < plainDebt + pairFalse; steps never falls.
type meter struct {
	steps int   // bytes scanned, bytes compared, and the price of each false candidate
	debt  int32 // in bytes
}

// pay lowers the debt by the n bytes that were read.
func (w *meter) pay(n int) {
	w.debt = int32(max(0, int(w.debt)-n))
}

// charge enters a false candidate.
func (w *meter) charge() {
	price := int32(pairFalse)
	if w.debt < pairDebt {
		price = rareFalse
	}
	w.debt += price
	w.steps += int(price)
}
