//go:build !linux

package process

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// launch starts a command. Only Linux can bind a process to this program's life: here a
// program that is killed leaves its nodes behind, and `carya localnet down` ends them.
func launch(cmd *exec.Cmd, _ bool) error { return cmd.Start() }

// startOf returns when a process started, as ps tells it.
func startOf(pid int) (string, error) {
	out, err := exec.Command("ps", "-o", "stat=,lstart=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return "", ErrGone
	}
	state, start, ok := strings.Cut(strings.TrimSpace(string(out)), " ")
	if !ok {
		return "", fmt.Errorf("process %d: ps does not tell when it started", pid)
	}
	if strings.HasPrefix(state, "Z") {
		return "", ErrGone
	}
	return strings.TrimSpace(start), nil
}
