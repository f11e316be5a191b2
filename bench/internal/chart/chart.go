// Package chart draws the plots of benchmarks alike.
package chart

import (
	"bytes"
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// RGB is the colour 0xrrggbb.
func RGB(v uint32) color.RGBA { return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 0xff} }

// New returns an empty plot, set in the font whose measures the widest spread fonts share.
func New() *plot.Plot {
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	p := plot.New()
	p.Title.TextStyle.Font.Size = 14
	p.Title.Padding = 4 * vg.Millimeter
	p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = 9, 9
	p.X.Label.Padding, p.Y.Label.Padding = 2*vg.Millimeter, 2*vg.Millimeter
	p.Legend.TextStyle.Font.Size = 10
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.Padding = 1.5 * vg.Millimeter
	p.Legend.ThumbnailWidth = 9 * vg.Millimeter
	return p
}

// Save draws the plot into an SVG file, with its legend at the right of it, where it hides nothing.
func Save(p *plot.Plot, path string) error {
	const width, height, legend = 26 * vg.Centimeter, 15 * vg.Centimeter, 6 * vg.Centimeter
	svg := vgsvg.New(width, height)
	all := draw.Crop(draw.New(svg), 3*vg.Millimeter, -3*vg.Millimeter, 3*vg.Millimeter, -3*vg.Millimeter)
	svg.SetColor(p.BackgroundColor)
	svg.Fill(draw.New(svg).Rectangle.Path())
	key := p.Legend
	p.Legend = plot.NewLegend()
	p.Draw(draw.Crop(all, 0, -legend, 0, 0))
	key.Draw(draw.Crop(all, all.Size().X-legend+4*vg.Millimeter, 0, 0, -10*vg.Millimeter))
	return write(svg, path)
}

// write writes an image to a file, and names other fonts beside those that it was set in.
func write(svg *vgsvg.Canvas, path string) error {
	var b bytes.Buffer
	if _, err := svg.WriteTo(&b); err != nil {
		return err
	}
	withFallback := bytes.ReplaceAll(b.Bytes(), []byte("Liberation Sans"), []byte("Liberation Sans,Arial,Helvetica,sans-serif"))
	return os.WriteFile(path, withFallback, 0o644)
}
