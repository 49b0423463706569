package client

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
)

// notice is one run of `carya customs notice`.
type notice struct {
	*office
	person, kind string
	year         int
}

// bookedShown is one booking as a notice shows it.
type bookedShown struct {
	Order   types.OrderID `json:"order"`
	Grant   string        `json:"grant"`
	Time    int64         `json:"time"`
	State   string        `json:"state"`
	Value   string        `json:"value"` // yuan
	Back    string        `json:"back"`  // of it, what came back
	Expires int64         `json:"expires,omitempty"`
	Reason  int64         `json:"reason,omitempty"`
}

// noticeShown is a person's account of a year.
type noticeShown struct {
	Year     int           `json:"year"`
	Taken    string        `json:"taken"` // yuan
	Left     string        `json:"left"`
	Bookings []bookedShown `json:"bookings"`
}

func customsNoticeCommand(s *session) *cobra.Command {
	n := &notice{}
	cmd := &cobra.Command{
		Use:   "notice --person NUMBER",
		Short: "Show what was booked on a person's quota",
		Long: `Show every order that was booked on a person's annual quota, and refused: what the person is to be
told. Who finds an order there that is not theirs has had their identity used by somebody else.`,
		Example: "  carya customs notice --person 339901199001011239\n  carya customs notice --person 339901199001011239 --year 2026 --json",
		Args:    takes(0, 0, "none"),
	}
	n.office = newOffice(s, cmd)
	cmd.Flags().StringVar(&n.person, "person", "", "number of the person's identity paper")
	cmd.Flags().StringVar(&n.kind, "id-type", "1", "its kind, as in buyerIdType")
	cmd.Flags().IntVar(&n.year, "year", time.Now().In(china).Year(), "calendar year")
	cmd.RunE = s.run(n.run)
	return cmd
}

func (n *notice) run(ctx context.Context, _ []string) error {
	if n.person == "" {
		return usage("for instance --person 339901199001011239", errors.New("--person is missing"))
	}
	if err := n.begin(ctx); err != nil {
		return err
	}
	defer n.end()
	if err := n.settle(ctx); err != nil {
		return err
	}
	shown, err := n.read(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"BOOKED", "ORDER", "STATE", "YUAN", "CAME BACK"}}
	for _, b := range shown.Bookings {
		rows = append(rows, []string{moment(b.Time), string(b.Order), b.State, b.Value, b.Back})
	}
	n.say("%d: %s yuan taken, %s left", shown.Year, shown.Taken, shown.Left)
	if len(shown.Bookings) > 0 {
		n.table(safeRows(rows))
	}
	return n.emit(shown)
}

func (n *notice) read(ctx context.Context) (*noticeShown, error) {
	person := n.file.person(n.kind, n.person)
	bookings, err := n.file.bookings(ctx, "person = ? AND year = ?", person[:], n.year)
	if err != nil {
		return nil, err
	}
	taken, err := n.file.spent(ctx, person, n.year)
	if err != nil {
		return nil, err
	}
	annual := int64(n.examiner.limits.At(n.now).Annual)
	shown := &noticeShown{Year: n.year, Taken: ceb.Decimal(taken).String(), Left: ceb.Decimal(max(annual-taken, 0)).String(), Bookings: []bookedShown{}}
	for _, b := range bookings {
		shown.Bookings = append(shown.Bookings, bookedShown{
			Order: b.Order, Grant: b.Grant, Time: b.Time, State: b.State, Value: ceb.Decimal(b.Value).String(),
			Back: ceb.Decimal(b.Back).String(), Expires: b.Expires, Reason: b.Reason,
		})
	}
	return shown, nil
}
