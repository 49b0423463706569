package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/datamatrix"
	"github.com/boombuler/barcode/qr"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/caryaledger/carya/types/gs1"
)

// resolver is the domain of canonical Digital Links.
const resolver = "https://id.gs1.org"

func labelCommand(s *session) *cobra.Command {
	l := &labelling{session: s}
	cmd := &cobra.Command{
		Use:   "label LOT…",
		Short: "Draw the barcode of a lot: a QR code with its GS1 Digital Link",
		Long: `Draw the QR code of a lot, or of anything else with a GS1 identifier, as SVG or PNG. It holds
the GS1 Digital Link, which phones open and scanners understand: https://id.gs1.org/01/…/10/…,
or with --base an address of your own that answers such links. Error correction is M, and four
modules around it stay white.

A LOT is a GTIN and a lot number, 06901234000016.L2026A, a Digital Link, an EPC URN or an element
string. Of several, --out is a folder. --text writes below the code what a person has to type
when it cannot be scanned, and --product a name.

--datamatrix draws a GS1 DataMatrix instead, smaller and without an address, for scanners only.

No node is asked: a label may be printed before the lot is recorded.`,
		Example: `  carya lot label 06901234000016.L2026A --text --out lot.svg
  carya lot label 06901234000016.L2026A --base https://coop.example/l --size 20 --out lot.png
  carya lot label 06901234000016.L1 06901234000016.L2 --out labels/ --format png
  carya lot label 06901234000016.L2026A > lot.svg`,
		Args: takes(1, -1, "lots"),
	}
	f := cmd.Flags()
	f.StringVarP(&l.out, "out", "o", "", "file.svg or file.png, or a folder; it must not exist yet (default standard output)")
	f.StringVar(&l.format, "format", "", "svg or png (default as the file is called, else svg)")
	f.StringVar(&l.base, "base", resolver, "address in front of the link")
	f.Float64Var(&l.size, "size", 25, "width in millimetres, white margin included")
	f.IntVar(&l.dpi, "dpi", 300, "dots per inch of a PNG")
	f.BoolVar(&l.text, "text", false, "write the identifiers below the code")
	f.StringVar(&l.product, "product", "", "write this name below the code")
	f.BoolVar(&l.matrix, "datamatrix", false, "draw a GS1 DataMatrix instead of a QR code")
	cmd.RunE = s.run(func(_ context.Context, args []string) error { return l.run(args) })
	return cmd
}

// labelling is one run of `carya lot label`.
type labelling struct {
	*session
	out, format, base, product string
	size                       float64
	dpi                        int
	text, matrix               bool
}

func (l *labelling) run(args []string) error {
	if err := l.checkFlags(len(args)); err != nil {
		return err
	}
	for _, arg := range args { // all of them before the first file
		if _, err := readLabelled(arg); err != nil {
			return err
		}
	}
	for _, arg := range args {
		if err := l.one(arg, len(args) > 1); err != nil {
			return err
		}
	}
	return nil
}

// readLabelled reads what a label is for.
func readLabelled(s string) (gs1.Key, error) {
	key, err := gs1.Read(s, "")
	if err != nil {
		return key, usage("for instance 06901234000016.L2026A", err)
	}
	return key, nil
}

func (l *labelling) checkFlags(lots int) error {
	if l.format == "" {
		l.format = "svg"
		if strings.EqualFold(filepath.Ext(l.out), ".png") {
			l.format = "png"
		}
	}
	base, err := url.Parse(l.base)
	l.base = strings.TrimRight(l.base, "/")
	switch {
	case l.format != "svg" && l.format != "png":
		return usage("", fmt.Errorf("--format %q: svg or png", l.format))
	case err != nil || base.Scheme != "https" && base.Scheme != "http" || base.Host == "" || base.RawQuery+base.Fragment != "":
		return usage("for instance https://coop.example/l", fmt.Errorf("--base %q is not an address", l.base))
	case !(l.size >= 5 && l.size <= 500) || l.dpi < 72 || l.dpi > 2400:
		return usage("", fmt.Errorf("--size %g, --dpi %d: 5 to 500 mm and 72 to 2400 dots", l.size, l.dpi))
	case l.format == "png" && !printable(l.product):
		return usage("write an SVG, which takes the letters from the computer: --out label.svg", fmt.Errorf("--product %q: a PNG has letters of ASCII only", l.product))
	case l.out == "" && lots > 1:
		return usage("for instance --out labels/", errors.New("several labels need a folder"))
	case l.out == "" && isTerminal(l.session.out):
		return usage("for instance --out label.svg", errors.New("a label is no text for a terminal"))
	}
	return nil
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// labelDone is what is printed of a label with --json.
type labelDone struct {
	ID      string  `json:"id"`
	File    string  `json:"file"`
	Content string  `json:"content"`
	Modules int     `json:"modules"`  // of the code, in each direction
	Module  float64 `json:"moduleMM"` // width of one
}

// one draws the label of one lot. several means that the output is a folder.
func (l *labelling) one(arg string, several bool) error {
	key, err := readLabelled(arg)
	if err != nil {
		return err
	}
	d, content, err := l.draw(key)
	if err != nil {
		return fmt.Errorf("label of %s: %w", arg, err)
	}
	data := d.svg()
	if l.format == "png" {
		if data, err = d.png(l.dpi); err != nil {
			return err
		}
	}
	path := l.out
	if several || strings.HasSuffix(l.out, "/") || isFolder(l.out) {
		path = filepath.Join(l.out, key.Path()+"."+l.format)
	}
	if err := l.deliver(path, data); err != nil {
		return err
	}
	module := d.width / float64(d.modules())
	if module < smallestModule {
		l.note("warning: %s: modules of %.2f mm are small to print and to scan; GS1 wants %.2f mm", arg, module, smallestModule)
	}
	if path == "" {
		return nil
	}
	l.say("✓ %s: %s, %d × %d modules of %.2f mm, %s", path, d.kind, d.side, d.side, module, content)
	return l.emit(labelDone{arg, path, content, d.side, module})
}

// smallestModule is the least width of a module, in millimetres, of a QR code with a Digital Link on goods (GS1 General
// Specifications section 5.12, symbol specification table 1).
const smallestModule = 0.396

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return path != "" && err == nil && info.IsDir()
}

// draw makes the drawing of a key, and says what its code holds.
func (l *labelling) draw(key gs1.Key) (*codeDrawing, string, error) {
	link, err := linkAt(l.base, key)
	if err != nil {
		return nil, "", err
	}
	d := &codeDrawing{kind: "QR code", quiet: 4, width: l.size, title: link}
	content := link
	var code barcode.Barcode
	if l.matrix {
		d.kind, d.quiet, content = "GS1 DataMatrix", 2, spell(key)
		code, err = datamatrix.Encode(elementString(key))
	} else {
		code, err = qr.Encode(link, qr.M, qr.Auto)
	}
	if err != nil {
		return nil, "", err
	}
	d.take(code)
	if l.product != "" {
		d.lines = append(d.lines, l.product)
	}
	if l.text {
		for _, e := range key.Elements() {
			d.lines = append(d.lines, e.String())
		}
	}
	return d, content, nil
}

// linkAt is the Digital Link of a key at another resolver.
func linkAt(base string, key gs1.Key) (string, error) {
	path, ok := strings.CutPrefix(key.DigitalLink(), resolver)
	if !ok {
		return "", fmt.Errorf("%s has no Digital Link", key.Path())
	}
	return base + path, nil
}

// spell writes a key as it stands under a barcode.
func spell(key gs1.Key) string {
	var b strings.Builder
	for _, e := range key.Elements() {
		b.WriteString(e.String())
	}
	return b.String()
}

// elementString writes a key as a GS1 barcode holds it: Function 1 in front, and between elements unless the first has a
// predefined length (GS1 General Specifications section 7.8.5).
func elementString(key gs1.Key) string {
	b := []byte{datamatrix.FNC1}
	for i, e := range key.Elements() {
		if i > 0 && !predefined(key.Elements()[i-1].AI) {
			b = append(b, datamatrix.FNC1)
		}
		b = append(b, e.AI+e.Value...)
	}
	return string(b)
}

// predefined reports whether the elements with an application identifier all have one length and end without a separator.
func predefined(ai string) bool {
	return ai == "00" || ai == "01" || strings.HasPrefix(ai, "41")
}
