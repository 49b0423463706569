package readmodel

import (
	"context"
	"database/sql"

	"github.com/caryaledger/carya/types"
)

// Unit is a row of the list of units. Times are Unix milliseconds.
type Unit struct {
	ID           types.UnitID    `json:"id"`
	URI          string          `json:"uri" doc:"GS1 Digital Link, or the URI outside GS1"`
	Owner        string          `json:"owner" doc:"member that commissioned it, empty if it was first seen when it was packed"`
	Custodian    string          `json:"custodian" doc:"member that holds it; inside another unit the outermost one's custodian counts"`
	Commissioned int64           `json:"commissioned"`
	Net          int64           `json:"net" doc:"content, 10^-5 of netUnit; 0 = none"`
	NetUnit      string          `json:"netUnit"`
	Fate         string          `json:"fate" doc:"consumed, destroyed or sold; empty while it is there"`
	Parent       types.UnitID    `json:"parent" doc:"unit that it is inside of, empty for none"`
	Inside       int64           `json:"inside" doc:"number of units directly inside, which the list of units with this parent names"`
	Contents     []types.LotPart `json:"contents" doc:"quantities of lots directly inside"`
	OfferTo      string          `json:"offerTo" doc:"empty when not offered"`
	OfferUntil   int64           `json:"offerUntil"`
	Purpose      string          `json:"purpose"`
	Made         types.EventID   `json:"made" doc:"event that brought it about"`
	Recert       bool            `json:"recert" doc:"needs a new commitment certificate before it is handed over"`
	Claims       []string        `json:"claims" doc:"standards it may be sold under"`
	Marks        []types.Mark    `json:"marks"`
	Flags        []string        `json:"flags"`
	Height       int64           `json:"height" doc:"last block that touched it; 0 for the genesis, or when this node does not have that block"`
}

// UnitFilter narrows the list of units; empty fields ask for nothing.
type UnitFilter struct {
	Custodian   string // in its own record
	Owner       string
	Parent      types.UnitID
	Content     types.LotID // lot that is directly inside
	Fate        string
	OfferTo     string
	OfferFrom   string
	Claim       string
	Recall      types.RecallID
	Dispute     types.EventID
	Certificate types.CertificateID // that was revoked, and that it came from
	Product     string              // GTIN
}

func (f *UnitFilter) values() []value {
	return []value{
		{facetParent, string(f.Parent)}, {facetContent, string(f.Content)}, {facetRecall, string(f.Recall)},
		{facetDispute, string(f.Dispute)}, {facetCertificate, string(f.Certificate)}, {facetOfferTo, f.OfferTo},
		{facetOfferFrom, f.OfferFrom}, {facetProduct, f.Product}, {facetHolder, f.Custodian}, {facetOwner, f.Owner},
		{facetFate, f.Fate}, {facetClaim, f.Claim},
	}
}

func (w *writer) unit(id string, record []byte, height int64) error {
	var r types.Unit
	if err := types.DecodeState(record, &r); err != nil {
		return err
	}
	if err := w.facets(r.ID.Key(), unitValues(&r)); err != nil {
		return err
	}
	return w.add(tableUnits, id, r.Owner, r.Custodian, r.Commissioned, int64(r.Net), r.NetUnit, r.Fate, string(r.Parent),
		int64(len(r.Children)), listText(r.Contents), r.OfferTo, r.OfferUntil, r.Purpose,
		string(r.Trace.Made), r.Trace.Recert, listText(r.Trace.Claims), listText(r.Trace.Marks), listText(r.Trace.Flags), height)
}

func unitValues(r *types.Unit) []value {
	values := []value{
		{facetOwner, r.Owner}, {facetHolder, r.Custodian}, {facetParent, string(r.Parent)}, {facetFate, r.Fate},
		{facetProduct, productOf(string(r.ID))},
	}
	if r.OfferTo != "" {
		values = append(values, value{facetOfferFrom, r.Custodian}, value{facetOfferTo, r.OfferTo})
	}
	for _, c := range r.Contents {
		values = append(values, value{facetContent, string(c.Lot)})
	}
	return traced(values, &r.Trace)
}

const unitColumns = `t.id, t.owner, t.custodian, t.commissioned, t.net, t.net_unit, t.fate, t.parent, t.inside, t.contents,
	t.offer_to, t.offer_until, t.purpose, t.made, t.recert, t.claims, t.marks, t.flags, t.height`

// Units lists units, by id.
func (m *Model) Units(ctx context.Context, f UnitFilter, p Page) ([]Unit, string, error) {
	after, err := p.key()
	if err != nil {
		return nil, "", err
	}
	q, order := askThings(unitColumns, "units", types.PrefixUnit, after, f.values()...)
	return list(ctx, m, q, order, p, scanUnit, func(r *Unit) string { return string(r.ID) })
}

func scanUnit(rows *sql.Rows, r *Unit) error {
	err := rows.Scan(&r.ID, &r.Owner, &r.Custodian, &r.Commissioned, &r.Net, &r.NetUnit, &r.Fate, &r.Parent, &r.Inside,
		into(&r.Contents), &r.OfferTo, &r.OfferUntil, &r.Purpose, &r.Made, &r.Recert, into(&r.Claims), into(&r.Marks),
		into(&r.Flags), &r.Height)
	r.URI = types.LinkOf(string(r.ID))
	return err
}
