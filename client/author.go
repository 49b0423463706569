package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
)

// author is who a command speaks for: the member, its keys, the chain, and how what it says is sent.
type author struct {
	*session
	passphrases *passphrases

	member   string
	keyNames []string
	genesis  string // file
	chain    string
	onError  string
	life     time.Duration
	wait     bool
	dry      bool

	last   time.Time         // expiry of the last transaction
	opened map[string]string // passphrases that were given, by the key's name
}

func newAuthor(s *session, cmd *cobra.Command) *author {
	a := &author{session: s, opened: map[string]string{}}
	f := cmd.PersistentFlags()
	f.StringVar(&a.member, "member", os.Getenv(envMember), "member to speak for, by its id; also "+envMember)
	f.StringArrayVar(&a.keyNames, "key", nil, "key to sign with, by its name; once for each signature that the member needs (default the member's id)")
	f.StringVar(&a.onError, "on-error", types.OnErrorRollback, "when one part is refused: rollback keeps nothing, proceed keeps the others")
	f.DurationVar(&a.life, "expires", DefaultLife, "how long the transaction may take into a block, at most 10m")
	f.BoolVar(&a.wait, "wait", false, "wait until it stands in a block, and say what became of it")
	f.BoolVar(&a.dry, "dry-run", false, "check everything and send nothing")
	f.StringVar(&a.genesis, "genesis", "", "the chain's genesis file; without it the node says which chain it is")
	f.StringVar(&a.chain, "chain", "", "id that the chain must have; enough for a dry run without a node")
	a.passphrases = s.passphrases(f)
	return a
}

// check finds what is wrong with the flags.
func (a *author) check() error {
	switch {
	case a.member == "":
		return usage("for instance --member coop-linan", errors.New("--member is missing"))
	case a.onError != types.OnErrorRollback && a.onError != types.OnErrorProceed:
		return usage("", fmt.Errorf("--on-error %q: rollback or proceed", a.onError))
	case a.life <= 0 || a.life.Milliseconds() > types.MaxLife:
		return usage("", fmt.Errorf("--expires %s: more than 0 and at most 10m", a.life))
	}
	if len(a.keyNames) == 0 {
		a.keyNames = []string{a.member}
	}
	return nil
}

// terms are the terms of a transaction that is signed now. It never gives two transactions one expiry: what says the same again would be the same transaction.
func (a *author) terms() Terms {
	expires := time.Now().Add(a.life).Truncate(time.Millisecond)
	if !expires.After(a.last) {
		expires = a.last.Add(time.Millisecond)
	}
	a.last = expires
	return Terms{expires, a.onError}
}

// ledger is the chain that an author speaks to.
type ledger struct {
	node    *Client        // nil in a dry run without a node
	genesis *types.Genesis // nil unless a file was given
	domain  types.Domain   // its contract is zero where only the chain's id is known
}

func (a *author) ledger(ctx context.Context) (*ledger, error) {
	l := &ledger{}
	var err error
	if l.node, err = a.dial(); err != nil {
		return nil, err
	}
	switch {
	case a.genesis != "":
		err = l.trust(a.genesis)
	case a.dry && a.chain != "":
		l.domain = types.Domain{Chain: a.chain}
	default:
		l.domain, err = l.node.Domain(ctx)
	}
	if err != nil {
		return nil, err
	}
	if a.dry && (a.genesis != "" || a.chain != "") {
		l.node.Close()
		l.node = nil
	}
	if a.chain != "" && a.chain != l.domain.Chain {
		return nil, usage("", fmt.Errorf("--chain %s: this is the chain %s", a.chain, l.domain.Chain))
	}
	return l, nil
}

func (l *ledger) trust(path string) error {
	g, err := genesisFile(path)
	if err != nil {
		return err
	}
	hash, err := g.Hash()
	if err != nil {
		return err
	}
	l.genesis, l.domain = g, types.NewDomain(g.Chain, hash)
	return nil
}

func (l *ledger) close() {
	if l.node != nil {
		l.node.Close()
	}
}

// customs returns the codes under which customs knows a member: as the node says, else as the genesis does. None means
// that they are not known.
func (l *ledger) customs(ctx context.Context, member string) ([]string, error) {
	if l.node != nil {
		answer, err := l.node.Record(ctx, types.PrefixMember+"/"+member, 0)
		if err != nil {
			return nil, fmt.Errorf("member %s: %w", member, err)
		}
		var m types.Member
		if err := types.Decode(answer.Value, &m); err != nil {
			return nil, fmt.Errorf("member %s: %w", member, err)
		}
		return m.Customs, nil
	}
	if l.genesis != nil {
		for _, m := range l.genesis.Members {
			if m.ID == member {
				return m.Customs, nil
			}
		}
	}
	return nil, nil
}

// unlock returns the passphrase of one of the author's keys, asking for it once.
func (a *author) unlock(ctx context.Context, name string) (string, error) {
	if passphrase, given := a.opened[name]; given {
		return passphrase, nil
	}
	if _, err := a.keyring().Find(name); err != nil { // ask for nothing in vain
		return "", keyMissing(err)
	}
	passphrase, err := a.passphrases.existing(ctx, "key "+name)
	if err == nil {
		a.opened[name] = passphrase
	}
	return passphrase, err
}

// signer decrypts the author's keys. A dry run signs nothing and needs none.
func (a *author) signer(ctx context.Context, l *ledger) (*Signer, error) {
	s := &Signer{Member: a.member, Domain: l.domain}
	if a.dry {
		return s, nil
	}
	for _, name := range a.keyNames {
		passphrase, err := a.unlock(ctx, name)
		if err != nil {
			return nil, err
		}
		key, err := a.keyring().Open(name, passphrase)
		if err != nil {
			return nil, err
		}
		s.Keys = append(s.Keys, key)
	}
	return s, nil
}

// secret returns the member's stream secret. A dry run makes none: it uses the one that is there, or zeros.
func (a *author) secret(ctx context.Context) (types.Secret, error) {
	name := a.keyNames[0]
	if a.dry {
		path, err := a.keyring().path(name, secretSuffix)
		if err != nil {
			return types.Secret{}, usage("", err)
		}
		if _, err := readSmall(path); errors.Is(err, fs.ErrNotExist) {
			return types.Secret{}, nil
		}
	}
	passphrase, err := a.unlock(ctx, name)
	if err != nil {
		return types.Secret{}, err
	}
	return a.keyring().Secret(name, passphrase, a.strengthOf(name))
}

// strengthOf returns the strength with which the key of that name is encrypted, for the secret beside it.
func (a *author) strengthOf(name string) Strength {
	file, err := a.keyring().File(name)
	var v vault
	if err == nil && json.Unmarshal(file, &v) == nil && v.Crypto.KDFParams["n"] == float64(Light) {
		return Light
	}
	return Standard
}

// sent is one transaction and what is known of its fate.
type sent struct {
	Kind    string          `json:"kind"`
	Bodies  int             `json:"bodies"`
	DryRun  bool            `json:"dryRun,omitempty"`
	Receipt *types.Receipt  `json:"receipt,omitempty"`
	Refusal *types.Refusal  `json:"refusal,omitempty"`
	Digest  *types.Hash     `json:"digest,omitempty"` // unless the genesis is not known
	Tx      json.RawMessage `json:"transaction,omitempty"`
}

// send signs bodies as one transaction and hands it in; a dry run only makes it. A refusal stands in what it returns;
// an error is anything else, and the transaction may or may not have been recorded.
func (a *author) send(ctx context.Context, l *ledger, by *Signer, bodies []types.Body) (*sent, error) {
	if a.dry {
		return a.rehearse(by, bodies)
	}
	raw, digest, err := by.Sign(a.terms(), bodies...)
	if err != nil {
		return nil, err
	}
	kind, _ := types.KindOf(bodies[0])
	t := &sent{Kind: kind.Name, Bodies: len(bodies), Digest: &digest}
	state := types.TxAccepted
	if a.wait {
		state = types.TxCommitted
	}
	t.Receipt, err = l.node.persist(ctx, raw, state)
	if refusal := (*types.Refusal)(nil); errors.As(err, &refusal) && refusal.Code < types.Retryable {
		t.Refusal = refusal
		return t, nil
	}
	return t, err
}

func (a *author) rehearse(by *Signer, bodies []types.Body) (*sent, error) {
	tx, digest, err := by.Transaction(a.terms(), bodies...)
	if err != nil {
		return nil, err
	}
	t := &sent{Kind: tx.Kind, Bodies: len(bodies), DryRun: true}
	if by.Domain.Contract != (types.Address{}) {
		t.Digest = &digest
	}
	t.Tx, err = json.Marshal(tx)
	return t, err
}

// codes returns what became of each body. Before a block nothing is known, and nothing is refused.
func (t *sent) codes() []types.Code {
	codes := make([]types.Code, t.Bodies)
	switch {
	case t.Receipt != nil && t.Receipt.Result != nil && len(t.Receipt.Result.Codes) == t.Bodies:
		return t.Receipt.Result.Codes
	case t.Refusal != nil:
		for i := range codes {
			codes[i] = t.Refusal.Code
		}
	}
	return codes
}

// culprit returns the body that was refused first: the others may have been undone because of it.
func (t *sent) culprit() int {
	at := slices.IndexFunc(t.codes(), func(c types.Code) bool { return c != types.OK && c != types.RolledBack })
	return max(at, 0)
}

// fate says in words how far the transaction came.
func (t *sent) fate() string {
	switch {
	case t.DryRun:
		return "dry run, nothing was sent"
	case t.Receipt != nil && t.Receipt.State == types.TxCommitted:
		return fmt.Sprintf("in block %d of %s", t.Receipt.Height, moment(t.Receipt.Time))
	case t.Refusal != nil:
		return "refused before any block"
	}
	return "accepted by the node, not yet in a block"
}
