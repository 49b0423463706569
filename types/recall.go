package types

import "strings"

// OpenRecall recalls lots and units: record recall/<member>/<Recall>. Everything made from
// them is marked; with Source also everything made from what they were made of. By who
// commissioned all of them, or an authority.
type OpenRecall struct {
	Recall string     `json:"recall"` // a name: 1 to 40 of A-Z, a-z, 0-9, -
	Things []ThingKey `json:"things"` // lot/… or unit/…
	Source bool       `json:"source"`
	Class  uint64     `json:"class"` // 1 (danger to health) to 3
	Reason string     `json:"reason"`
}

// ReportRecall says what the signing member did about a recalled lot or unit: how much of
// it was found and set aside, and of how much the buyers were told. A later report
// replaces an earlier one.
type ReportRecall struct {
	Recall   RecallID `json:"recall"`
	Thing    ThingKey `json:"thing"`
	Located  uint64   `json:"located"`  // 10^-5 of the lot's unit; for a unit 100000 is the one
	Notified uint64   `json:"notified"` // sold, and the buyers told
}

// CloseRecall ends a recall: by who opened it, or an authority.
type CloseRecall struct {
	Recall RecallID `json:"recall"`
	Note   string   `json:"note"`
}

// RecallID names a recall: <member>/<name>.
type RecallID string

// Recall is a record: recall/<RecallID>.
type Recall struct {
	Things  []ThingKey `json:"things"`
	Source  bool       `json:"source"`
	Class   uint64     `json:"class"`
	Reason  string     `json:"reason"`
	Opened  int64      `json:"opened"` // time of the block
	Closed  int64      `json:"closed"` // 0 while open
	Note    string     `json:"note"`
	History History    `json:"history"`
}

// RecallReport is a record: report/<RecallID>/<member>/<thing's key>.
type RecallReport struct {
	Located  uint64  `json:"located"`
	Notified uint64  `json:"notified"`
	Time     int64   `json:"time"` // of the block
	History  History `json:"history"`
}

func (r *Recall) Log() *History       { return &r.History }
func (r *RecallReport) Log() *History { return &r.History }

// maxRecalled bounds the things that one recall names.
const maxRecalled = 1000

func (b *OpenRecall) Check() error {
	if len(b.Things) == 0 || len(b.Things) > maxRecalled {
		return Refuse(FieldInvalid, "things", "%d, must be 1 to %d", len(b.Things), maxRecalled)
	}
	for i, t := range b.Things {
		if err := checkThingKey(index("things", i), t); err != nil {
			return err
		}
	}
	if b.Class < 1 || b.Class > 3 {
		return Refuse(FieldInvalid, "class", "%d: 1, 2 or 3", b.Class)
	}
	return first(checkName("recall", b.Recall), checkText("reason", b.Reason, 1, 500))
}

func (b *ReportRecall) Check() error {
	return first(checkRecall(b.Recall), checkThingKey("thing", b.Thing))
}

func (b *CloseRecall) Check() error {
	return first(checkRecall(b.Recall), checkText("note", b.Note, 0, 500))
}

func checkRecall(id RecallID) error {
	member, name, ok := strings.Cut(string(id), "/")
	if !ok {
		return Refuse(FieldInvalid, "recall", "%.80q is not <member>/<name>", string(id))
	}
	return first(checkMember("recall", member), checkName("recall", name))
}

func checkThingKey(field string, k ThingKey) error {
	switch family, id := k.Cut(); family {
	case PrefixLot:
		return checkLot(field, LotID(id))
	case PrefixUnit:
		return checkUnitID(field, UnitID(id))
	}
	return Refuse(FieldInvalid, field, "%.80q is neither lot/… nor unit/…", string(k))
}
