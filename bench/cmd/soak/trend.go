//go:build linux

package main

import "fmt"

// trend is how the memory of a server went, in bytes.
type trend struct {
	judged       bool
	second, last float64 // means of the second and the last quarter
	perMinute    float64 // slope of the line that fits best (least squares) from the second quarter on
}

// memory returns the trend of a server.
func (s *soak) memory(server int) trend {
	n := len(s.samples)
	minutes, bytes := make([]float64, n), make([]float64, n)
	for i, one := range s.samples {
		minutes[i], bytes[i] = one.at.Minutes(), float64(one.servers[server].Resident)
	}
	t := trendOf(minutes, bytes)
	t.judged = t.judged && s.o.duration() >= trendTime
	return t
}

// trendOf judges values at times; fewer than eight are too few.
func trendOf(minutes, bytes []float64) trend {
	n := len(bytes)
	if n < 8 {
		return trend{}
	}
	return trend{
		judged:    true,
		second:    mean(bytes[n/4 : n/2]),
		last:      mean(bytes[n-n/4:]),
		perMinute: slope(minutes[n/4:], bytes[n/4:]),
	}
}

// margin is how much the mean may grow.
func (t trend) margin() float64 { return marginBytes + marginPart*t.second }

func (t trend) text(name string) string {
	if !t.judged {
		return name + ": memory: too short to be judged"
	}
	const mb = 1 << 20
	return fmt.Sprintf("%s: resident memory: %.1f MiB in the last quarter, %.1f in the second, margin %.1f; line of best fit %+.3f MiB a minute",
		name, t.last/mb, t.second/mb, t.margin()/mb, t.perMinute/mb)
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// slope returns that of the line of least squares.
func slope(x, y []float64) float64 {
	mx, my := mean(x), mean(y)
	var xy, xx float64
	for i := range x {
		xy += (x[i] - mx) * (y[i] - my)
		xx += (x[i] - mx) * (x[i] - mx)
	}
	if xx == 0 {
		return 0
	}
	return xy / xx
}
