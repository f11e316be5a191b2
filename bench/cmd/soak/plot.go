//go:build linux

package main

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/millrace-net/millrace/bench/internal/chart"
)

// colours are those of the servers, in their order.
var colours = []uint32{0xd62728, 0x1f77b4, 0x2ca02c, 0xff7f0e, 0x9467bd, 0x8c564b}

// panels are what is drawn over time, one below the other.
var panels = []struct {
	title string
	value func(serverSample) float64
}{
	{"Resident memory, MiB", func(v serverSample) float64 { return float64(v.Resident) / (1 << 20) }},
	{"Descriptors", func(v serverSample) float64 { return float64(v.Descriptors) }},
	{"Mappings", func(v serverSample) float64 { return float64(v.Mappings) }},
	{"Lag, 99th percentile, ms", func(v serverSample) float64 { return float64(v.lag.p99) / 1e3 }},
}

// draw draws the samples into an SVG file.
func (s *soak) draw(path string) error {
	all := make([]*plot.Plot, len(panels))
	for i, panel := range panels {
		p := chart.New()
		p.Y.Label.Text = panel.title
		p.Y.Min = 0
		p.Add(plotter.NewGrid())
		for j, srv := range s.servers {
			points := make(plotter.XYs, len(s.samples))
			for k, one := range s.samples {
				points[k] = plotter.XY{X: one.at.Minutes(), Y: panel.value(one.servers[j])}
			}
			line, err := plotter.NewLine(points)
			if err != nil {
				return err
			}
			line.Color, line.Width = chart.RGB(colours[j]), vg.Points(0.8)
			p.Add(line)
			p.Legend.Add(srv.name, line)
		}
		all[i] = p
	}
	all[0].Title.Text = fmt.Sprintf("The example servers under %v of mixed traffic with faults", s.o.duration())
	all[len(all)-1].X.Label.Text = "minutes"
	return chart.SaveColumn(all, path)
}
