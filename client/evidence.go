package client

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

func evidenceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "evidence",
		Short: "Look into evidence files, renew, pack and hand them on",
		Long: `Work with evidence files, which "carya prove" writes and "carya verify" checks: show what is
in one, put an old one under the newest signed header, and turn one into a link or a QR code
that opens a page which verifies it.`,
		Example: `  carya evidence show lot.json
  carya evidence renew lot-2026.json -o lot-2031.json --trust trust.json
  carya evidence qr lot.json --page https://coop.example/verify -o lot.png`,
	}
	s := newSession(cmd)
	return group(cmd, showEvidenceCommand(s), renewEvidenceCommand(s), packEvidenceCommand(s, true), packEvidenceCommand(s, false),
		linkEvidenceCommand(s), qrEvidenceCommand(s))
}

// readEvidence reads an evidence file without verifying it.
func (s *session) readEvidence(path string) (*evidence.Evidence, []byte, error) {
	file, err := s.input(path, MaxEvidence)
	if err != nil {
		return nil, nil, err
	}
	e, err := evidence.Parse(file)
	if err != nil {
		return nil, nil, s.refute(path, err)
	}
	return e, file, nil
}

// shownEvidence is what --json says of a file that was looked into.
type shownEvidence struct {
	File     string        `json:"file"`
	Verified bool          `json:"verified"` // never
	Bytes    int           `json:"bytes"`
	Compact  int           `json:"compactBytes"`
	Chain    string        `json:"chain"`
	Genesis  types.Hash    `json:"genesis"`
	Claims   []storedClaim `json:"claims"`
	Headers  []shownHeader `json:"headers"`
}

type shownHeader struct {
	Height  int64  `json:"height"`
	Signed  bool   `json:"signed"`
	Tree    int    `json:"treeBytes"`
	Records int    `json:"records"` // that the tree shows
	Of      uint64 `json:"of"`      // that the state has
}

func showEvidenceCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Show what is in an evidence file, unverified",
		Long: `Show what an evidence file claims and what it is made of. Nothing is verified: anybody can
write such a file. "carya verify" says what is proven.`,
		Example: "  carya evidence show lot.json",
		Args:    takes(1, 1, "an evidence file, or - for standard input"),
	}
	cmd.RunE = s.run(func(_ context.Context, args []string) error {
		e, file, err := s.readEvidence(args[0])
		if err != nil {
			return err
		}
		shown, err := lookInto(args[0], e, len(file))
		if err != nil {
			return s.refute(args[0], err)
		}
		s.say("%s", shown)
		return s.emit(shown)
	})
	return cmd
}

func lookInto(path string, e *evidence.Evidence, size int) (*shownEvidence, error) {
	compact, err := e.Compact()
	if err != nil {
		return nil, err
	}
	shown := &shownEvidence{File: path, Bytes: size, Compact: len(compact), Chain: e.Chain, Genesis: e.Genesis, Claims: claimsOf(e)}
	for i := range e.Headers {
		p := &e.Headers[i]
		h := shownHeader{Height: p.Height, Signed: len(p.Commit) > 0, Tree: len(p.Tree)}
		if len(p.Tree) > 0 {
			tree, err := evidence.ReadTree(p.Tree)
			if err != nil {
				return nil, err
			}
			h.Records, h.Of = len(tree.Leaves), tree.Size
		}
		shown.Headers = append(shown.Headers, h)
	}
	return shown, nil
}

func (s *shownEvidence) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "NOT VERIFIED: this is what %s claims; carya verify %s --trust TRUST says what is proven\n\n", s.File, s.File)
	fmt.Fprintf(&b, "chain    %s\ngenesis  %s\nsize     %d bytes, compact %d\n\nclaims\n", oneLine(s.Chain), s.Genesis, s.Bytes, s.Compact)
	for i := range s.Claims {
		fmt.Fprintf(&b, "  %d. %s\n", i, oneLine(s.Claims[i].Brief))
	}
	b.WriteString("\nheaders\n")
	for _, h := range s.Headers {
		how := "by its place among all blocks"
		if h.Signed {
			how = "signed"
		}
		fmt.Fprintf(&b, "  block %d, %s", h.Height, how)
		if h.Tree > 0 {
			fmt.Fprintf(&b, "; shows %d of the %d records after block %d, %d bytes", h.Records, h.Of, h.Height-1, h.Tree)
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// packEvidenceCommand turns a file into its compact form, or back into JSON.
func packEvidenceCommand(s *session, compact bool) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:     "pack FILE -o FILE",
		Short:   "Write an evidence file in its compact form (CBOR)",
		Long:    "Write an evidence file in its compact form. It proves the same; \"carya evidence unpack\" turns it back.",
		Example: "  carya evidence pack lot.json -o lot.cbor",
		Args:    takes(1, 1, "an evidence file, or - for standard input"),
	}
	if !compact {
		cmd.Use, cmd.Short = "unpack FILE -o FILE", "Write an evidence file as JSON"
		cmd.Long = "Write an evidence file in its readable form, JSON. It proves the same."
		cmd.Example = "  carya evidence unpack lot.cbor -o lot.json"
	}
	cmd.Flags().StringVarP(&to, "output", "o", "", "file to write, which must not exist; - for standard output")
	cmd.RunE = s.run(func(_ context.Context, args []string) error {
		p := &proof{session: s, to: to, compact: compact}
		if err := p.checkOutput(); err != nil {
			return err
		}
		e, _, err := s.readEvidence(args[0])
		if err != nil {
			return err
		}
		return p.store(e, nil, "")
	})
	return cmd
}
