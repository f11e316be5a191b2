package main

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"github.com/millrace-net/millrace/bench/internal/chart"
	"github.com/millrace-net/millrace/bench/internal/stats"
)

// plots is which plots there are: of the cases whose names begin so and that have a place on the x axis.
var plots = []struct {
	file, cases, title, x, y string
	tick                     func(float64) string
}{
	{"match-absent.svg", "absent/CRLF/", "Search for a CRLF that is not there", "length of the text", "GB/s",
		func(x float64) string { return sizeName(int(x)) }},
	{"match-lines.svg", "lines/CRLF/", "Every CRLF in 64 KiB of lines", "length of a line, in bytes", "ns a line",
		func(x float64) string { return strconv.Itoa(int(x)) }},
}

// curve is one contender's line in a plot.
type curve struct {
	name string
	plotter.XYs
}

// drawPlots writes the plots for which there are results to a directory.
func drawPlots(dir string, results []result) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, p := range plots {
		curves := curvesOf(results, p.cases)
		if len(curves) == 0 {
			continue
		}
		drawn := chart.New()
		drawn.Title.Text, drawn.X.Label.Text, drawn.Y.Label.Text = p.title, p.x, p.y
		drawn.X.Tick.Marker = ticksAt(curves, p.tick)
		if err := addCurves(drawn, curves); err != nil {
			return err
		}
		if err := chart.Save(drawn, filepath.Join(dir, p.file)); err != nil {
			return err
		}
	}
	return nil
}

// curvesOf collects the curves of the cases that begin with prefix, each contender's in the order of the contenders.
func curvesOf(results []result, prefix string) []*curve {
	var all []*curve
	byName := map[string]*curve{}
	for _, r := range results {
		if !strings.HasPrefix(r.name, prefix) || r.x == 0 {
			continue
		}
		for _, row := range r.rows {
			c := byName[row.contender.name]
			if c == nil {
				c = &curve{name: row.contender.name}
				byName[c.name] = c
				all = append(all, c)
			}
			c.XYs = append(c.XYs, plotter.XY{X: r.x, Y: r.figure(stats.Summarize(row.rounds).Median)})
		}
	}
	return all
}

// ticksAt puts a tick at each x that was measured.
func ticksAt(curves []*curve, label func(float64) string) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for _, p := range curves[0].XYs {
		ticks = append(ticks, plot.Tick{Value: p.X, Label: label(p.X)})
	}
	return ticks
}

// decimalTicks has a labelled tick at 1, 2 and 5 of every power of ten, written in full.
type decimalTicks struct{}

func (decimalTicks) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)); e++ {
		for _, digit := range []float64{1, 2, 5} {
			if v := digit * math.Pow(10, e); v >= low && v <= high {
				ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 3, 64)})
			}
		}
	}
	return ticks
}

// addCurves makes both axes logarithmic and draws the curves with their points.
func addCurves(p *plot.Plot, curves []*curve) error {
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.Y.Tick.Marker = decimalTicks{}
	p.Add(plotter.NewGrid())
	for _, c := range curves {
		line, points, err := plotter.NewLinePoints(c.XYs)
		if err != nil {
			return err
		}
		s := styleOf(c.name)
		line.LineStyle, points.GlyphStyle = s.line, s.point
		p.Add(line, points)
		p.Legend.Add(c.name, line, points)
	}
	p.Y.Min, p.Y.Max = p.Y.Min/1.1, p.Y.Max*1.1
	return nil
}
