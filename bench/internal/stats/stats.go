// Package stats summarizes the rounds of a benchmark.
package stats

import "slices"

// Summary is what is told of the rounds of one row.
type Summary struct{ Median, Min, Max float64 }

// Summarize returns the summary of at least one value.
func Summarize(values []float64) Summary {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return Summary{Median: (sorted[(n-1)/2] + sorted[n/2]) / 2, Min: sorted[0], Max: sorted[n-1]}
}

// Ratios returns the ratios of paired rounds: a machine that halves its speed for a round changes none.
func Ratios(values, to []float64) []float64 {
	ratios := make([]float64, len(values))
	for i := range values {
		ratios[i] = values[i] / to[i]
	}
	return ratios
}

// Ratio returns the median of the ratios of paired rounds.
func Ratio(values, to []float64) float64 { return Summarize(Ratios(values, to)).Median }
