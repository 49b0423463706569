package localnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/localnet/process"
	"github.com/caryaledger/carya/types"
)

// Network is a network on this machine, as network.json in its home says.
type Network struct {
	Home     string   `json:"-"`
	Format   string   `json:"format"`
	Chain    string   `json:"chain"`
	BasePort int      `json:"basePort"`
	Password string   `json:"password"` // of every key: these are for tests
	Members  []Member `json:"members"`  // those with a node first

	program string // that the nodes run
	extra   []string
	bound   bool // the nodes end when this program ends
}

// Format names the network file's format.
const Format = "carya-localnet/1"

const networkFile = "network.json"

// errNone means that there is no network at a home.
var errNone = errors.New("there is no localnet here")

// Open reads the network at a home.
func Open(home string) (*Network, error) {
	data, err := os.ReadFile(filepath.Join(home, networkFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", home, errNone)
	}
	if err != nil {
		return nil, err
	}
	n := &Network{Home: home}
	if err := json.Unmarshal(data, n); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(home, networkFile), err)
	}
	if n.Format != Format {
		return nil, fmt.Errorf("%s: format %q, this program knows %q", filepath.Join(home, networkFile), n.Format, Format)
	}
	n.program, err = os.Executable()
	return n, err
}

func (n *Network) save() error {
	data, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(n.Home, networkFile), append(data, '\n'), 0o600)
}

// Nodes returns the members that run a node.
func (n *Network) Nodes() []*Member {
	var nodes []*Member
	for i := range n.Members {
		if n.Members[i].Node != nil {
			nodes = append(nodes, &n.Members[i])
		}
	}
	return nodes
}

// Member returns the member with that id.
func (n *Network) Member(id string) (*Member, error) {
	for i := range n.Members {
		if n.Members[i].ID == id {
			return &n.Members[i], nil
		}
	}
	return nil, fmt.Errorf("the localnet has no member %q", id)
}

// Genesis is the chain's genesis file.
func (n *Network) Genesis() string { return filepath.Join(n.Home, "genesis.json") }

// PasswordFile holds the password of every key.
func (n *Network) PasswordFile() string { return filepath.Join(n.Home, "password") }

func (n *Network) home(m *Member) string    { return filepath.Join(n.Home, m.ID) }
func (n *Network) logFile(m *Member) string { return filepath.Join(n.home(m), "node.log") }
func (n *Network) pidFile(m *Member) string { return filepath.Join(n.home(m), "node.pid") }

// process returns the member's node, process.ErrGone when it does not run.
func (n *Network) process(m *Member) (*process.Process, error) { return process.Read(n.pidFile(m)) }

// Running returns the members whose nodes run.
func (n *Network) Running() ([]*Member, error) {
	var running []*Member
	for _, m := range n.Nodes() {
		_, err := n.process(m)
		if err == nil {
			running = append(running, m)
		} else if !errors.Is(err, process.ErrGone) {
			return nil, err
		}
	}
	return running, nil
}

// Start starts the nodes that do not run yet. A network of which no node runs gets
// other ports when somebody has taken its own.
func (n *Network) Start(ctx context.Context) error {
	running, err := n.Running()
	if err != nil {
		return err
	}
	if len(running) == 0 && !blockFree(n.BasePort, len(n.Nodes())) {
		if err := n.move(ctx); err != nil {
			return err
		}
	}
	for _, m := range n.Nodes() {
		_, err := n.process(m)
		if err == nil {
			continue
		}
		if !errors.Is(err, process.ErrGone) {
			return err
		}
		if err := n.startNode(m); err != nil {
			return fmt.Errorf("node of %s: %w", m.ID, err)
		}
	}
	return nil
}

func (n *Network) startNode(m *Member) error {
	if p, ok := taken(m.Node.Ports); ok {
		return fmt.Errorf("port %d is taken by another program; end it", p)
	}
	args := append([]string{n.program, "start", "--home", n.home(m)}, n.extra...)
	_, err := process.Start(process.Spec{Args: args, Log: n.logFile(m), PID: n.pidFile(m), Bound: n.bound})
	return err
}

func taken(p Ports) (int, bool) {
	for _, port := range p.all() {
		if !portFree(port) {
			return port, true
		}
	}
	return 0, false
}

// stopGrace is how long a node may take to end before it is killed.
const stopGrace = 15 * time.Second

// Stop ends every node that runs, all at the same time.
func (n *Network) Stop(ctx context.Context) error {
	nodes := n.Nodes()
	errs := make([]error, len(nodes))
	var all sync.WaitGroup
	for i, m := range nodes {
		all.Go(func() {
			p, err := n.process(m)
			if err == nil {
				err = p.Stop(ctx, stopGrace)
			} else if errors.Is(err, process.ErrGone) {
				err = nil
			}
			if err == nil {
				os.Remove(n.pidFile(m))
			}
			errs[i] = err
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// Remove stops the network and removes its home.
func (n *Network) Remove(ctx context.Context) error {
	if err := n.Stop(ctx); err != nil {
		return err
	}
	return os.RemoveAll(n.Home)
}

// Wait returns when every node has reached a height. It fails as soon as a node has
// ended, with the end of its log.
func (n *Network) Wait(ctx context.Context, height int64, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		lowest := int64(-1)
		for i, s := range n.Statuses(ctx) {
			if s.PID == 0 {
				return n.crash(s.member)
			}
			if i == 0 || s.Height < lowest {
				lowest = s.Height
			}
		}
		if lowest >= height {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the nodes did not reach height %d within %s (lowest %d): %w\n%s",
				height, within, lowest, context.Cause(ctx), n.tails())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// NodeStatus is a node as the process list and its own API show it.
type NodeStatus struct {
	Member  string `json:"member"`
	PID     int    `json:"pid"` // 0 when it does not run
	API     string `json:"api"`
	Log     string `json:"log"`
	Answers bool   `json:"answers"` // the API does
	types.Status

	member *Member
}

// Statuses asks every node, all at the same time.
func (n *Network) Statuses(ctx context.Context) []NodeStatus {
	nodes := n.Nodes()
	list := make([]NodeStatus, len(nodes))
	var all sync.WaitGroup
	for i, m := range nodes {
		all.Go(func() { list[i] = n.status(ctx, m) })
	}
	all.Wait()
	return list
}

func (n *Network) status(ctx context.Context, m *Member) NodeStatus {
	s := NodeStatus{Member: m.ID, API: m.Node.API, Log: n.logFile(m), member: m}
	p, err := n.process(m)
	if err != nil {
		return s
	}
	s.PID = p.PID
	c, err := client.New(m.Node.API)
	if err != nil {
		return s
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if status, err := c.Status(ctx); err == nil {
		s.Status, s.Answers = *status, true
	}
	s.Status.Member = m.ID
	return s
}
