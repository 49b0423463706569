package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be the process under test: "sleep" waits for a signal,
// "deaf" ignores SIGTERM, "parent" starts a bound child and waits to be killed.
func TestMain(m *testing.M) {
	switch os.Getenv("CARYA_TEST_PROCESS") {
	case "":
		os.Exit(m.Run())
	case "deaf":
		signal.Ignore(syscall.SIGTERM)
		fmt.Fprintln(os.Stderr, "deaf")
	case "parent":
		os.Setenv("CARYA_TEST_PROCESS", "sleep")
		if _, err := Start(spec(os.Getenv("CARYA_TEST_DIR"), true)); err != nil {
			os.Exit(1)
		}
	}
	time.Sleep(time.Minute)
}

func spec(dir string, bound bool) Spec {
	self, _ := os.Executable()
	return Spec{
		Args: []string{self}, Log: filepath.Join(dir, "child.log"), PID: filepath.Join(dir, "child.pid"), Bound: bound,
	}
}

func start(t *testing.T, mode string) (*Process, Spec) {
	t.Helper()
	t.Setenv("CARYA_TEST_PROCESS", mode)
	s := spec(t.TempDir(), true)
	p, err := Start(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(context.Background(), 0) })
	return p, s
}

func TestStartReadStop(t *testing.T) {
	p, s := start(t, "sleep")
	got, err := Read(s.PID)
	if err != nil || got.PID != p.PID || got.Start != p.Start {
		t.Fatalf("Read: %+v, %v; want %+v", got, err, p)
	}
	if err := got.Stop(t.Context(), 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if p.Alive() || got.Alive() {
		t.Error("alive after Stop")
	}
	if _, err := Read(s.PID); !errors.Is(err, ErrGone) {
		t.Errorf("Read after Stop: %v, want ErrGone", err)
	}
}

func TestStopKillsAfterGrace(t *testing.T) {
	p, s := start(t, "deaf")
	eventually(t, func() bool { log, _ := os.ReadFile(s.Log); return len(log) > 0 })
	begin := time.Now()
	if err := p.Stop(t.Context(), 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if p.Alive() || time.Since(begin) < 100*time.Millisecond {
		t.Errorf("alive %v after %v, want killed after the grace time", p.Alive(), time.Since(begin))
	}
}

// A pid that the system has given to another process must not be touched.
func TestStopSparesAnotherProcess(t *testing.T) {
	p, s := start(t, "sleep")
	stale := Process{PID: p.PID, Start: "another boot/1"}
	if err := stale.write(s.PID); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(s.PID); !errors.Is(err, ErrGone) {
		t.Errorf("Read: %v, want ErrGone", err)
	}
	if err := stale.Stop(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	if !p.Alive() {
		t.Error("the process that has the pid now was ended")
	}
}

func TestReadRefuses(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "number": "1234", "init": `{"pid":1,"start":"x"}`, "no start": `{"pid":4711}`,
	} {
		file := filepath.Join(t.TempDir(), "pid")
		os.WriteFile(file, []byte(content), 0o600)
		if _, err := Read(file); err == nil || errors.Is(err, ErrGone) {
			t.Errorf("%s: %v, want an error that names the file", name, err)
		}
	}
}

// A bound process ends with who started it, even when that was killed.
func TestBoundProcessEndsWithItsParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux binds a process to its parent's life")
	}
	dir := t.TempDir()
	t.Setenv("CARYA_TEST_DIR", dir)
	parent, _ := start(t, "parent")
	var child *Process
	eventually(t, func() bool {
		data, err := os.ReadFile(filepath.Join(dir, "child.pid"))
		return err == nil && json.Unmarshal(data, &child) == nil && child.Alive()
	})
	if err := parent.Stop(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return !child.Alive() })
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("did not happen within 10 s")
		}
	}
}
