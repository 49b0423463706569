package node

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/accounts/keystore"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/caryaledger/carya/types"
)

// newCapturingHome is the home of a node with a key to sign captures with, which the
// member's owner has not added yet.
func newCapturingHome(t *testing.T, passphrase string) string {
	t.Helper()
	dir := newHome(t, "epcis.key_file=capture.json", "epcis.passphrase_file=capture.txt")
	key, err := crypto.GenerateKey()
	must(t, err)
	sealed, err := keystore.EncryptKey(&keystore.Key{Id: uuid.New(), Address: crypto.PubkeyToAddress(key.PublicKey), PrivateKey: key},
		"sesame", keystore.LightScryptN, keystore.LightScryptP)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "capture.json"), sealed, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "capture.txt"), []byte(passphrase+"\n"), 0o600))
	return dir
}

// TestEPCIS asks a running node: the interface is there, and what it signs goes through
// the node's own pool.
func TestEPCIS(t *testing.T) {
	defer goleak.VerifyNone(t, append(leaks, goleak.IgnoreCurrent())...)
	n, stop := runNode(t, newCapturingHome(t, "sesame"))
	defer stop()
	defer http.DefaultClient.CloseIdleConnections()
	reach(t, n, n.genesis.InitialHeight+1)
	api := "http://" + n.Gateway().String() + "/epcis/"
	resp, err := http.Get(api + "events")
	must(t, err)
	data, err := io.ReadAll(resp.Body)
	must(t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || !bytes.Contains(data, []byte(`"eventList":[]`)) {
		t.Errorf("%s %s", resp.Status, data)
	}
	event := `{"@context":"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld","type":"ObjectEvent","action":"OBSERVE",
		"epcList":["urn:example:1"],"eventTimeZoneOffset":"+00:00","eventTime":"` + time.Now().UTC().Format(time.RFC3339) + `"}`
	resp, err = http.Post(api+"events", "application/ld+json", strings.NewReader(event))
	must(t, err)
	defer resp.Body.Close()
	var p struct{ Code types.Code }
	must(t, json.NewDecoder(resp.Body).Decode(&p))
	if resp.StatusCode != http.StatusForbidden || p.Code != types.KeyUnknown {
		t.Errorf("%s %+v, want KEY_UNKNOWN", resp.Status, p)
	}
}

// TestEPCISFilesAreChecked: a node that could not capture says so when it starts.
func TestEPCISFilesAreChecked(t *testing.T) {
	for want, spoil := range map[string]func(dir string, c *EPCISConfig){
		"epcis.key_file":   func(string, *EPCISConfig) {},
		"epcis.token_file": func(_ string, c *EPCISConfig) { c.KeyFile, c.PassphraseFile, c.TokenFile = "", "", "absent" },
	} {
		dir := newCapturingHome(t, "simsim")
		cfg, err := ReadConfig(filepath.Join(dir, fileConfig))
		must(t, err)
		spoil(dir, &cfg.EPCIS)
		if _, err := New(t.Context(), dir, cfg, Options{Logger: slog.New(slog.DiscardHandler)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
