package app

import (
	"slices"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// prefixOf returns the longest company prefix of a key that is licensed to a member of
// the ledger, and that member; "" when there is none.
func prefixOf(c *Call, k gs1.Key) (prefix, member string, err error) {
	digits := companyDigits(k)
	for n := min(types.MaxPrefix, len(digits)); n >= types.MinPrefix; n-- {
		p, err := prefixes.Get(c, digits[:n])
		if err != nil {
			return "", "", err
		}
		if p != nil {
			return digits[:n], p.Member, nil
		}
	}
	return "", "", nil
}

// companyDigits is the key from its company prefix on. A GTIN, ITIP or SSCC has a digit
// in front of it (General Specifications 2.1.1, 2.2.1).
func companyDigits(k gs1.Key) string {
	switch k.Type {
	case "GTIN", "LGTIN", "SGTIN", "UPUI", "SSCC", "ITIP", "LITIP":
		return k.Primary[1:]
	}
	return k.Primary
}

// mayIssue is R1 F5: identifiers under a company prefix are commissioned by the member
// that it is licensed to, or by one who was given a range of them. A member with
// prefixes of its own commissions nothing under others that the ledger does not know.
// Identifiers outside GS1 are nobody's.
func mayIssue(c *Call, at string, k gs1.Key) error {
	if k.IsZero() {
		return nil
	}
	prefix, owner, err := prefixOf(c, k)
	if err != nil || owner == c.Member.ID {
		return err
	}
	if owner == "" {
		if len(c.Member.Prefixes) == 0 {
			return nil
		}
		return refuse(types.GCPMismatch, at, "%s: the company prefixes of %s are %s", k.Path(), c.Member.ID, listed(c.Member.Prefixes))
	}
	given, err := c.rangesUnder(prefix)
	if err != nil {
		return err
	}
	if given != nil && slices.ContainsFunc(given.Ranges, func(r types.Range) bool { return r.Covers(k.GTIN().Primary, restOf(k, prefix)) }) {
		return nil
	}
	return refuse(types.GCPMismatch, at, "%s: company prefix %s is %s's, who gave %s no range with it", k.Path(), prefix, owner, c.Member.ID)
}

// rangesUnder are what the member was granted under a prefix, read once in a body, which
// may name thousands of things. It is nil for none.
func (c *Call) rangesUnder(prefix string) (*types.Ranges, error) {
	if r, ok := c.ranges[prefix]; ok {
		return r, nil
	}
	r, err := ranges.Get(c, prefix+"/"+c.Member.ID)
	if err != nil {
		return nil, err
	}
	if c.ranges == nil {
		c.ranges = map[string]*types.Ranges{}
	}
	c.ranges[prefix] = r
	return r, nil
}

// restOf is what a range bounds: the lot or serial number of a trade item, everything
// behind the prefix of other keys.
func restOf(k gs1.Key, prefix string) string {
	if !k.GTIN().IsZero() {
		return k.Qualifier
	}
	return companyDigits(k)[len(prefix):] + k.Qualifier
}

// partyMember returns the member that a party's identifier stands for: who its company
// prefix is licensed to; "" when the ledger knows none.
func partyMember(c *Call, uri string) (string, error) {
	k, err := gs1.Parse(uri)
	if err != nil {
		return "", nil // a party outside GS1
	}
	_, member, err := prefixOf(c, k)
	return member, err
}

// maxRanges bounds what one member is granted under one company prefix.
const maxRanges = 1000

func grantRange(c *Call, b *types.GrantRange) error {
	p, err := prefixes.Get(c, b.Prefix)
	if err != nil {
		return err
	}
	if p == nil || p.Member != c.Member.ID {
		return refuse(types.GCPMismatch, "prefix", "%s is no company prefix of %s", b.Prefix, c.Member.ID)
	}
	if err := knownMemberID(c, "to", b.To); err != nil {
		return err
	}
	key := b.Prefix + "/" + b.To
	r, err := ranges.Get(c, key)
	if err != nil {
		return err
	}
	if r == nil {
		r = new(types.Ranges)
	}
	r.Ranges = slices.DeleteFunc(r.Ranges, func(old types.Range) bool { return old.GTIN == b.GTIN })
	if b.First != "" && len(r.Ranges) >= maxRanges {
		return refuse(types.FieldInvalid, "gtin", "%s has %d ranges under %s already", b.To, maxRanges, b.Prefix)
	}
	if b.First != "" {
		r.Ranges = append(r.Ranges, types.Range{GTIN: b.GTIN, First: b.First, Last: b.Last})
	}
	return ranges.Put(c, key, r)
}

func knownMemberID(c *Call, at, id string) error {
	m, err := members.Get(c, id)
	if err == nil && m == nil {
		err = refuse(types.MemberUnknown, at, "%q", id)
	}
	return err
}
