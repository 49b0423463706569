package localnet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// tailLines is how much of a node's log an error shows.
const tailLines = 15

// crash is the error of a node that ended by itself.
func (n *Network) crash(m *Member) error {
	return fmt.Errorf("the node of %s has ended; the last lines of %s:\n%s", m.ID, n.logFile(m), indent(n.tail(m, tailLines)))
}

// tails returns the last lines of all logs.
func (n *Network) tails() string {
	var b strings.Builder
	for _, m := range n.Nodes() {
		fmt.Fprintf(&b, "%s:\n%s", n.logFile(m), indent(n.tail(m, tailLines)))
	}
	return b.String()
}

// tailBytes is as much of a log's end as is looked at for its last lines.
const tailBytes = 64 << 10

// tail returns the last lines of a node's log.
func (n *Network) tail(m *Member, lines int) []string {
	f, err := os.Open(n.logFile(m))
	if err != nil {
		return []string{err.Error()}
	}
	defer f.Close()
	if size, err := f.Seek(0, io.SeekEnd); err == nil {
		f.Seek(max(0, size-tailBytes), io.SeekStart)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return []string{err.Error()}
	}
	all := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	return all[max(0, len(all)-lines):]
}

func indent(lines []string) string { return "  " + strings.Join(lines, "\n  ") + "\n" }

// follow copies a node's log from its last lines on, until the context ends.
func (n *Network) follow(ctx context.Context, m *Member, lines int, w io.Writer) error {
	f, err := os.Open(n.logFile(m))
	if err != nil {
		return err
	}
	defer f.Close()
	// The position is taken before the tail is read: a line that is written in between
	// would be printed twice, never lost.
	if _, err := f.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	for _, line := range n.tail(m, lines) {
		fmt.Fprintln(w, line)
	}
	for ctx.Err() == nil {
		if _, err := io.Copy(w, f); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
	return nil
}
