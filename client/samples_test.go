package client_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types"
)

// The official documents are not part of the project: they lie beside a developer's checkout.
const official = "../../shared/data"

// told is one line of what a submission prints with --json.
type told struct {
	File, At, State string
	Faults          []types.Refusal
}

// rehearse runs a command with --dry-run --json and returns what it told.
func rehearse(t *testing.T, args ...string) []told {
	t.Helper()
	root := &cobra.Command{Use: "carya", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(client.Commands()...)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&bytes.Buffer{})
	root.SetArgs(append(args, "--member", "lantu", "--chain", "x", "--home", t.TempDir(), "--on-error", "proceed", "--dry-run", "--json"))
	if err := root.Execute(); err != nil && client.ExitCode(err) != client.ExitFailed {
		t.Fatal(err)
	}
	var all []told
	for d := json.NewDecoder(&out); d.More(); {
		var one told
		if err := d.Decode(&one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

// judged counts what was told, and wants everything to be recordable, the same as something else, or refused with a code
// and the field.
func judged(t *testing.T, all []told) map[string]int {
	t.Helper()
	counts, files := map[string]int{}, map[string]bool{}
	for _, one := range all {
		files[one.File] = true
		counts[one.State]++
		for _, fault := range one.Faults {
			counts[fault.Code.String()]++
			if fault.Code == types.OK || fault.Field == "" || fault.Detail == "" {
				t.Errorf("%s %s: fault %+v has no code, field or detail", one.File, one.At, fault)
			}
		}
		if (one.State == "faulty") != (len(one.Faults) > 0) {
			t.Errorf("%s %s: %s with the faults %v", one.File, one.At, one.State, one.Faults)
		}
	}
	counts["files"] = len(files)
	return counts
}

func TestOfficialEPCIS(t *testing.T) {
	var files []string
	for _, dir := range []string{"JSON", "JSON-simple-context"} {
		filepath.WalkDir(filepath.Join(official, "epcis", dir), func(path string, _ fs.DirEntry, err error) error {
			if err == nil && strings.HasPrefix(filepath.Ext(path), ".json") {
				files = append(files, path)
			}
			return nil
		})
	}
	if len(files) == 0 {
		t.Skip("no official EPCIS documents in " + official)
	}
	counts := judged(t, rehearse(t, append([]string{"epcis", "capture"}, files...)...))
	t.Log(counts)
	if counts["files"] != len(files) || counts["ready"] == 0 {
		t.Errorf("%d files, got %v", len(files), counts)
	}
}

func TestOfficialCEB(t *testing.T) {
	dir := filepath.Join(official, "ceb", "samples-import")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Skip("no official customs messages in " + official)
	}
	messages := 0
	for _, e := range entries {
		if name := strings.TrimSuffix(e.Name(), "Message.xml"); strings.ContainsAny(name[len(name)-1:], "13579") { // customs' answers have even numbers
			messages++
		}
	}
	counts := judged(t, rehearse(t, "ceb", "submit", dir, "--no-check"))
	t.Log(counts)
	if counts["files"] != messages || counts["ready"] != 1 || counts["settled"] < 5 {
		t.Errorf("%d messages, got %v, want one order that is ready and repetitions of it", messages, counts)
	}
}
