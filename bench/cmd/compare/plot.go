package main

import (
	"fmt"
	"image/color"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/millrace-net/millrace/bench/internal/chart"
	"github.com/millrace-net/millrace/bench/internal/stats"
)

// colours are those of the contenders; a plain form has that of the best one, paler.
var colours = map[string]color.RGBA{
	reference: chart.RGB(0x000000), "C io_uring": chart.RGB(0x7f7f7f), ours: chart.RGB(0xd62728),
	"gnet": chart.RGB(0x1f77b4), "gnet, plain": chart.RGB(0xaec7e8),
	"nbio": chart.RGB(0x2ca02c), "nbio, plain": chart.RGB(0x98df8a),
	"netpoll": chart.RGB(0xff7f0e), "netpoll, plain": chart.RGB(0xffbb78),
	"net": chart.RGB(0x9467bd), "net, plain": chart.RGB(0xc5b0d5),
	"net/http": chart.RGB(0x8c564b), "fasthttp": chart.RGB(0xe377c2),
}

// ratioMost is where a bar ends whatever its ratio is: a form that makes a system call for each line would hide the rest.
const ratioMost = 3

// plots are what is drawn: a figure of every cell that has it, one bar for each contender.
var plots = []struct {
	file, title, y string
	fits           func(cell) bool
	value          func(*result, *row) float64
}{
	{
		"servers.svg", fmt.Sprintf("Processor time of the server a message, as a ratio to %s (cut at %d)", reference, ratioMost), "ratio",
		func(c cell) bool { return !c.idle && c.pinned() },
		func(r *result, row *row) float64 {
			paired, _ := r.ratios(row)
			if len(paired) == 0 {
				return 0
			}
			return min(stats.Summarize(paired).Median, ratioMost)
		},
	},
	{
		"servers-p99.svg", "99th percentile of the latency", "µs",
		func(c cell) bool { return !c.idle && c.mode == "echo" && c.load[1] == "echo" },
		func(_ *result, row *row) float64 {
			values, _ := row.each(row, func(t *turn) float64 { return float64(t.Latency.P99) / 1e3 })
			if len(values) == 0 {
				return 0
			}
			return stats.Summarize(values).Median
		},
	},
	{
		"servers-idle.svg", "Resident memory of the server for an idle connection", "bytes",
		func(c cell) bool { return c.idle },
		func(r *result, row *row) float64 {
			if costs := r.costs(row); len(costs) > 0 {
				return stats.Summarize(costs).Median
			}
			return 0
		},
	},
}

// drawPlots writes the plots for which there are results to a directory.
func drawPlots(dir string, results []result) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, p := range plots {
		var chosen []result
		for _, r := range results {
			if p.fits(r.cell) {
				chosen = append(chosen, r)
			}
		}
		if len(chosen) == 0 {
			continue
		}
		drawn := chart.New()
		drawn.Title.Text, drawn.Y.Label.Text = p.title, p.y
		if err := addBars(drawn, chosen, p.value); err != nil {
			return err
		}
		if err := chart.Save(drawn, filepath.Join(dir, p.file)); err != nil {
			return err
		}
	}
	return nil
}

// addBars draws a group of bars for each result.
func addBars(p *plot.Plot, results []result, value func(*result, *row) float64) error {
	names := contendersOf(results)
	width := 16 * vg.Centimeter / vg.Length(len(results)*(len(names)+2))
	for i, name := range names {
		values := make(plotter.Values, len(results))
		for j := range results {
			for k := range results[j].rows {
				if row := &results[j].rows[k]; row.contender.name == name {
					values[j] = value(&results[j], row)
				}
			}
		}
		bars, err := plotter.NewBarChart(values, width)
		if err != nil {
			return err
		}
		bars.Color, bars.LineStyle.Width = colours[name], 0
		bars.Offset = width * (vg.Length(i) - vg.Length(len(names)-1)/2)
		p.Add(bars)
		p.Legend.Add(name, bars)
	}
	cells := make([]string, len(results))
	for i, r := range results {
		cells[i] = r.name
	}
	p.NominalX(cells...)
	p.X.Tick.Label.Rotation, p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = 0.3, -0.9, -0.6
	p.Y.Min = 0
	p.Add(plotter.NewGrid())
	return nil
}
