package types

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

// Member is an organisation of the consortium: record member/<id>.
type Member struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Controller string   `json:"controller"` // the organisation that controls it; its own id if independent
	Roles      []string `json:"roles"`      // of Roles
	Customs    []string `json:"customs"`    // registration codes with customs, as in ebpCode, payCode, logisticsCode
	Prefixes   []string `json:"prefixes"`   // GS1 company prefixes licensed to it; none = not checked
	Keys       []Key    `json:"keys"`
	Threshold  uint64   `json:"threshold"` // distinct signatures a transaction needs
	Validator  Bytes    `json:"validator"` // ed25519 consensus key, empty if it runs no validator
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
	RoleCooperative = "cooperative"
)

// Roles lists the roles a member can hold.
var Roles = []string{RoleCustoms, RolePlatform, RolePayment, RoleLogistics, RoleDeclarant, RoleCooperative}

func (b *AddKey) Check() error    { return checkAddress("key", b.Key) }
func (b *RetireKey) Check() error { return checkAddress("key", b.Key) }

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
