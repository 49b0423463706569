package readmodel

import (
	"context"
	"database/sql"

	"github.com/caryaledger/carya/types"
)

// Lot is a row of the list of lots. Quantities count 10^-5 of the unit, times are Unix
// milliseconds.
type Lot struct {
	ID           types.LotID `json:"id"`
	Unit         string      `json:"unit"`
	Produced     int64       `json:"produced"`
	Consumed     int64       `json:"consumed"`
	Owner        string      `json:"owner" doc:"member that commissioned it"`
	Custodian    string      `json:"custodian" doc:"member that holds it"`
	Commissioned int64       `json:"commissioned"`
	OfferTo      string      `json:"offerTo" doc:"empty when not offered"`
	OfferUntil   int64       `json:"offerUntil"`
	Height       int64       `json:"height" doc:"last block that touched it; 0 for the genesis, or when this node does not have that block"`
}

// LotFilter narrows the list of lots; empty fields ask for nothing.
type LotFilter struct{ Custodian, Owner string }

func (w *writer) lot(id string, value []byte, height int64) error {
	var r types.Lot
	if err := types.DecodeState(value, &r); err != nil {
		return err
	}
	return w.add(tableLots, id, r.Unit, int64(r.Produced), int64(r.Consumed), r.Owner, r.Custodian,
		r.Commissioned, r.OfferTo, r.OfferUntil, height)
}

// Lots lists lots, by id.
func (m *Model) Lots(ctx context.Context, f LotFilter, p Page) ([]Lot, string, error) {
	after, err := p.key()
	if err != nil {
		return nil, "", err
	}
	q := ask(`SELECT id, unit, produced, consumed, owner, custodian, commissioned, offer_to, offer_until, height
		FROM lots`)
	q.equal("custodian", f.Custodian)
	q.equal("owner", f.Owner)
	q.where("id > ?", after)
	return list(ctx, m, q, "id", p, scanLot, func(r *Lot) string { return string(r.ID) })
}

func scanLot(rows *sql.Rows, r *Lot) error {
	return rows.Scan(&r.ID, &r.Unit, &r.Produced, &r.Consumed, &r.Owner, &r.Custodian,
		&r.Commissioned, &r.OfferTo, &r.OfferUntil, &r.Height)
}
