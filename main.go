// Command carya is a consortium ledger for cross-border e-commerce and farm provenance:
// a node, a client, an offline verifier and a local network in one program.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/localnet"
	"github.com/caryaledger/carya/node"
)

func main() { os.Exit(run(os.Args[1:])) }

// run executes the command line. The first Ctrl-C cancels the context, so that what
// runs can end cleanly; the second ends the process.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	root := newRoot()
	root.SetArgs(args)
	return client.Report(os.Stderr, root.ExecuteContext(ctx))
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "carya",
		Short: "a consortium ledger for cross-border e-commerce and farm provenance",
		Long: `Carya is a consortium ledger for cross-border e-commerce and farm provenance.

Customs, platforms, payment and logistics companies and cooperatives run its nodes; merchants
and farms send signed transactions; anybody can check its proofs offline.`,
		Example: `  carya demo                     # four organisations on this machine, a story, a proof
  carya localnet up              # a network of your own on this machine
  carya keys new alice           # a key, for geth and wallets too
  carya verify FILE --trust genesis.json`,
		Version:       node.Version(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddGroup(
		&cobra.Group{ID: "node", Title: "For who runs a node:"},
		&cobra.Group{ID: "client", Title: "For who sends and checks:"},
		&cobra.Group{ID: "localnet", Title: "On one machine:"},
	)
	add(root, "node", node.Commands())
	add(root, "client", client.Commands())
	add(root, "localnet", localnet.Commands())
	return root
}

func add(root *cobra.Command, group string, commands []*cobra.Command) {
	for _, c := range commands {
		c.GroupID = group
		root.AddCommand(c)
	}
}
