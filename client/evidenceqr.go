package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/boombuler/barcode/qr"
	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types/evidence"
)

// maxQR is how many bytes the largest QR code holds: version 40 with the least error correction (ISO/IEC 18004 table 7).
const maxQR = 2953

// Link returns the address of a page that verifies evidence, with the evidence in its fragment, which browsers do not send.
func Link(page string, e *evidence.Evidence) (string, error) {
	u, err := url.Parse(page)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Contains(page, "#") {
		return "", fmt.Errorf("page %q: not a web address such as https://coop.example/verify", page)
	}
	compact, err := e.Compact()
	if err != nil {
		return "", err
	}
	return page + "#" + base64.RawURLEncoding.EncodeToString(compact), nil
}

// pageLink is one run of `carya evidence link` or `carya evidence qr`.
type pageLink struct {
	*session
	page, to string
}

func (l *pageLink) link(path string) (string, error) {
	if l.page == "" {
		return "", usage("a node serves one: for instance --page https://coop.example/verify", errors.New("the page that verifies is missing"))
	}
	e, _, err := l.readEvidence(path)
	if err != nil {
		return "", err
	}
	link, err := Link(l.page, e)
	if err != nil {
		return "", usage("", err)
	}
	return link, nil
}

func linkEvidenceCommand(s *session) *cobra.Command {
	l := &pageLink{session: s}
	cmd := &cobra.Command{
		Use:   "link FILE --page URL",
		Short: "Print a link that opens a page with the evidence",
		Long: `Print a link to a page that verifies, as nodes serve it under /verify, with the whole
evidence in it. The evidence stands behind the #, which browsers do not send to the page's
server. Links of more than some thousand characters do not survive every mail program.`,
		Example: "  carya evidence link lot.json --page https://coop.example/verify",
		Args:    takes(1, 1, "an evidence file, or - for standard input"),
	}
	cmd.Flags().StringVar(&l.page, "page", "", "address of the page")
	cmd.RunE = s.run(func(_ context.Context, args []string) error {
		link, err := l.link(args[0])
		if err != nil {
			return err
		}
		s.say("%s", link)
		return s.emit(map[string]any{"link": link, "bytes": len(link)})
	})
	return cmd
}

func qrEvidenceCommand(s *session) *cobra.Command {
	l := &pageLink{session: s}
	cmd := &cobra.Command{
		Use:   "qr FILE --page URL -o FILE.png|FILE.svg|-",
		Short: "Draw a QR code that opens a page with the evidence",
		Long: `Draw a QR code of the link that "carya evidence link" prints: who scans it opens the page,
which verifies the evidence in the code. With -o - the code is drawn in the terminal, in
half blocks, light on dark.

A QR code holds 2,953 bytes of link. A record of a small network fits; a history seldom does:
print the address of a page that has the evidence instead (a node's /l/<GTIN>.<lot>).`,
		Example: "  carya evidence qr lot.json --page https://coop.example/verify -o lot.png",
		Args:    takes(1, 1, "an evidence file, or - for standard input"),
	}
	cmd.Flags().StringVar(&l.page, "page", "", "address of the page")
	cmd.Flags().StringVarP(&l.to, "output", "o", "", "file.png or file.svg, which must not exist; - for the terminal")
	cmd.RunE = s.run(func(_ context.Context, args []string) error { return l.draw(args[0]) })
	return cmd
}

func (l *pageLink) draw(path string) error {
	ending := strings.ToLower(filepath.Ext(l.to))
	if l.to != "-" && ending != ".png" && ending != ".svg" {
		return usage("for instance -o lot.png", fmt.Errorf("--output %q: a file.png, a file.svg, or - for the terminal", l.to))
	}
	link, err := l.link(path)
	if err != nil {
		return err
	}
	code, err := newCode(link)
	if err != nil {
		return &Failure{ExitFailed, fmt.Errorf("%s: %w", path, err), "`carya evidence link` has no such bound; a claim of a record is smaller than one of a history"}
	}
	if l.to == "-" {
		l.say("%s", code.halfBlocks())
		return l.emit(map[string]any{"link": link, "bytes": len(link)})
	}
	data := code.svg()
	if ending == ".png" {
		if data, err = code.png(qrDPI); err != nil {
			return err
		}
	}
	if err := l.deliver(l.to, data); err != nil {
		return err
	}
	l.say("✓ %s: QR code of %d × %d modules, a link of %d bytes", l.to, code.side, code.side, len(link))
	return l.emit(map[string]any{"file": l.to, "link": link, "bytes": len(link), "modules": code.side})
}

// A module of an evidence's QR code is 0.5 mm wide, six dots at 300 dots an inch: large codes are scanned from paper and
// screens, not from labels.
const (
	qrModule = 0.5
	qrDPI    = 300
)

// newCode makes the QR code of an address, with as much error correction as the place allows.
func newCode(address string) (*codeDrawing, error) {
	if over := len(address) - maxQR; over > 0 {
		return nil, fmt.Errorf("the link has %d bytes, %d too many for a QR code, which holds %d", len(address), over, maxQR)
	}
	level := qr.M
	if len(address) > 300 { // with more modules a code is harder to scan than with less correction
		level = qr.L
	}
	code, err := qr.Encode(address, level, qr.Auto)
	if err != nil {
		return nil, err
	}
	page, _, _ := strings.Cut(address, "#")
	d := &codeDrawing{kind: "QR code", quiet: 4, title: page}
	d.take(code)
	d.width = qrModule * float64(d.modules())
	return d, nil
}

// TerminalQR draws the QR code of an address for a terminal, two modules to a character. Light modules are drawn, as on a
// dark terminal; phones read the code on a light one, too.
func TerminalQR(address string) (string, error) {
	d, err := newCode(address)
	if err != nil {
		return "", err
	}
	return d.halfBlocks(), nil
}

func (d *codeDrawing) halfBlocks() string {
	light := func(x, y int) bool {
		x, y = x-d.quiet, y-d.quiet
		return x < 0 || y < 0 || x >= d.side || y >= d.side || !d.dark[y*d.side+x]
	}
	var b strings.Builder
	for y := 0; y < d.modules(); y += 2 {
		if y > 0 {
			b.WriteByte('\n')
		}
		for x := range d.modules() {
			switch above, below := light(x, y), y+1 < d.modules() && light(x, y+1); {
			case above && below:
				b.WriteRune('█')
			case above:
				b.WriteRune('▀')
			case below:
				b.WriteRune('▄')
			default:
				b.WriteByte(' ')
			}
		}
	}
	return b.String()
}
