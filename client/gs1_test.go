package client_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/client"
)

// link runs `carya gs1 link` and returns what it prints and its exit code.
func link(id string) (string, int) {
	root := &cobra.Command{Use: "carya", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(client.Commands()...)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&bytes.Buffer{})
	root.SetArgs([]string{"gs1", "link", "--", id})
	err := root.Execute()
	return strings.TrimSuffix(out.String(), "\n"), client.ExitCode(err)
}

// The pairs come from the reference implementation of the CBV event hash: an identifier and its link, or none.
func TestLinksOfReferencePairs(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(official, "epcis-hash", "dl_normaliser_pairs.json"))
	if err != nil {
		t.Skip("no reference pairs in " + official)
	}
	var file struct {
		Pairs []struct {
			Input string
			Link  string `json:"canonical_gs1_digital_link"`
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Pairs) < 48 {
		t.Errorf("%d pairs, want at least 48", len(file.Pairs))
	}
	for _, pair := range file.Pairs {
		want := client.ExitOK
		if pair.Link == "" {
			want = client.ExitFailed
		}
		if got, code := link(pair.Input); got != pair.Link || code != want {
			t.Errorf("%s: got %q and exit code %d, want %q and %d", pair.Input, got, code, pair.Link, want)
		}
	}
}
