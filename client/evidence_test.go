package client_test

import (
	"bytes"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"
	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// TestTerminalQR reads the half blocks back: they are the code, with four light modules around it.
func TestTerminalQR(t *testing.T) {
	const address = "http://127.0.0.1:26682/l/06901234000047.P2026"
	text, err := client.TerminalQR(address)
	if err != nil {
		t.Fatal(err)
	}
	code, err := qr.Encode(address, qr.M, qr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	const quiet = 4
	side := code.Bounds().Dx()
	lines := strings.Split(text, "\n")
	if want := (side + 2*quiet + 1) / 2; len(lines) != want {
		t.Fatalf("%d lines, want %d", len(lines), want)
	}
	for y := range side + 2*quiet {
		row := []rune(lines[y/2])
		if len(row) != side+2*quiet {
			t.Fatalf("line %d has %d characters, want %d", y/2, len(row), side+2*quiet)
		}
		for x := range row {
			got := row[x] == '█' || row[x] == '▀' && y%2 == 0 || row[x] == '▄' && y%2 == 1
			light := true
			if i, j := x-quiet, y-quiet; i >= 0 && j >= 0 && i < side && j < side {
				r, _, _, _ := code.At(i, j).RGBA()
				light = r != 0
			}
			if got != light {
				t.Fatalf("module %d, %d: light is %v, want %v", x, y, got, light)
			}
		}
	}
}

func TestTerminalQRBounds(t *testing.T) {
	address := "https://coop.example/verify#" + strings.Repeat("a", 2953-len("https://coop.example/verify#"))
	if _, err := client.TerminalQR(address); err != nil {
		t.Errorf("%d bytes: %v", len(address), err)
	}
	if _, err := client.TerminalQR(address + "aa"); err == nil || !strings.Contains(err.Error(), "2955 bytes, 2 too many") {
		t.Errorf("%d bytes: got %v", len(address)+2, err)
	}
}

// A picture has whole dots for each module.
func TestEvidenceQR(t *testing.T) {
	c := newChain(t)
	dir := t.TempDir()
	writeFile(t, dir, "member.json", evidenceFile(t, c.evidence(t, evidence.ClaimRecord, "member/coop-linan")))
	out := filepath.Join(dir, "member.png")
	root := &cobra.Command{Use: "carya", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(client.Commands()...)
	root.SetArgs([]string{"evidence", "qr", filepath.Join(dir, "member.json"), "--page", "https://coop.example/verify", "-o", out, "--json"})
	root.SetOut(&bytes.Buffer{})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if width := picture.Bounds().Dx(); width < 500 || width > 1200 {
		t.Errorf("the picture is %d dots wide", width)
	}
}

// TestProveAnswers: evidence of something else than what was asked for is refused, whatever it proves.
func TestProveAnswers(t *testing.T) {
	n := newNode(t, newChain(t))
	c, _ := n.client(t)
	lot, order := "lot/"+testLot, "order/"+testOrder
	d := chaintest.PrivateDocument
	root, err := types.DocumentRoot(d.Kind, d.Fields, d.Seed)
	if err != nil {
		t.Fatal(err)
	}
	accepted := types.Hash{3}
	tx, err := types.DecodeEvent(n.chain.Raw[order][0])
	if err != nil {
		t.Fatal(err)
	}
	event := func(a evidence.Ask) evidence.Ask { a.Claim = evidence.ClaimEvent; return a }
	for _, row := range []struct {
		name          string
		asked, proven evidence.Ask
	}{
		{"itself", evidence.Ask{Claim: evidence.ClaimHistory, Key: lot}, evidence.Ask{Claim: evidence.ClaimHistory, Key: lot}},
		{"absence of a record", evidence.Ask{Claim: evidence.ClaimRecord, Key: "lot/06901234000023.X"}, evidence.Ask{Claim: evidence.ClaimRecord, Key: "lot/06901234000023.X"}},
		{"record for a history", evidence.Ask{Claim: evidence.ClaimHistory, Key: lot}, evidence.Ask{Claim: evidence.ClaimRecord, Key: lot}},
		{"another key", evidence.Ask{Claim: evidence.ClaimRecord, Key: lot}, evidence.Ask{Claim: evidence.ClaimRecord, Key: order}},
		{"another height", evidence.Ask{Claim: evidence.ClaimRecord, Key: lot, Height: 3}, evidence.Ask{Claim: evidence.ClaimRecord, Key: lot, Height: 2}},
		{"another block", evidence.Ask{Claim: evidence.ClaimBlock, Height: 3}, evidence.Ask{Claim: evidence.ClaimBlock, Height: 2}},
		{"another beginning", evidence.Ask{Claim: evidence.ClaimPrefix, Key: lot, Since: 2}, evidence.Ask{Claim: evidence.ClaimPrefix, Key: lot, Since: 3}},
		{"a smaller range", evidence.Ask{Claim: evidence.ClaimRange, From: "payment/", To: "payment0"}, evidence.Ask{Claim: evidence.ClaimRange, From: "payment/u", To: "payment0"}},
		{"a shorter range", evidence.Ask{Claim: evidence.ClaimRange, From: "payment/", To: "payment0"}, evidence.Ask{Claim: evidence.ClaimRange, From: "payment/", To: "payment/a"}},
		{"another transaction", evidence.Ask{Claim: evidence.ClaimTransaction, Digest: n.chain.partly(t)}, evidence.Ask{Claim: evidence.ClaimTransaction, Digest: tx.Tx[:]}},
		{"an event by its place", event(evidence.Ask{Key: lot, Index: 1}), event(evidence.Ask{Key: lot, Index: 2})},
		{"an event by its transaction", event(evidence.Ask{Key: lot, Digest: accepted[:]}), event(evidence.Ask{Key: lot, Index: 1})},
		{"an event by its document", event(evidence.Ask{Key: lot, Root: root[:]}), event(evidence.Ask{Key: lot, Index: 1})},
	} {
		made := n.chain.ask(t, &evidence.Asked{Claims: []evidence.Ask{row.proven}})
		n.before = func(w http.ResponseWriter, _ *http.Request) bool {
			w.Write(evidenceFile(t, made))
			return true
		}
		same := row.name == "itself" || row.name == "absence of a record"
		if _, err := c.Prove(t.Context(), &evidence.Asked{Claims: []evidence.Ask{row.asked}}); (err == nil) != same {
			t.Errorf("%s: got %v", row.name, err)
		}
		if _, err := c.Prove(t.Context(), &evidence.Asked{Claims: []evidence.Ask{row.asked, row.asked}}); err == nil {
			t.Errorf("%s: one claim for two", row.name)
		}
	}
}

// partly is the transaction of which a part was refused.
func (c *fakeChain) partly(t testing.TB) types.Bytes {
	t.Helper()
	e, err := types.DecodeEvent(c.Raw["lot/"+testLot][1])
	if err != nil {
		t.Fatal(err)
	}
	return e.Tx[:]
}

// TestRenewOfAnotherChain: a node whose block is another one, or that has another chain, renews nothing.
func TestRenewOfAnotherChain(t *testing.T) {
	c := newChain(t)
	e := c.evidence(t, evidence.ClaimRecord, "lot/"+testLot)
	n := newNode(t, newChainFrom(t, func(g *types.Genesis) { g.Time++ }))
	for range 8 {
		n.chain.Commit()
	}
	node, _ := n.client(t)
	if _, err := node.Renew(t.Context(), e); err == nil || !strings.Contains(err.Error(), "with the genesis") {
		t.Errorf("another chain: got %v", err)
	}
	e.Genesis = n.chain.Hash // as if it were of that chain
	if _, err := node.Renew(t.Context(), e); err == nil || !strings.Contains(err.Error(), "is not the one of node") {
		t.Errorf("another block: got %v", err)
	}
}
