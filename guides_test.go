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

// TestGuides pastes the commands of docs/auditor.md and docs/light.md into a shell, beside a demo.
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
		file string
		says []string
	}{
		{"docs/auditor.md", []string{
			"were all there were of order/lantu/", "SIGNED_FOR", "this is all that ever happened to lot/", "PaymentHead/amountPaid",
			"6 files: 6 proven", "as the beginning of that after block", "nodes: 2 of 2 agree", "story-renewed.json: history of lot/",
			"its list of all block hashes names",
		}},
		{"docs/light.md", []string{"nodes: 2 of 2 agree", "validators as of block", "block 5; ", "followed carya-demo from block 5 to block"}},
	} {
		out := paste(t, guide.file, bin, demo)
		for _, want := range guide.says {
			if !strings.Contains(out, want) {
				t.Errorf("the commands of %s do not say %q:\n%s", guide.file, want, out)
			}
		}
	}
}

// paste runs the blocks of commands in a guide but for the first, which names what the demo has printed.
func paste(t *testing.T, file, bin, demo string) string {
	t.Helper()
	guide, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(guide), -1)
	if len(blocks) < 3 {
		t.Fatalf("%d blocks of commands in %s", len(blocks), file)
	}
	script := "set -euo pipefail\n" + demo
	for _, block := range blocks[1:] {
		script += block[1]
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(bin)+":"+os.Getenv("PATH"), "HOME="+cmd.Dir)
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
