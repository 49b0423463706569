package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
)

func cebCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "ceb", Short: "Check, record and follow customs messages"}
	s := newSession(cmd)
	return group(cmd, cebSubmitCommand(s), cebStatusCommand(s), cebTicketCommand(s), cebCheckCommand(s), cebGenerateCommand(s))
}

func cebSubmitCommand(s *session) *cobra.Command {
	f := &filing{}
	cmd := &cobra.Command{
		Use:   "submit DIR|FILE…",
		Short: "Record customs messages, from a drop folder or from files",
		Long: `Record what customs messages say, without saying it. The ledger gets salted hashes and match
tags; names, prices and numbers stay here, and go encrypted to customs alone.

  platform            CEB311, 303   orders
  payment company     CEB411, 403   payments
  carrier             CEB511, 505   waybills;  CEB513  the parcel was delivered (status S)
  declarant           CEB621, 603   lists;  CEB623, 605  cancellations;  CEB625, 213  returns

A folder is watched until Ctrl-C, with the folders in it: whatever appears is taken, and answered
beside it with the receipt that customs would send: order.xml with order.CEB312.xml, status 120
for recorded and 100 for refused, with the reason. What customs decides on a list later follows:
list.CEB622-399.xml, list.CEB622-800.xml. What cannot be recorded yet waits: for the order's
ticket, for its other documents, for quota, for release. --once does what can be done now.

It may be killed at any time: what was recorded is known from the ledger, what was under way is
sent again with the same signature. Nothing is recorded twice.

Before anything is sent, each document is stored with its seed in <home>/documents: keep
that folder, it alone can open what the ledger holds. An order also gives a ticket,
<tickets>/<orderNo>.json. Hand it to the payment company, the carrier and the declarant, by a
private way: their messages find the order, and match it, with the ticket.

Files are answered in the same way. All of them are checked before anything is sent: with
--on-error rollback, which is the default, one fault and nothing is sent; with proceed, and in a
folder, the others are.`,
		Example: `  carya ceb submit outbox/ --member lantu
  carya ceb submit payments/ --member tianmu-pay --tickets from-lantu --originals requests --once
  carya ceb submit list.xml --member tong-guan --wait
  carya ceb submit orders.xml --member lantu --genesis genesis.json --dry-run`,
		Args: takes(1, -1, "a folder, or customs messages"),
	}
	f.author = newAuthor(s, cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.tickets.dir, "tickets", "", "folder of tickets (default <home>/tickets)")
	flags.StringVar(&f.originals, "originals", "", "folder of original payment records, <payTransactionId>.json; payments commit to them")
	flags.StringVar(&f.parcelFile, "parcels", "", "table that says of which order a parcel is (default parcels.csv in the folder)")
	flags.BoolVar(&f.once, "once", false, "do what can be done now, and end: 0 when everything is recorded")
	flags.DurationVar(&f.patience, "patience", 0, "with --once: how long to wait for what others have to do first")
	flags.BoolVar(&f.unchecked, "no-check", false, "send also what customs would reject")
	flags.BoolVar(&f.unsigned, "unsigned", false, "go on with a node that does not judge signatures")
	flags.BoolVar(&f.deliver, "deliver", true, "send the documents, encrypted, to the customs members that published a reader")
	cmd.RunE = s.run(f.submit)
	return cmd
}

// filing is one run of `carya ceb submit`.
type filing struct {
	*author
	tickets    tickets
	originals  string
	parcelFile string
	once       bool
	patience   time.Duration
	unchecked  bool
	unsigned   bool
	deliver    bool

	folder  bool // a folder was named, not files
	archive *archive
	journal journal
	outbox  outbox
	ledger  *ledger
	by      *Signer
	secret  types.Secret
	codes   []string        // of the member with customs; none if not known
	offices []*types.Member // the chain's members with the role customs
	policy  *cebPolicy
	judges  bool // the node judges signatures
	parcels parcelTable
	inBatch map[formVersion]*form

	// turnedAway is why the node turned a transaction away before any block: that says something about the sender, and
	// nothing about the documents.
	turnedAway types.Code
}

func (f *filing) submit(ctx context.Context, args []string) error {
	if err := f.check(); err != nil {
		return err
	}
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return usage("", err)
		}
		f.folder = f.folder || info.IsDir()
	}
	if f.folder {
		f.onError, f.wait = types.OnErrorProceed, true
	}
	if err := f.begin(ctx); err != nil {
		return err
	}
	defer f.ledger.close()
	d := &drop{filing: f, args: args, fates: map[string]*fate{}, known: map[followedKey]bool{}, refused: map[string]bool{}}
	if f.folder && !f.once && !f.dry {
		return d.watch(ctx)
	}
	return d.onceOver(ctx)
}

// begin prepares what every document needs: the chain, the member's codes and secret, and what was submitted before.
func (f *filing) begin(ctx context.Context) (err error) {
	f.tickets.dir = first(f.tickets.dir, filepath.Join(f.home, "tickets"))
	f.journal.dir, f.outbox.dir = filepath.Join(f.home, "sent"), filepath.Join(f.home, "outbox")
	f.inBatch, f.parcels = map[formVersion]*form{}, parcelTable{}
	if f.parcelFile != "" {
		if err := f.parcels.read(f.parcelFile); err != nil {
			return usage("", err)
		}
	}
	if f.ledger, err = f.author.ledger(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{f.learnMembers, f.askPolicy, f.unlockSecret, f.resume} {
		if err := step(ctx); err != nil {
			f.ledger.close()
			return err
		}
	}
	f.archive, err = openArchive(filepath.Join(f.home, "documents"))
	return err
}

// bookPath is where the ticket of a bonded book lies.
func (f *filing) bookPath(emsNo string) string {
	return filepath.Join(f.home, "books", fileName(emsNo)+".json")
}

func (f *filing) unlockSecret(ctx context.Context) (err error) {
	if f.secret, err = f.author.secret(ctx); err != nil {
		return err
	}
	if f.secret.IsZero() {
		f.note("there is no stream secret yet: the names in this dry run are not those that the ledger will see")
	}
	return nil
}

// learnMembers asks for the member's customs codes and for the customs offices of the chain.
func (f *filing) learnMembers(ctx context.Context) (err error) {
	if f.codes, err = f.ledger.customs(ctx, f.member); err != nil {
		return err
	}
	f.offices, err = f.ledger.offices(ctx)
	return err
}

// offices returns the members with the role customs: their ids stand in the genesis, the rest as the node says, else as
// the genesis does. Without both it is none.
func (l *ledger) offices(ctx context.Context) ([]*types.Member, error) {
	genesis := l.genesis
	if genesis == nil && l.node != nil {
		var err error
		if _, genesis, err = l.node.Genesis(ctx); err != nil {
			return nil, err
		}
	}
	if genesis == nil {
		return nil, nil
	}
	var offices []*types.Member
	for _, g := range genesis.Members {
		if !slices.Contains(g.Roles, types.RoleCustoms) {
			continue
		}
		m := &types.Member{ID: g.ID, Customs: g.Customs}
		if l.node != nil {
			answer, err := l.node.Record(ctx, types.PrefixMember+"/"+g.ID, 0)
			if err != nil {
				return nil, fmt.Errorf("member %s: %w", g.ID, err)
			}
			if err := types.Decode(answer.Value, m); err != nil {
				return nil, fmt.Errorf("member %s: %w", g.ID, err)
			}
		}
		offices = append(offices, m)
	}
	return offices, nil
}

// letter is one message file on its way.
type letter struct {
	submission
	data    []byte
	mark    string       // of its receipts
	message *ceb.Message // nil if the file is none
	forms   []*form
	before  map[string]reply // by guid: what the receipt beside it says, from an earlier run
	foreign bool             // a receipt, which is answered by nobody
	broken  bool             // not even XML
}

// open reads one message file. Its faults stand in what it returns; an error is something else than the file.
func (f *filing) open(path string) (*letter, error) {
	data, err := readFile(path, ceb.MaxSize)
	if err != nil {
		return nil, usage("", err)
	}
	l := &letter{submission: submission{path: path}, data: data, mark: receiptMark(f.ledger.domain.Chain, data)}
	m, err := ceb.ParseUnsigned(data)
	var faults ceb.Errors
	if errors.As(err, &faults) {
		for _, fault := range faults {
			l.broken = l.broken || fault.Kind == ceb.NotCEB || fault.Kind == ceb.Malformed
			l.faults = append(l.faults, messageFault(fault))
		}
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	if l.foreign = f.folder && isAnswer(m.Kind); l.foreign {
		return l, nil
	}
	l.message = m
	for i := range m.Documents {
		l.forms = append(l.forms, f.newForm(path, &m.Documents[i], i))
	}
	if f.folder { // a file that is named is tried anew
		l.before = f.answered(l)
	}
	return l, nil
}

// isAnswer reports whether a kind of message is one that customs sends: they have the even numbers.
func isAnswer(kind string) bool { return (kind[len(kind)-1]-'0')%2 == 0 }

// reject faults every document of a file.
func (l *letter) reject(official int, detail string) {
	for _, m := range l.forms {
		m.code = official
		m.fault(types.BadSignature, "Signature", "%d, %s", official, detail)
	}
}

// messageFault gives a fault of a message its code.
func messageFault(e *ceb.Error) *types.Refusal {
	code := types.FieldInvalid
	switch e.Kind {
	case ceb.NotCEB, ceb.Malformed:
		code = types.Malformed
	case ceb.Unsupported:
		code = types.EventUnsupported
	case ceb.TooLarge:
		code = types.TooLarge
	}
	detail := e.Detail
	if e.Line > 0 {
		detail = fmt.Sprintf("line %d: %s", e.Line, detail)
	}
	return &types.Refusal{Code: code, Field: first(e.Field, "/"), Detail: detail}
}

// submitBatch makes what the ledger records of message files and sends it. What became of each document stands in its
// piece; an error is a fault of this machine, or of the node, and the documents that it kept back are unsent.
func (f *filing) submitBatch(ctx context.Context, letters []*letter) error {
	defer f.archive.forget()
	defer clear(f.inBatch)
	err := f.fillAll(ctx, letters)
	for _, l := range letters {
		for _, m := range l.forms {
			l.add(m.piece)
		}
	}
	if err == nil {
		err = f.send(ctx, letters)
	}
	for _, l := range letters {
		for _, m := range l.forms {
			m.conclude()
		}
	}
	return err
}

// fillAll makes what the ledger records of the documents of message files.
func (f *filing) fillAll(ctx context.Context, letters []*letter) error {
	if err := f.checkSignatures(ctx, letters); err != nil {
		return err
	}
	for _, l := range letters {
		for _, m := range l.forms {
			if old, there := l.before[m.doc.Get("guid")]; there {
				m.takeAnswer(&old)
			}
			if m.State != "" {
				continue
			}
			if err := m.fill(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// conclude gives a document that was not sent, or that stands twice in a batch, its state.
func (m *form) conclude() {
	if m.State == pieceReady && !m.filing.dry {
		m.State = pieceUnsent
	}
	m.away = m.State == pieceRefused && m.filing.turnedAway != types.OK && m.Code == m.filing.turnedAway
	if m.twin != nil && !m.filing.dry {
		m.State, m.Code, m.Faults, m.Waits, m.Height = m.twin.State, m.twin.Code, m.twin.Faults, m.twin.Waits, m.twin.Height
	}
}

// send sends the documents that are ready: with rollback a transaction for each file, and none if anything is at fault;
// else as many of a kind as a transaction holds, those first on which others build.
func (f *filing) send(ctx context.Context, letters []*letter) error {
	sh := &shipment{author: f.author, ledger: f.ledger, by: f.by, carry: f.carry}
	defer func() { f.by = sh.by }()
	if f.onError == types.OnErrorRollback {
		held := false
		parcels := make([][][]*piece, len(letters))
		for i, l := range letters {
			parcels[i] = l.parcels(f.onError)
			held = held || l.faulty()
		}
		for i := range letters {
			if held {
				break
			}
			if err := sh.sendAll(ctx, parcels[i]); err != nil {
				return err
			}
		}
		return nil
	}
	var ready []*form
	for _, l := range letters {
		for _, m := range l.forms {
			if m.body != nil {
				ready = append(ready, m)
			}
		}
	}
	slices.SortStableFunc(ready, func(a, b *form) int { return a.entry.rank - b.entry.rank })
	for len(ready) > 0 {
		n := 1
		for n < len(ready) && kindOf(ready[n]) == kindOf(ready[0]) {
			n++
		}
		pieces := make([]*piece, n)
		for i, m := range ready[:n] {
			pieces[i] = m.piece
		}
		if err := sh.sendAll(ctx, divide(pieces)); err != nil {
			return err
		}
		ready = ready[n:]
	}
	return nil
}

// kindOf is the kind of transaction that a form's body goes into.
func kindOf(m *form) string {
	kind, _ := types.KindOf(m.body)
	return kind.Name
}
