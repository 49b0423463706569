package demo

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// step is one thing that somebody does: one command.
type step struct {
	by      Organisation
	says    string        // in plain words
	rule    string        // that it meets, with what the rule asks
	refusal types.Code    // that is expected; OK for none
	record  string        // key of the record that it is about; of a customs message the command says it
	pause   time.Duration // before it
	why     string        // of the pause
	command []string      // without who signs and where it goes
}

// offerTime is how long the offer stands that nobody accepts in time.
const offerTime = 3 * time.Second

// story writes the documents into a folder and returns the steps. Steps that depend on
// the moment are made when they are played.
type story struct {
	*facts
	again   *facts // the same with another order, once there is one
	dir     string // of documents
	tickets string // the platform's, which it hands to the others
}

// chapter is a title and steps, each made when the one before has been played.
type chapter struct {
	title string
	steps []func() (*step, error)
}

func (s *story) chapters() []chapter {
	return []chapter{
		{"From the grove to the parcel", []func() (*step, error){s.harvest, s.dry, s.roast, s.pack, s.overdraw}},
		{"Hand over, with two signatures", []func() (*step, error){
			s.offerBriefly, s.acceptLate, s.offer, s.accept, s.offerOn, s.acceptOn,
		}},
		{"An import order, its payment and its waybill", []func() (*step, error){
			s.order, s.pay, s.ship, s.orderAgain, s.payAgain, s.declare, s.release,
		}},
	}
}

func (s *story) capture(name, says, rule string, refusal types.Code, lot types.LotID) (*step, error) {
	path, err := s.write(s.dir, name, name)
	return &step{
		by: s.Cooperative, says: says, rule: rule, refusal: refusal, record: types.PrefixLot + "/" + string(lot),
		command: []string{"epcis", "capture", path},
	}, err
}

func (s *story) harvest() (*step, error) {
	return s.capture("harvest.jsonld", "weighs in 1,000 kg of green hickory nuts as lot "+lotNumber(s.Green),
		"R1 F5: a new lot, under the company prefix of who makes it", types.OK, s.Green)
}

func (s *story) dry() (*step, error) {
	return s.capture("dry.jsonld", "husks and dries them: 1,000 kg become 350 kg, lot "+lotNumber(s.Dry),
		"R1 F2: no more comes out than went in", types.OK, s.Dry)
}

func (s *story) roast() (*step, error) {
	return s.capture("roast.jsonld", "roasts them: 350 kg become 330 kg, lot "+lotNumber(s.Roast),
		"R1 F2: no more comes out than went in", types.OK, s.Roast)
}

func (s *story) pack() (*step, error) {
	return s.capture("pack.jsonld", "packs all 330 kg into 660 bags, lot "+lotNumber(s.Parcel),
		"R1 F1: no more is taken than is left", types.OK, s.Parcel)
}

func (s *story) overdraw() (*step, error) {
	return s.capture("overdraw.jsonld", "packs another 50 kg out of the roasted lot, of which nothing is left",
		"R1 F1: no more is taken than is left", types.Overdraw, s.Roast)
}

// tell makes a step of one transaction.
func (s *story) tell(by Organisation, says, rule string, refusal types.Code, record string, body types.Body) (*step, error) {
	kind, ok := types.KindOf(body)
	if !ok {
		return nil, fmt.Errorf("%T is of no kind", body)
	}
	data, err := json.Marshal(body)
	return &step{
		by: by, says: says, rule: rule, refusal: refusal, record: record, command: []string{"tx", kind.Name, string(data)},
	}, err
}

func (s *story) parcel() string { return types.PrefixLot + "/" + string(s.Parcel) }

func (s *story) offerTo(from, to Organisation, within time.Duration, says string) (*step, error) {
	return s.tell(from, says, "R3: the holder offers, and cannot use the lot meanwhile", types.OK, s.parcel(),
		&types.OfferLot{Lot: s.Parcel, To: to.ID, Deadline: time.Now().Add(within).UnixMilli()})
}

func (s *story) acceptBy(by Organisation, says string, refusal types.Code) (*step, error) {
	return s.tell(by, says, "R3: custody changes when the other side accepts in time", refusal, s.parcel(), &types.AcceptLot{Lot: s.Parcel})
}

func (s *story) offerBriefly() (*step, error) {
	return s.offerTo(s.Cooperative, s.Carrier, offerTime, fmt.Sprintf("offers the bags to %s, for %s", s.Carrier.ID, offerTime))
}

func (s *story) acceptLate() (*step, error) {
	t, err := s.acceptBy(s.Carrier, "accepts when the offer has ended: the bags stay with the cooperative", types.OfferExpired)
	if err == nil {
		// Half a second more: a block's time lies a little behind the clock.
		t.pause, t.why = offerTime+500*time.Millisecond, "nobody accepts, and the offer runs out"
	}
	return t, err
}

func (s *story) offer() (*step, error) {
	return s.offerTo(s.Cooperative, s.Carrier, time.Hour, "offers the bags to "+s.Carrier.ID+" again, for an hour")
}

func (s *story) accept() (*step, error) {
	return s.acceptBy(s.Carrier, "accepts: the bags are in its custody", types.OK)
}

func (s *story) offerOn() (*step, error) {
	return s.offerTo(s.Carrier, s.Platform, time.Hour, "offers them to the warehouse of "+s.Platform.ID)
}

func (s *story) acceptOn() (*step, error) {
	return s.acceptBy(s.Platform, "accepts: custody has passed from the grove to the shop", types.OK)
}

// message makes a step of one customs message. Whoever is not the platform finds the
// order by the ticket that the platform handed out.
func (s *story) message(f *facts, by Organisation, name, says, rule string, refusal types.Code) (*step, error) {
	path, err := f.write(s.dir, f.Order.Number+"-"+name, name)
	t := &step{by: by, says: says, rule: rule, refusal: refusal, command: []string{"ceb", "submit", path}}
	if by != s.Platform {
		t.command = append(t.command, "--tickets", s.tickets)
	}
	return t, err
}

func (s *story) order() (*step, error) {
	return s.message(s.facts, s.Platform, "order.xml", "submits order "+s.Order.Number+", two tins of matcha from Japan (CEB311)",
		"R7: only a platform fills the order's slot", types.OK)
}

func (s *story) pay() (*step, error) {
	return s.message(s.facts, s.Payment, "payment.xml", "submits payment "+s.PaymentNumber+" of that order (CEB411)",
		"R7 M3 M5: the same amount, the same person", types.OK)
}

func (s *story) ship() (*step, error) {
	return s.message(s.facts, s.Carrier, "waybill.xml", "submits waybill "+s.WaybillNumber+" (CEB511): the three match",
		"R7 M1 M4: the same order, the same consignee", types.OK)
}

func (s *story) orderAgain() (*step, error) {
	again := *s.facts
	again.orderAgain()
	s.again = &again
	return s.message(s.again, s.Platform, "order.xml", "submits another order, "+s.again.Order.Number+" (CEB311)",
		"R7: only a platform fills the order's slot", types.OK)
}

func (s *story) payAgain() (*step, error) {
	return s.message(s.again, s.Payment, "payment.xml", "submits the same payment "+s.PaymentNumber+" for it",
		"R7: a payment belongs to one order", types.PaymentReused)
}

func (s *story) declare() (*step, error) {
	return s.message(s.facts, s.Broker, "list.xml", "declares order "+s.Order.Number+", list "+s.ListNumber+" (CEB621)",
		"R8 M1: one list for a matched order", types.OK)
}

func (s *story) release() (*step, error) {
	file, err := os.ReadFile(filepath.Join(s.tickets, s.Order.Number+".json"))
	if err != nil {
		return nil, err
	}
	ticket, err := types.ParseTicket(file)
	if err != nil {
		return nil, err
	}
	return s.tell(s.Customs, "releases the parcel (800)", "R7: only customs decides, on what is declared", types.OK,
		types.PrefixOrder+"/"+string(ticket.Order), &types.Decide{Order: ticket.Order, Status: types.StatusRelease})
}

// lotNumber is the short half of a lot's name.
func lotNumber(id types.LotID) string {
	key, err := gs1.ParsePath(string(id))
	if err != nil {
		return string(id)
	}
	return key.Qualifier
}
