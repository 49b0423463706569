package review

import (
	"slices"
	"strings"
	"time"

	"github.com/caryaledger/carya/types/ceb"
)

// persons compares the buyer of order and list with the payer of the payment (M5), which must be one person with an
// identity card. Only import documents name persons. One finding for each document: its number, else its name, else its telephone.
func (c *court) persons(g *group) {
	if g.export {
		return
	}
	papers := []*paper{g.order, g.payment, g.list}
	c.cards(papers)
	var strangers []*paper
	strangers = append(strangers, c.person(strangers, papers, "IdNumber", strings.ToUpper)...)
	strangers = append(strangers, c.person(strangers, papers, "Name", same)...)
	c.person(strangers, []*paper{g.order, nil, g.list}, "Telephone", digits)
	c.numbers(papers, strangers)
}

func same(s string) string { return s }

// personal is a field of the buyer or payer.
func (p *paper) personal(name string) at {
	if p != nil && p.role == payment {
		return p.at("payer" + name)
	}
	return p.at("buyer" + name)
}

// cards asks for identity cards.
func (c *court) cards(papers []*paper) {
	for _, p := range papers {
		if here := p.personal("IdType"); here.value != "" && here.value != "1" {
			c.fault("ID_TYPE", here, should("1"))
		}
	}
}

// person compares one field of the documents not known to be about somebody else, and returns those that are.
func (c *court) person(known, papers []*paper, name string, form func(string) string) []*paper {
	var values, shown []at
	for _, p := range papers {
		if here := p.personal(name); p != nil && !slices.Contains(known, p) {
			shown = append(shown, here)
			here.value = form(here.value)
			values = append(values, here)
		}
	}
	right, wrong := verdict(values...)
	asWritten := func(v at) at {
		return shown[slices.IndexFunc(shown, func(s at) bool { return s.paper == v.paper })]
	}
	var strangers []*paper
	for _, v := range wrong {
		word := "BUYER"
		if v.paper.role == payment {
			word = "PAYER"
		}
		c.fault(word, asWritten(v), asWritten(right))
		strangers = append(strangers, v.paper)
	}
	return strangers
}

// numbers checks the form of the identity numbers, once for each number: at the document that came first.
func (c *court) numbers(papers, strangers []*paper) {
	var seen []string
	for _, p := range papers {
		here := p.personal("IdNumber")
		number := strings.ToUpper(here.value)
		if number == "" || p.personal("IdType").value != "1" || slices.Contains(strangers, p) || slices.Contains(seen, number) {
			continue
		}
		seen = append(seen, number)
		switch reason, sure := identity(number); {
		case reason.value == "":
		case sure:
			c.fault("ID_NUMBER", here, reason)
		case c.replaced:
			c.note("ID_NUMBER", here, reason)
		default:
			c.warning("ID_NUMBER", here, reason)
		}
	}
}

// identity checks a resident identity number (GB 11643-1999): 17 digits and a check character, with the day of birth at
// the 7th to 14th. It returns what is wrong with it, nothing when it is good. A wrong check character is not sure to be
// a fault, because numbers are often replaced in data that is passed around, as in the official samples.
func identity(number string) (reason at, sure bool) {
	if strings.Contains(number, "*") {
		return because("some characters are hidden", "部分字符被隐去"), false
	}
	if len(number) != 18 || strings.Trim(number[:17], "0123456789") != "" {
		return because("it must have 18 characters, the first 17 digits", "应为18位，前17位为数字"), true
	}
	birth, err := ceb.ParseTime(number[6:14] + "000000")
	if err != nil || birth < firstBirth {
		return because("characters 7 to 14 must be a day of birth", "第7至14位应为出生日期"), true
	}
	if check := checkCharacter(number[:17]); number[17] != check {
		return because("the check character should be "+string(check), "校验码应为"+string(check)), false
	}
	return at{}, false
}

// firstBirth is before the birth of anybody alive.
var firstBirth = time.Date(1879, 12, 31, 0, 0, 0, 0, time.UTC).UnixMilli()

// checkCharacter computes the 18th character from the 17 digits before it: ISO 7064 MOD 11-2.
func checkCharacter(digits string) byte {
	rest := 0
	for i := range len(digits) {
		rest = (rest + int(digits[i]-'0')) * 2 % 11
	}
	return "0123456789X"[(12-rest)%11]
}
