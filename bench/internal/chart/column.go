package chart

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// SaveColumn draws plots below each other into an SVG file, with their axes in line and the legend of the first, which
// counts for all, at the right.
func SaveColumn(plots []*plot.Plot, path string) error {
	const width, each, legend = 26 * vg.Centimeter, 7 * vg.Centimeter, 4 * vg.Centimeter
	svg := vgsvg.New(width, each*vg.Length(len(plots)))
	all := draw.Crop(draw.New(svg), 3*vg.Millimeter, -3*vg.Millimeter, 3*vg.Millimeter, -3*vg.Millimeter)
	svg.SetColor(plots[0].BackgroundColor)
	svg.Fill(draw.New(svg).Rectangle.Path())
	key := plots[0].Legend
	rows := make([][]*plot.Plot, len(plots))
	for i, p := range plots {
		p.Legend = plot.NewLegend()
		rows[i] = []*plot.Plot{p}
	}
	tiles := draw.Tiles{Rows: len(plots), Cols: 1, PadY: 4 * vg.Millimeter}
	for i, row := range plot.Align(rows, tiles, draw.Crop(all, 0, -legend, 0, 0)) {
		plots[i].Draw(row[0])
	}
	key.Draw(draw.Crop(all, all.Size().X-legend+4*vg.Millimeter, 0, 0, -10*vg.Millimeter))
	return write(svg, path)
}
