package client_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/png"
	"strings"
	"testing"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/datamatrix"
	"github.com/boombuler/barcode/qr"
	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/client"
)

const (
	labelled     = "06901234000016.L2026A"
	labelledLink = "https://id.gs1.org/01/06901234000016/10/L2026A"
)

// label runs `carya lot label` and returns what it draws.
func label(t *testing.T, args ...string) []byte {
	t.Helper()
	root := &cobra.Command{Use: "carya", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(client.Commands()...)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&bytes.Buffer{})
	root.SetArgs(append([]string{"lot", "label"}, args...))
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Every pixel of a PNG belongs to a module of the code that the library makes, or to the white margin around it.
func TestLabelPixels(t *testing.T) {
	link, err := qr.Encode(labelledLink, qr.M, qr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	matrix, err := datamatrix.Encode(string([]byte{datamatrix.FNC1}) + "010690123400001610L2026A")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		code  barcode.Barcode
		quiet int
		flags []string
	}{
		{"QR code", link, 4, nil},
		{"large, with text", link, 4, []string{"--size", "60", "--dpi", "600", "--text", "--product", "Lin'an hickory <500 g>"}},
		{"smallest", link, 4, []string{"--size", "5", "--dpi", "72"}},
		{"DataMatrix", matrix, 2, []string{"--datamatrix"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			img, err := png.Decode(bytes.NewReader(label(t, append([]string{labelled, "--format", "png"}, tt.flags...)...)))
			if err != nil {
				t.Fatal(err)
			}
			side := tt.code.Bounds().Dx()
			width := img.Bounds().Dx()
			module := width / (side + 2*tt.quiet)
			if module < 1 || module*(side+2*tt.quiet) != width {
				t.Fatalf("%d pixels for %d modules", width, side+2*tt.quiet)
			}
			for y := range width {
				for x := range width {
					got, _, _, _ := img.At(x, y).RGBA()
					i, j := x/module-tt.quiet, y/module-tt.quiet
					want := uint32(0xffff)
					if i >= 0 && j >= 0 && i < side && j < side {
						want, _, _, _ = tt.code.At(i, j).RGBA()
					}
					if got != want {
						t.Fatalf("pixel %d, %d: got %d, want %d", x, y, got, want)
					}
				}
			}
			if height := img.Bounds().Dy(); (height > width) != strings.Contains(strings.Join(tt.flags, " "), "--text") {
				t.Errorf("got %d × %d pixels", width, height)
			}
		})
	}
}

// An SVG is well-formed, has no picture in it, and its path covers as many modules as the code has dark ones.
func TestLabelVectors(t *testing.T) {
	data := label(t, labelled, "--text", "--product", "临安山核桃 <500 g>")
	var svg struct {
		Width string `xml:"width,attr"`
		Title string `xml:"title"`
		Path  []struct {
			D string `xml:"d,attr"`
		} `xml:"path"`
		Text []string `xml:"text"`
	}
	if err := xml.Unmarshal(data, &svg); err != nil {
		t.Fatal(err)
	}
	if svg.Width != "25mm" || svg.Title != labelledLink || len(svg.Path) != 1 || bytes.Contains(data, []byte("<image")) {
		t.Fatalf("got %s", data)
	}
	if got, want := strings.Join(svg.Text, "|"), "临安山核桃 <500 g>|(01)06901234000016|(10)L2026A"; got != want {
		t.Errorf("text: got %s, want %s", got, want)
	}
	code, err := qr.Encode(labelledLink, qr.M, qr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	want := darkModules(code)
	if got := pathModules(t, svg.Path[0].D); got != want {
		t.Errorf("path: got\n%s\nwant\n%s", got, want)
	}
}

// darkModules writes a code as lines of # and spaces, with the margin.
func darkModules(code barcode.Barcode) string {
	side := code.Bounds().Dx()
	var b strings.Builder
	for y := -4; y < side+4; y++ {
		for x := -4; x < side+4; x++ {
			mark := byte(' ')
			if x >= 0 && y >= 0 && x < side && y < side {
				if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
					mark = '#'
				}
			}
			b.WriteByte(mark)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// pathModules draws the runs of a path, M<x> <y>h<n>v1h-<n>z, in the same way.
func pathModules(t *testing.T, d string) string {
	t.Helper()
	const width = 41 // 33 modules and the margin
	field := bytes.Repeat(append(bytes.Repeat([]byte(" "), width), '\n'), width)
	for _, run := range strings.Split(strings.TrimPrefix(d, "M"), "M") {
		var x, y, n, back int
		if _, err := fmt.Sscanf(run, "%d %dh%dv1h-%dz", &x, &y, &n, &back); err != nil || n != back {
			t.Fatalf("run %q: %v", run, err)
		}
		copy(field[y*(width+1)+x:], bytes.Repeat([]byte("#"), n))
	}
	return string(field)
}

// A QR code holds the link of the resolver that is asked for, and a smaller one where the link is shorter.
func TestLabelResolver(t *testing.T) {
	tests := []struct{ name, id, base, want string }{
		{"lot", "(01)06901234000016(10)A/1", "", "https://id.gs1.org/01/06901234000016/10/A%2F1"},
		{"own resolver", labelled, "https://coop.example/l/", "https://coop.example/l/01/06901234000016/10/L2026A"},
		{"pallet", "069012340000000016", "", "https://id.gs1.org/00/069012340000000016"},
	}
	for _, tt := range tests {
		args := []string{tt.id}
		if tt.base != "" {
			args = append(args, "--base", tt.base)
		}
		if got := label(t, args...); !bytes.Contains(got, []byte("<title>"+tt.want+"</title>")) {
			t.Errorf("%s: got %.300s, want %s", tt.name, got, tt.want)
		}
	}
}
