package main

import (
	"hash/fnv"
	"image/color"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
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
	{"millrace Index", rgb(0xd62728)},
	{"millrace Cuts", rgb(0xd62728)},
	{"millrace IndexAll", rgb(0xff7f0e)},
	{"millrace Next", rgb(0xe377c2)},
	{"Go bytes", rgb(0x1f77b4)},
	{"Go bufio", rgb(0x17becf)},
	{"asynchat", rgb(0x7f7f7f)},
	{"glibc memmem", rgb(0x2ca02c)},
	{"glibc memchr", rgb(0x98b84a)},
	{"Rust", rgb(0x8c564b)},
	{"read limit", rgb(0x000000)},
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

func rgb(v uint32) color.RGBA { return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 0xff} }

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
		best = rgb(h.Sum32() & 0x7f7f7f)
	}
	return best
}
