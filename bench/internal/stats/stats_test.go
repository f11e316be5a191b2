package stats

import "testing"

func TestSummarize(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		want   Summary
	}{
		{[]float64{4}, Summary{4, 4, 4}},
		{[]float64{9, 1}, Summary{5, 1, 9}},
		{[]float64{5, 1, 100}, Summary{5, 1, 100}},
		{[]float64{4, 2, 8, 6}, Summary{5, 2, 8}},
	} {
		values := append([]float64(nil), tt.values...)
		if got := Summarize(values); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.values, got, tt.want)
		}
		for i := range values {
			if values[i] != tt.values[i] {
				t.Errorf("%v has become %v", tt.values, values)
			}
		}
	}
}

// The rounds are paired: a machine that halves its speed for a round changes no ratio.
func TestRatioIsOfPairedRounds(t *testing.T) {
	if got := Ratio([]float64{2, 4, 20}, []float64{1, 2, 10}); got != 2 {
		t.Errorf("ratio %v, want 2", got)
	}
	if got := Ratio([]float64{1, 6, 3}, []float64{1, 1, 1}); got != 3 {
		t.Errorf("ratio %v, want 3", got)
	}
}
