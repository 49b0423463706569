package load

import (
	"fmt"
	"time"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
	"github.com/caryaledger/carya/types/ceb/generate"
)

// stage is one step on the way of a batch of orders: one transaction, with one body for
// each order.
type stage struct {
	name     string
	document bool // one of the four documents about an order; what customs says is none
}

// stages are in the order of the way. The first three are sent at once, as their senders
// do not wait for one another, the fourth when all three are in blocks, and each of the
// others when the one before is.
var stages = [...]stage{
	{"order", true}, {"payment", true}, {"waybill", true}, {"grant", false}, {"list", true},
	{"accept", false}, {"audit", false}, {"release", false},
}

const (
	atOnce    = 3 // stages that begin a batch
	listStage = 4 // the declaration, by which sets are counted
)

// stagesOf is how many stages a batch of a scenario goes through.
func stagesOf(scenario string) int {
	switch scenario {
	case Trade:
		return listStage + 1
	case Clearance:
		return len(stages)
	}
	return 1
}

// batch writes the transactions of the n-th batch, by stage.
func (s *script) batch(n int) ([]speech, error) {
	cast := &s.cast
	by := [len(stages)]*Party{
		&cast.Platform, &cast.Payment, &cast.Logistics, &cast.Customs, &cast.Declarant, &cast.Customs, &cast.Customs, &cast.Customs,
	}
	all := make([]speech, stagesOf(s.scenario))
	for i := range all {
		all[i] = speech{by: by[i], onError: types.OnErrorProceed}
	}
	sets := generate.New(generate.Options{Orders: s.bodies, Seed: uint64(n)})
	for i := range s.bodies {
		set, _ := sets.Next()
		d, err := s.deal(n, i, set)
		if err != nil {
			return nil, fmt.Errorf("set %d of batch %d: %w", i, n, err)
		}
		for stage := range all {
			all[stage].bodies = append(all[stage].bodies, d.body(stage))
		}
	}
	return all, nil
}

// deal is one purchase: the documents of a generated set under numbers and times of the
// run. The times are those of the sending, as if each document was reported when it was
// made; those of the set lie hours apart.
type deal struct {
	order
	office                       string
	bought, paid, shipped, filed paper
	grant                        string // ULID
	lines                        []types.DeclaredLine
}

// paper is a document as its sender commits to it.
type paper struct {
	ulid string
	root types.Hash
	tags map[string]types.Hash
}

// deal makes the i-th purchase of the n-th batch.
func (s *script) deal(n, i int, set *generate.Set) (*deal, error) {
	at := s.at(n) + (time.Duration(i) * s.step / time.Duration(s.bodies)).Milliseconds()
	o, err := s.order(n*s.bodies+i, at)
	if err != nil {
		return nil, err
	}
	d := &deal{order: o, office: s.cast.Customs.Signer.Member}
	for _, p := range []struct {
		into *paper
		slot string
		of   *ceb.Document
	}{
		{&d.bought, types.SlotOrder, &set.Order}, {&d.paid, types.SlotPayment, &set.Payment},
		{&d.shipped, types.SlotWaybill, &set.Waybill}, {&d.filed, types.SlotDeclaration, &set.List},
	} {
		if *p.into, err = s.paper(&o, p.slot, p.of); err != nil {
			return nil, err
		}
	}
	if d.grant, err = types.StreamID(s.run, "grant", o.names, at); err != nil {
		return nil, err
	}
	d.lines, err = declared(types.Keyed(s.run, types.SlotDeclaration, o.names), &set.List)
	return d, err
}

// paper names a document, commits to all its fields and makes its match tags.
func (s *script) paper(o *order, slot string, doc *ceb.Document) (p paper, err error) {
	if p.ulid, err = types.StreamID(s.run, slot, o.names, o.at); err != nil {
		return p, err
	}
	var fields []types.DocumentField
	for _, f := range doc.Fields() {
		fields = append(fields, types.DocumentField{Path: f.Path, Value: f.Value})
	}
	if p.root, err = types.DocumentRoot(doc.Kind, fields, types.Keyed(s.run, slot, o.names)); err != nil {
		return p, err
	}
	p.tags = map[string]types.Hash{}
	for _, v := range ceb.MatchValues(doc) {
		name := v.Name
		if name == ceb.TagWaybill {
			name = types.TagParcel
		}
		p.tags[name] = types.MatchTag(o.key, name, v.Value)
	}
	return p, nil
}

// declared is what the ledger is told of a list's lines.
func declared(seed types.Secret, list *ceb.Document) ([]types.DeclaredLine, error) {
	lines := make([]types.DeclaredLine, len(list.Lines))
	for i, fields := range list.Lines {
		line := ceb.Document{Head: fields}
		quantity, err := ceb.ParseDecimal(line.Get("qty"))
		if err != nil {
			return nil, err
		}
		pieces, _ := types.Pieces(int64(quantity))
		lines[i].Anchor = types.ReturnAnchor(types.ReturnSeed(seed, i), pieces)
	}
	return lines, nil
}

// body is what is said about the purchase in a stage.
func (d *deal) body(stage int) types.Body {
	switch stages[stage].name {
	case "order":
		return d.recordOrder()
	case "payment":
		return &types.RecordPayment{
			Order: d.id, Payment: d.paid.ulid, Seq: d.at, Document: d.paid.root,
			Number: types.NumberTag(d.key, types.SlotPayment, d.names),
			Amount: d.paid.tags[types.TagAmount], Payer: d.paid.tags[types.TagPayer],
		}
	case "waybill":
		return &types.RecordWaybill{
			Order: d.id, Waybill: d.shipped.ulid, Seq: d.at, Document: d.shipped.root,
			Number:    types.NumberTag(d.key, types.SlotWaybill, d.names),
			Consignee: d.shipped.tags[types.TagConsignee], Parcel: d.shipped.tags[types.TagParcel],
		}
	case "grant":
		return &types.GrantQuota{
			Order: d.id, Grant: d.grant, Document: d.bought.root, Expires: d.at + types.DefaultParams().GrantLife/2,
		}
	case "list":
		return d.declare()
	case "accept":
		return &types.Decide{Order: d.id, Status: types.StatusAccept}
	case "audit":
		return &types.Decide{Order: d.id, Status: types.StatusAudit}
	}
	return &types.Decide{Order: d.id, Status: types.StatusRelease}
}

func (d *deal) recordOrder() types.Body {
	tags := d.bought.tags
	return &types.RecordOrder{
		Order: d.bought.ulid, Seq: d.at, Flow: types.FlowImport, Document: d.bought.root,
		Payment: d.lock(types.SlotPayment), Waybill: d.lock(types.SlotWaybill), Declaration: d.lock(types.SlotDeclaration),
		Amount: tags[types.TagAmount], Merchant: tags[types.TagMerchant], Goods: tags[types.TagGoods],
		Payer: tags[types.TagPayer], Consignee: tags[types.TagConsignee],
	}
}

func (d *deal) declare() types.Body {
	tags := d.filed.tags
	return &types.Declare{
		Order: d.id, Declaration: d.filed.ulid, Seq: d.at, Document: d.filed.root,
		Number: types.NumberTag(d.key, types.SlotDeclaration, d.names),
		Payer:  tags[types.TagPayer], Parcel: tags[types.TagParcel], Merchant: tags[types.TagMerchant], Goods: tags[types.TagGoods],
		Office: d.office, Mode: 9610, Grant: d.grant, Lines: d.lines,
	}
}
