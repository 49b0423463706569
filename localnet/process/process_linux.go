package process

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// launch starts a command in a session of its own, so that Ctrl-C reaches this program
// alone, which then ends its processes in order.
func launch(cmd *exec.Cmd, bound bool) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if !bound {
		return cmd.Start()
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started := make(chan error)
	starter() <- func() { started <- cmd.Start() }
	return <-started
}

// starter runs functions on one thread that lives as long as this program: the kernel
// sends Pdeathsig when the thread that started the process ends, not the program.
var starter = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

// startOf returns the boot and the clock tick in which a process started, which
// together with the pid name it for ever. A process that waits to be buried is gone.
func startOf(pid int) (string, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", err
	}
	// The second field, the command in parentheses, may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 {
		return "", fmt.Errorf("process %d: cannot read its state", pid)
	}
	if fields[0] == "Z" || fields[0] == "X" {
		return "", ErrGone
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(boot)) + "/" + fields[19], nil
}
