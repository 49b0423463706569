package types

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Body is what one transaction says once: a pointer to a struct of the catalogue.
// Check finds what is wrong with it without knowing any state; it returns a Refusal.
type Body interface{ Check() error }

// Kind is one kind of transaction. Command line, HTTP interface, schema, metrics and
// load generator take it from here.
type Kind struct {
	Name string // the struct's name, an imperative: OfferLot
	Area string // the noun it belongs to: lot
	Says string // one sentence for help texts
	new  func() Body
	body *layout // of the body
	tx   *layout // of a transaction of this kind
}

// Catalogue lists every kind of transaction, one line each.
var Catalogue = []*Kind{
	kind[AddKey]("member", "give the signing member one more key"),
	kind[RetireKey]("member", "end a key of the signing member"),
	kind[SetReader]("member", "say with which key documents for the signing member are encrypted"),
	kind[GrantRange]("member", "let another member commission identifiers under a company prefix"),
	kind[CaptureEvent]("event", "record an EPCIS 2.0 event, or declare one an error"),
	kind[SettleDispute]("event", "end the dispute about an event declared an error (authority)"),
	kind[ContinueMark]("event", "go on marking what a recall, dispute or revocation reaches"),
	kind[OfferLot]("lot", "offer the custody of a lot, or a part of it, to another member"),
	kind[AcceptLot]("lot", "take over what was offered of a lot"),
	kind[RejectLot]("lot", "decline or withdraw an open offer of a lot"),
	kind[SettleLot]("lot", "settle what a hand-over left short or over"),
	kind[RegisterProduct]("lot", "say how a trade item is measured and counted"),
	kind[RegisterPlot]("lot", "bound what a plot yields in a season"),
	kind[SetProcess]("lot", "bound the yield of a business step (authority)"),
	kind[OfferUnit]("unit", "offer the custody of a unit and what is in it"),
	kind[AcceptUnit]("unit", "take over a unit that was offered"),
	kind[RejectUnit]("unit", "decline or withdraw an open offer of a unit"),
	kind[Accredit]("certificate", "let a member issue certificates (authority)"),
	kind[ChangeAccreditation]("certificate", "suspend, withdraw or restore an accreditation"),
	kind[IssueCertificate]("certificate", "issue a certificate"),
	kind[ChangeCertificate]("certificate", "suspend, revoke or restore a certificate"),
	kind[OpenRecall]("recall", "recall lots and units and everything made from them"),
	kind[ReportRecall]("recall", "report what was found of a recalled thing, and who was told"),
	kind[CloseRecall]("recall", "end a recall"),
	kind[RecordOrder]("order", "commit a platform to an order"),
	kind[RecordPayment]("order", "commit a payment company to an order's payment"),
	kind[RecordWaybill]("order", "commit a logistics company to an order's waybill"),
	kind[GrantQuota]("order", "grant or refuse the buyer's quota for an import order (customs)"),
	kind[Declare]("order", "commit a declarant to an order's declaration list"),
	kind[Decide]("order", "accept, review, audit, inspect, detain, release, close or reject a declaration (customs)"),
	kind[Cancel]("order", "ask customs to cancel a declaration"),
	kind[DecideCancel]("order", "cancel a declaration, or keep it (customs)"),
	kind[SignFor]("order", "say that a released parcel was delivered (its carrier)"),
	kind[ReturnGoods]("order", "apply for the return of released goods"),
	kind[DecideReturn]("order", "allow a return, take it in or refuse it (customs)"),
	kind[CreditBook]("book", "enter goods into a bonded account book"),
	kind[SetTariff]("tariff", "set the import taxes of goods from a time on (customs)"),
	kind[SetLimits]("tariff", "set what a buyer may import from a time on (customs)"),
}

// KindNamed returns the kind with that name.
func KindNamed(name string) (*Kind, bool) {
	for _, k := range Catalogue {
		if k.Name == name {
			return k, true
		}
	}
	return nil, false
}

// KindOf returns the kind of a body, by its type.
func KindOf(b Body) (*Kind, bool) { return KindNamed(reflect.TypeOf(b).Elem().Name()) }

// New returns an empty body of the kind.
func (k *Kind) New() Body { return k.new() }

// ReadJSON reads a body from JSON; unknown members are an error that names them.
func (k *Kind) ReadJSON(data []byte) (Body, error) {
	b := k.New()
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(b); err != nil {
		return nil, Refuse(Malformed, "", "%s: %v", k.Name, err)
	}
	if d.More() {
		return nil, Refuse(Malformed, "", "%s: more than one JSON value", k.Name)
	}
	if err := k.checkIntegers(b); err != nil {
		return nil, err
	}
	return b, nil
}

func (k *Kind) checkIntegers(b Body) error { return k.body.check(reflect.ValueOf(b).Elem()) }

// kind makes a catalogue entry and panics, when the program starts, if a field is not
// of the closed set of types.
func kind[T any, P interface {
	*T
	Body
}](area, says string) *Kind {
	t := reflect.TypeFor[T]()
	body := layoutOf(t)
	return &Kind{
		Name: t.Name(), Area: area, Says: says,
		new:  func() Body { return P(new(T)) },
		body: body,
		tx:   transactionLayout(body),
	}
}

// FieldType is one field as the schema describes it.
type FieldType struct {
	Name string `json:"name"`
	Type string `json:"type"` // as EIP-712 writes it: string, bool, int64, uint64, bytes, bytes32, address, Struct, T[]
}

// layout is a struct type compiled for hashing: its EIP-712 type hash and one encoder
// for each field.
type layout struct {
	name   string
	goType reflect.Type
	fields []layoutField
	deps   []*layout // all struct types below, each once
	hash   Hash      // typeHash
}

type layoutField struct {
	FieldType
	index int
	value *valueType
}

// valueType says how a value of one Go type is hashed (EIP-712 encodeData) and checked.
type valueType struct {
	name   string                                // EIP-712 name
	word   func(v reflect.Value, k *keccak) Hash // the 32 bytes that stand for it
	check  func(v reflect.Value) error           // integers within MaxInteger; nil = nothing to check
	schema func() map[string]any                 // JSON Schema
	deps   []*layout
}

func layoutOf(t reflect.Type) *layout {
	l := &layout{name: t.Name(), goType: t}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || options != "" || !f.IsExported() {
			panic(fmt.Sprintf("%s.%s: every field is exported and has a json name without options", t, f.Name))
		}
		v := valueTypeOf(f.Type)
		l.fields = append(l.fields, layoutField{FieldType{name, v.name}, i, v})
		l.deps = addDeps(l.deps, v.deps)
	}
	l.hash = l.typeHash()
	return l
}

func addDeps(to, more []*layout) []*layout {
	for _, d := range more {
		known := false
		for _, have := range to {
			known = known || have.name == d.name
		}
		if !known {
			to = append(to, d)
		}
	}
	return to
}

// check refuses integers that JSON cannot carry, naming the field.
func (l *layout) check(v reflect.Value) error {
	for i := range l.fields {
		f := &l.fields[i]
		if f.value.check == nil {
			continue
		}
		if err := f.value.check(v.Field(f.index)); err != nil {
			return Refuse(FieldInvalid, f.Name, "%v", err)
		}
	}
	return nil
}
