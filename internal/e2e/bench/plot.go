// SPDX-License-Identifier: MPL-2.0

package bench

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// point is a measured value of a size.
type point struct{ x, y float64 }

// line is a curve of the plot.
type line struct {
	name, colour string
	dashed       bool // not measured, but reckoned
	points       []point
}

// panel is a part of the plot, with axes of powers of ten.
type panel struct {
	title string
	lines []line
}

const (
	width, height = 420, 320
	margin        = 56
	top           = 80 // below the legend
)

// Plot draws what was measured at the usual latency, as SVG: the time of a run beside the least and beside the how-to by hand, and memory, by
// accounts times Regions.
func plot(results []result, h howto) string {
	measured := slices.DeleteFunc(slices.Clone(results), func(r result) bool {
		return r.err != nil || r.latency != usual || r.buckets != nil || r.volumes > 0 || r.descriptors > 0 || r.size.Grantees > 1
	})
	of := func(title string, value func(result) float64) []point {
		var points []point
		for _, r := range measured {
			if r.run.title == title {
				points = append(points, point{float64(r.size.Regions * r.size.Accounts), value(r)})
			}
		}
		slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.x, b.x) })
		return points
	}
	seconds := func(r result) float64 { return r.took.wall.Seconds() }
	panels := []panel{
		{"seconds", []line{
			{"by hand, reckoned", "#b35900", true, h.reckoned(of("first", seconds))},
			{"first run", "#0b5cad", false, of("first", seconds)},
			{"repeated run", "#2e8540", false, of("repeated", seconds)},
			{"the least for a first run", "#777777", true, of("first", func(r result) float64 { return r.least().Seconds() })},
		}},
		{"MB of memory", []line{
			{"first run", "#0b5cad", false, of("first", func(r result) float64 { return float64(r.took.memory) / 1e6 })},
			{"repeated run", "#2e8540", false, of("repeated", func(r result) float64 { return float64(r.took.memory) / 1e6 })},
		}},
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`+"\n", 2*width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", 2*width, height)
	for i, p := range panels {
		fmt.Fprintf(&b, `<g transform="translate(%d 0)">`+"\n%s</g>\n", i*width, p.draw())
	}
	return b.String() + "</svg>\n"
}

// reckoned is how long the steps by hand would take for the sizes of points with one role, at the time that each call took.
func (h howto) reckoned(at []point) []point {
	if h.calls == 0 {
		return nil
	}
	each := h.wall / time.Duration(h.calls)
	var points []point
	for _, p := range at {
		points = append(points, point{p.x, p.x * each.Seconds()}) // a grant for each account and Region; what comes to that is little
	}
	return points
}

// draw draws a panel.
func (p panel) draw() string {
	low, high := p.bounds()
	x := func(v float64) float64 { return scale(v, low.x, high.x, margin, width-16) }
	y := func(v float64) float64 { return scale(v, low.y, high.y, height-margin, top) }
	var b strings.Builder
	text := func(x, y float64, anchor, s string) {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="%s">`, x, y, anchor)
		_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
		b.WriteString("</text>\n")
	}
	text(margin, 16, "start", p.title)
	text(width/2, height-14, "middle", "accounts x Regions")
	for v := low.x; v <= high.x; v *= 10 {
		fmt.Fprintf(&b, `<path d="M%.1f %dV%d" stroke="#dddddd"/>`+"\n", x(v), top, height-margin)
		text(x(v), height-margin+16, "middle", fmt.Sprintf("%g", v))
	}
	for v := low.y; v <= high.y; v *= 10 {
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#dddddd"/>`+"\n", margin, y(v), width-16)
		text(margin-6, y(v)+4, "end", fmt.Sprintf("%g", v))
	}
	for i, l := range p.lines {
		b.WriteString(l.draw(x, y))
		fmt.Fprintf(&b, `<path d="M%d %dh18" stroke="%s" stroke-width="2"%s/>`+"\n", margin+90, 12+14*i-4+4, l.colour, l.dash())
		text(margin+114, float64(16+14*i), "start", l.name)
	}
	return b.String()
}

func (l line) dash() string {
	if l.dashed {
		return ` stroke-dasharray="4 3"`
	}
	return ""
}

// draw draws a line, and a dot for each value that was measured.
func (l line) draw(x, y func(float64) float64) string {
	if len(l.points) == 0 {
		return ""
	}
	var path, dots strings.Builder
	for i, p := range l.points {
		command := "L"
		if i == 0 {
			command = "M"
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", command, x(p.x), y(p.y))
		if !l.dashed {
			fmt.Fprintf(&dots, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x(p.x), y(p.y), l.colour)
		}
	}
	return fmt.Sprintf(`<path d="%s" fill="none" stroke="%s" stroke-width="2"%s/>`+"\n", path.String(), l.colour, l.dash()) + dots.String()
}

// bounds are powers of ten around all values.
func (p panel) bounds() (low, high point) {
	low, high = point{math.Inf(1), math.Inf(1)}, point{1, 1}
	for _, l := range p.lines {
		for _, v := range l.points {
			low = point{min(low.x, v.x), min(low.y, v.y)}
			high = point{max(high.x, v.x), max(high.y, v.y)}
		}
	}
	if math.IsInf(low.x, 1) {
		low = point{1, 1}
	}
	return point{power(low.x, math.Floor), power(low.y, math.Floor)}, point{power(high.x*1.0001, math.Ceil), power(high.y*1.0001, math.Ceil)}
}

func power(v float64, round func(float64) float64) float64 {
	return math.Pow(10, round(math.Log10(v)))
}

// scale is where a value is between two ends of an axis.
func scale(v, low, high, begin, end float64) float64 {
	return begin + (math.Log10(v)-math.Log10(low))/(math.Log10(high)-math.Log10(low))*(end-begin)
}
