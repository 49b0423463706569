package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
)

func cebStatusCommand(s *session) *cobra.Command {
	var dir string
	var open bool
	cmd := &cobra.Command{
		Use:   "status [ORDER…]",
		Short: "Show what orders still need, and from whom",
		Long: `Show, for each order of which there is a ticket, or for those named by their numbers: how far it has
come, which of its documents are there and by whom, what is missing and whose turn it is, and what customs
said last. Names and amounts stay with those who have them: the ledger knows only whether they agree.`,
		Example: "  carya ceb status --tickets from-lantu\n  carya ceb status LT-2026-001 --json",
		Args:    takes(0, -1, "order numbers"),
	}
	cmd.Flags().StringVar(&dir, "tickets", "", "folder of tickets (default <home>/tickets)")
	cmd.Flags().BoolVar(&open, "open", false, "leave out orders that need nothing more")
	cmd.RunE = s.run(func(ctx context.Context, args []string) error {
		node, err := s.dial()
		if err != nil {
			return err
		}
		defer node.Close()
		domain, err := node.Domain(ctx)
		if err != nil {
			return err
		}
		t := tickets{first(dir, filepath.Join(s.home, "tickets"))}
		found, err := t.named(domain.Chain, args)
		if err != nil {
			return err
		}
		for _, ticket := range found {
			v, err := node.view(ctx, ticket, time.Now().UnixMilli())
			if err != nil {
				return err
			}
			if open && v.Needs == "" {
				continue
			}
			s.tellView(v)
			if err := s.emit(v); err != nil {
				return err
			}
		}
		return nil
	})
	return cmd
}

// named returns the tickets of orders by their numbers; without numbers, all of the chain.
func (t tickets) named(chain string, numbers []string) ([]*types.Ticket, error) {
	if len(numbers) == 0 {
		all, err := t.list(chain)
		if err == nil && len(all) == 0 {
			err = fmt.Errorf("there is no ticket of the chain %s in %s", chain, t.dir)
		}
		if err != nil {
			return nil, usage("tickets come from the platform; --tickets names their folder", err)
		}
		return all, nil
	}
	var all []*types.Ticket
	for _, number := range numbers {
		ticket, err := t.find(chain, number)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, usage("tickets come from the platform; --tickets names their folder", fmt.Errorf("there is no ticket of order %q in %s", number, t.dir))
		}
		if err != nil {
			return nil, err
		}
		all = append(all, ticket)
	}
	return all, nil
}

// orderView is how far an order has come, as anybody who serves it sees it.
type orderView struct {
	Number   string         `json:"number"`
	Order    types.OrderID  `json:"order"`
	State    string         `json:"state"` // of types.States, or UNKNOWN to the ledger
	Flow     string         `json:"flow,omitempty"`
	Slots    []slotView     `json:"slots"`
	Needs    string         `json:"needs,omitempty"` // and from whom
	Mismatch *mismatchView  `json:"mismatch,omitempty"`
	Quota    *types.Quota   `json:"quota,omitempty"`
	Until    int64          `json:"until,omitempty"` // Unix ms: when it becomes STALE or LAPSED
	Customs  *clearanceView `json:"customs,omitempty"`
}

type slotView struct {
	Kind   string `json:"kind"`
	Member string `json:"member"` // "" while it is missing
	Height int64  `json:"height,omitempty"`
}

type mismatchView struct {
	Code  types.Code `json:"code"`
	Field string     `json:"field"`
	Party string     `json:"party"`
}

type clearanceView struct {
	Office string `json:"office"`
	Mode   uint64 `json:"mode"`
	Status uint64 `json:"status"`
	Reason int64  `json:"reason,omitempty"`
}

// view asks the ledger for an order. The time is in Unix milliseconds.
func (c *Client) view(ctx context.Context, ticket *types.Ticket, now int64) (*orderView, error) {
	o, err := c.order(ctx, ticket.Order)
	if err != nil {
		return nil, err
	}
	v := &orderView{Number: ticket.Number, Order: ticket.Order, State: "UNKNOWN", Needs: lack(o, now)}
	if o == nil {
		return v, nil
	}
	v.State, v.Flow, v.Until = o.StateAt(now), o.Flow, o.Until
	for _, kind := range []string{types.SlotOrder, types.SlotPayment, types.SlotWaybill, types.SlotDeclaration} {
		slot := slotView{Kind: kind}
		if s := o.Slot(kind); s != nil {
			slot.Member, slot.Height = s.Member, s.Height
		}
		v.Slots = append(v.Slots, slot)
	}
	if o.Mismatch.Code != 0 {
		v.Mismatch = &mismatchView{types.Code(o.Mismatch.Code), o.Mismatch.Field, o.Mismatch.Party}
	}
	if len(o.Quota) > 0 {
		v.Quota = &o.Quota[0]
	}
	if len(o.Clearance) > 0 {
		cl := &o.Clearance[0]
		v.Customs = &clearanceView{cl.Office, cl.Mode, cl.Status, cl.Reason}
	}
	return v, nil
}

func (s *session) tellView(v *orderView) {
	s.say("%s  %s  %s", v.Number, v.State, v.Order)
	var slots []string
	for _, slot := range v.Slots {
		slots = append(slots, fmt.Sprintf("%s %s", slot.Kind, first(slot.Member, "–")))
	}
	if len(slots) > 0 {
		s.say("    %s", strings.Join(slots, ", "))
	}
	if v.Quota != nil {
		s.say("    quota: %s by %s", v.Quota.State, v.Quota.By)
	}
	if v.Customs != nil {
		text := fmt.Sprintf("filed with %s under %d", v.Customs.Office, v.Customs.Mode)
		if v.Customs.Status != 0 {
			text += fmt.Sprintf(", last status %d", v.Customs.Status)
		}
		if v.Customs.Reason != 0 {
			text += fmt.Sprintf(" (%d)", v.Customs.Reason)
		}
		s.say("    customs: %s", text)
	}
	if v.Needs != "" {
		s.say("    needs: %s", v.Needs)
	}
}
