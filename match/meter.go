package match

// Prices and limits of the search for a literal. Debts are in bytes: a byte read pays back one.
const (
	falseCost  = 16  // what a false candidate adds to the debt
	pairDebt   = 128 // at this debt the scan is for a pair instead of one rare byte
	plainDebt  = 256 // at this debt there is no scan but the plain search
	plainBlock = 256 // bytes of plain search before the debt is looked at again
)

// meter counts the work of a search and keeps its budget: false candidates are paid for by bytes read, one for each falseCost
// bytes. So no input can keep a search busy leaving and entering its fast loops.
//
// Invariant: 0 ≤ debt < plainDebt + falseCost; steps never falls.
type meter struct {
	steps int   // bytes scanned, bytes compared, and falseCost for each false candidate
	debt  int32 // in bytes
}

// pay lowers the debt by the n bytes that were read.
func (w *meter) pay(n int) {
	w.debt = int32(max(0, int(w.debt)-n))
}

// charge enters a false candidate.
func (w *meter) charge() {
	w.debt += falseCost
	w.steps += falseCost
}
