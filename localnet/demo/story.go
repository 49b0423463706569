package demo

import (
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// step is one thing that somebody does: one command.
type step struct {
	by      Organisation
	says    string     // in plain words
	rule    string     // that it meets, with what the rule asks
	refusal types.Code // that is expected; OK for none
	record  string     // key of the record that it is about; of a customs message the command says it
	command []string   // without who signs and where it goes; empty for
	post    string     // an EPCIS document that goes to the node's /epcis/capture
}

// story writes the documents into a folder and returns the steps. Steps that depend on
// the moment are made when they are played.
type story struct {
	*facts
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
		{"Before the harvest", []func() (*step, error){s.accredit, s.certify, s.plot, s.product}},
		{"From the grove to the pallet, in EPCIS", []func() (*step, error){
			s.harvest, s.harvestTooMuch, s.dry, s.roast, s.pack, s.overdraw, s.pallet,
		}},
		{"Hand over, with two signatures", []func() (*step, error){
			s.ship, s.offerTwice, s.receive, s.onward, s.arrive,
		}},
		{"A suspicion, and its end", []func() (*step, error){s.recall, s.sellRecalled, s.report, s.closeRecall, s.sell}},
	}
}

// standard is what the certificate of the story attests.
const standard = "GI Lin'an hickory"

func (s *story) accredit() (*step, error) {
	return &step{
		by: s.Authority, says: "accredits " + s.Certifier.ID + " for the geographical indication",
		rule: "R5: nobody certifies without an accreditation", record: "accreditation/" + s.Authority.ID + "/gi-" + s.year(),
		command: []string{"certificate", "accredit", "gi-" + s.year(), "--issuer", s.Certifier.ID, "--standard", standard,
			"--from", s.yearsDay("01-01"), "--until", s.yearsDay("12-31")},
	}, nil
}

func (s *story) year() string { return s.Harvested.Format("2006") }

func (s *story) yearsDay(day string) string { return s.year() + "-" + day }

func (s *story) certify() (*step, error) {
	path, _, err := types.ThingOf(s.Certificate)
	command := []string{"certificate", "issue", s.Certificate, "--standard", standard, "--accreditation", s.Authority.ID + "/gi-" + s.year(),
		"--subject", s.Cooperative.ID, "--from", s.HarvestBegan.Format("2006-01-02"), "--until", s.BestBefore.Format("2006-01-02")}
	for _, site := range []string{s.Grove, s.Works} {
		command = append(command, "--site", site)
	}
	return &step{
		by: s.Certifier, says: "certifies the cooperative's hickory: " + standard, rule: "R5: its issuer was accredited for it when it was issued",
		record: types.PrefixCertificate + "/" + path, command: command,
	}, err
}

func (s *story) plot() (*step, error) {
	path, _, err := types.ThingOf(s.Grove)
	return &step{
		by: s.Cooperative, says: "registers the grove, which yields 1,200 kg of green nuts this season at most",
		rule: "R1: a plot's season has a cap, which only an authority raises", record: types.PrefixPlot + "/" + path,
		command: []string{"plot", "register", s.Grove, "--name", "岛石 grove 1", "--gtin", gtinOf(s.Green), "--cap", "1200 kg",
			"--from", s.HarvestBegan.AddDate(0, 0, -1).Format("2006-01-02"), "--until", s.Now.AddDate(0, 0, 1).Format("2006-01-02")},
	}, err
}

func (s *story) product() (*step, error) {
	return &step{
		by: s.Cooperative, says: "registers its bag: 500 g of nuts", rule: "R1 F4: pieces are weighed by their registered content",
		record:  types.PrefixProduct + "/" + gtinOf(s.Parcel),
		command: []string{"product", "register", gtinOf(s.Parcel), "--name", "临安山核桃 500 g", "--net", "500 g"},
	}, nil
}

func gtinOf(id types.LotID) string { return string(id)[:14] }

// capture makes a step of one EPCIS document, posted to the node of who captures it.
func (s *story) capture(by Organisation, name, says, rule string, refusal types.Code, record string) (*step, error) {
	path, err := s.write(s.dir, name, name)
	return &step{by: by, says: says, rule: rule, refusal: refusal, record: record, post: path}, err
}

func (s *story) harvest() (*step, error) {
	return s.capture(s.Cooperative, "harvest.jsonld", "weighs in 1,000 kg of green hickory nuts as lot "+lotNumber(s.Green),
		"R1 F5 R5: a new lot, under its own company prefix, certified", types.OK, lotKey(s.Green))
}

func (s *story) harvestTooMuch() (*step, error) {
	return s.capture(s.Cooperative, "bought.jsonld", "weighs in another 500 kg from the same grove",
		"R1: no more than the season's cap", types.SeasonCap, lotKey(s.Green))
}

func (s *story) dry() (*step, error) {
	return s.capture(s.Cooperative, "dry.jsonld", "husks and dries them: 1,000 kg become 350 kg, lot "+lotNumber(s.Dry),
		"R1 F2 F7: no more comes out than went in, and all that went in is certified", types.OK, lotKey(s.Dry))
}

func (s *story) roast() (*step, error) {
	return s.capture(s.Cooperative, "roast.jsonld", "roasts them: 350 kg become 330 kg, lot "+lotNumber(s.Roast),
		"R1 F2 F7: no more comes out than went in, and all that went in is certified", types.OK, lotKey(s.Roast))
}

func (s *story) pack() (*step, error) {
	return s.capture(s.Cooperative, "pack.jsonld", "packs all 330 kg into 660 bags, lot "+lotNumber(s.Parcel),
		"R1 F4: 660 bags of 500 g weigh what went in", types.OK, s.parcel())
}

func (s *story) overdraw() (*step, error) {
	return s.capture(s.Cooperative, "overdraw.jsonld", "packs another 50 kg out of the roasted lot, of which nothing is left",
		"R1 F1: no more is taken than is left", types.Overdraw, lotKey(s.Roast))
}

func (s *story) pallet() (*step, error) {
	return s.capture(s.Cooperative, "pallet.jsonld", "puts the bags on a pallet with its own number (SSCC)",
		"what is inside a unit moves with it", types.OK, s.unit())
}

func (s *story) parcel() string { return lotKey(s.Parcel) }

func lotKey(id types.LotID) string { return string(id.Key()) }

func (s *story) unit() string {
	path, _, _ := types.ThingOf(s.Pallet)
	return types.PrefixUnit + "/" + path
}

func (s *story) ship() (*step, error) {
	return s.capture(s.Cooperative, "ship.jsonld", "ships the pallet to "+s.Carrier.ID+": to the ledger that is an offer",
		"R3: who holds it offers, and cannot use it meanwhile", types.OK, s.unit())
}

func (s *story) offerTwice() (*step, error) {
	return &step{
		by: s.Cooperative, says: "offers the same pallet to " + s.Platform.ID, rule: "R3: one offer at a time", refusal: types.DoubleOffer,
		record: s.unit(), command: []string{"unit", "offer", s.Pallet, "--to", s.Platform.ID},
	}, nil
}

func (s *story) receive() (*step, error) {
	return s.capture(s.Carrier, "receive.jsonld", "receives the pallet: it is in its custody",
		"R3: custody changes when the other side signs, too", types.OK, s.unit())
}

func (s *story) onward() (*step, error) {
	return s.capture(s.Carrier, "onward.jsonld", "ships it to the warehouse of "+s.Platform.ID,
		"R3: who holds it offers, and cannot use it meanwhile", types.OK, s.unit())
}

func (s *story) arrive() (*step, error) {
	return s.capture(s.Platform, "arrive.jsonld", "receives and unpacks it: 660 bags have come from the grove to the shop",
		"R3: what was inside is now held by who holds the pallet", types.OK, s.parcel())
}

func (s *story) recallID() string { return s.Cooperative.ID + "/" + s.recallName() }

func (s *story) recallName() string { return "suspicion-" + lotNumber(s.Dry) }

func (s *story) recall() (*step, error) {
	return &step{
		by: s.Cooperative, says: "recalls the dried nuts, on a suspicion: all that was made from them is marked",
		rule: "R6: a recall reaches everything made from a bad lot", record: types.PrefixRecall + "/" + s.recallID(),
		command: []string{"recall", "open", s.recallName(), string(s.Dry), "--class", "2", "--reason", "first sample: aflatoxin over the limit"},
	}, nil
}

func (s *story) sellRecalled() (*step, error) {
	return s.capture(s.Platform, "sell.jsonld", "sells 100 bags in its shop", "R6: no sale of what a recall has reached", types.Recalled, s.parcel())
}

func (s *story) report() (*step, error) {
	return &step{
		by: s.Platform, says: "reports all 660 bags as found and set aside", rule: "R6: a recall knows how much of it was found",
		record:  types.PrefixReport + "/" + s.recallID() + "/" + s.Platform.ID + "/" + s.parcel(),
		command: []string{"recall", "report", s.recallID(), string(s.Parcel), "--located", "660"},
	}, nil
}

func (s *story) closeRecall() (*step, error) {
	return &step{
		by: s.Cooperative, says: "closes the recall: the second sample is clean", rule: "R6: by who opened it, or an authority",
		record:  types.PrefixRecall + "/" + s.recallID(),
		command: []string{"recall", "close", s.recallID(), "--note", "second sample and counter-sample are clean"},
	}, nil
}

func (s *story) sell() (*step, error) {
	return s.capture(s.Platform, "sell.jsonld", "sells the 100 bags in its shop", "R1: what is sold is accounted for", types.OK, s.parcel())
}

// lotNumber is the short half of a lot's name.
func lotNumber(id types.LotID) string {
	key, err := gs1.ParsePath(string(id))
	if err != nil {
		return string(id)
	}
	return key.Qualifier
}
