package client

import (
	"slices"
	"strings"
	"time"

	"github.com/caryaledger/carya/types/gs1"
)

// lotStep is a kind of row: the columns that it takes besides those that all take, and what it says as an EPCIS event.
type lotStep struct {
	name    string
	aliases []string
	must    []string // columns that must not be empty
	may     []string
	make    func(*conversion, *lotEvent)
}

// everyStep are the columns that every row takes.
var everyStep = []string{"time", "step", "gtin", "certificate", "product", "note"}

var lotSteps = []lotStep{
	{"harvest", []string{"采收", "收获", "采摘"}, []string{"lot", "place"}, []string{"quantity", "unit", "harvested"}, (*conversion).harvest},
	{"process", []string{"加工", "处理", "生产"}, []string{"lot", "from"}, []string{"quantity", "unit", "place"}, (*conversion).process},
	{"pack", []string{"包装", "装箱", "打包"}, []string{"parent"}, []string{"lot", "quantity", "unit", "children", "place"}, (*conversion).pack},
	{"ship", []string{"发货", "出库", "发运"}, nil, []string{"lot", "quantity", "unit", "parent", "to", "place"}, (*conversion).ship},
	{"receive", []string{"收货", "入库", "接收"}, nil, []string{"lot", "quantity", "unit", "parent", "sender", "place"}, (*conversion).receive},
}

// conversion turns the rows of a sheet into events. It knows what the rows so far have made, so that later rows need not
// say it again.
type conversion struct {
	sheet     *sheet
	zone      *time.Location
	gtin      gs1.Key // of lot numbers that nothing else explains; may be zero
	party     string  // URI of who keeps the sheet, "" where not known
	namespace string  // of members that the standard does not have

	numbers map[string][]string // lots by their number alone
	gtins   map[string]gs1.Key  // trade items of lots
	left    map[string]measure  // what is left of lots that the sheet has made
}

func newConversion(s *sheet) *conversion {
	return &conversion{sheet: s, numbers: map[string][]string{}, gtins: map[string]gs1.Key{}, left: map[string]measure{}}
}

// lotEvent is the event of one row.
type lotEvent struct {
	*row
	step *lotStep
	time time.Time
	body members
}

// events returns the events of the rows in the order of their times, and writes what is wrong into the rows. A row with
// a fault has an event too, so that what later rows know of its lots does not depend on a slip in another cell.
func (c *conversion) events() []*lotEvent {
	all := make([]*lotEvent, 0, len(c.sheet.rows))
	for i, r := range c.sheet.rows {
		e := &lotEvent{row: r}
		if i > 0 {
			e.time = all[i-1].time // where its own cannot be read, it stays behind the row above
		}
		e.readTime(c.zone)
		e.readStep()
		all = append(all, e)
	}
	slices.SortStableFunc(all, func(a, b *lotEvent) int { return a.time.Compare(b.time) })
	for _, e := range all {
		if e.step != nil {
			e.begin()
			e.step.make(c, e)
			c.finish(e)
		}
	}
	return all
}

func (e *lotEvent) readTime(zone *time.Location) {
	text := e.cells["time"]
	if text == "" {
		e.fault("time", "is missing")
		return
	}
	t, err := readTime(text, zone)
	if err != nil {
		e.fault("time", "%v", err)
		return
	}
	e.time = t
}

func (e *lotEvent) readStep() {
	text := strings.ToLower(e.cells["step"])
	names := make([]string, len(lotSteps))
	for i := range lotSteps {
		s := &lotSteps[i]
		names[i] = s.name
		if s.name == text || slices.Contains(s.aliases, text) {
			e.step = s
		}
	}
	if e.step == nil {
		e.fault("step", "is one of %s", strings.Join(names, ", "))
		return
	}
	for _, name := range e.step.must {
		if e.cells[name] == "" {
			e.fault(name, "is missing; the step %s needs it", e.step.name)
		}
	}
	for i := range sheetColumns {
		name := sheetColumns[i].name
		if e.cells[name] != "" && !slices.Contains(slices.Concat(everyStep, e.step.must, e.step.may), name) {
			e.fault(name, "the step %s has no %s; leave the cell empty", e.step.name, name)
		}
	}
}

// begin writes what events of all types have.
func (e *lotEvent) begin() {
	layout := "2006-01-02T15:04:05-07:00"
	if e.time.Nanosecond() != 0 {
		layout = "2006-01-02T15:04:05.000-07:00"
	}
	kind := map[string]string{"process": "TransformationEvent", "pack": "AggregationEvent"}[e.step.name]
	e.body.add("type", first(kind, "ObjectEvent"))
	e.body.add("eventTime", e.time.Format(layout))
	e.body.add("eventTimeZoneOffset", e.time.Format("-07:00"))
}

// say writes the members that say what was done, in which step, and how things are afterwards.
func (e *lotEvent) say(action, bizStep, disposition string) {
	e.body.add("action", action)
	e.body.add("bizStep", bizStep)
	e.body.add("disposition", disposition)
}

// harvest makes lots out of nothing.
func (c *conversion) harvest(e *lotEvent) {
	lots := c.lots(e, "lot", c.newLot)
	e.say("ADD", "commissioning", "active")
	e.body.add("quantityList", quantities(lots))
	c.made(lots)
	e.where(true)
	c.lotData(e)
}

// process makes lots out of lots.
func (c *conversion) process(e *lotEvent) {
	inputs := c.lots(e, "from", c.inputLot)
	c.takeRest(e, "from", inputs)
	outputs := c.lots(e, "lot", c.newLot)
	e.body.add("inputQuantityList", quantities(inputs))
	e.body.add("outputQuantityList", quantities(outputs))
	e.say("", "commissioning", "active")
	c.taken(inputs)
	c.made(outputs)
	e.where(true)
	c.lotData(e)
}

// pack puts quantities of lots, or single things, into a case or onto a pallet.
func (c *conversion) pack(e *lotEvent) {
	lots := c.lots(e, "lot", c.knownLot)
	children := c.children(e, lots)
	if len(lots) == 1 && len(children) > 0 && lots[0].amount == 0 {
		lots = nil // it says only what the serial numbers belong to
	}
	c.takeRest(e, "lot", lots)
	if len(lots)+len(children) == 0 && e.cells["lot"]+e.cells["children"] == "" {
		e.fault("lot", "is missing; the step pack needs a lot or children")
	}
	e.body.add("parentID", e.moving())
	e.body.add("childEPCs", children)
	e.body.add("childQuantityList", quantities(lots))
	e.say("ADD", "packing", "in_progress")
	c.taken(lots)
	e.where(true)
}

// ship and receive move lots, or a case or pallet with what is in it. A lot without a quantity moves as a whole.
func (c *conversion) ship(e *lotEvent) {
	c.move(e)
	e.say("OBSERVE", "shipping", "in_transit")
	e.where(false)
	e.body.add("sourceList", possession("source", c.party))
	e.body.add("destinationList", possession("destination", e.partner("to")))
}

func (c *conversion) receive(e *lotEvent) {
	c.move(e)
	e.say("OBSERVE", "receiving", "in_progress")
	e.where(true)
	e.body.add("sourceList", possession("source", e.partner("sender")))
	e.body.add("destinationList", possession("destination", c.party))
}

func (c *conversion) move(e *lotEvent) {
	if e.cells["lot"]+e.cells["parent"] == "" {
		e.fault("lot", "is missing; the step %s needs a lot or a parent", e.step.name)
	}
	if parent := e.moving(); parent != "" {
		e.body.add("epcList", []string{parent})
	}
	e.body.add("quantityList", quantities(c.lots(e, "lot", c.knownLot)))
}

// moving returns the case or pallet that a row is about.
func (e *lotEvent) moving() string {
	if e.cells["parent"] == "" {
		return ""
	}
	uri, _, err := readID(e.cells["parent"], "SSCC", "SSCC", "SGTIN", "GRAI", "GIAI")
	if err != nil {
		e.fault("parent", "%v", err)
	}
	return uri
}

// partner returns the other side of a movement.
func (e *lotEvent) partner(column string) string {
	if e.cells[column] == "" {
		return ""
	}
	uri, err := readParty(e.cells[column])
	if err != nil {
		e.fault(column, "%v", err)
	}
	return uri
}

func possession(member, party string) []members {
	if party == "" {
		return nil
	}
	return []members{{{"type", "possessing_party"}, {member, party}}}
}

// where writes the place. What leaves is nowhere afterwards.
func (e *lotEvent) where(stays bool) {
	if e.cells["place"] == "" {
		return
	}
	uri, err := readPlace(e.cells["place"])
	if err != nil {
		e.fault("place", "%v", err)
		return
	}
	e.body.add("readPoint", members{{"id", uri}})
	if stays {
		e.body.add("bizLocation", members{{"id", uri}})
	}
}

// lotData writes what is known of a new lot: the instance/lot master data of the event.
func (c *conversion) lotData(e *lotEvent) {
	var ilmd members
	if e.cells["product"] != "" {
		ilmd.add("cbvmda:descriptionShort", e.cells["product"])
	}
	if day := e.cells["harvested"]; day != "" {
		t, err := readTime(day, c.zone)
		if err != nil {
			e.fault("harvested", "not a day; write 2026-09-12")
		} else {
			ilmd.add("cbvmda:harvestEndDate", t.Format(time.DateOnly))
		}
	}
	ilmd = append(ilmd, e.extras...)
	e.body.add("ilmd", ilmd)
}

// finish writes certificates, and what the standard has no member for into members of the namespace.
func (c *conversion) finish(e *lotEvent) {
	var certificates []string
	for _, s := range list(e.cells["certificate"]) {
		uri, err := readCertificate(s)
		if err != nil {
			e.faultIn("certificate", s, "%v", err)
		}
		certificates = append(certificates, uri)
	}
	e.body.add("certificationInfo", certificates)
	if e.body.get("ilmd") == nil {
		if e.step.name != "harvest" && e.step.name != "process" && e.cells["product"] != "" {
			e.body.add(extraPrefix+"product", e.cells["product"])
		}
		e.body = append(e.body, e.extras...)
	}
	if e.cells["note"] != "" {
		e.body.add(extraPrefix+"note", e.cells["note"])
	}
}
