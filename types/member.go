package types

import "strings"

// AddKey gives the signing member one more key. The new key must not belong, nor
// have belonged, to any member.
type AddKey struct {
	Key Address `json:"key"`
}

// RetireKey ends a key of the signing member: it signs nothing from the next
// transaction on, and no member can ever use it again.
type RetireKey struct {
	Key Address `json:"key"`
}

// SetReader says with which key others encrypt what only the signing member may read: an
// age recipient. A newer one replaces it; "" ends it.
type SetReader struct {
	Reader string `json:"reader"` // age1…
}

// GrantRange lets another member commission identifiers under a company prefix of the
// signing member, as a cooperative does for its farms: those of the GTIN (or of any) whose
// lot, serial or further digits begin with something from From to To, which are equally
// long. It replaces what was granted to that member for the prefix and GTIN before; with
// From and To empty it ends it.
type GrantRange struct {
	Prefix string `json:"prefix"`
	To     string `json:"to"`
	GTIN   string `json:"gtin"` // 14 digits, "" = everything under the prefix
	First  string `json:"first"`
	Last   string `json:"last"`
}

// Prefix says to whom a GS1 company prefix is licensed: record prefix/<digits>.
type Prefix struct {
	Member  string  `json:"member"`
	History History `json:"history"`
}

// Ranges are what a member may commission under another's prefix: record
// range/<prefix>/<member>.
type Ranges struct {
	Ranges  []Range `json:"ranges"`
	History History `json:"history"`
}

// Range is a part of the identifiers under a company prefix.
type Range struct {
	GTIN  string `json:"gtin"`
	First string `json:"first"`
	Last  string `json:"last"`
}

// Member is an organisation of the consortium: record member/<id>.
type Member struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Controller string   `json:"controller"` // the organisation that controls it; its own id if independent
	Roles      []string `json:"roles"`      // of Roles
	Customs    []string `json:"customs"`    // registration codes with customs, as in ebpCode, payCode, logisticsCode
	Prefixes   []string `json:"prefixes"`   // GS1 company prefixes licensed to it
	Keys       []Key    `json:"keys"`
	Threshold  uint64   `json:"threshold"` // distinct signatures a transaction needs
	Validator  Bytes    `json:"validator"` // ed25519 consensus key, empty if it runs no validator
	Reader     string   `json:"reader"`    // age recipient that documents for it are encrypted to, "" if none
	History    History  `json:"history"`
}

// Key is a signing key of a member. Times are Unix milliseconds.
type Key struct {
	Address Address `json:"address"`
	Added   int64   `json:"added"`
	Retired int64   `json:"retired"` // 0 while active
}

// KeyOwner says to which member a key belongs or belonged: record key/<address>.
type KeyOwner struct {
	Member  string  `json:"member"`
	History History `json:"history"`
}

// The roles a member can hold.
const (
	RoleCustoms     = "customs"
	RolePlatform    = "platform"
	RolePayment     = "payment"
	RoleLogistics   = "logistics"
	RoleDeclarant   = "declarant"
	RoleWarehouse   = "warehouse" // operator of a bonded zone
	RoleCooperative = "cooperative"
	RoleCertifier   = "certifier" // issues certificates, under an accreditation
	RoleAuthority   = "authority" // regulator of markets or agriculture: accredits, recalls, sets yields
)

// Roles lists the roles a member can hold.
var Roles = []string{RoleCustoms, RolePlatform, RolePayment, RoleLogistics, RoleDeclarant, RoleWarehouse, RoleCooperative, RoleCertifier, RoleAuthority}

func (b *AddKey) Check() error    { return checkAddress("key", b.Key) }
func (b *RetireKey) Check() error { return checkAddress("key", b.Key) }

func (b *SetReader) Check() error {
	if b.Reader != "" && !strings.HasPrefix(b.Reader, "age1") {
		return Refuse(FieldInvalid, "reader", "%.20q is not an age recipient: age1…", b.Reader)
	}
	return checkText("reader", b.Reader, 0, 100)
}

func (b *GrantRange) Check() error {
	if len(b.First) != len(b.Last) || b.First > b.Last {
		return Refuse(FieldInvalid, "last", "%.30q: as long as first, and not before it", b.Last)
	}
	if b.GTIN != "" {
		if err := checkGTIN("gtin", b.GTIN); err != nil {
			return err
		}
	}
	return first(checkPrefix("prefix", b.Prefix), checkMember("to", b.To), checkText("first", b.First, 0, 30), checkText("last", b.Last, 0, 30))
}

// Covers reports whether the range has a GTIN ("" for other keys) with this rest.
func (r *Range) Covers(gtin, rest string) bool {
	if r.First == "" || r.GTIN != "" && r.GTIN != gtin || len(rest) < len(r.First) {
		return false
	}
	head := rest[:len(r.First)]
	return r.First <= head && head <= r.Last
}

// checkPrefix admits a GS1 company prefix: 4 to 12 digits.
func checkPrefix(field, s string) error {
	if len(s) < MinPrefix || len(s) > MaxPrefix || strings.Trim(s, "0123456789") != "" {
		return Refuse(FieldInvalid, field, "%.20q is not a GS1 company prefix of %d to %d digits", s, MinPrefix, MaxPrefix)
	}
	return nil
}

// The lengths of a GS1 company prefix (General Specifications 1.4.2).
const (
	MinPrefix = 4
	MaxPrefix = 12
)

// Active returns the active key with that address, or nil.
func (m *Member) Active(a Address) *Key {
	for i := range m.Keys {
		if k := &m.Keys[i]; k.Address == a && k.Retired == 0 {
			return k
		}
	}
	return nil
}

// ActiveKeys counts the keys that can sign.
func (m *Member) ActiveKeys() (n uint64) {
	for _, k := range m.Keys {
		if k.Retired == 0 {
			n++
		}
	}
	return n
}

// Holds reports whether the member holds the role.
func (m *Member) Holds(role string) bool {
	for _, r := range m.Roles {
		if r == role {
			return true
		}
	}
	return false
}

// Log returns the record's history.
func (m *Member) Log() *History   { return &m.History }
func (k *KeyOwner) Log() *History { return &k.History }
func (p *Prefix) Log() *History   { return &p.History }
func (r *Ranges) Log() *History   { return &r.History }
