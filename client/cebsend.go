package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/caryaledger/carya/types"
)

// journal is the folder of transactions that were signed and whose fate is not known, <home>/sent/<digest>.tx. Whoever
// comes back after a crash sends the same bytes again, which is always safe, before anything else is said about the same
// documents: so no document ever stands in two transactions that could both come through.
type journal struct{ dir string }

const journalEnding = ".tx"

func (j journal) path(digest types.Hash) string {
	return filepath.Join(j.dir, strings.TrimPrefix(digest.String(), "0x")+journalEnding)
}

func (j journal) enter(digest types.Hash, raw []byte) error { return writeNew(j.path(digest), raw) }

func (j journal) leave(digest types.Hash) error { return os.Remove(j.path(digest)) }

// open lists the transactions that are in it.
func (j journal) open() ([]string, error) {
	entries, err := os.ReadDir(j.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var open []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), journalEnding) {
			open = append(open, filepath.Join(j.dir, e.Name()))
		}
	}
	return open, err
}

// carry is author.send with the journal around it.
func (f *filing) carry(ctx context.Context, by *Signer, bodies []types.Body) (*sent, error) {
	if f.dry {
		return f.rehearse(by, bodies)
	}
	raw, digest, err := by.Sign(f.terms(), bodies...)
	if err != nil {
		return nil, err
	}
	kind, _ := types.KindOf(bodies[0])
	t := &sent{Kind: kind.Name, Bodies: len(bodies), Digest: &digest}
	if err := f.journal.enter(digest, raw); err != nil {
		return nil, err
	}
	state := types.TxAccepted
	if f.wait {
		state = types.TxCommitted
	}
	t.Receipt, err = f.ledger.node.persist(ctx, raw, state)
	if refusal := (*types.Refusal)(nil); errors.As(err, &refusal) && refusal.Code < types.Retryable {
		t.Refusal, err = refusal, nil
		if t.Receipt == nil || t.Receipt.State != types.TxCommitted {
			f.turnedAway = refusal.Code
		}
		if refusal.Code == types.TxExpired {
			err = types.Refuse(types.Busy, "", "the node did not bring the transaction into a block in time")
		}
	}
	if err == nil && (t.Refusal != nil || t.Receipt.State == types.TxCommitted) || err != nil && !mayBeRecorded(err) {
		return t, errors.Join(err, f.journal.leave(digest))
	}
	return t, err
}

// resume finds out what became of the transactions of earlier runs.
func (f *filing) resume(ctx context.Context) error {
	open, err := f.journal.open()
	if err != nil || f.dry {
		return err
	}
	for _, path := range open {
		if err := f.resumeOne(ctx, path); err != nil {
			return err
		}
	}
	return nil
}

func (f *filing) resumeOne(ctx context.Context, path string) error {
	raw, err := readFile(path, types.MaxTxBytes)
	if err != nil {
		return err
	}
	signed, err := types.DecodeSigned(raw)
	if err != nil {
		// Cut off while it was written: it was not sent.
		f.note("%s was never sent: %v", path, err)
		return os.Remove(path)
	}
	if signed.Transaction.Chain != f.ledger.domain.Chain {
		return usage("use another --home for another chain", fmt.Errorf("%s is a transaction for the chain %s, this is %s", path, signed.Transaction.Chain, f.ledger.domain.Chain))
	}
	r, err := f.ledger.node.persist(ctx, raw, types.TxCommitted)
	refusal := (*types.Refusal)(nil)
	switch {
	case errors.As(err, &refusal) && refusal.Code < types.Retryable:
		f.note("a %s of an earlier run: %s", signed.Transaction.Kind, refusal.Code.Says())
	case err != nil:
		return err
	default:
		f.note("a %s of an earlier run stands in block %d", signed.Transaction.Kind, r.Height)
	}
	return os.Remove(path)
}
