package localnet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/types"
)

// Spec says what network to make.
type Spec struct {
	Home          string
	Chain         string
	Validators    int
	BasePort      int
	TimeoutCommit time.Duration
	Set           []string // key=value for every node's configuration
}

const (
	defaultTimeoutCommit = 150 * time.Millisecond
	// password of every key: a localnet is for tests.
	password = "localnet"
)

func (s *Spec) check() error {
	switch {
	case s.Validators < 1 || s.Validators > mostNodes:
		return fmt.Errorf("%d validators: 1 to %d", s.Validators, mostNodes)
	case s.Chain == "":
		return errors.New("the chain id is empty")
	}
	return nil
}

// Create makes a network: keys, genesis and a home for each node. The home becomes one
// only when all is there, so that a half-made network is never started.
func Create(ctx context.Context, s Spec) (*Network, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	base, err := freePorts(s.BasePort, s.Validators)
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	home, err := filepath.Abs(s.Home)
	if err != nil {
		return nil, err
	}
	n := &Network{
		Home: home, Format: Format, Chain: s.Chain, BasePort: base, Password: password,
		Members: members(s.Validators), program: program,
	}
	if err := n.make(ctx, &s); err != nil {
		return nil, fmt.Errorf("make a network in %s: %w", home, err)
	}
	return n, n.save()
}

func (n *Network) make(ctx context.Context, s *Spec) error {
	if err := n.makeKeys(); err != nil {
		return err
	}
	for i := range n.Members {
		if err := n.makeMember(ctx, i, s); err != nil {
			return fmt.Errorf("member %s: %w", n.Members[i].ID, err)
		}
	}
	if err := n.makeGenesis(ctx); err != nil {
		return err
	}
	return n.connect(ctx)
}

func (n *Network) keyring(m *Member) client.Keyring {
	return client.Keyring{Dir: filepath.Join(n.home(m), "keys")}
}

// makeKeys makes each member's signing key.
func (n *Network) makeKeys() error {
	if err := os.MkdirAll(n.Home, 0o700); err != nil {
		return err
	}
	for i := range n.Members {
		m := &n.Members[i]
		key, err := crypto.GenerateKey()
		if err != nil {
			return err
		}
		file, err := n.keyring(m).Create(m.ID, key, n.Password, client.Light)
		if err != nil {
			return err
		}
		m.Address = file.Address
	}
	return os.WriteFile(n.PasswordFile(), []byte(n.Password+"\n"), 0o600)
}

// makeMember makes what the genesis is made of: the member's description and, for the
// first members, a node.
func (n *Network) makeMember(ctx context.Context, index int, s *Spec) error {
	if index < s.Validators {
		return n.makeNode(ctx, &n.Members[index], index, s)
	}
	return n.describe(&n.Members[index])
}

// makeNode makes the home of a member's node, as `carya init` does for anybody.
func (n *Network) makeNode(ctx context.Context, m *Member, index int, s *Spec) error {
	key, err := n.keyring(m).Find(m.ID)
	if err != nil {
		return err
	}
	ports := portsAt(n.BasePort, index)
	args := []string{
		"init", "--home", n.home(m), "--json", "--member", m.ID, "--name", m.Name, "--key", m.Address.String(),
		"--role", strings.Join(m.Roles, ","), "--customs", strings.Join(m.Customs, ","), "--prefix", strings.Join(m.Prefixes, ","),
	}
	args = append(args, ports.settings()...)
	// The companies are invented, and nobody issues certificates to them: their messages are
	// not signed.
	args = append(args, "--set", "ceb.unsigned=true")
	args = append(args, "--set", "consensus.timeout_commit="+s.TimeoutCommit.String(),
		"--set", "epcis.key_file="+key.Path, "--set", "epcis.passphrase_file="+n.PasswordFile())
	for _, set := range s.Set {
		args = append(args, "--set", set)
	}
	var made struct {
		Node      string      `json:"node"`
		Validator types.Bytes `json:"validator"`
	}
	out, err := n.run(ctx, args)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, &made); err != nil {
		return fmt.Errorf("what `carya init` printed: %w", err)
	}
	m.Node = &Node{API: "http://" + loopback(ports.API), Ports: ports, ID: made.Node, Validator: made.Validator}
	return nil
}

// settings tells a node's configuration where to listen.
func (p Ports) settings() []string {
	return []string{
		"--set", "p2p.listen=" + loopback(p.P2P), "--set", "rpc.listen=" + loopback(p.RPC), "--set", "api.listen=" + loopback(p.API),
	}
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// describe writes the description of a member without a node, as `carya init` writes it
// for the others.
func (n *Network) describe(m *Member) error {
	data, err := json.MarshalIndent(struct {
		types.GenesisMember
		Node    string `json:"node"`
		Address string `json:"address"`
	}{GenesisMember: m.genesis()}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(n.description(m), append(data, '\n'), 0o600)
}

func (n *Network) description(m *Member) string { return filepath.Join(n.home(m), "member.json") }

func (n *Network) makeGenesis(ctx context.Context) error {
	args := []string{"genesis", "new", "--chain", n.Chain, "--out", n.Genesis()}
	for i := range n.Members {
		args = append(args, n.description(&n.Members[i]))
	}
	_, err := n.run(ctx, args)
	return err
}

// connect gives every node the genesis, where it listens and whom it meets.
func (n *Network) connect(ctx context.Context) error {
	var peers, gateways []string
	for _, m := range n.Nodes() {
		peers = append(peers, m.Node.ID+"@"+loopback(m.Node.Ports.P2P))
		gateways = append(gateways, m.Node.API)
	}
	for _, m := range n.Nodes() {
		args := []string{"init", "--home", n.home(m), "--genesis", n.Genesis(),
			"--set", "p2p.peers=" + strings.Join(peers, ","), "--set", "api.peers=" + strings.Join(gateways, ",")}
		if _, err := n.run(ctx, append(args, m.Node.Ports.settings()...)); err != nil {
			return fmt.Errorf("member %s: %w", m.ID, err)
		}
	}
	return nil
}

// move gives a network that is down other ports, because somebody has taken its own.
func (n *Network) move(ctx context.Context) error {
	base, err := freePorts(n.BasePort, len(n.Nodes()))
	if err != nil {
		return err
	}
	n.BasePort = base
	for i, m := range n.Nodes() {
		m.Node.Ports = portsAt(base, i)
		m.Node.API = "http://" + loopback(m.Node.Ports.API)
	}
	if err := n.connect(ctx); err != nil {
		return err
	}
	return n.save()
}

// run runs one command of this program and returns what it prints.
func (n *Network) run(ctx context.Context, args []string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, n.program, args...)
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("carya %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(failure.String()))
	}
	return out, nil
}
