package client

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
	"github.com/caryaledger/carya/types/gs1"
)

// This file reads EPCIS events as the critical tracking events and key data elements of the US food traceability rule (21 CFR
// 1.1325 to 1.1350, "FSMA 204"), for the sortable spreadsheet that 21 CFR 1.1455 speaks of. It puts in order what the events
// say; whether that is all that the rule wants of somebody, it does not know.

// The critical tracking events.
const (
	cteHarvesting     = "Harvesting"
	cteCooling        = "Cooling"
	ctePacking        = "Initial packing"
	cteLanding        = "First land-based receiving"
	cteShipping       = "Shipping"
	cteReceiving      = "Receiving"
	cteTransformation = "Transformation"
)

// keyRow is one lot in one critical tracking event.
type keyRow struct {
	event  string // of the constants above
	role   string // of the lot in a transformation or packing
	when   time.Time
	zone   string
	class  string // URI of the lot
	key    gs1.Key
	amount string
	unit   string
	inside string // logistic unit that it was handled in
	place  string
	from   string
	to     string
	docs   []epcis.Typed
	origin *origin
	record *ThingEvent

	product, business string // names that the ledger knows
}

// origin is what later events need to know about a lot.
type origin struct {
	source                                     string // place where the lot code was assigned
	harvestPlace, harvestArea, harvestDate, by string
	coolingPlace, coolingDate                  string
	processed                                  bool // packed or transformed: its packing is not the initial one
}

// keyColumn is a column of the spreadsheet: what it is called, what it holds, and where that comes from.
type keyColumn struct {
	name, says string
	cell       func(r *keyRow) string
}

var keyColumns = []keyColumn{
	{"Critical Tracking Event", "by bizStep; see below", func(r *keyRow) string { return r.event }},
	{"Date", "of eventTime, in the event's own zone", func(r *keyRow) string { return r.when.Format("2006-01-02") }},
	{"Time", "the same", func(r *keyRow) string { return r.when.Format("15:04:05") }},
	{"Time Zone", "eventTimeZoneOffset", func(r *keyRow) string { return "UTC" + r.zone }},
	{"Traceability Lot Code", "GTIN and lot number, or the URI of the lot", func(r *keyRow) string { return r.code() }},
	{"Lot Role", "used or new, in packing and transformation", func(r *keyRow) string { return r.role }},
	{"Product Description", "registered name of the product, else its GTIN", func(r *keyRow) string { return first(r.product, r.key.GTIN().Primary) }},
	{"Quantity", "as the event gives it", func(r *keyRow) string { return r.amount }},
	{"Unit of Measure", "as the event gives it", func(r *keyRow) string { return symbol(r.unit) }},
	{"Location", "where the event took place: readPoint, else bizLocation", func(r *keyRow) string { return placeWords(r.place) }},
	{"TLC Source", "place where the lot code was assigned", func(r *keyRow) string { return placeWords(r.origin.source) }},
	{"TLC Source Reference", "the same as a web address or other URI", func(r *keyRow) string { return r.origin.source }},
	{"Ship From", "previous source: sourceList, else where it was shipped", func(r *keyRow) string { return partyWords(r.from) }},
	{"Ship To", "subsequent recipient: destinationList, else where it was received", func(r *keyRow) string { return partyWords(r.to) }},
	{"Reference Document Type", "of the bizTransactionList", func(r *keyRow) string { return r.documents(func(t epcis.Typed) string { return lastWord(t.Type) }) }},
	{"Reference Document Number", "of the bizTransactionList", func(r *keyRow) string { return r.documents(func(t epcis.Typed) string { return t.ID }) }},
	{"Harvest Location", "place of the harvest", func(r *keyRow) string { return placeWords(r.origin.harvestPlace) }},
	{"Harvest Area", "plot, where the ledger knows it", func(r *keyRow) string { return r.origin.harvestArea }},
	{"Harvest Date", "harvestDate or harvestEndDate of the ilmd, else eventTime", func(r *keyRow) string { return r.origin.harvestDate }},
	{"Harvester", "member that recorded the harvest", func(r *keyRow) string { return r.origin.by }},
	{"Cooling Location", "place of the last cooling before this event", func(r *keyRow) string { return placeWords(r.origin.coolingPlace) }},
	{"Cooling Date", "of that cooling", func(r *keyRow) string { return r.origin.coolingDate }},
	{"Logistic Unit", "that the lot was shipped or received in", func(r *keyRow) string { return partyWords(r.inside) }},
	{"Recorded By", "member of the ledger", func(r *keyRow) string { return r.record.Member }},
	{"Business Name", "of that member", func(r *keyRow) string { return r.business }},
	{"EPCIS Event ID", "eventID, or the event's CBV 2.0 hash", func(r *keyRow) string { return r.record.EventID }},
	{"Ledger Transaction", "`carya receipt` shows it", func(r *keyRow) string { return r.record.Tx.String() }},
}

func fsmaHelp() string {
	var b strings.Builder
	for _, c := range keyColumns {
		fmt.Fprintf(&b, "  %-26s %s\n", c.name, c.says)
	}
	b.WriteString(`
Events by bizStep, in the CBV's words or the last word of a URI: harvesting, or commissioning with a
harvest date or a plot; cooling; packing, where it makes lots that were not packed or processed
before; landing; shipping; receiving; any other TransformationEvent is a transformation. Events that
were declared an error, and all others, are left out. A lot inside a logistic unit is followed by
the aggregation events; those about its unit are in the export with --forward.

It is a rendering of what was recorded, and no statement that anybody complies with any rule. Cells
that begin with = + - @ begin with an apostrophe, so that no program takes them for a formula.
`)
	return b.String()
}

// code is the traceability lot code.
func (r *keyRow) code() string {
	if r.key.IsZero() {
		return r.class
	}
	var b strings.Builder
	for _, e := range r.key.Elements() {
		b.WriteString(e.String())
	}
	return b.String()
}

func (r *keyRow) documents(say func(epcis.Typed) string) string {
	var words []string
	for _, d := range r.docs {
		words = append(words, say(d))
	}
	return strings.Join(words, "; ")
}

// partyWords names a party, a place or a logistic unit by its number, or its URI.
func partyWords(uri string) string {
	k, err := gs1.Parse(uri)
	switch {
	case err != nil:
		return uri
	case k.Type == "PGLN":
		return "GLN " + k.Primary
	case k.Type == "SGLN":
		return placeWords(uri)
	}
	_, name, _ := strings.Cut(thingWords(types.UnitID(k.Path()).Key()), " ")
	return k.Type + " " + name
}

// keyBook turns events into rows. Events must come in the order of their time, because later rows tell what earlier events
// said about a lot.
type keyBook struct {
	rows     []keyRow
	origins  map[string]*origin          // by the lot's URI
	contents map[string][]epcis.Quantity // of units, by their URI; a unit inside is a class without amount
	plot     func(class string) string   // where the ledger says that a lot grew
	left     int                         // events that are no critical tracking events
}

func newKeyBook(plot func(class string) string) *keyBook {
	return &keyBook{origins: map[string]*origin{}, contents: map[string][]epcis.Quantity{}, plot: plot}
}

func (b *keyBook) origin(class string) *origin {
	if b.origins[class] == nil {
		b.origins[class] = &origin{}
	}
	return b.origins[class]
}

// plainStep is the last word of a business step without case and separators.
func plainStep(step string) string {
	return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(lastWord(step)))
}

// kind returns the critical tracking event that an event is, "" for none.
func (b *keyBook) kind(e *epcis.Event) string {
	makes := e.Type == types.TransformationEvent || e.Type == types.ObjectEvent && e.Action == types.ActionAdd
	switch step := plainStep(e.BizStep); {
	case e.Type == types.AggregationEvent || e.Type == types.AssociationEvent:
		if step != "shipping" && step != "receiving" {
			return ""
		}
	case slices.Contains([]string{"harvesting", "harvest", "farmharvest"}, step):
		return cteHarvesting
	case step == "cooling" && e.Type == types.ObjectEvent:
		return cteCooling
	case slices.Contains([]string{"packing", "initialpacking"}, step) && makes && !b.processed(e):
		return ctePacking
	case step == "landing" || step == "firstlandbasedreceiving":
		return cteLanding
	case e.Type == types.TransformationEvent:
		return cteTransformation
	case makes && slices.Contains([]string{"", "commissioning", "creatingclassinstance"}, step) && b.grown(e):
		return cteHarvesting
	}
	switch plainStep(e.BizStep) {
	case "shipping":
		return cteShipping
	case "receiving":
		return cteReceiving
	}
	return ""
}

// processed reports whether anything that went into an event was packed or transformed before.
func (b *keyBook) processed(e *epcis.Event) bool {
	return slices.ContainsFunc(e.InputQuantities, func(q epcis.Quantity) bool { return b.origin(q.Class).processed })
}

// grown reports whether a commissioning is the harvest of what it names.
func (b *keyBook) grown(e *epcis.Event) bool {
	return harvestDate(e) != "" || slices.ContainsFunc(e.Quantities, func(q epcis.Quantity) bool { return b.plot(q.Class) != "" })
}

// harvestDate returns the date in an event's master data (CBV 2.0, trade item master data), "" without one.
func harvestDate(e *epcis.Event) string {
	var master map[string]any
	if json.Unmarshal(e.ILMD, &master) != nil {
		return ""
	}
	for _, want := range []string{"harvestDate", "harvestEndDate", "harvestStartDate"} {
		for name, value := range master {
			if text, ok := value.(string); ok && lastWord(name) == want {
				return text
			}
		}
	}
	return ""
}

// add takes an event into the book.
func (b *keyBook) add(e *epcis.Event, record *ThingEvent) {
	if e.Type == types.AggregationEvent {
		b.pack(e)
	}
	kind := b.kind(e)
	if kind == "" {
		b.left++
		return
	}
	row := b.row(kind, e, record)
	switch kind {
	case cteTransformation, ctePacking:
		b.make(row, e)
	case cteHarvesting, cteLanding:
		b.begin(row, e)
	case cteCooling:
		for _, q := range e.Quantities {
			o := b.origin(q.Class)
			o.coolingPlace, o.coolingDate = row.place, row.when.Format("2006-01-02")
		}
	}
	b.each(row, e)
}

// row is what all rows of an event have in common.
func (b *keyBook) row(kind string, e *epcis.Event, record *ThingEvent) keyRow {
	r := keyRow{event: kind, zone: e.ZoneOffset, place: first(e.ReadPoint, e.BizLocation), docs: e.BizTransactions, record: record}
	r.when = time.UnixMilli(e.Time).UTC()
	if zone, err := readZone(e.ZoneOffset); err == nil {
		r.when = r.when.In(zone)
	}
	r.from, r.to = endPoint(e.Sources), endPoint(e.Destinations)
	switch kind {
	case cteShipping:
		r.from = first(r.from, r.place)
	case cteReceiving, cteLanding:
		r.to = first(r.to, r.place)
	}
	return r
}

// endPoint is the most exact that a list of sources or destinations says.
func endPoint(list []epcis.Typed) string {
	for _, want := range []string{"location", "possessing_party", "owning_party"} {
		for _, t := range list {
			if lastWord(t.Type) == want {
				return t.ID
			}
		}
	}
	return ""
}

// begin says where lots come from that an event is the first to name.
func (b *keyBook) begin(r keyRow, e *epcis.Event) {
	for _, q := range e.Quantities {
		o := b.origin(q.Class)
		o.source = first(o.source, r.place)
		if r.event == cteHarvesting {
			o.harvestPlace, o.by = r.place, r.record.Member
			o.harvestArea = b.plot(q.Class)
			o.harvestDate = first(harvestDate(e), r.when.Format("2006-01-02"))
		}
	}
}

// make says where lots come from that an event made. Packing does not change what grew where.
func (b *keyBook) make(r keyRow, e *epcis.Event) {
	made := e.OutputQuantities
	if e.Type == types.ObjectEvent {
		made = e.Quantities
	}
	for _, q := range made {
		o := b.origin(q.Class)
		if r.event == ctePacking && len(e.InputQuantities) > 0 {
			*o = *b.origin(e.InputQuantities[0].Class)
			for _, in := range e.InputQuantities[1:] {
				o.join(b.origin(in.Class))
			}
		}
		o.source, o.processed = r.place, true
	}
}

// join adds where another lot comes from to one that was mixed with it.
func (o *origin) join(other *origin) {
	for _, p := range [][2]*string{
		{&o.harvestPlace, &other.harvestPlace}, {&o.harvestArea, &other.harvestArea}, {&o.harvestDate, &other.harvestDate},
		{&o.by, &other.by}, {&o.coolingPlace, &other.coolingPlace}, {&o.coolingDate, &other.coolingDate},
	} {
		if *p[1] != "" && !slices.Contains(strings.Split(*p[0], "; "), *p[1]) {
			*p[0] = strings.TrimPrefix(*p[0]+"; "+*p[1], "; ")
		}
	}
}

// each writes a row for every lot of an event.
func (b *keyBook) each(r keyRow, e *epcis.Event) {
	r.role = "used"
	b.lots(r, e.InputQuantities, "")
	b.units(r, e.InputEPCs)
	r.role = "new"
	b.lots(r, e.OutputQuantities, "")
	b.units(r, e.OutputEPCs)
	r.role = ""
	if e.Type == types.ObjectEvent && r.event == ctePacking {
		r.role = "new"
	}
	b.lots(r, e.Quantities, "")
	b.units(r, e.EPCs)
	if e.ParentID != "" {
		b.units(r, []string{e.ParentID})
	}
}

func (b *keyBook) lots(r keyRow, list []epcis.Quantity, inside string) {
	for _, q := range list {
		r.class, r.key, r.inside, r.amount, r.unit = q.Class, q.Key, inside, "", ""
		if q.HasAmount {
			r.amount, r.unit = gs1.FormatAmount(q.Amount), q.Unit
		}
		known := *b.origin(q.Class) // until then: a harvest does not tell of the cooling after it
		r.origin = &known
		b.rows = append(b.rows, r)
	}
}

// units writes rows for what is inside of units, and for a unit that nothing is known of.
func (b *keyBook) units(r keyRow, list []string) {
	for _, unit := range list {
		if inside := b.inside(unit, 0); len(inside) > 0 {
			b.lots(r, inside, unit)
			continue
		}
		key, _ := gs1.Parse(unit)
		b.lots(r, []epcis.Quantity{{Class: unit, Key: key, Amount: gs1.AmountScale, Unit: gs1.Pieces, HasAmount: true}}, "")
	}
}

// deepest bounds units inside of units.
const deepest = 20

// inside returns the lots in a unit, also those in units in it.
func (b *keyBook) inside(unit string, depth int) []epcis.Quantity {
	var lots []epcis.Quantity
	for _, q := range b.contents[unit] {
		switch {
		case q.HasAmount:
			lots = append(lots, q)
		case depth < deepest:
			if deeper := b.inside(q.Class, depth+1); len(deeper) > 0 {
				lots = append(lots, deeper...)
			} else {
				lots = append(lots, epcis.Quantity{Class: q.Class, Key: q.Key, Amount: gs1.AmountScale, Unit: gs1.Pieces, HasAmount: true})
			}
		}
	}
	return lots
}

// pack follows what is inside of units.
func (b *keyBook) pack(e *epcis.Event) {
	change := slices.Clone(e.ChildQuantities)
	for _, child := range e.ChildEPCs {
		key, _ := gs1.Parse(child)
		change = append(change, epcis.Quantity{Class: child, Key: key})
	}
	switch {
	case e.Action == types.ActionAdd:
		b.contents[e.ParentID] = append(b.contents[e.ParentID], change...)
	case e.Action == types.ActionDelete && len(change) == 0:
		delete(b.contents, e.ParentID)
	case e.Action == types.ActionDelete:
		for _, q := range change {
			b.unpack(e.ParentID, q)
		}
	}
}

// unpack takes a quantity of a lot, or a unit, out of a unit.
func (b *keyBook) unpack(parent string, out epcis.Quantity) {
	list := b.contents[parent]
	for i := range list {
		q := &list[i]
		if q.Class != out.Class || q.HasAmount != out.HasAmount || q.Unit != out.Unit && out.HasAmount {
			continue
		}
		if taken := min(q.Amount, out.Amount); q.HasAmount && taken < q.Amount {
			q.Amount -= taken
			return
		}
		b.contents[parent] = slices.Delete(list, i, i+1)
		return
	}
}

// spreadsheet reads the history as critical tracking events.
func (e *exporting) spreadsheet(ctx context.Context, node *Client) ([]byte, error) {
	book := newKeyBook(e.plotOf)
	type entry struct {
		event  *epcis.Event
		record *ThingEvent
	}
	var entries []entry
	wrong := 0
	for _, record := range e.history.sorted() {
		doc, err := epcis.Parse(record.Event)
		if err != nil || len(doc.Events) != 1 {
			return nil, fmt.Errorf("event %s: %w", record.Ref, err)
		}
		if record.Declared || doc.Events[0].Error != nil {
			wrong++
			continue
		}
		entries = append(entries, entry{&doc.Events[0], record})
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return int(min(1, max(-1, a.event.Time-b.event.Time))) })
	for _, x := range entries {
		book.add(x.event, x.record)
	}
	if err := e.name(ctx, node, book.rows); err != nil {
		return nil, err
	}
	e.note("%s; left out: %s of other kinds, %d declared an error", count(len(book.rows), "row"), count(book.left, "event"), wrong)
	return keyCSV(book.rows, e.bom)
}

// thing returns what the trace knows of a lot or unit, nil if nothing.
func (e *exporting) thing(uri string) *types.TraceThing {
	if lot, _, ok, err := types.LotOf(uri); ok && err == nil && e.history.things[lot.Key()] != nil {
		return e.history.things[lot.Key()]
	}
	unit, _, err := types.UnitOf(uri)
	if err != nil {
		return nil
	}
	return e.history.things[unit.Key()]
}

func (e *exporting) plotOf(class string) string {
	if t := e.thing(class); t != nil && t.Plot != "" {
		return placeWords(types.LinkOf(t.Plot))
	}
	return ""
}

// name gives the rows the names that the ledger knows of products and members.
func (e *exporting) name(ctx context.Context, node *Client, rows []keyRow) error {
	members := map[string]string{}
	for i := range rows {
		r := &rows[i]
		if t := e.thing(r.class); t != nil {
			r.product = t.Product
		}
		name, known := members[r.record.Member]
		if !known {
			var err error
			if name, err = node.memberName(ctx, r.record.Member); err != nil {
				return err
			}
			members[r.record.Member] = name
		}
		r.business = name
	}
	return nil
}

// memberName returns the name of a member, "" if the node knows none.
func (c *Client) memberName(ctx context.Context, id string) (string, error) {
	answer, err := c.Record(ctx, types.PrefixMember+"/"+id, 0)
	if code, _ := types.CodeOf(err); code == types.NotFound {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("member %s: %w", id, err)
	}
	var m types.Member
	if err := types.Decode(answer.Value, &m); err != nil {
		return "", fmt.Errorf("member %s: %w", id, err)
	}
	return m.Name, nil
}

// keyCSV writes rows as comma-separated values (RFC 4180) in UTF-8.
func keyCSV(rows []keyRow, bom bool) ([]byte, error) {
	var b bytes.Buffer
	if bom {
		b.WriteString("\ufeff")
	}
	w := csv.NewWriter(&b)
	record := make([]string, len(keyColumns))
	for i, c := range keyColumns {
		record[i] = c.name
	}
	w.Write(record)
	for r := range rows {
		for i, c := range keyColumns {
			record[i] = safeCell(c.cell(&rows[r]))
		}
		w.Write(record)
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// safeCell keeps a spreadsheet program from taking what others wrote for a formula.
func safeCell(s string) string {
	s = oneLine(s)
	if s != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}
