package generate

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"strings"

	"github.com/caryaledger/carya/types/ceb"
)

// File is one file of a set. Name has the folder of the party before it: "platform/CEB311-000001.xml".
type File struct {
	Name string
	Data []byte
}

// Manifest says what WriteTo has written. Its JSON is the file faults.json.
type Manifest struct {
	Format    string         `json:"format"` // "carya-ceb-set/1"
	Seed      uint64         `json:"seed"`
	Orders    int            `json:"orders"`
	Documents int            `json:"documents"`
	Files     int            `json:"files"` // of messages
	Faults    []PlantedFault `json:"faults"`
}

const format = "carya-ceb-set/1"

// WriteTo writes the rest of the sets as message files, each with documents of one sender, then logistics/parcels.csv
// when there are exports, and faults.json, the manifest. A document whose form is broken has a file of its own, because
// whoever reads it refuses the whole file.
//
// parcels.csv says which order an export waybill belongs to, which the waybill itself does not: lines of logisticsCode,
// logisticsNo, ebpCode, orderNo.
//
// An error is the sink's, or that of Options.Sign.
func (g *Generator) WriteTo(sink func(File) error) (*Manifest, error) {
	w := &writer{
		options:  &g.options,
		sink:     sink,
		random:   rand.New(rand.NewPCG(g.options.Seed, streamFiles)),
		boxes:    map[sender]*box{},
		numbers:  map[string]int{},
		manifest: &Manifest{Format: format, Seed: g.options.Seed, Faults: []PlantedFault{}},
	}
	if err := w.all(g); err != nil {
		return nil, err
	}
	return w.manifest, nil
}

type writer struct {
	options  *Options
	sink     func(File) error
	random   *rand.Rand
	boxes    map[sender]*box
	order    []*box         // boxes in the order in which they were needed
	numbers  map[string]int // of files, by kind
	csv      bytes.Buffer
	manifest *Manifest
}

type sender struct {
	kind, code string
}

// box collects the documents of one sender for the next file.
type box struct {
	kind      string
	company   Company
	documents []ceb.Document
	faults    []int // indices in the manifest of faults in these documents
}

func (w *writer) all(g *Generator) error {
	for set, ok := g.Next(); ok; set, ok = g.Next() {
		if err := w.add(set); err != nil {
			return err
		}
	}
	for _, b := range w.order {
		if err := w.flush(b); err != nil {
			return err
		}
	}
	return w.rest()
}

func (w *writer) add(s *Set) error {
	w.manifest.Orders++
	if s.Fault != nil {
		w.manifest.Faults = append(w.manifest.Faults, *s.Fault)
	}
	w.parcel(s)
	for _, d := range s.Documents() {
		w.manifest.Documents++
		if err := w.put(s, d); err != nil {
			return err
		}
	}
	return nil
}

// put adds a document to its sender's next file.
func (w *writer) put(s *Set, d *ceb.Document) error {
	company := senderOf(d)
	if d == s.blamed && s.edit != nil {
		own := &box{kind: d.Kind, company: company}
		w.into(own, s, d)
		return w.write(own, s.edit)
	}
	b := w.box(d.Kind, company)
	w.into(b, s, d)
	if len(b.documents) < w.options.PerFile {
		return nil
	}
	return w.flush(b)
}

func (w *writer) into(b *box, s *Set, d *ceb.Document) {
	b.documents = append(b.documents, *d)
	if d == s.blamed {
		b.faults = append(b.faults, len(w.manifest.Faults)-1)
	}
}

func (w *writer) box(kind string, company Company) *box {
	key := sender{kind, company.Code}
	if w.boxes[key] == nil {
		w.boxes[key] = &box{kind: kind, company: company}
		w.order = append(w.order, w.boxes[key])
	}
	return w.boxes[key]
}

// senderOf returns the company that reports a document.
func senderOf(d *ceb.Document) Company {
	role := roles[d.Kind]
	return Company{Code: d.Get(role.prefix + "Code"), Name: d.Get(role.prefix + "Name")}
}

// roles says which party sends the documents of a kind, and how the fields that name it begin.
var roles = map[string]struct{ folder, prefix string }{
	"CEB311": {platform, "ebp"}, "CEB411": {payment, "pay"}, "CEB511": {logistics, "logistics"}, "CEB621": {declarant, "agent"},
	"CEB303": {platform, "ebp"}, "CEB403": {payment, "pay"}, "CEB505": {logistics, "logistics"}, "CEB603": {declarant, "agent"},
}

// flush writes what is in a box.
func (w *writer) flush(b *box) error {
	if len(b.documents) == 0 {
		return nil
	}
	err := w.write(b, nil)
	b.documents, b.faults = nil, nil
	return err
}

func (w *writer) write(b *box, change *edit) error {
	w.numbers[b.kind]++
	w.manifest.Files++
	name := fmt.Sprintf("%s/%s-%06d.xml", roles[b.kind].folder, b.kind, w.numbers[b.kind])
	for _, i := range b.faults {
		w.manifest.Faults[i].File = name
	}
	data, err := w.message(b, change)
	if err != nil {
		return fmt.Errorf("message %s: %w", name, err)
	}
	return w.sink(File{Name: name, Data: data})
}

func (w *writer) message(b *box, change *edit) ([]byte, error) {
	m := &ceb.Message{
		Kind: b.kind, GUID: guidOf(w.random), Version: "1.0", Documents: b.documents,
		Transfer: ceb.BaseTransfer{CopCode: b.company.Code, CopName: b.company.Name, DxpMode: "DXP", DxpID: "DXPENT" + b.company.Code},
	}
	if w.options.Sign == nil && b.kind == "CEB621" {
		m.Signature = []byte(unsigned)
	}
	data, err := ceb.Write(m)
	if err != nil {
		return nil, err
	}
	if change != nil {
		data = change.apply(data)
	}
	if w.options.Sign == nil {
		return data, nil
	}
	return w.options.Sign(data)
}

// edit changes the text of one field in a message of one document.
type edit struct {
	field string
	value string // "" takes the element out
}

// apply returns the changed message. The names of the fields that the table of faults edits stand once in a head, or
// first in the first line.
func (e *edit) apply(message []byte) []byte {
	name := "ceb:" + e.field[strings.LastIndexByte(e.field, '/')+1:]
	begin := bytes.Index(message, []byte("<"+name+">"))
	end := begin + bytes.Index(message[begin:], []byte("</"+name+">")) + len("</"+name+">")
	element := ""
	if e.value != "" {
		element = "<" + name + ">" + html.EscapeString(e.value) + "</" + name + ">"
	}
	return bytes.Join([][]byte{message[:begin], message[end:]}, []byte(element))
}

// parcel adds a line to parcels.csv.
func (w *writer) parcel(s *Set) {
	if s.Import || s.Waybill.Kind == "" {
		return
	}
	lines := csv.NewWriter(&w.csv)
	if w.csv.Len() == 0 {
		lines.Write([]string{"logisticsCode", "logisticsNo", "ebpCode", "orderNo"})
	}
	// A bytes.Buffer does not fail.
	lines.Write([]string{s.Waybill.Get("logisticsCode"), s.Waybill.Get("logisticsNo"), s.Platform, s.Number})
	lines.Flush()
}

// rest writes what is known at the end only.
func (w *writer) rest() error {
	if w.csv.Len() > 0 {
		if err := w.sink(File{Name: logistics + "/parcels.csv", Data: w.csv.Bytes()}); err != nil {
			return err
		}
	}
	data, err := json.MarshalIndent(w.manifest, "", " ")
	if err != nil {
		return err
	}
	return w.sink(File{Name: "faults.json", Data: append(data, '\n')})
}

// unsigned stands where the schema wants a signature. It says in so many words that it is none: all of its values are
// "unsigned" in base64.
const unsigned = `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
<ds:SignedInfo>
<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"></ds:CanonicalizationMethod>
<ds:SignatureMethod Algorithm="http://www.chinaport.gov.cn/2022/04/xmldsig#sm2-sm3"></ds:SignatureMethod>
<ds:Reference URI="">
<ds:Transforms>
<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>
</ds:Transforms>
<ds:DigestMethod Algorithm="http://www.chinaport.gov.cn/2022/04/xmldsig#sm3"></ds:DigestMethod>
<ds:DigestValue>dW5zaWduZWQ=</ds:DigestValue>
</ds:Reference>
</ds:SignedInfo>
<ds:SignatureValue>dW5zaWduZWQ=</ds:SignatureValue>
</ds:Signature>`
