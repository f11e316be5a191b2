package match

// Prices and limits of the search for a literal, in bytes: a false candidate is a debt, and a byte read pays back one.
const (
	falsePrice = 16  // what a false candidate costs, in bytes of the plain search
	plainDebt  = 512 // at this debt there is no scan but the plain search
	plainBlock = 256 // bytes of plain search before the debt is looked at again
	maxBack    = 8   // bytes that are compared again at most, after a false candidate
)

// A search of n bytes takes at most stepsPerByte·n + stepsOver steps; see search.
const (
	stepsPerByte = 8
	stepsOver    = 1024
)

// meter counts the work of a search and keeps its budget: false candidates are paid for by bytes read. So no input can
// keep a search busy leaving and entering its fast loops.
//
// Invariant: 0 ≤ debt < plainDebt + falsePrice; steps never falls.
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
	w.debt += falsePrice
	w.steps += falsePrice
}
