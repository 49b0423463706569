package localnet_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/caryaledger/carya/localnet/process"
)

// binary builds the program once for the tests of this file.
func binary(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the program and starts networks")
	}
	path := filepath.Join(t.TempDir(), "carya")
	if out, err := exec.Command("go", "build", "-o", path, "github.com/caryaledger/carya").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// TestNetworks runs the commands as a person would, on networks of their own.
func TestNetworks(t *testing.T) {
	carya := binary(t)
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	t.Run("demo", func(t *testing.T) { testDemo(t, ctx, carya) })
	t.Run("up load down", func(t *testing.T) { testUpLoadDown(t, ctx, carya) })
	t.Run("killed demo", func(t *testing.T) { testKilledDemo(t, ctx, carya) })
}

// run runs the program and returns the objects that it prints.
func run(t *testing.T, ctx context.Context, carya string, args ...string) []map[string]any {
	t.Helper()
	cmd := exec.CommandContext(ctx, carya, args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("carya %s: %v\n%s%s", strings.Join(args, " "), err, failure.Bytes(), out)
	}
	var all []map[string]any
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var v map[string]any
		if err := d.Decode(&v); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatalf("carya %s: %v in %s", strings.Join(args, " "), err, out)
		}
		all = append(all, v)
	}
}

func testDemo(t *testing.T, ctx context.Context, carya string) {
	dir := t.TempDir()
	begin := time.Now()
	all := run(t, ctx, carya, "demo", "--exit", "--json", "--output", dir, "--base-port", "36000")
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("the demo took %s", took)
	}
	refused := map[any]bool{}
	for _, s := range all[1 : len(all)-1] {
		if s["kind"] != "step" || s["ok"] != true || s["height"].(float64) < 1 || s["signer"] == "" {
			t.Errorf("step %v", s)
		}
		if s["code"] != "OK" {
			refused[s["code"]] = true
		}
	}
	for _, code := range []string{"OVERDRAW", "SEASON_CAP", "DOUBLE_OFFER", "RECALLED", "PAYMENT_REUSED", "DUPLICATE_LIST"} {
		if !refused[code] || len(refused) != 6 {
			t.Errorf("refused: %v, want %s among six", refused, code)
		}
	}
	last := all[len(all)-1]
	if last["kind"] != "proof" || last["nodes_running"] != 0.0 || last["refused"] != 6.0 {
		t.Errorf("the end is %v", last)
	}
	// The file proves the same to anybody, without the program that made it.
	verdict := run(t, ctx, carya, "verify", last["evidence"].(string), "--trust", last["trust"].(string), "--json")
	if len(verdict) != 1 || verdict[0]["proven"] != true || claimOf(verdict[0]) != "history" {
		t.Errorf("verdict %v", verdict)
	}
	verdict = run(t, ctx, carya, "verify", filepath.Join(dir, "evidence"), "--trust", filepath.Join(dir, "genesis.json"), "--json")
	if len(verdict) != 3 || claimOf(verdict[1]) != "range" || verdict[2]["proven"] != 2.0 {
		t.Errorf("verdict of the folder %v", verdict)
	}
}

// claimOf is the kind of a verdict's first claim.
func claimOf(verdict map[string]any) any {
	return verdict["claims"].([]any)[0].(map[string]any)["claim"]
}

func testUpLoadDown(t *testing.T, ctx context.Context, carya string) {
	home := filepath.Join(t.TempDir(), "net")
	t.Cleanup(func() { exec.Command(carya, "localnet", "down", "--home", home, "--remove").Run() })
	up := run(t, ctx, carya, "localnet", "up", "--home", home, "--base-port", "37000", "--json")
	if len(up) != 4 {
		t.Fatalf("up: %v", up)
	}
	r := run(t, ctx, carya, "localnet", "load", "--home", home, "--rate", "200", "--duration", "3s", "--json")[0]
	if r["sent"] != 600.0 || r["committed"] != 600.0 || r["refused"] != 0.0 || r["uncommitted"] != 0.0 || r["app_hash_equal"] != true {
		t.Errorf("load: %v", r)
	}
	if tps := r["tx_per_s"].(float64); tps < 100 || tps > 300 {
		t.Errorf("load: %g transactions a second, want about 200", tps)
	}
	for _, s := range run(t, ctx, carya, "localnet", "status", "--home", home, "--json") {
		if s["answers"] != true || s["height"].(float64) < 3 || s["pid"].(float64) < 2 {
			t.Errorf("status: %v", s)
		}
	}
	pids := pidFiles(t, home)
	run(t, ctx, carya, "localnet", "down", "--home", home, "--remove")
	for _, p := range pids {
		if p.Alive() {
			t.Errorf("process %d is alive after down", p.PID)
		}
	}
	if _, err := os.Stat(home); err == nil {
		t.Error("down --remove left the folder")
	}
}

// A demo that is killed leaves no node behind.
func testKilledDemo(t *testing.T, ctx context.Context, carya string) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux binds the nodes to the demo's life")
	}
	tmp := t.TempDir()
	cmd := exec.CommandContext(ctx, carya, "demo", "--json", "--output", filepath.Join(tmp, "out"), "--base-port", "38000")
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the first line of the demo: %v", err)
	}
	pids := pidFiles(t, tmp)
	cmd.Process.Signal(syscall.SIGKILL)
	cmd.Wait()
	for deadline := time.Now().Add(10 * time.Second); len(pids) > 0; time.Sleep(20 * time.Millisecond) {
		if !pids[0].Alive() {
			pids = pids[1:]
		} else if time.Now().After(deadline) {
			t.Fatalf("process %d outlived the demo", pids[0].PID)
		}
	}
}

// pidFiles returns the four nodes below a folder.
func pidFiles(t *testing.T, dir string) (all []*process.Process) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.Name() != "node.pid" {
			return nil
		}
		p, err := process.Read(path)
		all = append(all, p)
		return err
	})
	if err != nil || len(all) != 4 {
		t.Fatalf("%d nodes below %s, want 4: %v", len(all), dir, err)
	}
	return all
}
