package client

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
)

// What an order waits for.
const (
	waitsGrant  = "grant"    // customs' word on the buyer's quota
	waitsDecide = "decision" // on its declaration
	waitsCancel = "cancel"   // a word on the request to cancel it
	waitsReturn = "return"   // a word on a return
)

// inHand are the states of a declaration that wait for its office.
var inHand = []string{types.StateDeclared, types.StateAccepted, types.StateReview, types.StateAudited, types.StateInspect, types.StateDetained}

// orderLine is a row of the node's list of orders, as far as it is needed.
type orderLine struct {
	ID     types.OrderID `json:"id"`
	State  string        `json:"state"`
	Height int64         `json:"height"` // last block that touched it
}

// orderPage is how many orders are asked for at once.
const orderPage = 100

// orders lists orders by a query of /v1/orders, by platform and time.
func (o *office) orders(ctx context.Context, query url.Values) iter.Seq2[orderLine, error] {
	return func(yield func(orderLine, error) bool) {
		query.Set("limit", strconv.Itoa(orderPage))
		for {
			page, err := get[struct {
				Orders []orderLine `json:"orders"`
				Next   string      `json:"next"`
			}](ctx, o.node, "/v1/orders", query)
			if err != nil {
				yield(orderLine{}, err)
				return
			}
			for _, row := range page.Orders {
				if !yield(row, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			query.Set("after", page.Next)
		}
	}
}

// waiting is an order in the queue.
type waiting struct {
	Order     types.OrderID `json:"order"`
	Waits     string        `json:"waits"` // grant, decision, cancel or return
	State     string        `json:"state"`
	Since     int64         `json:"since"` // Unix ms
	Flow      string        `json:"flow"`
	Mode      uint64        `json:"mode,omitempty"`
	Status    uint64        `json:"status,omitempty"` // last return status
	Declarant string        `json:"declarant,omitempty"`
	Return    string        `json:"return,omitempty"` // ULID
	Checked   []string      `json:"checked"`          // kinds of the documents whose payloads were opened and hold
	Tax       *taxShown     `json:"tax,omitempty"`
	Flags     []alarm       `json:"flags"`
	dossier   *dossier
}

// taxShown are the tax that the order states and what it should be, in yuan: of the goods alone, and with freight and
// insurance.
type taxShown struct {
	Stated string `json:"stated"`
	Least  string `json:"least"`
	Most   string `json:"most"`
}

// queueing is one run of `carya customs queue`.
type queueing struct {
	*office
	member string
	states []string
}

func customsQueueCommand(s *session) *cobra.Command {
	q := &queueing{}
	cmd := &cobra.Command{
		Use:   "queue [ORDER…]",
		Short: "List what waits for the office, with what is wrong with it",
		Long: `List what waits for a customs office, the oldest first: matched imports without a word on the
quota, declarations filed with it, requests to cancel them, and returns.

Every payload that was delivered is held against the ledger. The flags, the gravest first:
  grave  COMMITMENT: a payload does not give the root, the tags, the return anchors or the book
         quantities of the ledger, or its signature does not hold
  fault  UNOPENED: the payload was not delivered, so that nothing is checked; SIGNATURE: it is
         not signed; TAX: taxTotal is not what the ledger's rates give; BARRED: goods that may
         not be imported; PAYMENT_SEEN, WAYBILL_DECLARED: numbers used before; and the faults
         of carya ceb check
  risk   CONSIGNEE_REUSED, BUYER_MANY, UNDER_LIMIT, WEIGHT_IMPLAUSIBLE, TOO_FAST, RATE_UNKNOWN,
         and the warnings of carya ceb check

The tax is the sum over the list's lines of totalPrice · (CT + VAT) / (1 − CT) · share, each line
rounded to the fen, with the rates and the share in force when the order was made; over the limit
of one transaction the share is all of it. Whether freight and insurance are taxed depends on the
contract: what lies between the two results is right.`,
		Example: `  carya customs queue --office hangzhou-customs
  carya customs queue --state INSPECT,DETAINED
  carya customs queue lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q --json`,
		Args: takes(0, -1, "orders"),
	}
	q.office = newOffice(s, cmd)
	cmd.Flags().StringVar(&q.member, "office", "", "office, by its member id (default the node's member)")
	cmd.Flags().StringSliceVar(&q.states, "state", nil, "only orders in these states")
	cmd.RunE = s.run(q.run)
	return cmd
}

func (q *queueing) run(ctx context.Context, args []string) error {
	if err := q.begin(ctx); err != nil {
		return err
	}
	defer q.end()
	if err := q.nameOffice(ctx); err != nil {
		return err
	}
	orders, err := ordersNamed(args)
	if err != nil {
		return err
	}
	all, err := q.queue(ctx, q.member, q.states, orders)
	if err != nil {
		return err
	}
	return q.tell(all)
}

func (q *queueing) nameOffice(ctx context.Context) error {
	if q.member != "" {
		return nil
	}
	status, err := q.node.Status(ctx)
	if err == nil {
		q.member = status.Member
	}
	return err
}

// ordersNamed reads the ids of orders, with or without the family of their records.
func ordersNamed(args []string) ([]types.OrderID, error) {
	var all []types.OrderID
	for _, arg := range args {
		id := types.OrderID(strings.TrimPrefix(arg, types.PrefixOrder+"/"))
		if err := (&types.Decide{Order: id, Status: types.StatusAccept}).Check(); err != nil {
			return nil, usage("an order is named by platform and ULID: lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q", fmt.Errorf("%q is no order: %w", arg, err))
		}
		all = append(all, id)
	}
	return all, nil
}

// queue examines what waits for an office: the orders named, or all there are in some states.
func (o *office) queue(ctx context.Context, member string, states []string, named []types.OrderID) ([]*waiting, error) {
	ids := named
	if len(ids) == 0 {
		for _, query := range []url.Values{
			{"state": {types.StateMatched}, "flow": {types.FlowImport}},
			{"state": {strings.Join(append(slices.Clone(inHand), types.StateReturning), ",")}, "office": {member}},
		} {
			for row, err := range o.orders(ctx, query) {
				if err != nil {
					return nil, fmt.Errorf("the list of orders: %w", err)
				}
				if len(states) == 0 || slices.Contains(states, row.State) {
					ids = append(ids, row.ID)
				}
			}
		}
	}
	var all []*waiting
	for _, id := range ids {
		w, err := o.waits(ctx, member, id)
		if err != nil {
			return nil, fmt.Errorf("order %s: %w", id, err)
		}
		if w != nil && (w.Waits != "" || len(named) > 0) {
			all = append(all, w)
		}
	}
	slices.SortStableFunc(all, func(a, b *waiting) int { return cmp.Compare(a.Since, b.Since) })
	return all, nil
}

// waits examines one order. Waits is "" for one that does not wait for the office.
func (o *office) waits(ctx context.Context, member string, id types.OrderID) (*waiting, error) {
	order, err := o.order(ctx, id)
	if err != nil {
		return nil, err
	}
	w := &waiting{Order: id, State: order.StateAt(o.now), Flow: order.Flow, Checked: []string{}, Flags: []alarm{}}
	w.place(order, member, o.now)
	if w.dossier, err = o.examine(ctx, id, order); err != nil {
		return nil, err
	}
	w.show()
	return w, nil
}

// place says what an order waits for, and since when.
func (w *waiting) place(o *types.Order, member string, now int64) {
	for _, s := range o.Slots {
		w.Since = max(w.Since, s.Time)
	}
	if list := o.Slot(types.SlotDeclaration); list != nil {
		w.Declarant = list.Member
	}
	if len(o.Clearance) == 0 || o.State == types.StateMatched {
		if w.State == types.StateMatched && needsGrant(o, now) {
			w.Waits = waitsGrant
		}
		return
	}
	cl := &o.Clearance[0]
	w.Mode, w.Status = cl.Mode, cl.Status
	if cl.Office != member {
		return
	}
	for _, r := range o.Returns {
		if r.Status == 0 || r.Status == types.StatusAudit {
			w.Waits, w.Return, w.Since = waitsReturn, r.Return, r.Time
		}
	}
	switch {
	case w.Waits != "":
	case !cl.Cancel.IsZero():
		w.Waits = waitsCancel
	case slices.Contains(inHand, o.State):
		w.Waits = waitsDecide
	}
}

// needsGrant reports whether an order has no usable word on the quota.
func needsGrant(o *types.Order, now int64) bool {
	slot := o.Slot(types.SlotOrder)
	if o.Flow != types.FlowImport || slot == nil || o.Slot(types.SlotDeclaration) != nil {
		return false
	}
	if len(o.Quota) == 0 || o.Quota[0].Document != slot.Document {
		return true
	}
	q := &o.Quota[0]
	return q.State == types.QuotaFreed || q.State == types.QuotaReserved && q.Expires < now
}

// show fills in what the dossier says.
func (w *waiting) show() {
	for _, s := range w.dossier.record.Slots {
		if w.dossier.papers[s.Kind] != nil {
			w.Checked = append(w.Checked, s.Kind)
		}
	}
	if f := w.dossier.figure; f != nil {
		w.Tax = &taxShown{f.Stated.String(), f.Least.String(), f.Most.String()}
	}
	for _, weight := range []string{weightGrave, weightFault, weightRisk} {
		for _, f := range w.dossier.flags {
			if f.Weight == weight {
				w.Flags = append(w.Flags, f)
			}
		}
	}
}

func (q *queueing) tell(all []*waiting) error {
	rows := [][]string{{"ORDER", "WAITS FOR", "SINCE", "STATE", "MODE", "DECLARANT", "CHECKED", "FLAGS"}}
	for _, w := range all {
		if err := q.emit(w); err != nil {
			return err
		}
		rows = append(rows, []string{string(w.Order), first(w.Waits, "-"), waited(q.now - w.Since), w.State, modeText(w.Mode),
			first(w.Declarant, "-"), fmt.Sprintf("%d of %d", len(w.Checked), len(w.dossier.record.Slots)), flagText(w.Flags)})
	}
	if len(all) == 0 {
		q.say("nothing waits for %s", q.member)
		return nil
	}
	q.table(safeRows(rows))
	for _, w := range all {
		q.tellFlags(w)
	}
	return nil
}

// tellFlags explains the flags of an order.
func (q *queueing) tellFlags(w *waiting) {
	if len(w.Flags) == 0 {
		return
	}
	q.say("\n%s", w.Order)
	for _, f := range w.Flags {
		mark := map[string]string{weightGrave: "✗✗", weightFault: "✗", weightRisk: "!"}[f.Weight]
		about := strings.TrimSpace(f.Slot + " " + f.Rule)
		if f.Official != 0 {
			about += fmt.Sprintf(" (%d)", f.Official)
		}
		q.say("  %s %s %s: %s", mark, f.Flag, about, oneLine(f.Text))
	}
}

// flagText names each flag once, with how often it was raised.
func flagText(flags []alarm) string {
	var names []string
	times := map[string]int{}
	for _, f := range flags {
		if times[f.Flag]++; times[f.Flag] == 1 {
			names = append(names, f.Flag)
		}
	}
	for i, name := range names {
		if times[name] > 1 {
			names[i] = fmt.Sprintf("%s×%d", name, times[name])
		}
	}
	return first(strings.Join(names, " "), "none")
}

func modeText(mode uint64) string {
	if mode == 0 {
		return "-"
	}
	return strconv.FormatUint(mode, 10)
}

// waited writes how long something waits, in its largest unit.
func waited(ms int64) string {
	d := time.Duration(max(ms, 0)) * time.Millisecond
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}
