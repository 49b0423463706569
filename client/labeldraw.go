package client

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/boombuler/barcode"
)

// codeDrawing is a square code with a white margin and lines of text below it. Lengths are in modules, the smallest squares of
// the code, unless they say otherwise.
type codeDrawing struct {
	kind  string
	title string
	side  int
	dark  []bool // row by row
	quiet int    // white modules on each side
	width float64
	lines []string
}

// take copies the modules of a code.
func (d *codeDrawing) take(code barcode.Barcode) {
	d.side = code.Bounds().Dx()
	d.dark = make([]bool, d.side*d.side)
	for y := range d.side {
		for x := range d.side {
			r, _, _, _ := code.At(x, y).RGBA()
			d.dark[y*d.side+x] = r == 0
		}
	}
}

// modules is the width with the margin.
func (d *codeDrawing) modules() int { return d.side + 2*d.quiet }

// lineSpacing is the distance of two lines of text, in heights of a letter.
const lineSpacing = 1.3

// letter is the height of the text: what lets the longest line fit, and not more than a tenth of the width.
func (d *codeDrawing) letter() float64 {
	most := float64(d.modules()) / 10
	for _, line := range d.lines {
		most = min(most, 0.94*float64(d.modules())/ems(line))
	}
	return most
}

// ems is about how wide a line is, in heights of a letter: 0.62 for a Latin letter or digit, 1 for a Chinese character.
func ems(line string) float64 {
	ascii := 0
	for _, r := range line {
		if r < utf8.RuneSelf {
			ascii++
		}
	}
	return 0.62*float64(ascii) + float64(utf8.RuneCountInString(line)-ascii)
}

// svg draws with lines: one path for all dark modules, so that a printer may use its full resolution.
func (d *codeDrawing) svg() []byte {
	w := d.modules()
	letter := d.letter()
	h := float64(w)
	if len(d.lines) > 0 {
		h += letter * (lineSpacing*float64(len(d.lines)) + 0.3)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%smm" height="%smm" viewBox="0 0 %d %s">`+"\n",
		decimal(d.width), decimal(d.width*h/float64(w)), w, decimal(h))
	fmt.Fprintf(&b, "<title>%s</title>\n", escapeXML(d.title))
	fmt.Fprintf(&b, `<rect width="%d" height="%s" fill="#fff"/>`+"\n", w, decimal(h))
	fmt.Fprintf(&b, `<path fill="#000" shape-rendering="crispEdges" d="%s"/>`+"\n", d.path())
	for i, line := range d.lines {
		fmt.Fprintf(&b, `<text x="%s" y="%s" font-family="'Noto Sans', 'Noto Sans CJK SC', Arial, sans-serif" font-size="%s" text-anchor="middle">%s</text>`+"\n",
			decimal(float64(w)/2), decimal(float64(w)+letter*(lineSpacing*float64(i)+0.8)), decimal(letter), escapeXML(line))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// path outlines every run of dark modules in a row.
func (d *codeDrawing) path() string {
	var b strings.Builder
	for y := range d.side {
		for x := 0; x < d.side; x++ {
			run := 0
			for x+run < d.side && d.dark[y*d.side+x+run] {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+d.quiet, y+d.quiet, run, run)
				x += run
			}
		}
	}
	return b.String()
}

// decimal writes a length without needless digits.
func decimal(f float64) string { return fmt.Sprint(math.Round(f*100) / 100) }

func escapeXML(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s))
	return b.String()
}

// png draws with whole pixels for each module, so that the picture is not wider than asked for, and may be narrower.
func (d *codeDrawing) png(dpi int) ([]byte, error) {
	w := d.modules()
	scale := max(1, int(d.width/millimetresPerInch*float64(dpi)/float64(w)))
	width, stroke := w*scale, d.stroke(w*scale)
	height := width + len(d.lines)*stroke*glyphHeight
	if len(d.lines) > 0 {
		height += 2 * stroke
	}
	img := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.White, color.Black})
	for y := range d.side {
		for x := range d.side {
			if d.dark[y*d.side+x] {
				fill(img, (x+d.quiet)*scale, (y+d.quiet)*scale, scale)
			}
		}
	}
	for i, line := range d.lines {
		write(img, line, (width-stroke*(glyphWidth*len(line)-1))/2, width+i*stroke*glyphHeight, stroke)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, err
	}
	return withResolution(b.Bytes(), dpi), nil
}

const millimetresPerInch = 25.4

// stroke is how many pixels wide the strokes of the letters are, for lines that fit into so many pixels.
func (d *codeDrawing) stroke(width int) int {
	most := max(1, width/(10*7)) // letters are 7 strokes high
	for _, line := range d.lines {
		most = min(most, width/(glyphWidth*max(1, len(line))))
	}
	return max(1, most)
}

// fill paints a square black.
func fill(img *image.Paletted, x, y, side int) {
	for j := y; j < y+side; j++ {
		for i := x; i < x+side; i++ {
			if (image.Point{X: i, Y: j}).In(img.Rect) {
				img.SetColorIndex(i, j, 1)
			}
		}
	}
}

// withResolution puts the resolution into a PNG, so that it is printed in its size (ISO/IEC 15948, chunk pHYs, which
// stands behind the first chunk).
func withResolution(data []byte, dpi int) []byte {
	const header = 8 + 4 + 4 + 13 + 4
	perMetre := uint32(math.Round(float64(dpi) * 1000 / millimetresPerInch))
	chunk := []byte("pHYs")
	chunk = binary.BigEndian.AppendUint32(chunk, perMetre)
	chunk = binary.BigEndian.AppendUint32(chunk, perMetre)
	chunk = append(chunk, 1) // the unit is the metre
	out := append([]byte{}, data[:header]...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(chunk)-4))
	out = append(out, chunk...)
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
	return append(out, data[header:]...)
}
