package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
)

// envHome is the environment variable that stands in for --home.
const envHome = "CARYA_HOME"

// Commands returns the commands of those who run a node, to be hung on the program's root
// command.
func Commands() []*cobra.Command {
	all := []*cobra.Command{initCommand(), genesisCommand(), startCommand(), nodeCommand()}
	for _, c := range all {
		c.SilenceErrors, c.SilenceUsage = true, true
	}
	return all
}

// homeFlag gives a command the flag of the home directory.
func homeFlag(c *cobra.Command, dir *string) {
	def := os.Getenv(envHome)
	if def == "" {
		user, _ := os.UserHomeDir()
		def = filepath.Join(user, ".carya-node")
	}
	c.Flags().StringVar(dir, "home", def, "home directory of the node; also "+envHome)
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func initCommand() *cobra.Command {
	var dir string
	var asJSON bool
	var keys []string
	o := InitOptions{}
	c := &cobra.Command{
		Use:   "init --member ID",
		Short: "make the home directory of a node",
		Long: `Make the home directory of a node: configuration, keys, and member.json, the
description of the member that goes into the genesis.

Run again, it changes only what its flags say: --set for the configuration, --genesis to
copy the chain's genesis there. Keys are never made twice.`,
		Example: `  carya init --member hz-customs --name "Hangzhou Customs" --role customs \
      --key 0x52908400098527886e0f7030069857d2e4169ee7 --address node.hz.example:26656
  carya init --genesis genesis.json --set p2p.peers=$(carya genesis peers *.json)`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := parseKeys(&o.Member, keys); err != nil {
				return err
			}
			if err := o.fillFrom(home(dir), c.Flags().Changed); err != nil {
				return err
			}
			id, err := InitHome(dir, o)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), id)
			}
			return id.explain(c.OutOrStdout())
		},
	}
	homeFlag(c, &dir)
	f := c.Flags()
	m := &o.Member
	f.StringVar(&m.ID, "member", "", "the member's id: 2 to 32 of a-z, 0-9 and -, a letter first")
	f.StringVar(&m.Name, "name", "", "its name (default: the id)")
	f.StringVar(&m.Controller, "controller", "", "id of the organisation that controls it (default: itself)")
	f.StringSliceVar(&m.Roles, "role", nil, fmt.Sprintf("what it does, of %v; repeat for several", types.Roles))
	f.StringSliceVar(&m.Customs, "customs", nil, "its registration codes with customs")
	f.StringSliceVar(&m.Prefixes, "prefix", nil, "GS1 company prefixes licensed to it")
	f.StringSliceVar(&keys, "key", nil, "address of a key that signs for it (made with `carya keys`); repeat for several")
	f.Uint64Var(&m.Threshold, "threshold", 1, "how many keys have to sign")
	f.Uint64Var(&m.Power, "power", 10, "voting power of its validator, 0 for a node without a vote")
	f.StringVar(&o.Address, "address", "", "host:port where the other nodes find this one")
	f.StringVar(&o.Genesis, "genesis", "", "the chain's genesis.json, to be copied")
	f.StringArrayVar(&o.Set, "set", nil, "key=value of the configuration, as in consensus.timeout_commit=100ms; repeat for several")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func parseKeys(m *types.GenesisMember, keys []string) error {
	for _, k := range keys {
		a, err := types.ParseAddress(k)
		if err != nil {
			return fmt.Errorf("--key: %w", err)
		}
		m.Keys = append(m.Keys, a)
	}
	return nil
}

// fillFrom takes what no flag says from the description that is there already.
func (o *InitOptions) fillFrom(h home, said func(flag string) bool) error {
	d, err := h.description()
	if err != nil {
		return err
	}
	if d == nil {
		if o.Member.ID == "" {
			return errors.New("say which member runs the node: --member ID")
		}
		return nil
	}
	m := &o.Member
	for flag, keep := range map[string]func(){
		"member":     func() { m.ID = d.ID },
		"name":       func() { m.Name = d.Name },
		"controller": func() { m.Controller = d.Controller },
		"role":       func() { m.Roles = d.Roles },
		"customs":    func() { m.Customs = d.Customs },
		"prefix":     func() { m.Prefixes = d.Prefixes },
		"key":        func() { m.Keys = d.Keys },
		"threshold":  func() { m.Threshold = d.Threshold },
		"power":      func() { m.Power = d.Power },
		"address":    func() { o.Address = d.Address },
	} {
		if !said(flag) {
			keep()
		}
	}
	return nil
}

// explain says what was made and what comes next.
func (id *Identity) explain(w io.Writer) error {
	d, h := id.Description, home(id.Home)
	fmt.Fprintf(w, "home       %s\nmember     %s (%s)\nnode       %s\n", id.Home, d.ID, d.Name, id.Node)
	if d.Power > 0 {
		fmt.Fprintf(w, "validator  %s, power %d\n", id.Validator, d.Power)
	}
	if id.Chain != "" {
		fmt.Fprintf(w, "chain      %s, genesis %s\n", id.Chain, id.Genesis)
	}
	fmt.Fprintf(w, "\nKeep a copy of %s and %s in a safe place.\n", fileNodeKey, fileValidatorKey)
	if len(d.Keys) == 0 {
		fmt.Fprintln(w, "No key signs for the member yet: make one with `carya keys` and run this again with --key.")
	}
	if d.Address == "" {
		fmt.Fprintln(w, "The others do not know where to find this node yet: run this again with --address host:port.")
	}
	if id.Chain != "" {
		_, err := fmt.Fprintf(w, "Start the node with `carya start --home %s`.\n", id.Home)
		return err
	}
	_, err := fmt.Fprintf(w, `Hand %s to whoever makes the genesis, with
    carya genesis new --chain ID MEMBER.json… > genesis.json
and, when you have that file, finish with
    carya init --home %s --genesis genesis.json --set p2p.peers=$(carya genesis peers MEMBER.json…)
`, h.file(fileMember), id.Home)
	return err
}

func nodeCommand() *cobra.Command {
	c := &cobra.Command{Use: "node", Short: "look at a node's home directory"}
	var dir string
	id := &cobra.Command{
		Use:   "id",
		Short: "print the id by which the other nodes know this one",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			key, err := home(dir).loadNodeKey()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), key.ID())
			return err
		},
	}
	homeFlag(id, &dir)
	c.AddCommand(id)
	return c
}

// errNoFiles says what is missing.
var errNoFiles = errors.New("name the members' descriptions: the member.json files that `carya init` made")
