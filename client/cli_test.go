package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// TestCommands runs the scripts in testdata/script. Each has a chain and a node of its own in $CARYA_NODE, the
// genesis in genesis.json, the trust in it in trust.json, evidence in *.proof, and the members' keys, as hexadecimal digits, in <member>.hex.
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			chain := newChain(t)
			node := newNode(t, chain)
			env.Values["node"] = node
			env.Setenv("CARYA_NODE", node.server.URL)
			env.Setenv("CARYA_HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("CARYA_PASSWORD", "correct horse")
			env.Setenv("CHAIN", chainID)
			env.Setenv("CARYA_TRUST", "")
			furnish(t, chain, env.WorkDir)
			return chain.name(env)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"carya!": exitCode, "node": nodeCommand, "sent": sentCommand,
			"same": sameCommand, "documents": documentsCommand, "matching": matchingCommand, "same-claims": sameClaimsCommand, "edit": editCommand,
		},
	})
}

func furnish(t *testing.T, c *fakeChain, dir string) {
	t.Helper()
	write := func(name string, data []byte) { writeFile(t, dir, name, data) }
	write("genesis.json", c.File)
	write("trust.json", c.trustFile(t))
	other := *c.Genesis
	other.Chain = "another"
	file, _ := json.Marshal(other)
	write("other.json", file)
	lot := c.evidence(t, evidence.ClaimHistory, "lot/"+testLot)
	write("lot.proof", evidenceFile(t, lot))
	lot.Claims[0].Height++
	write("tampered.proof", evidenceFile(t, lot))
	write("member.json", evidenceFile(t, c.evidence(t, evidence.ClaimRecord, "member/coop-linan")))
	write("none.proof", evidenceFile(t, c.evidence(t, evidence.ClaimRecord, "lot/06901234000023.NONE")))
	for id := range c.Keys {
		write(id+".hex", []byte(c.keyHex(id)+"\n"))
	}
}

// name names in a script's environment what the chain holds: TX, a transaction that was refused in part, and ROOT, the
// document of the order.
func (c *fakeChain) name(env *testscript.Env) error {
	offer, err := types.DecodeEvent(c.Raw["lot/"+testLot][1])
	if err != nil {
		return err
	}
	d := chaintest.PrivateDocument
	root, err := types.DocumentRoot(d.Kind, d.Fields, d.Seed)
	env.Setenv("TX", offer.Tx.String())
	env.Setenv("ROOT", root.String())
	return err
}

// sameClaimsCommand compares what two verdicts say before "signed": `same-claims A B`. If nothing, they are not the same.
func sameClaimsCommand(ts *testscript.TestScript, neg bool, args []string) {
	a, _, found := strings.Cut(ts.ReadFile(args[0]), "\nsigned\n")
	b, _, _ := strings.Cut(ts.ReadFile(args[1]), "\nsigned\n")
	if !found || (a == b) == neg {
		ts.Fatalf("got\n%s\nand\n%s", a, b)
	}
}

// exitCode runs carya and compares its exit code: `carya! 4 verify …`.
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("carya", args[1:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("carya %s: exit code %s, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// nodeCommand makes the script's node behave: `node stop`, `node busy`, `node refuse CODE…` (a code for each body),
// `node records-orders`, `node blocks N` (empty ones), `node lie-key`, `node lie-event`, `node honest`.
func nodeCommand(ts *testscript.TestScript, _ bool, args []string) {
	n := ts.Value("node").(*fakeNode)
	switch args[0] {
	case "stop":
		n.server.Close()
	case "busy":
		n.mu.Lock()
		n.script(args[1:]...)
		n.mu.Unlock()
	case "refuse":
		result := &types.Result{Code: types.Partial, Log: "as the script wants it"}
		for _, name := range args[1:] {
			code, ok := types.CodeNamed(name)
			if !ok {
				ts.Fatalf("no code %s", name)
			}
			result.Codes = append(result.Codes, code)
		}
		n.mu.Lock()
		n.judge = func(*types.Verified) *types.Result { return result }
		n.mu.Unlock()
	case "records-orders":
		n.recordOrders(ts)
	case "blocks":
		n.chain.mu.Lock()
		defer n.chain.mu.Unlock()
		for range number(ts, args[1]) {
			n.chain.Commit()
		}
	case "lie-key":
		n.lies(func(e *evidence.Evidence) { e.Claims[0].Key = "lot/06901234000016.L2026B" })
	case "lie-event":
		n.lies(func(e *evidence.Evidence) { e.Claims[0].Events = e.Claims[0].Events[1:] })
	case "honest":
		n.lies(nil)
	}
}

// lies makes the node change its evidence.
func (n *fakeNode) lies(how func(e *evidence.Evidence)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lie = how
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

// recordOrders puts what RecordOrder bodies said into the state.
func (n *fakeNode) recordOrders(ts *testscript.TestScript) {
	for _, tx := range n.txs {
		for _, b := range tx.Transaction.Bodies {
			o, ok := b.(*types.RecordOrder)
			if !ok {
				continue
			}
			n.put("order/"+tx.Transaction.Member+"/"+o.Order, &types.Order{
				State: types.StatePartial,
				Slots: []types.Slot{{Kind: types.SlotOrder, Member: tx.Transaction.Member, ID: o.Order, Seq: o.Seq, Height: committedHeight, Document: o.Document}},
			})
		}
	}
}

// sentCommand prints the transactions that the node was given, without what changes from run to run, into a file.
func sentCommand(ts *testscript.TestScript, _ bool, args []string) {
	n := ts.Value("node").(*fakeNode)
	n.mu.Lock()
	defer n.mu.Unlock()
	var b strings.Builder
	for _, tx := range n.txs {
		fmt.Fprintf(&b, "%s %s %s %d\n", tx.Transaction.Member, tx.Transaction.Kind, tx.Transaction.OnError, len(tx.Transaction.Bodies))
		for _, body := range tx.Transaction.Bodies {
			data, _ := json.Marshal(body)
			fmt.Fprintf(&b, "  %s\n", data)
		}
	}
	if err := os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o600); err != nil {
		ts.Fatalf("%v", err)
	}
}

// lastBodies returns the last two lines of bodies in a file that `sent` wrote.
func lastBodies(ts *testscript.TestScript, file string) (before, last string) {
	for line := range strings.Lines(ts.ReadFile(file)) {
		if strings.HasPrefix(line, "  ") {
			before, last = last, line
		}
	}
	return before, last
}

// sameCommand compares the last two bodies that were sent: `same FILE`. If not, they must have the order's name in common.
func sameCommand(ts *testscript.TestScript, neg bool, args []string) {
	before, last := lastBodies(ts, args[0])
	var a, b types.RecordOrder
	if err := errors.Join(json.Unmarshal([]byte(before), &a), json.Unmarshal([]byte(last), &b)); err != nil {
		ts.Fatalf("%v", err)
	}
	if (a == b) == neg || a.Order != b.Order {
		ts.Fatalf("got\n%s%s", before, last)
	}
}

// documentsCommand counts the stored documents and the tickets.
func documentsCommand(ts *testscript.TestScript, _ bool, args []string) {
	for i, pattern := range []string{"home/documents/*.json", "home/tickets/*.json"} {
		found, _ := filepath.Glob(ts.MkAbs(pattern))
		if fmt.Sprint(len(found)) != args[i] {
			ts.Fatalf("%s: got %v, want %s", pattern, found, args[i])
		}
		for _, path := range found {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				ts.Fatalf("%s: %v, mode %s, want 0600", path, err, info.Mode())
			}
		}
	}
}

// matchingCommand checks what consensus will compare: the tags of the last order, payment and waybill that were sent.
func matchingCommand(ts *testscript.TestScript, _ bool, _ []string) {
	n := ts.Value("node").(*fakeNode)
	var o *types.RecordOrder
	var p *types.RecordPayment
	var w *types.RecordWaybill
	var platform string
	for _, tx := range n.txs {
		switch b := tx.Transaction.Bodies[0].(type) {
		case *types.RecordOrder:
			o, platform = b, tx.Transaction.Member
		case *types.RecordPayment:
			p = b
		case *types.RecordWaybill:
			w = b
		}
	}
	order := types.OrderID(platform + "/" + o.Order)
	if p.Order != order || w.Order != order {
		ts.Fatalf("order %s, payment of %s, waybill of %s", order, p.Order, w.Order)
	}
	if types.NumberLock(p.Number) != o.Payment || types.NumberLock(w.Number) != o.Waybill || p.Number == w.Number {
		ts.Fatalf("the number tags do not open the order's locks")
	}
	if p.Payer != o.Payer || w.Consignee != o.Consignee {
		ts.Fatalf("the tags of buyer and consignee differ")
	}
	if p.Amount == o.Amount { // the second version of the order is of another amount
		ts.Fatalf("99 and 129 have one tag")
	}
}
