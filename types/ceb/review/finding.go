package review

import (
	"cmp"
	"slices"
	"strings"
)

// Words of Finding.Severity.
const (
	Fault   = "fault"   // customs would reject the document
	Warning = "warning" // customs may look at it
	Note    = "note"    // worth knowing
)

// Finding is one thing that customs would reject or look at.
type Finding struct {
	Severity string `json:"severity"`           // fault, warning or note
	Rule     string `json:"rule"`               // "M3", "R7", "schema"
	Fault    string `json:"fault"`              // stable word of the kind of fault, as in Words
	Official int    `json:"official,omitempty"` // official code such as -621004, 0 where there is none
	File     string `json:"file"`               // file of the document at fault
	Line     int    `json:"line,omitempty"`     // in that file, counted from 1; 0 when unknown
	Kind     string `json:"kind"`               // "CEB411"
	Order    string `json:"order,omitempty"`    // order number
	Platform string `json:"platform,omitempty"` // ebpCode of the order
	Field    string `json:"field"`              // path in that document: "PaymentHead/amountPaid"
	Value    string `json:"value"`
	Other    *Place `json:"other,omitempty"`   // the other side
	Party    string `json:"party"`             // who has to fix it
	Company  string `json:"company,omitempty"` // its customs code and name, where the messages tell
	English  string `json:"en"`
	Chinese  string `json:"zh"`
}

// Place is a field of another document.
type Place struct {
	File  string `json:"file"`
	Kind  string `json:"kind"`
	Field string `json:"field"`
	Value string `json:"value"`
}

// at is a field of a paper, or a value the field should have.
type at struct {
	paper   *paper
	path    string
	value   string
	chinese string // the value in the Chinese text, where it is a sentence rather than a value
}

// at is a head field of a paper, nothing when there is no paper.
func (p *paper) at(name string) at {
	if p == nil {
		return at{}
	}
	return at{paper: p, path: p.path(name), value: p.get(name)}
}

// atLine is a field of a line of a paper.
func (p *paper) atLine(line int, name string) at {
	return at{paper: p, path: p.pathIn(line, name), value: p.in(line, name)}
}

// should is a value that no document holds: the result of a rule.
func should(value string) at {
	return at{value: value}
}

// because is a reason, in both languages.
func because(english, chinese string) at {
	return at{value: english, chinese: chinese}
}

// fault reports what customs rejects.
func (c *court) fault(word string, here, there at) {
	c.report(Fault, word, here.paper.party, here, there)
}

func (c *court) warning(word string, here, there at) {
	c.report(Warning, word, here.paper.party, here, there)
}

func (c *court) note(word string, here, there at) {
	c.report(Note, word, here.paper.party, here, there)
}

// report files a finding about a field. It blames the field, so that consequences can be left out.
func (c *court) report(severity, word, party string, here, there at) {
	p := here.paper
	p.blame(here.path)
	f := Finding{
		Severity: severity, Fault: word, File: p.file, Kind: p.doc.Kind,
		Field: here.path, Value: here.value, Party: party,
	}
	if there.paper != nil {
		f.Other = &Place{there.paper.file, there.paper.doc.Kind, there.path, there.value}
	}
	c.filed = append(c.filed, filed{worded(f, there.value, cmp.Or(there.chinese, there.value)), p})
}

// filed is a finding with the paper it is about. To which order the paper belongs may turn out later.
type filed struct {
	Finding
	paper *paper
}

// official gives the last finding another code than that of its word.
func (c *court) official(code int) {
	c.filed[len(c.filed)-1].Official = code
}

// close adds order and company to the findings about papers.
func (c *court) close() {
	for _, f := range c.filed {
		f.Order, f.Platform = f.paper.orderNumbers()
		f.Company = f.paper.companyOf(f.Party)
		c.findings = append(c.findings, f.Finding)
	}
}

// orderNumbers returns the order number and the platform of a paper: those of its order where it has one.
func (p *paper) orderNumbers() (number, platform string) {
	if p.group != nil && p.group.number != "" {
		return p.group.number, p.group.platform
	}
	return p.number, p.get("ebpCode")
}

// companyOf names a company from this paper or from the others of the order.
func (p *paper) companyOf(party string) string {
	if name := p.company(party); name != "" || p.group == nil {
		return name
	}
	for _, q := range p.group.papers() {
		if name := q.company(party); name != "" {
			return name
		}
	}
	return ""
}

// worded fills in rule, official code and both texts from the table of words.
func worded(f Finding, expected, inChinese string) Finding {
	w := wordOf(f.Fault)
	f.Rule = w.rule
	if f.Official == 0 {
		f.Official = w.official
	}
	english, chinese := partyNames(f.Party)
	f.English = fill(w.english, f, shown(expected, "nothing"), english, " (", ")")
	f.Chinese = fill(w.chinese, f, shown(inChinese, "空"), chinese, "（", "）")
	return f
}

// fill puts the values into a text. Where the other side is named first, its place is added in brackets.
func fill(text string, f Finding, other, who, open, shut string) string {
	if f.Other != nil {
		text = strings.Replace(text, "{other}", "{other}"+open+f.Other.Kind+" "+f.Other.Field+shut, 1)
	}
	field := f.Field
	if f.Kind != "" {
		field = strings.TrimSpace(f.Kind + " " + f.Field)
	}
	return strings.NewReplacer("{field}", field, "{value}", shown(f.Value, `""`), "{other}", other, "{who}", who).Replace(text)
}

// shown shortens a value for a sentence, and gives an empty one a name.
func shown(value, empty string) string {
	const most = 80
	if value == "" {
		return empty
	}
	if runes := []rune(value); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return value
}

func partyNames(party string) (english, chinese string) {
	switch party {
	case Platform:
		return "Platform", "电商平台"
	case Payer:
		return "Payment company", "支付企业"
	case Carrier:
		return "Carrier", "物流企业"
	case Declarant:
		return "Declarant", "申报企业"
	case Warehouse:
		return "Warehouse operator", "监管场所经营人"
	}
	return "Customs", "海关"
}

func (c *court) sort() {
	slices.SortStableFunc(c.findings, func(a, b Finding) int {
		return cmp.Or(
			strings.Compare(a.File, b.File), strings.Compare(a.Order, b.Order), strings.Compare(a.Platform, b.Platform),
			strings.Compare(a.Kind, b.Kind), cmp.Compare(a.Line, b.Line), strings.Compare(a.Field, b.Field),
			strings.Compare(a.Fault, b.Fault), strings.Compare(a.Value, b.Value), strings.Compare(a.English, b.English),
		)
	})
}
