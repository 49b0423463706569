package client

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/width"

	"github.com/caryaledger/carya/types"
)

// The measures of a picture, in pixels. Boxes are as wide as their text, which is estimated, because what font there is
// nobody knows before the picture is looked at.
const (
	headSize      = 13.0
	textSize      = 11.5
	flowSize      = 11.0
	lineHeight    = 16.0
	boxPadding    = 10.0
	widestText    = 210.0
	pictureMargin = 24.0 // around everything
	titleSize     = 16.0
)

// traceSVG draws a trace, from the left to the right in the direction of time.
func traceSVG(a *types.TraceAnswer, zone *time.Location) string {
	d := &sketch{picture: newPicture(a, zone)}
	d.arrange()
	d.open(a)
	for _, r := range d.routes {
		d.arrow(r)
	}
	for _, r := range d.routes {
		d.label(r)
	}
	for i := range d.nodes {
		d.box(i)
	}
	d.b.WriteString("</svg>\n")
	return d.b.String()
}

// sketch is a picture on its way to paper.
type sketch struct {
	*picture
	*layout
	b strings.Builder
}

func (d *sketch) arrange() {
	sizes := make([][2]float64, len(d.nodes))
	for i := range d.nodes {
		sizes[i] = d.nodes[i].size()
	}
	spaces := make([]float64, len(d.edges))
	for i, e := range d.edges {
		spaces[i] = 2*textWidth(e.label, flowSize) + 20
	}
	d.layout = newLayout(sizes, d.edges, spaces, d.back)
}

func (b *box) size() [2]float64 {
	w := 60.0
	for i, line := range b.lines() {
		w = max(w, textWidth(line, b.fontSize(i)))
	}
	return [2]float64{min(w, widestText) + 2*boxPadding, float64(len(b.lines()))*lineHeight + 2*boxPadding - 4}
}

func (b *box) fontSize(line int) float64 {
	if line == 0 || line > len(b.text) { // bold
		return headSize
	}
	return textSize
}

// textWidth estimates the width of a text in a sans-serif font: an ideograph is as wide as it is high.
func textWidth(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		switch k := width.LookupRune(r).Kind(); {
		case k == width.EastAsianWide || k == width.EastAsianFullwidth:
			w += 1
		case strings.ContainsRune("ijltfrI.,:;|'!()[] ", r):
			w += 0.33
		case r >= 'A' && r <= 'Z' || r == 'm' || r == 'w' || r == 'M':
			w += 0.7
		default:
			w += 0.57
		}
	}
	return w * size
}

// fit shortens a text to what a box holds, in the middle: names differ at their ends.
func fit(s string, size float64) string {
	if textWidth(s, size) <= widestText {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; ; n-- {
		short := string(runes[:n-n/3]) + "…" + string(runes[len(runes)-n/3:])
		if n <= 1 || textWidth(short, size) <= widestText {
			return short
		}
	}
}

func xmlText(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(plain(s))) // a Builder takes everything
	return b.String()
}

func (d *sketch) print(format string, args ...any) { fmt.Fprintf(&d.b, format+"\n", args...) }

// open writes what stands before the boxes. The coordinates of the layout begin anywhere; the view box takes them as they
// are.
func (d *sketch) open(a *types.TraceAnswer) {
	left, top, right, bottom := d.bounds()
	foot := fmt.Sprintf("%s and %s, as of block %d", count(len(a.Things), "thing"), count(len(a.Events), "event"), a.Height)
	if a.More {
		foot += "; there is more"
	}
	right = max(right, left+textWidth(d.title, titleSize), left+textWidth(foot, textSize))
	x, y := left-pictureMargin, top-2*pictureMargin-titleSize
	w, h := right-left+2*pictureMargin, bottom-top+4*pictureMargin+titleSize
	d.print(`<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="%.1f %.1f %.1f %.1f" role="img" aria-label="%s">`,
		w, h, x, y, w, h, xmlText(d.title))
	d.print(`<style>text{font-family:Helvetica,Arial,"Noto Sans","Noto Sans CJK SC",sans-serif;fill:#1d252c}`+
		`.h{font-weight:600;font-size:%gpx}.t{font-size:%gpx}.w{font-weight:700;font-size:%gpx}`+
		`.l{font-size:%gpx;paint-order:stroke;stroke:#fff;stroke-width:4px;text-anchor:middle}.a{fill:none;stroke:#5c6670;stroke-width:1.2}</style>`,
		headSize, textSize, textSize, flowSize)
	d.print(`<defs><marker id="end" viewBox="0 0 10 10" refX="9.5" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0,1L10,5L0,9z" fill="#5c6670"/></marker></defs>`)
	d.print(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="#fff"/>`, x, y, w, h)
	d.print(`<text x="%.1f" y="%.1f" font-size="%g" font-weight="600">%s</text>`, left, top-pictureMargin, titleSize, xmlText(d.title))
	d.print(`<text x="%.1f" y="%.1f" class="t" fill-opacity="0.7">%s</text>`, left, bottom+1.4*pictureMargin, xmlText(foot))
}

// points are where an arrow passes: the sides of its boxes, and of the columns between.
func (d *sketch) points(r route) [][2]float64 {
	var points [][2]float64
	for i, v := range r.via {
		p := &d.vertices[v]
		if i > 0 {
			points = append(points, [2]float64{p.x - p.width/2, p.y})
		}
		if i < len(r.via)-1 {
			points = append(points, [2]float64{p.x + p.width/2, p.y})
		}
	}
	return points
}

// arrow draws one arrow as curves that are level at every point.
func (d *sketch) arrow(r route) {
	points := d.points(r)
	var path strings.Builder
	fmt.Fprintf(&path, "M%.1f,%.1f", points[0][0], points[0][1])
	for i, to := range points[1:] {
		from := points[i]
		middle := (from[0] + to[0]) / 2
		fmt.Fprintf(&path, "C%.1f,%.1f %.1f,%.1f %.1f,%.1f", middle, from[1], middle, to[1], to[0], to[1])
	}
	marker := "marker-end"
	if d.edges[r.arrow].from != r.via[0] {
		marker = "marker-start" // it closes a circle and was turned round
	}
	d.print(`<path class="a" d="%s" %s="url(#end)"/>`, path.String(), marker)
}

// label writes how much an arrow carries, beside the thing: there arrows are farthest apart.
func (d *sketch) label(r route) {
	e := d.edges[r.arrow]
	if e.label == "" {
		return
	}
	points := d.points(r)
	a, b, part := points[0], points[1], 0.4
	if d.nodes[r.via[0]].event {
		a, b, part = points[len(points)-2], points[len(points)-1], 0.6
	}
	x, y := curvePoint(a, b, part)
	d.print(`<text class="l" x="%.1f" y="%.1f">%s</text>`, x, y-4, xmlText(e.label))
}

// curvePoint is a point of the curve that arrow draws.
func curvePoint(a, b [2]float64, t float64) (x, y float64) {
	s, middle := 1-t, (a[0]+b[0])/2
	x = s*s*s*a[0] + 3*s*s*t*middle + 3*s*t*t*middle + t*t*t*b[0]
	y = s*s*s*a[1] + 3*s*s*t*a[1] + 3*s*t*t*b[1] + t*t*t*b[1]
	return x, y
}

func (d *sketch) box(i int) {
	n, v := &d.nodes[i], &d.vertices[i]
	x, y, radius := v.x-v.width/2, v.y-v.height/2, 3.0
	if n.event {
		radius = 14
	}
	dash := ""
	if n.look.dash != "" {
		dash = fmt.Sprintf(` stroke-dasharray="%s"`, n.look.dash)
	}
	d.print(`<g><title>%s</title>`, xmlText(n.title))
	if n.root {
		d.print(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="6" fill="none" stroke="%s" stroke-width="1"/>`,
			x-5, y-5, v.width+10, v.height+10, rootLook.border)
	}
	d.print(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="%g" fill="%s" stroke="%s" stroke-width="%s"%s/>`,
		x, y, v.width, v.height, radius, n.look.fill, n.look.border, n.look.width, dash)
	for j, line := range n.lines() {
		class, colour := "t", ""
		switch {
		case j == 0:
			class = "h"
		case j > len(n.text):
			class, colour = "w", fmt.Sprintf(` style="fill:%s"`, n.look.border)
		}
		d.print(`<text class="%s"%s x="%.1f" y="%.1f">%s</text>`, class, colour, x+boxPadding, y+boxPadding+lineHeight*float64(j)+10, xmlText(fit(line, n.fontSize(j))))
	}
	d.print(`</g>`)
}
