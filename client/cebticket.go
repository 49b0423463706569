package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"
)

func cebTicketCommand(s *session) *cobra.Command {
	var dir, to string
	cmd := &cobra.Command{
		Use:   "ticket ORDER",
		Short: "Show an order's ticket, or copy it",
		Long: `Show the ticket of an order, by the platform's order number: the order's name on the ledger and the key
that makes its match tags. Who has it can put a document beside the order; hand it only to the order's
payment company, carrier and declarant.`,
		Example: "  carya ceb ticket LT-2026-001\n  carya ceb ticket LT-2026-001 -o /media/usb",
		Args:    takes(1, 1, "an order number"),
	}
	cmd.Flags().StringVar(&dir, "tickets", "", "folder of tickets (default <home>/tickets)")
	cmd.Flags().StringVarP(&to, "output", "o", "", "folder to copy it to, under its own name")
	cmd.RunE = s.run(func(_ context.Context, args []string) error {
		t := tickets{first(dir, filepath.Join(s.home, "tickets"))}
		ticket, err := t.load(args[0])
		if errors.Is(err, fs.ErrNotExist) {
			return usage("the platform writes it when it submits the order", fmt.Errorf("there is no ticket of order %q in %s", args[0], t.dir))
		}
		if err != nil {
			return err
		}
		if to != "" {
			out := tickets{to}
			if err := out.write(ticket); err != nil {
				return err
			}
			s.say("✓ %s", out.path(ticket.Number))
			return s.emit(ticket)
		}
		text, err := json.MarshalIndent(ticket, "", " ")
		if err != nil {
			return err
		}
		s.say("%s", text)
		return s.emit(ticket)
	})
	return cmd
}
