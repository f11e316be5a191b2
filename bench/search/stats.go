package main

import "slices"

// summary is what is told of the rounds of one row.
type summary struct{ median, min, max float64 }

// summarize returns the summary of at least one value.
func summarize(values []float64) summary {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return summary{median: (sorted[(n-1)/2] + sorted[n/2]) / 2, min: sorted[0], max: sorted[n-1]}
}

// ratio returns the median of the ratios of paired rounds.
func ratio(values, to []float64) float64 {
	ratios := make([]float64, len(values))
	for i := range values {
		ratios[i] = values[i] / to[i]
	}
	return summarize(ratios).median
}
