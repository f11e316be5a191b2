package main

import (
	"hash/fnv"
	"image/color"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/millrace-net/millrace/bench/internal/chart"
)

// style is how a curve looks: the colour says which search it is, dashes and points on which tier.
type style struct {
	line  draw.LineStyle
	point draw.GlyphStyle
}

// colors begin names of contenders, after those of ours have lost their tier.
var colors = []struct {
	name  string
	color color.RGBA
}{
	{"millrace Index", chart.RGB(0xd62728)},
	{"millrace Cuts", chart.RGB(0xd62728)},
	{"millrace Cuts, running", chart.RGB(0x9467bd)},
	{"millrace IndexAll", chart.RGB(0xff7f0e)},
	{"millrace Next", chart.RGB(0xe377c2)},
	{"Go bytes", chart.RGB(0x1f77b4)},
	{"Go bufio", chart.RGB(0x17becf)},
	{"asynchat", chart.RGB(0x7f7f7f)},
	{"glibc memmem", chart.RGB(0x2ca02c)},
	{"glibc memchr", chart.RGB(0x98b84a)},
	{"Rust", chart.RGB(0x8c564b)},
	{"read limit", chart.RGB(0x000000)},
}

// tierStyles tells the tiers apart, also where there is no colour.
var tierStyles = map[string]struct {
	dashes []vg.Length
	shape  draw.GlyphDrawer
}{
	"avx512":  {nil, draw.CircleGlyph{}},
	"avx2":    {[]vg.Length{6, 2}, draw.BoxGlyph{}},
	"neon":    {nil, draw.CircleGlyph{}},
	"sse2":    {[]vg.Length{3, 2}, draw.PyramidGlyph{}},
	"generic": {[]vg.Length{1, 2}, draw.CrossGlyph{}},
}

// styleOf returns the style of a contender's curve.
func styleOf(name string) style {
	s := style{
		line:  draw.LineStyle{Width: 1.2},
		point: draw.GlyphStyle{Radius: 2.4, Shape: draw.RingGlyph{}},
	}
	if words := strings.SplitN(name, " ", 3); words[0] == "millrace" && len(words) == 3 {
		tier := tierStyles[words[1]]
		s.line.Width, s.line.Dashes = 2, tier.dashes
		if tier.shape != nil {
			s.point.Shape = tier.shape
		}
		name = words[0] + " " + words[2]
	}
	s.line.Color = colorOf(name)
	s.point.Color = s.line.Color
	return s
}

func colorOf(name string) color.RGBA {
	best, length := color.RGBA{}, 0
	for _, c := range colors {
		if len(c.name) > length && strings.HasPrefix(name, c.name) {
			best, length = c.color, len(c.name)
		}
	}
	if length == 0 {
		h := fnv.New32a()
		h.Write([]byte(name))
		best = chart.RGB(h.Sum32() & 0x7f7f7f)
	}
	return best
}
