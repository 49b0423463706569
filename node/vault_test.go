package node

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/sealed"
)

// secrets are what stands in a message and must not stand anywhere else.
var secrets = []string{"王小山", "330106199001011230", "浙江省杭州市西湖区文三路77号", "13800138000"}

// sealedMessage is a signed delivery of a message with all secrets in it.
func sealedMessage(t *testing.T, from string, readers ...sealed.Reader) []byte {
	t.Helper()
	const order = "order/m0/01KB0Q8YDRN7DPSEYSB6DNYX4Q"
	s, err := sealed.Seal(&types.Delivery{
		Format: types.DeliveryFormat, Chain: testGenesis().Chain, From: from, Message: []byte("<order>" + strings.Join(secrets, "</a><a>") + "</order>"),
		Documents: []types.DeliveredDocument{{Record: order, Seed: types.Secret{1}, Root: types.Hash{2}, MatchKey: types.Secret{3}}},
	}, readers)
	must(t, err)
	must(t, s.Sign(memberKey(from)))
	data, err := json.Marshal(s)
	must(t, err)
	return data
}

// TestDocumentsTravel: what a member hands to its own node arrives at the reader's, whose
// node can be down meanwhile; only the reader can read it, and neither homes nor logs hold a
// word of it.
func TestDocumentsTravel(t *testing.T) {
	homes := newNetwork(t, 1)
	outsider, err := home(homes[1]).loadNodeKey()
	must(t, err)
	gateway := freeAddress(t)
	change(t, homes[0], "p2p.allow="+string(outsider.ID()), "api.peers=http://"+gateway)
	change(t, homes[1], "api.listen="+gateway)
	must(t, addMember(homes))

	identity, err := age.GenerateX25519Identity()
	must(t, err)
	delivery := sealedMessage(t, "m0", sealed.Reader{Member: "m1", Recipient: identity.Recipient().String()})
	var log lockedBuffer
	from, stop := loggedNode(t, homes[0], &log)
	reach(t, from, 2)
	var taken struct {
		ID types.Hash
		To []struct{ Member, State string }
	}
	ask(t, from, http.MethodPost, "/v1/documents", delivery, http.StatusAccepted, &taken)
	if len(taken.To) != 1 || taken.To[0].Member != "m1" || taken.To[0].State == "delivered" {
		t.Errorf("%+v, and the node of m1 is not running", taken)
	}
	within(t, "the try fails", func() bool {
		ask(t, from, http.MethodPost, "/v1/documents", delivery, http.StatusAccepted, &taken)
		return taken.To[0].State == "unreachable"
	})
	stop()

	to, stopTo := loggedNode(t, homes[1], &log)
	from, stop = loggedNode(t, homes[0], &log)
	var list struct{ Documents []struct{ ID types.Hash } }
	within(t, "it arrives", func() bool {
		ask(t, to, http.MethodGet, "/v1/documents", nil, http.StatusOK, &list)
		return len(list.Documents) == 1
	})
	var s types.Sealed
	ask(t, to, http.MethodGet, "/v1/documents/"+taken.ID.String(), nil, http.StatusOK, &s)
	d, err := sealed.Open(&s, identity)
	must(t, err)
	for _, secret := range secrets {
		if !bytes.Contains(d.Message, []byte(secret)) {
			t.Errorf("the reader does not see %s", secret)
		}
	}
	ask(t, from, http.MethodGet, "/v1/documents", nil, http.StatusOK, &list)
	if len(list.Documents) != 0 {
		t.Error("the sender's node shows what it has carried")
	}
	findNone(t, log.String(), homes) // while they run: what is written and not checkpointed yet, too
	stop()
	stopTo()
	findNone(t, log.String(), homes)
	http.DefaultClient.CloseIdleConnections()
}

// addMember writes a genesis in which the node that newNetwork left out is a member, too.
func addMember(homes []string) error {
	file, err := os.ReadFile(filepath.Join(homes[0], fileGenesis))
	if err != nil {
		return err
	}
	_, g, err := ReadGenesis(file)
	if err != nil {
		return err
	}
	d, err := home(homes[1]).description()
	if err != nil {
		return err
	}
	m := d.GenesisMember
	m.Validator, m.Power = types.Bytes{}, 0
	g.Members = append(g.Members, m)
	if file, err = WriteGenesis(g); err != nil {
		return err
	}
	for _, dir := range homes {
		if err := os.WriteFile(filepath.Join(dir, fileGenesis), file, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// ask makes a request of a node and reads the answer into out.
func ask(t *testing.T, n *Node, method, path string, body []byte, status int, out any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+n.Gateway().String()+path, bytes.NewReader(body))
	must(t, err)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	must(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode != status {
		t.Fatalf("%s %s: %s %s", method, path, resp.Status, data)
	}
	must(t, json.Unmarshal(data, out))
}

// findNone looks for the secrets in a log and in all files of homes.
func findNone(t *testing.T, log string, homes []string) {
	t.Helper()
	size := 0
	look := func(name string, data []byte) {
		size += len(data)
		for _, secret := range secrets {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds %s", name, secret)
			}
		}
	}
	look("the log", []byte(log))
	for _, dir := range homes {
		must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return ignoreGone(err)
			}
			data, err := os.ReadFile(path)
			look(path, data)
			return ignoreGone(err)
		}))
	}
	if size < 100<<10 {
		t.Errorf("only %d bytes to look at", size)
	}
}

// ignoreGone: a running node removes files.
func ignoreGone(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// TestVaultFilesAreChecked: a node whose vault nobody could read says so when it starts.
func TestVaultFilesAreChecked(t *testing.T) {
	dir := newHome(t, "vault.token_file=absent")
	cfg, err := ReadConfig(filepath.Join(dir, fileConfig))
	must(t, err)
	if _, err := New(t.Context(), dir, cfg, Options{Logger: slog.New(slog.DiscardHandler)}); err == nil || !strings.Contains(err.Error(), "vault.token_file") {
		t.Errorf("got %v", err)
	}
}
