package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
)

// granting is one run of `carya customs grant`.
type granting struct {
	*author
	*office
	watch, once bool
	every       time.Duration

	ledger *ledger
	by     *Signer
	looked map[types.OrderID]lookedAt // of this run
	swept  time.Time                  // when all bookings were compared with the ledger last
	total  granted
}

// lookedAt spares an order that has not changed from being read again.
type lookedAt struct {
	height int64
	until  int64 // when time alone changes something, Unix ms; 0 for never
}

// granted counts what a run did.
type granted struct {
	Granted int `json:"granted"`
	Refused int `json:"refused"`
	Waiting int `json:"waiting"` // orders whose payload is not here, or does not hold
	Failed  int `json:"failed"`  // not recorded: the ledger refused the word
}

func customsGrantCommand(s *session) *cobra.Command {
	g := &granting{}
	cmd := &cobra.Command{
		Use:   "grant [ORDER…] --member OFFICE",
		Short: "Say whether buyers have the quota for their orders",
		Long: `Say for every matched import, and every one that waits for its partners, whether its buyer has
the annual quota (GrantQuota). The value is that of the goods, the sum of totalPrice over the lines
of the order: freight, tax and discount do not count, and the ledger's goods tag binds the list to
the same lines. Over the limit of one transaction with more than one piece is −621005; over what is
left of the year is −621018. The limits are those in force when the order was made.

An order whose payload was not delivered, or does not give what the ledger holds, gets no word.

Each grant is first booked on the person's account and then sent, so that a run that is killed
never gives more than the limit: the next one compares with the ledger what was sent. A booking
is freed when its grant expires unused, when its declaration is cancelled or the goods go back;
it is settled at the release, and what returns is restored once, by the pieces that the ledger
proves. Grants live for nine tenths of the longest life, and not beyond the year (of China) that
they are booked in. Keep one account: do not run this in two homes for one chain.

Orders that are named are looked at again even when a refusal stands.`,
		Example: `  carya customs grant --member hangzhou-customs --watch
  carya customs grant --member hangzhou-customs --once --json
  carya customs grant lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q --member hangzhou-customs`,
		Args: takes(0, -1, "orders"),
	}
	g.author = newAuthor(s, cmd)
	g.office = newOffice(s, cmd)
	f := cmd.Flags()
	f.BoolVar(&g.watch, "watch", false, "go on until Ctrl-C")
	f.BoolVar(&g.once, "once", false, "do what can be done now, which is the default")
	f.DurationVar(&g.every, "every", 2*time.Second, "with --watch: how often to look")
	cmd.RunE = g.author.run(g.run)
	return cmd
}

func (g *granting) run(ctx context.Context, args []string) error {
	if err := g.check(); err != nil {
		return err
	}
	if g.watch && (g.once || len(args) > 0) {
		return usage("", errors.New("--watch looks at all orders, until Ctrl-C"))
	}
	named, err := ordersNamed(args)
	if err != nil {
		return err
	}
	if err := g.open(ctx); err != nil {
		return err
	}
	defer g.end()
	defer g.ledger.close()
	for {
		err := g.pass(ctx, named)
		switch {
		case g.watch && ctx.Err() != nil:
			return g.sum()
		case g.watch && ExitCode(err) == ExitUnreachable:
			g.author.note("%v; trying again", err)
		case err != nil:
			return err
		case !g.watch:
			return g.sum()
		}
		if pause(ctx, g.every) != nil {
			return g.sum()
		}
	}
}

func (g *granting) open(ctx context.Context) (err error) {
	g.wait, g.onError, g.looked = true, types.OnErrorProceed, map[types.OrderID]lookedAt{}
	if err = g.connect(ctx); err != nil { // pass reads the vault
		return err
	}
	if g.ledger, err = g.author.ledger(ctx); err != nil {
		g.end()
		return err
	}
	if g.by, err = g.signer(ctx, g.ledger); err != nil {
		g.ledger.close()
		g.end()
	}
	return err
}

// pass looks once at everything: what became of earlier grants, then orders that wait for one.
func (g *granting) pass(ctx context.Context, named []types.OrderID) error {
	g.now = time.Now().UnixMilli()
	if err := g.catchUp(ctx); err != nil {
		return err
	}
	if err := g.sweep(ctx); err != nil {
		return err
	}
	var batch []*booking
	flush := func() error {
		err := g.send(ctx, batch)
		batch = nil
		return err
	}
	for row, err := range g.candidates(ctx, named) {
		if err != nil {
			return err
		}
		b, err := g.propose(ctx, row, len(named) > 0)
		if err != nil {
			return fmt.Errorf("order %s: %w", row.ID, err)
		}
		if b == nil {
			continue
		}
		if batch = append(batch, b); len(batch) == types.MaxBodies {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// sweepEvery is how often a watching office compares all open bookings with the ledger. In between, what it would free
// stays booked, which is on the safe side.
const sweepEvery = time.Minute

// sweep compares bookings with the ledger: those whose transaction is open each time, the others now and then.
func (g *granting) sweep(ctx context.Context) error {
	if time.Since(g.swept) < sweepEvery {
		planned, err := g.file.bookings(ctx, "state = 'planned'")
		if err != nil {
			return err
		}
		return g.compare(ctx, planned)
	}
	g.swept = time.Now()
	if err := g.settle(ctx); err != nil {
		return err
	}
	return g.settleReturned(ctx)
}

// candidates lists the orders that may wait for a grant.
func (g *granting) candidates(ctx context.Context, named []types.OrderID) func(yield func(orderLine, error) bool) {
	if len(named) == 0 {
		return g.orders(ctx, url.Values{"state": {types.StateMatched + "," + types.StatePartial}, "flow": {types.FlowImport}})
	}
	return func(yield func(orderLine, error) bool) {
		for _, id := range named {
			if !yield(orderLine{ID: id}, nil) {
				return
			}
		}
	}
}

// propose makes the booking for an order, nil when there is none to be made.
func (g *granting) propose(ctx context.Context, row orderLine, again bool) (*booking, error) {
	if had, known := g.looked[row.ID]; known && had.height == row.Height && row.Height > 0 && (had.until == 0 || g.now < had.until) {
		return nil, nil
	}
	o, err := g.order(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	refused := len(o.Quota) > 0 && o.Quota[0].State == types.QuotaRefused && o.Slot(types.SlotDeclaration) == nil
	if !needsGrant(o, g.now) && !(again && refused) {
		g.looked[row.ID] = lookedAt{row.Height, untilOf(o)}
		return nil, nil
	}
	b, why, err := g.bookingFor(ctx, row.ID, o)
	if b == nil && err == nil {
		g.total.Waiting++
		if again || !g.watch {
			g.author.say("· %s: no word: %s", row.ID, why)
			err = g.author.emit(&grantTold{Order: row.ID, Result: "waiting", Why: why})
		}
	}
	return b, err
}

// untilOf is when an order needs a grant again by the passing of time, 0 for never.
func untilOf(o *types.Order) int64 {
	if len(o.Quota) > 0 && o.Quota[0].State == types.QuotaReserved {
		return o.Quota[0].Expires + 1
	}
	return 0
}

// bookingFor makes the booking of an order from its payload; why says what is missing where there is none.
func (g *granting) bookingFor(ctx context.Context, id types.OrderID, o *types.Order) (b *booking, why string, err error) {
	slot := o.Slot(types.SlotOrder)
	if slot == nil {
		return nil, "the platform has not recorded it", nil
	}
	expires := expiry(g.now, g.params.GrantLife)
	if expires == 0 {
		return nil, "the year ends in a moment", nil
	}
	b, why, err = g.account(ctx, id, slot)
	if b == nil || err != nil {
		return nil, why, err
	}
	limits := g.examiner.limits.At(slot.Time)
	year, _ := yearOf(g.now)
	b.Grant, b.Year, b.Expires, b.Time = ulid.Make().String(), year, expires, g.now
	b.TxUntil = g.now + g.life.Milliseconds() + patience.Milliseconds()
	if uint64(b.Value) > limits.Single && b.several {
		b.Reason = types.ReasonSingle
	}
	return b, "", nil
}

// account fills in whose an order is and what it is worth, from a payload that opens the ledger's commitments.
func (o *office) account(ctx context.Context, id types.OrderID, slot *types.Slot) (b *booking, why string, err error) {
	p, lie, err := o.room.find(ctx, deliveredUnder(id, slot), slot.Member, slot.Document, slot.Seq)
	switch {
	case err != nil:
		return nil, "", err
	case lie:
		return nil, "COMMITMENT: what " + slot.Member + " delivered does not give the ledger's root", nil
	case p == nil:
		return nil, slot.Member + " has not delivered this version of the order", nil
	}
	if wrong := wrongTags(slot, p, matchValue(p.doc, ceb.TagNumber)); len(wrong) > 0 {
		return nil, fmt.Sprintf("COMMITMENT: what %s delivered does not give the tags %v", slot.Member, wrong), nil
	}
	value, ok := goodsTotal(p.doc)
	if !ok || value == 0 {
		return nil, "the value of its goods cannot be read", nil
	}
	b = &booking{
		Order: id, Document: slot.Document, Person: o.file.person(p.doc.Get("buyerIdType"), p.doc.Get("buyerIdNumber")), Value: int64(value),
	}
	for _, l := range linesByNumber(p.doc) {
		quantity, err := ceb.ParseDecimal(valueIn(l, "qty"))
		price, err2 := ceb.ParseDecimal(valueIn(l, "totalPrice"))
		if errors.Join(err, err2) != nil || quantity <= 0 {
			return nil, "the quantity of a line cannot be read", nil
		}
		pieces, _ := types.Pieces(int64(quantity))
		b.Lines = append(b.Lines, bookedLine{Pieces: pieces, Value: int64(price)})
		b.several = b.several || len(b.Lines) > 1 || quantity > one
	}
	return b, "", nil
}

// grantTold is what became of one order.
type grantTold struct {
	Order   types.OrderID `json:"order"`
	Result  string        `json:"result"` // granted, refused, waiting or failed
	Grant   string        `json:"grant,omitempty"`
	Value   string        `json:"value,omitempty"` // yuan
	Expires int64         `json:"expires,omitempty"`
	Reason  int64         `json:"reason,omitempty"`
	Why     string        `json:"why,omitempty"`
	Height  int64         `json:"height,omitempty"`
}

// send books a batch, sends it as one transaction, and takes over what became of it.
func (g *granting) send(ctx context.Context, batch []*booking) error {
	if len(batch) == 0 {
		return nil
	}
	annual := func(b *booking) int64 {
		at, _ := types.ULIDTime(string(b.Order[len(b.Order)-ulid.EncodedSize:]))
		return int64(g.examiner.limits.At(at).Annual)
	}
	if g.dry {
		return g.rehearse(ctx, batch)
	}
	planned, err := g.file.plan(ctx, batch, annual)
	if err != nil || len(planned) == 0 {
		return err
	}
	t, err := g.author.send(ctx, g.ledger, g.by, grantBodies(planned))
	if err != nil {
		return undecided(t, err) // what is planned is compared with the ledger later
	}
	return g.enter(ctx, planned, t)
}

func grantBodies(planned []*booking) []types.Body {
	bodies := make([]types.Body, len(planned))
	for i, b := range planned {
		bodies[i] = &types.GrantQuota{Order: b.Order, Grant: b.Grant, Document: b.Document, Expires: b.Expires, Reason: b.Reason}
	}
	return bodies
}

// rehearse tells what a pass would say.
func (g *granting) rehearse(ctx context.Context, batch []*booking) error {
	t, err := g.author.send(ctx, g.ledger, g.by, grantBodies(batch))
	if err != nil {
		return err
	}
	g.author.tell(t)
	g.author.note("the accounts were not looked at: a grant may turn out to be over the annual limit")
	return g.author.emit(t)
}

// enter takes over what the block said. What was refused by it is void at once; what did not come into one stays planned
// until its transaction has expired.
func (g *granting) enter(ctx context.Context, planned []*booking, t *sent) error {
	if t.Receipt == nil || t.Receipt.State != types.TxCommitted {
		return fmt.Errorf("GrantQuota for %s: %w", g.author.member, t.Refusal)
	}
	codes := t.codes()
	for i, b := range planned {
		told := &grantTold{Order: b.Order, Grant: b.Grant, Value: ceb.Decimal(b.Value).String(), Reason: b.Reason, Expires: b.Expires, Height: t.Receipt.Height}
		switch {
		case codes[i] != types.OK:
			b.State, told.Result, told.Why = bookVoid, "failed", codes[i].String()+", "+codes[i].Says()
			g.total.Failed++
		case b.Reason != 0:
			told.Result = "refused"
			g.total.Refused++
		default:
			b.State, told.Result = bookReserved, "granted"
			g.total.Granted++
		}
		g.author.say("%s %s: %s %s yuan%s", tick(told.Result == "granted"), b.Order, told.Result, told.Value, told.words())
		if err := g.author.emit(told); err != nil {
			return err
		}
	}
	return g.file.keep(ctx, planned...)
}

func (t *grantTold) words() string {
	switch {
	case t.Why != "":
		return ": " + t.Why
	case t.Reason == types.ReasonSingle:
		return fmt.Sprintf(": over the limit of one transaction (%d)", t.Reason)
	case t.Reason == types.ReasonAnnual:
		return fmt.Sprintf(": over what is left of the buyer's year (%d)", t.Reason)
	}
	return ", until " + moment(t.Expires)
}

func (g *granting) sum() error {
	g.author.say("%d granted, %d refused, %d without a word, %d failed", g.total.Granted, g.total.Refused, g.total.Waiting, g.total.Failed)
	if g.total.Failed > 0 {
		return &Failure{ExitFailed, fmt.Errorf("%s could not be recorded", count(g.total.Failed, "word")), "what changed meanwhile is looked at again the next time"}
	}
	return nil
}
