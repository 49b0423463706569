package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/caryaledger/carya/types"
)

// Description is what a member hands over for the genesis: itself, and how the others
// find its node. It holds nothing secret.
type Description struct {
	types.GenesisMember
	Node    string `json:"node"`    // id of its node among its peers
	Address string `json:"address"` // host:port where its node listens for them, "" if unknown
}

// ReadDescription reads a member's description.
func ReadDescription(data []byte) (*Description, error) {
	d := new(Description)
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(d); err != nil {
		return nil, fmt.Errorf("member description: %w", err)
	}
	if d.ID == "" {
		return nil, errors.New("member description: it names no member: is it the member.json that `carya init` made?")
	}
	return d, nil
}

// InitOptions say what InitHome makes.
type InitOptions struct {
	Member  types.GenesisMember // the validator's key is filled in
	Address string              // where the others find the node; "" = from the configuration
	Genesis string              // file of the chain's genesis, "" = none yet
	Set     []string            // key=value for the configuration
}

// Identity is what a home directory holds.
type Identity struct {
	Home        string       `json:"home"`
	Node        string       `json:"node"`      // id among its peers
	Validator   types.Bytes  `json:"validator"` // consensus key
	P2P         string       `json:"p2p"`       // addresses the node listens on
	API         string       `json:"api"`
	RPC         string       `json:"rpc"`
	Chain       string       `json:"chain"` // "" without a genesis
	Genesis     types.Hash   `json:"genesis"`
	Description *Description `json:"description"`
}

// InitHome makes a node's home directory: configuration, keys, and the member's
// description. In a directory that has some of them it makes what is missing, sets what
// the options say, and leaves keys and a genesis that are there alone.
func InitHome(dir string, o InitOptions) (*Identity, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	h := home(dir)
	if err := os.MkdirAll(h.file(dirData), 0o700); err != nil {
		return nil, fmt.Errorf("make a home directory: %w", err)
	}
	cfg, err := h.initConfig(o)
	if err != nil {
		return nil, err
	}
	id := &Identity{Home: dir, P2P: cfg.P2P.Listen, API: cfg.API.Listen, RPC: cfg.RPC.Listen}
	if id.Node, id.Validator, err = h.makeKeys(); err != nil {
		return nil, err
	}
	if id.Description, err = h.initMember(cfg, id, o); err != nil {
		return nil, err
	}
	return id, h.initGenesis(id, o.Genesis)
}

// initConfig writes the configuration, unless it is there and says all of it already: the
// person who runs the node may have written notes into it.
func (h home) initConfig(o InitOptions) (*Config, error) {
	cfg := DefaultConfig()
	data, err := os.ReadFile(h.file(fileConfig))
	there := err == nil
	if there {
		err = cfg.decode(string(data))
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h.file(fileConfig), err)
	}
	same := there && cfg.Member == o.Member.ID && len(o.Set) == 0
	cfg.Member = o.Member.ID
	for _, s := range o.Set {
		if err := cfg.Set(s); err != nil {
			return nil, err
		}
	}
	if err := cfg.Check(); err != nil || same {
		return cfg, err
	}
	return cfg, writeFile(h.file(fileConfig), cfg.Encode(), 0o644)
}

// description reads the member's description of a home directory, nil when there is none.
func (h home) description() (*Description, error) {
	data, err := os.ReadFile(h.file(fileMember))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	d, err := ReadDescription(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h.file(fileMember), err)
	}
	return d, nil
}

// initMember writes the member's description.
func (h home) initMember(cfg *Config, id *Identity, o InitOptions) (*Description, error) {
	d := &Description{GenesisMember: o.Member, Address: o.Address}
	if d.Address == "" {
		d.Address = cfg.P2P.reachable()
	}
	d.complete(id)
	data, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, err
	}
	return d, writeFile(h.file(fileMember), append(data, '\n'), 0o644)
}

// complete fills in what follows from the rest.
func (d *Description) complete(id *Identity) {
	d.Node = id.Node
	if d.Name == "" {
		d.Name = d.ID
	}
	if d.Controller == "" {
		d.Controller = d.ID
	}
	if d.Threshold == 0 {
		d.Threshold = 1
	}
	d.Validator = nil
	if d.Power > 0 {
		d.Validator = id.Validator
	}
	for _, list := range []*[]string{&d.Roles, &d.Customs, &d.Prefixes} {
		if *list == nil {
			*list = []string{}
		}
	}
	if d.Keys == nil {
		d.Keys = []types.Address{}
	}
}

// reachable is the address by which others find the node, "" when the configuration does
// not say.
func (c *P2PConfig) reachable() string {
	if c.External != "" {
		return c.External
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if ip, bad := netip.ParseAddr(host); err != nil || bad == nil && ip.IsUnspecified() {
		return ""
	}
	return c.Listen
}

// initGenesis copies the chain's genesis. One that is there is never replaced by another:
// the data directory belongs to it.
func (h home) initGenesis(id *Identity, from string) error {
	to := h.file(fileGenesis)
	there, err := os.ReadFile(to)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if from == "" && there == nil {
		return nil
	}
	raw := there
	if from != "" {
		if raw, err = os.ReadFile(from); err != nil {
			return fmt.Errorf("genesis: %w", err)
		}
	}
	_, g, err := ReadGenesis(raw)
	if err != nil {
		return err
	}
	id.Chain = g.Chain
	if id.Genesis, err = g.Hash(); err != nil {
		return err
	}
	switch {
	case there == nil:
		return writeFile(to, raw, 0o644)
	case bytes.Equal(raw, there):
		return nil
	}
	return fmt.Errorf("%s is another genesis: to leave that chain, remove the file and the data directory except %s", to, fileValidatorState)
}

// writeFile replaces a file as a whole or not at all.
func writeFile(name string, data []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return os.Rename(f.Name(), name)
}
