package client

import (
	"context"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
)

// settle compares all bookings whose fate is open with the ledger.
func (o *office) settle(ctx context.Context) error {
	open, err := o.file.unfinished(ctx)
	if err != nil {
		return err
	}
	return o.compare(ctx, open)
}

// settleOne compares the bookings of an order with the ledger.
func (o *office) settleOne(ctx context.Context, id types.OrderID) error {
	all, err := o.file.bookings(ctx, "ord = ?", string(id))
	if err != nil {
		return err
	}
	return o.compare(ctx, all)
}

// compare takes over what the ledger says about bookings.
func (o *office) compare(ctx context.Context, open []*booking) error {
	if len(open) == 0 {
		return nil
	}
	now, err := o.blockTime(ctx) // before the orders are read
	if err != nil {
		return err
	}
	records := map[types.OrderID]*types.Order{}
	var changed []*booking
	for _, b := range open {
		if _, known := records[b.Order]; !known {
			if records[b.Order], err = recordOf[types.Order](ctx, o.node, types.PrefixOrder+"/"+string(b.Order)); err != nil {
				return err
			}
		}
		before := *b
		if b.follow(records[b.Order], now); b.State != before.State || b.Back != before.Back {
			changed = append(changed, b)
		}
	}
	return o.file.keep(ctx, changed...)
}

// settleReturned restores what came back: orders whose row changed since they were last looked at.
func (o *office) settleReturned(ctx context.Context) error {
	for row, err := range o.orders(ctx, url.Values{"state": {types.StateReturned + "," + types.StateReturning}, "flow": {types.FlowImport}}) {
		if err != nil {
			return err
		}
		had, err := o.file.bookings(ctx, "ord = ? AND height < ? AND state = 'settled'", string(row.ID), row.Height)
		if err != nil {
			return err
		}
		if len(had) == 0 {
			continue
		}
		if err := o.compare(ctx, had); err != nil {
			return err
		}
		if err := o.file.looked(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// looked notes that the bookings of an order were compared with the ledger at a row's height.
func (f *customsFile) looked(ctx context.Context, row orderLine) error {
	_, err := f.db.ExecContext(ctx, "UPDATE bookings SET height = ? WHERE ord = ?", row.Height, string(row.ID))
	return err
}

func customsRebuildCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Make the account of quotas again from the ledger and the vault",
		Long: `Book every grant that stands on the ledger and not in <home>/customs.sqlite, of whatever office, from
the orders in the node's vault: after the file was lost, or when another office has granted. What
the account holds is not changed. Orders whose payload is gone are counted; they cannot be booked.`,
		Example: "  carya customs rebuild",
		Args:    takes(0, 0, "none"),
	}
	o := newOffice(s, cmd)
	cmd.RunE = s.run(func(ctx context.Context, _ []string) error {
		if err := o.begin(ctx); err != nil {
			return err
		}
		defer o.end()
		return o.rebuild(ctx)
	})
	return cmd
}

// rebuild books the grants of the ledger that the account does not have.
func (o *office) rebuild(ctx context.Context) error {
	now, err := o.blockTime(ctx)
	if err != nil {
		return err
	}
	var booked, gone int
	for row, err := range o.orders(ctx, url.Values{"flow": {types.FlowImport}}) {
		if err != nil {
			return err
		}
		b, why, err := o.adopt(ctx, row.ID, now)
		if err != nil {
			return fmt.Errorf("order %s: %w", row.ID, err)
		}
		switch {
		case why != "":
			gone++
			o.note("%s: %s", row.ID, why)
		case b != nil:
			booked++
			if err := o.file.keep(ctx, b); err != nil {
				return err
			}
		}
	}
	o.say("%s booked, %s could not be", count(booked, "grant"), count(gone, "grant"))
	return o.emit(map[string]int{"booked": booked, "gone": gone})
}

// adopt makes the booking of a grant that stands on the ledger, nil when there is none that the account lacks.
func (o *office) adopt(ctx context.Context, id types.OrderID, now int64) (b *booking, why string, err error) {
	order, err := o.order(ctx, id)
	if err != nil || len(order.Quota) == 0 || order.Quota[0].Reason != 0 {
		return nil, "", err
	}
	q := &order.Quota[0]
	had, err := o.file.bookings(ctx, "grantid = ?", q.Grant)
	if err != nil || len(had) > 0 {
		return nil, "", err
	}
	slot := *order.Slot(types.SlotOrder)
	if slot.Document != q.Document {
		slot.Document, slot.Seq, slot.Tags = q.Document, 0, nil // an earlier version, whose tags are gone
	}
	if b, why, err = o.account(ctx, id, &slot); b == nil || err != nil {
		return nil, why, err
	}
	at, err := types.ULIDTime(q.Grant)
	if err != nil {
		return nil, "", err
	}
	year, _ := yearOf(at)
	b.Grant, b.Year, b.Expires, b.Time, b.State = q.Grant, year, q.Expires, at, bookReserved
	b.follow(order, now)
	return b, "", nil
}
