package readmodel

import (
	"context"
	"database/sql"

	"github.com/caryaledger/carya/types"
)

// Lot is a row of the list of lots. Quantities count 10^-5 of the unit, times are Unix
// milliseconds.
type Lot struct {
	ID           types.LotID     `json:"id"`
	URI          string          `json:"uri" doc:"GS1 Digital Link, or the URI outside GS1"`
	Unit         string          `json:"unit"`
	Net          int64           `json:"net" doc:"content of one piece, 10^-5 of netUnit; 0 = none"`
	NetUnit      string          `json:"netUnit"`
	Produced     int64           `json:"produced"`
	Consumed     int64           `json:"consumed" doc:"by transformations"`
	Destroyed    int64           `json:"destroyed"`
	Sold         int64           `json:"sold" doc:"to who is no member"`
	Packed       int64           `json:"packed" doc:"inside units"`
	Owner        string          `json:"owner" doc:"member that commissioned it"`
	Commissioned int64           `json:"commissioned"`
	Plot         string          `json:"plot" doc:"where it was harvested, empty when unknown"`
	Made         types.EventID   `json:"made" doc:"event that brought it about"`
	Recert       bool            `json:"recert" doc:"needs a new commitment certificate before it is handed over"`
	Holdings     []types.Holding `json:"holdings" doc:"who holds how much of it, offers included"`
	Offers       []types.Offer   `json:"offers"`
	Claims       []string        `json:"claims" doc:"standards it may be sold under"`
	Marks        []types.Mark    `json:"marks"`
	Flags        []string        `json:"flags"`
	Height       int64           `json:"height" doc:"last block that touched it; 0 for the genesis, or when this node does not have that block"`
}

// LotFilter narrows the list of lots; empty fields ask for nothing.
type LotFilter struct {
	Holder      string // member that holds any of it
	Owner       string
	OfferFrom   string // member whose offer stands in the record, be it open or not settled
	OfferTo     string
	Claim       string
	Recall      types.RecallID
	Dispute     types.EventID
	Certificate types.CertificateID // that was revoked, and that it came from
	Plot        string
	Product     string // GTIN
}

func (f *LotFilter) values() []value {
	return []value{
		{facetRecall, string(f.Recall)}, {facetDispute, string(f.Dispute)}, {facetCertificate, string(f.Certificate)},
		{facetOfferTo, f.OfferTo}, {facetOfferFrom, f.OfferFrom}, {facetPlot, f.Plot}, {facetProduct, f.Product},
		{facetHolder, f.Holder}, {facetOwner, f.Owner}, {facetClaim, f.Claim},
	}
}

func (w *writer) lot(id string, record []byte, height int64) error {
	var r types.Lot
	if err := types.DecodeState(record, &r); err != nil {
		return err
	}
	if err := w.facets(r.ID.Key(), lotValues(&r)); err != nil {
		return err
	}
	return w.add(tableLots, id, r.Unit, int64(r.Net), r.NetUnit, int64(r.Produced), int64(r.Consumed),
		int64(r.Destroyed), int64(r.Sold), int64(r.Packed), r.Owner, r.Commissioned, r.Plot, string(r.Trace.Made),
		r.Trace.Recert, listText(r.Holdings), listText(r.Offers), listText(r.Trace.Claims), listText(r.Trace.Marks),
		listText(r.Trace.Flags), height)
}

func lotValues(r *types.Lot) []value {
	values := []value{{facetOwner, r.Owner}, {facetPlot, r.Plot}, {facetProduct, productOf(string(r.ID))}}
	for _, h := range r.Holdings {
		values = append(values, value{facetHolder, h.Member})
	}
	for _, o := range r.Offers {
		values = append(values, value{facetOfferFrom, o.From}, value{facetOfferTo, o.To})
	}
	return traced(values, &r.Trace)
}

const lotColumns = `t.id, t.unit, t.net, t.net_unit, t.produced, t.consumed, t.destroyed, t.sold, t.packed, t.owner,
	t.commissioned, t.plot, t.made, t.recert, t.holdings, t.offers, t.claims, t.marks, t.flags, t.height`

// Lots lists lots, by id.
func (m *Model) Lots(ctx context.Context, f LotFilter, p Page) ([]Lot, string, error) {
	after, err := p.key()
	if err != nil {
		return nil, "", err
	}
	q, order := askThings(lotColumns, "lots", types.PrefixLot, after, f.values()...)
	return list(ctx, m, q, order, p, scanLot, func(r *Lot) string { return string(r.ID) })
}

func scanLot(rows *sql.Rows, r *Lot) error {
	err := rows.Scan(&r.ID, &r.Unit, &r.Net, &r.NetUnit, &r.Produced, &r.Consumed, &r.Destroyed, &r.Sold, &r.Packed,
		&r.Owner, &r.Commissioned, &r.Plot, &r.Made, &r.Recert, into(&r.Holdings), into(&r.Offers), into(&r.Claims),
		into(&r.Marks), into(&r.Flags), &r.Height)
	r.URI = types.LinkOf(string(r.ID))
	return err
}
