package demo

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/google/uuid"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
	"github.com/caryaledger/carya/types/ceb/generate"
	"github.com/caryaledger/carya/types/ceb/xmldsig"
)

// trade is the second half of the story: three purchases, as four companies report them
// to customs, each in a drop folder of its own.
type trade struct {
	*story
	now   time.Time
	sets  []*generate.Set // released, detained, returned; and one whose payment is another's
	cards map[string]*card
}

// The purchases of the story.
const (
	released = iota
	detained
	returned
	unpaid
	purchases
)

// card is what a company signs its customs messages with: an SM2 key and a certificate,
// as the E-Port hands them out on a USB key.
type card struct {
	key         *sm2.PrivateKey
	certificate []byte // DER
}

// newTrade makes up the purchases. The generator's day is long: an order of four hours
// ago is declared by now.
func newTrade(s *story) (*trade, error) {
	as := func(o Organisation) []generate.Company { return []generate.Company{{Code: o.Code, Name: o.Name}} }
	g := generate.New(generate.Options{
		Orders: purchases, Seed: uint64(s.Now.UnixNano()), Start: s.Now.Add(-4 * time.Hour), Every: time.Minute,
		Platforms: as(s.Platform), Payers: as(s.Payment), Carriers: as(s.Carrier), Declarants: as(s.Broker), Customs: []string{s.Customs.Code},
	})
	t := &trade{story: s, now: s.Now, cards: map[string]*card{}}
	for set, more := g.Next(); more; set, more = g.Next() {
		t.sets = append(t.sets, set)
	}
	for _, o := range []Organisation{s.Platform, s.Payment, s.Carrier, s.Broker} {
		c, err := newCard(o, s.Now)
		if err != nil {
			return nil, err
		}
		t.cards[o.ID] = c
	}
	return t, nil
}

func newCard(o Organisation, now time.Time) (*card, error) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: o.Code, Organization: []string{o.Name}},
		NotBefore: now.AddDate(0, -1, 0), NotAfter: now.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("certificate of %s: %w", o.ID, err)
	}
	return &card{key, der}, nil
}

// Certificates returns what the nodes have to know to judge the companies' signatures, by
// file name.
func (t *trade) certificates() map[string][]byte {
	files := map[string][]byte{}
	for _, o := range []Organisation{t.Platform, t.Payment, t.Carrier, t.Broker} {
		files[o.Code+".pem"] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: t.cards[o.ID].certificate})
	}
	return files
}

func (t *trade) chapters() []chapter {
	return []chapter{
		{"Three purchases, as four companies report them to customs", []func() (*step, error){
			t.reader, t.tariff, t.orders, t.payments, t.waybills, t.payTwice,
		}},
		{"Through customs", []func() (*step, error){t.grant, t.declare, t.declareTwice, t.release, t.inspect, t.detain}},
		{"To the door, and back", []func() (*step, error){t.deliver, t.giveBack, t.allow, t.takeIn}},
	}
}

// drop is the drop folder of a company.
func (t *trade) drop(o Organisation) string { return filepath.Join(t.dir, "drop", o.ID) }

// put writes a message into its sender's drop folder, signed with its card.
func (t *trade) put(o Organisation, name, kind string, documents ...ceb.Document) error {
	data, err := ceb.Write(&ceb.Message{
		Kind: kind, GUID: guid(), Version: "1.0", Documents: documents,
		Transfer: ceb.BaseTransfer{CopCode: o.Code, CopName: o.Name, DxpMode: "DXP", DxpID: "DXPENT" + o.Code},
	})
	if err != nil {
		return fmt.Errorf("message %s of %s: %w", kind, o.ID, err)
	}
	c := t.cards[o.ID]
	if data, err = xmldsig.Sign(data, c.key, c.certificate, ""); err != nil {
		return fmt.Errorf("sign message %s of %s: %w", kind, o.ID, err)
	}
	if err := os.MkdirAll(t.drop(o), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(t.drop(o), name+".xml"), data, 0o600)
}

func guid() string { return strings.ToUpper(uuid.NewString()) }

// submit makes a step of everything in a company's drop folder.
func (t *trade) submit(o Organisation, says, rule string, refusal types.Code) *step {
	command := []string{"ceb", "submit", t.drop(o), "--once", "--patience", "20s"}
	if o != t.Platform {
		command = append(command, "--tickets", t.tickets)
	}
	return &step{by: o, says: says, rule: rule, refusal: refusal, command: command}
}

func (t *trade) reader() (*step, error) {
	return &step{
		by: t.Customs, says: "publishes the key that documents for it are encrypted with", rule: "payloads go to those who may read them, and rest encrypted",
		record: types.PrefixMember + "/" + t.Customs.ID, command: []string{"reader", "new"},
	}, nil
}

func (t *trade) tariff() (*step, error) {
	return &step{
		by: t.Customs, says: "sets the taxes of retail imports: 13 % and what consumption tax there is", rule: "R10: rates are versions in time, for all to see",
		command: []string{"tariff", "set", "--file", filepath.Join(t.dir, "rates.csv"), "--from", t.yearsDay("01-01")},
	}, os.WriteFile(filepath.Join(t.dir, "rates.csv"), generate.Rates(), 0o600)
}

func (t *trade) orders() (*step, error) {
	for i, s := range t.sets {
		if err := t.put(t.Platform, fmt.Sprint("order-", i+1), s.Order.Kind, s.Order); err != nil {
			return nil, err
		}
	}
	return t.submit(t.Platform, "drops four orders (CEB311) and hands out their tickets", "R7: only a platform fills the order's slot", types.OK), nil
}

func (t *trade) payments() (*step, error) {
	for i, s := range t.sets[:unpaid] {
		if err := t.put(t.Payment, fmt.Sprint("payment-", i+1), s.Payment.Kind, s.Payment); err != nil {
			return nil, err
		}
	}
	return t.submit(t.Payment, "drops three payments (CEB411)", "R7 M3 M5: the same amount, the same person", types.OK), nil
}

func (t *trade) waybills() (*step, error) {
	for i, s := range t.sets[:unpaid] {
		if err := t.put(t.Carrier, fmt.Sprint("waybill-", i+1), s.Waybill.Kind, s.Waybill); err != nil {
			return nil, err
		}
	}
	return t.submit(t.Carrier, "drops three waybills (CEB511): the three match", "R7 M1 M4: the same order, the same consignee", types.OK), nil
}

// payTwice uses the first purchase's payment for the fourth.
func (t *trade) payTwice() (*step, error) {
	again := t.sets[released].Payment
	again.Head = changed(again.Head, "orderNo", t.sets[unpaid].Number, "guid", guid(), "appTime", t.clock())
	return t.submit(t.Payment, "reports the first payment for the fourth order, too", "R7: a payment belongs to one order", types.PaymentReused),
		t.put(t.Payment, "payment-again", again.Kind, again)
}

// changed returns fields with other values, given as name and value in turn.
func changed(fields []ceb.Field, values ...string) []ceb.Field {
	other := make([]ceb.Field, len(fields))
	for i, f := range fields {
		other[i] = f
		for n := 0; n < len(values); n += 2 {
			if f.Path == values[n] || strings.HasSuffix(f.Path, "/"+values[n]) {
				other[i].Value = values[n+1]
			}
		}
	}
	return other
}

func (t *trade) grant() (*step, error) {
	return &step{
		by: t.Customs, says: "reads the orders and grants the buyers' quota", rule: "R9: only customs can tell who buys; a grant is used once",
		command: []string{"customs", "grant", "--once"},
	}, nil
}

func (t *trade) declare() (*step, error) {
	for i, s := range t.sets[:unpaid] {
		if err := t.put(t.Broker, fmt.Sprint("list-", i+1), s.List.Kind, s.List); err != nil {
			return nil, err
		}
	}
	return t.submit(t.Broker, "drops three declaration lists (CEB621)", "R8 M1: one list for a matched order", types.OK), nil
}

func (t *trade) declareTwice() (*step, error) {
	again := t.sets[released].List
	number := again.Get("copNo")
	again.Head = changed(again.Head, "copNo", number[:len(number)-1]+"B", "guid", guid(), "appTime", t.clock())
	return t.submit(t.Broker, "declares the first order a second time", "R8: one live declaration of an order, in all districts (-621004)", types.DuplicateList),
		t.put(t.Broker, "list-again", again.Kind, again)
}

// order names a purchase's order on the ledger, by its ticket.
func (t *trade) order(i int) (types.OrderID, error) {
	file, err := os.ReadFile(filepath.Join(t.tickets, t.sets[i].Number+".json"))
	if err != nil {
		return "", err
	}
	ticket, err := types.ParseTicket(file)
	if err != nil {
		return "", err
	}
	return ticket.Order, nil
}

// decide makes a step of a decision on purchases.
func (t *trade) decide(says, rule string, how []string, purchases ...int) (*step, error) {
	s := &step{by: t.Customs, says: says, rule: rule, command: []string{"customs", "decide"}}
	for _, i := range purchases {
		id, err := t.order(i)
		if err != nil {
			return nil, err
		}
		s.command, s.record = append(s.command, string(id)), types.PrefixOrder+"/"+string(id)
	}
	s.command = append(s.command, how...)
	return s, nil
}

func (t *trade) release() (*step, error) {
	return t.decide("opens the commitments of two lists, finds them in order and releases them (120, 399, 800)", "R7: only the office decides, step by step", []string{"--release"}, released, returned)
}

func (t *trade) inspect() (*step, error) {
	return t.decide("opens the parcel of the other (500)", "R7", []string{"--inspect"}, detained)
}

func (t *trade) detain() (*step, error) {
	return t.decide("detains it for its anti-smuggling bureau (502)", "R7", []string{"--detain", "502"}, detained)
}

// deliver reports the two released parcels as signed for.
func (t *trade) deliver() (*step, error) {
	for _, i := range []int{released, returned} {
		s := t.sets[i]
		status := ceb.Document{Kind: "CEB513", Head: fields(
			"guid", guid(), "appType", "1", "appTime", t.clock(), "appStatus", "2", "logisticsCode", s.Waybill.Get("logisticsCode"),
			"logisticsName", s.Waybill.Get("logisticsName"), "logisticsNo", s.Waybill.Get("logisticsNo"), "logisticsStatus", "S", "logisticsTime", t.clock(),
		)}
		if err := t.put(t.Carrier, fmt.Sprint("signed-for-", i+1), status.Kind, status); err != nil {
			return nil, err
		}
	}
	return t.submit(t.Carrier, "drops two delivery reports (CEB513): signed for", "R7: only what is released is delivered, by its carrier", types.OK), nil
}

// fields makes fields of names and values in turn.
func fields(values ...string) []ceb.Field {
	var all []ceb.Field
	for i := 0; i < len(values); i += 2 {
		all = append(all, ceb.Field{Path: values[i], Value: values[i+1]})
	}
	return all
}

func (t *trade) clock() string { return time.Now().In(china).Format("20060102150405") }

// giveBack applies for the return of one piece of the first line.
func (t *trade) giveBack() (*step, error) {
	// The list that was refused would be refused again.
	if err := os.Remove(filepath.Join(t.drop(t.Broker), "list-again.xml")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	list := t.sets[returned].List
	head := fields("guid", guid(), "appType", "1", "appTime", t.clock(), "appStatus", "2")
	for _, name := range []string{"customsCode", "orderNo", "ebpCode", "ebpName", "ebcCode", "ebcName", "logisticsNo", "logisticsCode",
		"logisticsName", "copNo"} {
		head = append(head, ceb.Field{Path: name, Value: list.Get(name)})
	}
	head = append(head, fields("invtNo", invtNo(t.Customs.Code, t.now))...)
	for _, name := range []string{"buyerIdType", "buyerIdNumber", "buyerName", "buyerTelephone", "agentCode", "agentName"} {
		head = append(head, ceb.Field{Path: name, Value: list.Get(name)})
	}
	head = append(head, fields("reason", "the buyer changed their mind")...)
	line := map[string]string{}
	for _, f := range list.Lines[0] {
		line[f.Path[strings.LastIndexByte(f.Path, '/')+1:]] = f.Value
	}
	refund := ceb.Document{Kind: "CEB625", Head: head, Lines: [][]ceb.Field{
		fields("gnum", line["gnum"], "gcode", line["gcode"], "gname", line["gname"], "qty", "1", "unit", line["unit"]),
	}}
	return t.submit(t.Broker, "drops an application for the return of one piece (CEB625)", "R7: within 30 days, no more than there was", types.OK),
		t.put(t.Broker, "return", refund.Kind, refund)
}

// invtNo is a list number as customs gives them: district, year, I and nine digits.
func invtNo(district string, at time.Time) string {
	return fmt.Sprintf("%s%dI%09d", district, at.Year(), at.Unix()%1_000_000_000)
}

func (t *trade) allow() (*step, error) {
	return t.back("allows the return (399)", "R7: the office decides on returns, too", "--allow")
}

func (t *trade) takeIn() (*step, error) {
	return t.back("takes the goods in (800): the buyer's quota is restored, once", "R9: within 45 days of the release", "--arrived")
}

// back makes a step of a decision on the return, which is the order's only one.
func (t *trade) back(says, rule, how string) (*step, error) {
	id, err := t.order(returned)
	return &step{
		by: t.Customs, says: says, rule: rule, record: types.PrefixOrder + "/" + string(id),
		command: []string{"customs", "return", string(id), how},
	}, err
}
