package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestGuides pastes the commands of the guides into a shell, beside a demo.
func TestGuides(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and runs the demo")
	}
	bin, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	demo := startDemo(t, bin)
	for _, guide := range []struct {
		file  string
		first string // what its first block of commands does for a reader
		says  []string
	}{
		{"docs/auditor.md", demo, []string{
			"were all there were of order/lantu/", "SIGNED_FOR", "this is all that ever happened to lot/", "PaymentHead/amountPaid",
			"6 files: 6 proven", "as the beginning of that after block", "nodes: 2 of 2 agree", "story-renewed.json: history of lot/",
			"its list of all block hashes names",
		}},
		{"docs/light.md", demo, []string{"nodes: 2 of 2 agree", "validators as of block", "block 5; ", "followed carya-demo from block 5 to block"}},
		{"docs/cooperative.md", demo + "export CARYA_HOME=$net/linan-coop CARYA_PASSWORD=localnet CARYA_NODE=$node\n", []string{
			"IssueCertificate for linan-coop: in block", "harvest.csv row 10: ship, ObjectEvent OBSERVE shipping, 1 unit: recorded", "4 things and 5 events", "drawn in P26-1-trace.svg",
		}},
		{"docs/trade.md", "", []string{
			"customs would reject this: 4 faults", "DECLARED", "CEB621-000001.CEB622-800.xml", "the answer is what was committed", "this field stands in a document CEB311", "lantu committed to it",
		}},
	} {
		out := paste(t, guide.file, bin, guide.first)
		for _, want := range guide.says {
			if !strings.Contains(out, want) {
				t.Errorf("the commands of %s do not say %q:\n%s", guide.file, want, out)
			}
		}
	}
}

// paste runs the blocks of commands in a guide, with something else for the first of them.
func paste(t *testing.T, file, bin, first string) string {
	t.Helper()
	guide, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(guide), -1)
	if len(blocks) < 3 {
		t.Fatalf("%d blocks of commands in %s", len(blocks), file)
	}
	script := "set -eu\n" + first
	for _, block := range blocks[1:] {
		script += block[1]
	}
	docs, err := filepath.Abs("docs")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(docs, filepath.Join(dir, "docs")); err != nil {
		t.Fatal(err)
	}
	defer exec.Command(bin, "localnet", "down", "--home", filepath.Join(dir, "net")).Run() // docs/trade.md leaves it up
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(bin)+":"+os.Getenv("PATH"), "HOME="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", file, err, out)
	}
	return string(out)
}

// startDemo starts a demo and returns what the guides' first blocks say of it.
func startDemo(t *testing.T, bin string) string {
	t.Helper()
	tmp := t.TempDir()
	demo := exec.Command(bin, "demo", "--json", "--output", filepath.Join(tmp, "out"), "--base-port", "39500")
	demo.Env = append(os.Environ(), "TMPDIR="+tmp)
	out, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { demo.Process.Signal(syscall.SIGINT); demo.Wait() })
	var network struct {
		Nodes []struct {
			API string `json:"api"`
		} `json:"nodes"`
	}
	var last struct {
		Kind    string `json:"kind"`
		Verdict struct {
			Claims []struct {
				Key string `json:"key"`
			} `json:"claims"`
		} `json:"verdict"`
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for n := 0; lines.Scan() && last.Kind != "proof"; n++ {
		if n == 0 {
			err = json.Unmarshal(lines.Bytes(), &network)
		} else {
			err = json.Unmarshal(lines.Bytes(), &last)
		}
		if err != nil {
			t.Fatalf("%v in %s", err, lines.Bytes())
		}
		if last.Kind == "proof" {
			break
		}
	}
	homes, err := filepath.Glob(filepath.Join(tmp, "carya-demo*", "network.json"))
	if err != nil || len(homes) != 1 || len(network.Nodes) < 2 || len(last.Verdict.Claims) != 1 {
		t.Fatalf("the demo did not come to its end: %v, homes %v, %d nodes", err, homes, len(network.Nodes))
	}
	return fmt.Sprintf("node=%s\nother=%s\nnet=%s\nlot=%s\n",
		network.Nodes[0].API, network.Nodes[1].API, filepath.Dir(homes[0]), last.Verdict.Claims[0].Key)
}
