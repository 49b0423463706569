package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// listing is one run of `carya prove list`.
type listing struct {
	*proof
	from, to, day, zone string
}

func proveListCommand(p *proof) *cobra.Command {
	l := &listing{proof: p}
	cmd := &cobra.Command{
		Use:   "list PREFIX | --from KEY --to KEY -o FILE",
		Short: "Prove that a list of records is complete",
		Long: `Write all records whose keys begin with PREFIX, or lie from one key to before another, with
the proof that none is missing.

--day takes those that were named on one day: orders, payments, waybills, declarations and
EPCIS events carry a time in their names (ULID), which is when their member says that they
were made. PREFIX is then the family and the member: order/lantu/. A day begins at midnight
of --tz. What a member named on another day, or recorded later, is not in the list.

A node proves at most 100,000 records in one claim.`,
		Example: `  carya prove list order/lantu/ --day 2026-11-23 -o orders.json
  carya prove list recall/ -o recalls.json
  carya prove list --from lot/06901234000016. --to lot/06901234000017 -o lots.json`,
		Args: takes(0, 1, "a prefix, or none with --from"),
	}
	f := cmd.Flags()
	f.StringVar(&l.from, "from", "", "the first key that would be in the list")
	f.StringVar(&l.to, "to", "", "the first key beyond it; none for no end")
	f.StringVar(&l.day, "day", "", "only what was named on this day, for instance 2026-11-23")
	f.StringVar(&l.zone, "tz", "+08:00", "offset from UTC of the place whose day it is")
	cmd.RunE = p.run(func(ctx context.Context, args []string) error {
		ask, err := l.ask(args)
		if err != nil {
			return err
		}
		return p.write(ctx, &evidence.Asked{Height: p.height, Claims: []evidence.Ask{*ask}, Newest: p.newest})
	})
	return cmd
}

func (l *listing) ask(args []string) (*evidence.Ask, error) {
	a := &evidence.Ask{Claim: evidence.ClaimRange, From: l.from, To: l.to}
	switch {
	case len(args) == 1 && l.from+l.to != "" || len(args) == 0 && l.day != "":
		return nil, usage("for instance order/lantu/ --day 2026-11-23", errors.New("the list is named by a prefix, or by --from and --to"))
	case len(args) == 0 && l.from == "":
		return nil, usage("for instance order/lantu/", errors.New("the list is not named: neither a prefix nor --from"))
	case l.day != "":
		if err := l.onDay(a, args[0]); err != nil {
			return nil, usage("for instance order/lantu/ --day 2026-11-23 --tz +08:00", err)
		}
	case len(args) == 1:
		a.From, a.To = evidence.Prefixed(args[0])
	}
	for _, key := range []string{a.From, a.To} {
		if strings.IndexFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 || len(key) > maxKey {
			return nil, usage(keyHint, fmt.Errorf("%.80q: keys are visible ASCII characters", key))
		}
	}
	if _, err := types.FamilyOf(strings.TrimSuffix(a.From, "/")); err != nil && len(args) == 1 {
		return nil, usage("", fmt.Errorf("%q begins like no key: families are %s", args[0], strings.Join(families(), ", ")))
	}
	if a.To != "" && a.To <= a.From {
		return nil, usage("", fmt.Errorf("there is no key from %q to before %q", a.From, a.To))
	}
	return a, nil
}

// named are the families whose records have a ULID below their member.
var named = []string{types.PrefixOrder, types.PrefixPayment, types.PrefixWaybill, types.PrefixDeclaration, types.PrefixEvent}

// onDay asks for the records below a path whose names have a time of one day.
func (l *listing) onDay(a *evidence.Ask, under string) error {
	under = strings.TrimSuffix(under, "/") + "/"
	family, member, _ := strings.Cut(strings.TrimSuffix(under, "/"), "/")
	if !slices.Contains(named, family) || member == "" || strings.Contains(member, "/") {
		return fmt.Errorf("%s: --day is for %s of one member: %s/<member>/", under, strings.Join(named, ", "), named[0])
	}
	zone, err := time.Parse("-07:00", l.zone)
	if err != nil {
		return fmt.Errorf("--tz %q: not an offset such as +08:00", l.zone)
	}
	begin, err := time.ParseInLocation(time.DateOnly, l.day, zone.Location())
	if err != nil {
		return fmt.Errorf("--day %q: not a day such as 2026-11-23", l.day)
	}
	if a.From, err = firstNamed(under, begin); err == nil {
		a.To, err = firstNamed(under, begin.AddDate(0, 0, 1))
	}
	return err
}

// firstNamed is the first key below a path whose ULID is of a time.
func firstNamed(under string, at time.Time) (string, error) {
	var id ulid.ULID
	if at.UnixMilli() < 0 {
		return "", fmt.Errorf("%s is before 1970", at.Format(time.DateOnly))
	}
	if err := id.SetTime(uint64(at.UnixMilli())); err != nil {
		return "", err
	}
	return under + id.String(), nil
}
