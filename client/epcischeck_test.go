package client_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/client"
)

// checkedFiles runs `carya epcis check --json` and returns the files that it finds nothing wrong with, by name.
func checkedFiles(t *testing.T, files ...string) map[string]bool {
	t.Helper()
	root := &cobra.Command{Use: "carya", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(client.Commands()...)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&bytes.Buffer{})
	root.SetArgs(append([]string{"epcis", "check", "--json"}, files...))
	if err := root.Execute(); err != nil && client.ExitCode(err) != client.ExitFailed {
		t.Fatal(err)
	}
	var all []struct {
		File   string
		OK     bool
		Events []struct{ Pointer, Type string }
	}
	if err := json.Unmarshal(out.Bytes(), &all); err != nil {
		t.Fatalf("%v in %s", err, out.Bytes())
	}
	good := map[string]bool{}
	for _, f := range all {
		good[f.File] = f.OK
		if f.OK && len(f.Events) == 0 {
			t.Errorf("%s: no events", f.File)
		}
	}
	return good
}

// The official samples with the official JSON schema's verdict: 4 of 93 break it, see samples_test.go of types/epcis.
func TestCheckOfficialEPCIS(t *testing.T) {
	var files []string
	for _, dir := range []string{"JSON", "JSON-simple-context"} {
		filepath.WalkDir(filepath.Join(official, "epcis", dir), func(path string, _ fs.DirEntry, err error) error {
			if err == nil && filepath.Ext(path) == ".jsonld" {
				files = append(files, path)
			}
			return nil
		})
	}
	if len(files) == 0 {
		t.Skip("no official EPCIS documents in " + official)
	}
	good := 0
	for _, ok := range checkedFiles(t, files...) {
		if ok {
			good++
		}
	}
	const refused = 4
	if good != len(files)-refused {
		t.Errorf("got %d of %d accepted, want %d refused", good, len(files), refused)
	}
}
