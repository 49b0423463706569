// Package process starts this machine's nodes and ends them again: only processes that
// it started itself, by their id, and only while the id still means the same process.
package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Spec says what to start.
type Spec struct {
	Args  []string // program and arguments
	Log   string   // file that standard output and error are appended to
	PID   string   // pid file to write
	Bound bool     // ends when this program ends, however it ends
}

// Process is a process that was started from here, as its pid file names it. The pid
// alone would name another process once the system has used it again.
type Process struct {
	PID   int    `json:"pid"`
	Start string `json:"start"` // when it started, in the system's own words

	exited chan struct{} // closed when it has ended; nil for another program's child
}

// ErrGone means that the process of a pid file has ended.
var ErrGone = errors.New("the process has ended")

// Start starts a process and writes its pid file.
func Start(s Spec) (*Process, error) {
	log, err := os.OpenFile(s.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(s.Args[0], s.Args[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := launch(cmd, s.Bound); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(s.Args[0]), err)
	}
	p := &Process{PID: cmd.Process.Pid, exited: make(chan struct{})}
	p.Start, err = startOf(p.PID)
	go func() {
		cmd.Wait() // how it ended stands in its log
		close(p.exited)
	}()
	if err == nil {
		err = p.write(s.PID)
	}
	if err != nil {
		cmd.Process.Kill()
		<-p.exited
		return nil, fmt.Errorf("start %s: %w", filepath.Base(s.Args[0]), err)
	}
	return p, nil
}

func (p *Process) write(file string) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o600)
}

// Read returns the process that a pid file names, or ErrGone when there is no such
// file or the process has ended.
func Read(file string) (*Process, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, err
	}
	p := new(Process)
	if err := json.Unmarshal(data, p); err != nil || p.PID <= 1 || p.Start == "" {
		return nil, fmt.Errorf("%s is not a pid file of ours", file)
	}
	if !p.Alive() {
		return nil, ErrGone
	}
	return p, nil
}

// Alive reports whether the process is still running.
func (p *Process) Alive() bool {
	select {
	case <-p.exited:
		return false
	default:
	}
	start, err := startOf(p.PID)
	return err == nil && start == p.Start
}

// Stop asks the process to end, kills it when it has not after the grace time, and
// returns when it is gone. A context that ends cuts the grace time short.
func (p *Process) Stop(ctx context.Context, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	if p.wait(ctx) {
		return nil
	}
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if !p.wait(ctx) {
		return fmt.Errorf("process %d does not end", p.PID)
	}
	return nil
}

// signal reaches the process through a handle taken before its start time is compared,
// so that the signal cannot hit a process that came after it.
func (p *Process) signal(s syscall.Signal) error {
	handle, err := os.FindProcess(p.PID)
	if err != nil {
		return nil // no such process
	}
	defer handle.Release()
	if !p.Alive() {
		return nil
	}
	err = handle.Signal(s)
	if err == nil || errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return fmt.Errorf("end process %d: %w", p.PID, err)
}

// wait reports whether the process ended before the context did.
func (p *Process) wait(ctx context.Context) bool {
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for p.Alive() {
		select {
		case <-p.exited: // never ready for another program's child, which is polled
		case <-poll.C:
		case <-ctx.Done():
			return !p.Alive()
		}
	}
	return true
}
