package client_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types"
)

// document is an EPCIS document with so many commissioning events, each of a lot of its own.
func document(events int) []byte {
	list := make([]map[string]any, events)
	for i := range list {
		list[i] = map[string]any{
			"type": "ObjectEvent", "action": "ADD", "eventTime": "2026-11-23T07:00:00Z", "eventTimeZoneOffset": "+08:00",
			"quantityList": []map[string]any{{"epcClass": fmt.Sprintf("https://id.gs1.org/01/06901234000016/10/L%d", i), "quantity": 1, "uom": "KGM"}},
		}
	}
	data, _ := json.Marshal(map[string]any{
		"@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", "type": "EPCISDocument",
		"schemaVersion": "2.0", "creationDate": "2026-11-23T08:00:00Z", "epcisBody": map[string]any{"eventList": list},
	})
	return data
}

// run runs a command against a node and returns its error and output.
func (n *fakeNode) run(t *testing.T, home string, args ...string) (string, error) {
	t.Helper()
	root := &cobra.Command{Use: "carya", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(client.Commands()...)
	var out strings.Builder
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(append(args, "--node", n.server.URL, "--home", home, "--password-file", filepath.Join(home, "pass")))
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

// homeOf is a home folder with a member's key.
func (n *fakeNode) homeOf(t *testing.T, member string) string {
	t.Helper()
	home := t.TempDir()
	writeFile(t, home, "pass", []byte("correct horse\n"))
	if _, err := (client.Keyring{Dir: filepath.Join(home, "keys")}).Create(member, n.chain.Keys[member], "correct horse", client.Light); err != nil {
		t.Fatal(err)
	}
	return home
}

// More than a transaction holds: with rollback nothing can be undone over two of them, with proceed there are several.
func TestCaptureOfManyEvents(t *testing.T) {
	n := newNode(t, newChain(t))
	home := n.homeOf(t, "coop-linan")
	writeFile(t, home, "many.jsonld", document(types.MaxBodies+1))
	args := []string{"epcis", "capture", filepath.Join(home, "many.jsonld"), "--member", "coop-linan"}
	out, err := n.run(t, home, args...)
	if err == nil || !strings.Contains(out, "BODY_COUNT") || len(n.txs) != 0 {
		t.Errorf("rollback: got %v and %d transactions", err, len(n.txs))
	}
	if _, err := n.run(t, home, append(args, "--on-error", "proceed", "--wait")...); err != nil {
		t.Fatal(err)
	}
	if len(n.txs) != 2 || len(n.txs[0].Transaction.Bodies)+len(n.txs[1].Transaction.Bodies) != types.MaxBodies+1 {
		t.Errorf("proceed: got %d transactions", len(n.txs))
	}
}

// What was not answered is neither recorded nor refused, and the document behind it is on the disk.
func TestSubmissionWithoutAnswer(t *testing.T) {
	n := newNode(t, newChain(t))
	home := n.homeOf(t, "lantu")
	data, err := os.ReadFile("testdata/script/ceb.txtar")
	if err != nil {
		t.Fatal(err)
	}
	_, order, _ := strings.Cut(string(data), "-- order.xml --\n")
	order, _, _ = strings.Cut(order, "-- order2.xml --\n")
	writeFile(t, home, "order.xml", []byte(order))
	n.before = wrongAnswer
	out, err := n.run(t, home, "ceb", "submit", filepath.Join(home, "order.xml"), "--member", "lantu", "--wait", "--unsigned")
	if err == nil || !strings.Contains(out, "unknown, order/lantu/") || !strings.Contains(client.Explain(err), "carya receipt 0x") {
		t.Errorf("got %v\n%s", err, out)
	}
	for _, pattern := range []string{"documents/*.json", "tickets/*.json"} {
		if found, _ := filepath.Glob(filepath.Join(home, pattern)); len(found) != 1 {
			t.Errorf("%s: got %v, want one file", pattern, found)
		}
	}
}

func TestFileName(t *testing.T) {
	for number, want := range map[string]string{
		"LT-2026_1": "LT-2026_1", "../../etc/passwd": "%2E%2E%2F%2E%2E%2Fetc%2Fpasswd", "": "", "订单": "%E8%AE%A2%E5%8D%95",
		strings.Repeat("单", 60): "", "a b": "a%20b",
	} {
		got := client.FileName(number)
		if want != "" && got != want || len(got) > 200 || got == "" || strings.ContainsAny(got, `/\. `) {
			t.Errorf("%q: got %q, want %q", number, got, want)
		}
	}
}

func TestCheckKey(t *testing.T) {
	for _, key := range []string{
		"lot/06901234000016.L2026A", "member/coop-linan", "order/lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q", "chain/params", "chain/blocks",
		"key/0x7e5f4552091a69125d5dfcb7b8c2659029395bdf", "chain/live/0000000000000007", "payment/p/01KB0Q7Z40N7DPSEYSB6DNYX4Q",
	} {
		if err := client.CheckKey(key); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	for _, key := range []string{
		"", "lot", "lot/", "lot/6901234000016.A", "lot/06901234000015.A", "Lot/06901234000016.A", "member/", "chain/params/x", "chain",
		"order/lantu", "order/lantu/01kb0q7z40n7dpseysb6dnyx4q", "order/lantu/x", "lot/06901234000016.L 1", "member/a\n", strings.Repeat("member/", 200),
	} {
		if err := client.CheckKey(key); err == nil {
			t.Errorf("%q was taken for a key", key)
		}
	}
}

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"杭州 ✓\n\tx": "杭州 ✓\n\tx", "a\x1b[2Jb": "a\\u001b[2Jb", "\u202eevil": "\\u202eevil", "\x00\x7f": "\\u0000\\u007f", "\xff": "�",
	} {
		if got := client.Plain(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
