package node

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
)

func genesisCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "genesis",
		Short: "make and check what a chain begins with",
		Long: `Make and check what a chain begins with.

Every member runs "carya init" and hands over its member.json. One of them makes the
genesis out of all of them with "carya genesis new" and sends it back; everybody looks at
it with "carya genesis check" and compares the hash with the others, by telephone if need
be: the hash is all that anybody has to trust later.`,
	}
	c.AddCommand(genesisNewCommand(), genesisAddCommand(), genesisCheckCommand(), genesisPeersCommand())
	return c
}

func genesisNewCommand() *cobra.Command {
	var chain, at, out string
	p := types.DefaultParams()
	c := &cobra.Command{
		Use:     "new --chain ID MEMBER.json…",
		Short:   "make a genesis out of the members' descriptions",
		Example: "  carya genesis new --chain carya-1 customs.json lantu.json coop.json > genesis.json",
		RunE: func(c *cobra.Command, files []string) error {
			begins, err := genesisTime(at)
			if err != nil {
				return err
			}
			g := &types.Genesis{Format: types.GenesisFormat, Chain: chain, Time: begins, InitialHeight: 1, Params: p}
			if err := addMembers(g, files); err != nil {
				return err
			}
			return writeGenesis(c, g, out)
		},
	}
	f := c.Flags()
	f.StringVar(&chain, "chain", "", "id of the chain, up to 50 characters")
	f.StringVar(&at, "time", "", "when the chain begins, as 2027-01-01T00:00:00Z (default: now)")
	f.Int64Var(&p.KeyPast, "key-past", p.KeyPast, "milliseconds that a document's time may lie before its block's")
	f.Int64Var(&p.KeyFuture, "key-future", p.KeyFuture, "and after it")
	f.Int64Var(&p.Skew, "skew", p.Skew, "milliseconds that an event's time may run ahead of its block's")
	f.StringVar(&out, "out", "", "file to write (default: standard output)")
	return c
}

// genesisTime reads a time, "" = now.
func genesisTime(s string) (int64, error) {
	if s == "" {
		return time.Now().UnixMilli(), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return 0, fmt.Errorf("--time: %w", err)
	}
	return t.UnixMilli(), nil
}

// addMembers adds the members that the files describe.
func addMembers(g *types.Genesis, files []string) error {
	all, err := readDescriptions(files)
	if err != nil {
		return err
	}
	for i, d := range all {
		if len(d.Keys) == 0 {
			return fmt.Errorf("%s: no key signs for %s: make one with `carya keys`, and run `carya init` again with --key", files[i], d.ID)
		}
		g.Members = append(g.Members, d.GenesisMember)
	}
	return nil
}

func readDescriptions(files []string) (all []*Description, err error) {
	if len(files) == 0 {
		return nil, errNoFiles
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		d, err := ReadDescription(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, d)
	}
	return all, nil
}

// writeGenesis writes the file, and on standard error what to compare.
func writeGenesis(c *cobra.Command, g *types.Genesis, out string) error {
	data, err := WriteGenesis(g)
	if err != nil {
		return err
	}
	hash, err := g.Hash()
	if err != nil {
		return err
	}
	if out != "" {
		err = writeFile(out, data, 0o644)
	} else {
		_, err = c.OutOrStdout().Write(data)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.ErrOrStderr(), "genesis of %s: %d members, hash %s\n", g.Chain, len(g.Members), hash)
	return err
}

func genesisAddCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "add-member GENESIS.json MEMBER.json…",
		Short: "add members to a genesis whose chain has not begun",
		Long: `Add members to a genesis whose chain has not begun. The result is another genesis with
another hash: everybody needs it. A chain that has begun keeps its genesis for ever.`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, files []string) error {
			_, _, g, err := readGenesisFile(files[0])
			if err != nil {
				return err
			}
			if err := addMembers(g, files[1:]); err != nil {
				return err
			}
			return writeGenesis(c, g, out)
		},
	}
	c.Flags().StringVar(&out, "out", "", "file to write (default: standard output)")
	return c
}

func genesisCheckCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check GENESIS.json",
		Short: "say what a genesis says, and what is wrong with it",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, files []string) error {
			_, _, g, err := readGenesisFile(files[0])
			if err != nil {
				return err
			}
			hash, err := g.Hash()
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), struct {
					Hash    types.Hash     `json:"hash"`
					Genesis *types.Genesis `json:"genesis"`
				}{hash, g})
			}
			return describeGenesis(c.OutOrStdout(), g, hash)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func describeGenesis(w io.Writer, g *types.Genesis, hash types.Hash) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "chain\t%s\nhash\t%s\nbegins\t%s, with block %d\n\n", g.Chain, hash, time.UnixMilli(g.Time).UTC().Format(time.RFC3339), g.InitialHeight)
	fmt.Fprintln(t, "MEMBER\tNAME\tROLES\tKEYS\tPOWER\tVALIDATOR")
	power, most := uint64(0), uint64(0)
	for i := range g.Members {
		m := &g.Members[i]
		fmt.Fprintf(t, "%s\t%s\t%s\t%d of %d\t%d\t%s\n", m.ID, m.Name, strings.Join(m.Roles, ","), m.Threshold, len(m.Keys), m.Power, m.Validator)
		power, most = power+m.Power, max(most, m.Power)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nThe chain goes on while validators with more than %d of the power of %d are up.\n", 2*power/3, power)
	if 3*(power-most) <= 2*power {
		fmt.Fprintln(w, "It stops when the largest validator is down.")
	}
	return nil
}

func genesisPeersCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "peers MEMBER.json…",
		Short: "print the members' nodes as p2p.peers of the configuration lists them",
		Long: `Print the members' nodes as p2p.peers of the configuration lists them, separated by
commas, as --set takes them. All members can use the same list.`,
		RunE: func(c *cobra.Command, files []string) error {
			all, err := readDescriptions(files)
			if err != nil {
				return err
			}
			peers := []string{}
			for i, d := range all {
				if d.Node == "" || d.Address == "" {
					return fmt.Errorf("%s: it does not say where the node of %s listens: run `carya init` there again with --address host:port", files[i], d.ID)
				}
				peers = append(peers, d.Node+"@"+d.Address)
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), peers)
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), strings.Join(peers, ","))
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON list")
	return c
}
