package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb/xmldsig"
)

func customsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "customs",
		Short: "Check and decide declarations, and keep the account of buyers' quotas",
		Long: `The desk of a customs office: what waits for it, what is wrong with it, and what it decides.

The ledger shows hashes and tags. What they stand for, members deliver to the office sealed
(carya ceb submit --deliver); the node keeps it, and <home>/reader.key opens it (carya reader
new). Each payload is held against the ledger before anything of it is believed.

<home>/customs.sqlite holds the account of quotas, on which it is the authority: the ledger
knows each grant, but not whose it is. The rest of the file is a cache of what was seen.
<home>/customs.key is the key under which persons stand in it. Keep copies of both.`,
		Example: `  carya customs queue --office hangzhou-customs
  carya customs grant --member hangzhou-customs --watch
  carya customs decide lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q --release --member hangzhou-customs`,
	}
	s := newSession(cmd)
	return group(cmd, customsQueueCommand(s), customsGrantCommand(s), customsDecideCommand(s), customsReturnCommand(s),
		customsNoticeCommand(s), customsRebuildCommand(s))
}

// office is a customs office at work.
type office struct {
	*session
	token        string // file with the token of the node's vault
	certificates string // folder of the certificates that messages are signed with

	vault  *deliveryStore
	node   *Client
	chain  string
	params types.Params
	file   *customsFile
	examiner
}

// newOffice gives a command the flags that lead to the vault.
func newOffice(s *session, cmd *cobra.Command) *office {
	o := &office{session: s}
	cmd.Flags().StringVar(&o.token, "vault-token", "", vaultTokenHelp)
	cmd.Flags().StringVar(&o.certificates, "certificates", "", "folder with <customs code>.pem and roots/*.pem, to judge signatures by (default <home>/certificates)")
	return o
}

// begin connects with the node, opens the office's file and reads what came into the vault. An office that cannot read the
// vault sees the ledger all the same, and can decide; every order is flagged then.
func (o *office) begin(ctx context.Context) (err error) {
	if err = o.connect(ctx); err != nil {
		return err
	}
	if err = o.catchUp(ctx); err != nil && ctx.Err() == nil {
		o.note("no payload is checked: %v; %s", err, hint(err))
		o.room.reader, err = nil, nil
	}
	if err != nil {
		o.end()
	}
	return err
}

// connect connects with the node and opens the office's file.
func (o *office) connect(ctx context.Context) (err error) {
	if o.vault, err = o.dialStore(o.token); err != nil {
		return err
	}
	o.node = o.vault.node
	if err = o.prepare(ctx); err != nil {
		o.node.Close()
	}
	return err
}

func (o *office) end() {
	o.node.Close()
	if err := o.file.Close(); err != nil {
		o.note("customs.sqlite: %v", err)
	}
}

// prepare reads what every order is judged by.
func (o *office) prepare(ctx context.Context) error {
	params, err := recordOf[types.ChainParams](ctx, o.node, types.KeyParams)
	if err != nil {
		return err
	}
	if params == nil {
		return fmt.Errorf("node %s: the chain has no %s", o.node.Node(), types.KeyParams)
	}
	o.chain, o.params = params.Chain, params.Params
	if o.examiner.limits, err = recordOf[types.Limits](ctx, o.node, types.KeyLimits); err != nil {
		return err
	}
	if o.examiner.limits == nil {
		o.examiner.limits = &types.Limits{}
	}
	o.rates, o.now = newRates(o.node), time.Now().UnixMilli()
	if o.trust, err = readTrustFolder(first(o.certificates, filepath.Join(o.home, "certificates"))); err != nil {
		return usage("", err)
	}
	reader, err := readIdentity(o.home)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if o.file, err = openCustomsFile(o.home, o.chain); err != nil {
		return err
	}
	o.room = &archiveRoom{o.vault, o.file, reader, o.chain, map[types.Hash]*opened{}}
	return nil
}

// catchUp reads what came into the vault.
func (o *office) catchUp(ctx context.Context) error {
	if o.room.reader == nil {
		o.note("there is no reading key in %s, so that no payload is checked; `carya reader new` makes one", o.home)
		return nil
	}
	unread, err := o.room.catchUp(ctx)
	if unread > 0 {
		o.note("%d deliveries cannot be read: they are sealed for another key, or hold no customs message", unread)
	}
	if silent := (*Unreachable)(nil); err != nil && !errors.As(err, &silent) {
		return &Failure{ExitCode(err), err, first(hint(err), "a node on another machine wants its token: --vault-token FILE")}
	}
	return err
}

// readTrustFolder reads a folder of certificates, nil where there is none.
func readTrustFolder(dir string) (*xmldsig.Trust, error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	trust, err := readTrust(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return trust, nil
}

// order returns an order's record.
func (o *office) order(ctx context.Context, id types.OrderID) (*types.Order, error) {
	order, err := recordOf[types.Order](ctx, o.node, types.PrefixOrder+"/"+string(id))
	if err == nil && order == nil {
		err = types.Refuse(types.OrderUnknown, "order", "order %s", id)
	}
	return order, err
}

// blockTime is the time of the node's last block. What is read of the state afterwards is as new or newer.
func (o *office) blockTime(ctx context.Context) (int64, error) {
	status, err := o.node.Status(ctx)
	if err != nil {
		return 0, err
	}
	return status.Time, nil
}
