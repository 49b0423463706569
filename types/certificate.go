package types

// Accredit says that a member may issue certificates of some standards (authority):
// record accreditation/<authority>/<Accreditation>.
type Accredit struct {
	Accreditation string   `json:"accreditation"` // a name: 1 to 40 of A-Z, a-z, 0-9, -
	Issuer        string   `json:"issuer"`        // the member that may issue
	Standards     []string `json:"standards"`
	GTINs         []string `json:"gtins"` // products it covers, 14 digits; none = all
	From          int64    `json:"from"`  // validity, Unix milliseconds
	Until         int64    `json:"until"`
}

// ChangeAccreditation suspends, withdraws or restores an accreditation from a time on,
// which may lie in the past (the authority that gave it).
type ChangeAccreditation struct {
	Accreditation string `json:"accreditation"`
	Status        string `json:"status"` // of the Statuses
	Effective     int64  `json:"effective"`
	Reason        string `json:"reason"`
}

// IssueCertificate issues a certificate: record certificate/<Certificate>. Events use it
// by naming it in their certificationInfo.
//
// A commitment certificate (StandardCommitment: commitment to compliance of edible
// agricultural products) is the producer's own; all others need an accreditation.
type IssueCertificate struct {
	Certificate   CertificateID `json:"certificate"`
	Standard      string        `json:"standard"`      // what it attests, for instance organic
	Accreditation string        `json:"accreditation"` // <authority>/<name>; "" for a commitment certificate
	Subject       string        `json:"subject"`       // the member that may use it
	GTINs         []string      `json:"gtins"`         // products, none = all of the subject
	Sites         []string      `json:"sites"`         // SGLN paths or x.<URI>, none = anywhere
	HS            []string      `json:"hs"`            // HS headings or codes that it was issued for
	From          int64         `json:"from"`          // validity of eventTime, Unix milliseconds
	Until         int64         `json:"until"`
	Cap           uint64        `json:"cap"`      // of all quantities together, 10^-5 of Unit; 0 = none
	Unit          string        `json:"unit"`     // "" without cap
	Document      Hash          `json:"document"` // SHA-256 of the certificate as a file, zero = none
}

// ChangeCertificate suspends, revokes or restores a certificate from a time on, which may
// lie in the past (its issuer, or an authority). Everything that used it since is marked.
type ChangeCertificate struct {
	Certificate CertificateID `json:"certificate"`
	Status      string        `json:"status"` // of the Statuses
	Effective   int64         `json:"effective"`
	Reason      string        `json:"reason"`
}

// CertificateID names a certificate: the path of a GDTI (package gs1) or x.<URI>.
type CertificateID string

// StandardCommitment is the producer's own commitment to compliance, which has to be
// issued again when goods are mixed or split before they are sold.
const StandardCommitment = "commitment"

// The statuses of certificates and accreditations.
const (
	StatusValid     = "VALID"
	StatusSuspended = "SUSPENDED"
	StatusRevoked   = "REVOKED"
)

// Accreditation is a record: accreditation/<authority>/<name>.
type Accreditation struct {
	Issuer    string         `json:"issuer"`
	Standards []string       `json:"standards"`
	GTINs     []string       `json:"gtins"`
	From      int64          `json:"from"`
	Until     int64          `json:"until"`
	Changes   []StatusChange `json:"changes"` // ascending by Effective
	History   History        `json:"history"`
}

// StatusChange says what status something has from a time on.
type StatusChange struct {
	Status    string `json:"status"`
	Effective int64  `json:"effective"`
	Reason    string `json:"reason"`
}

// Certificate is a record: certificate/<CertificateID>.
type Certificate struct {
	Standard      string         `json:"standard"`
	Accreditation string         `json:"accreditation"`
	Issuer        string         `json:"issuer"`
	Subject       string         `json:"subject"`
	GTINs         []string       `json:"gtins"`
	Sites         []string       `json:"sites"`
	HS            []string       `json:"hs"`
	Issued        int64          `json:"issued"` // time of the block
	From          int64          `json:"from"`
	Until         int64          `json:"until"`
	Cap           uint64         `json:"cap"`
	Used          uint64         `json:"used"` // with a cap, 10^-5 of Unit
	Unit          string         `json:"unit"`
	Document      Hash           `json:"document"`
	Changes       []StatusChange `json:"changes"` // ascending by Effective
	Last          EventID        `json:"last"`    // last event that used it
	History       History        `json:"history"`
}

func (a *Accreditation) Log() *History { return &a.History }
func (c *Certificate) Log() *History   { return &c.History }

// StatusAt returns the status at a time, VALID before any change, and since when it holds.
func StatusAt(changes []StatusChange, at int64) (status string, since int64) {
	status = StatusValid
	for _, c := range changes {
		if c.Effective <= at {
			status, since = c.Status, c.Effective
		}
	}
	return status, since
}

// Key returns the certificate's key in the state.
func (id CertificateID) Key() ThingKey { return ThingKey(PrefixCertificate + "/" + string(id)) }

func (b *Accredit) Check() error {
	return first(checkName("accreditation", b.Accreditation), checkMember("issuer", b.Issuer),
		checkTexts("standards", b.Standards, 1, 20), checkGTINs("gtins", b.GTINs), checkSpan(b.From, b.Until))
}

func (b *ChangeAccreditation) Check() error {
	return first(checkName("accreditation", b.Accreditation), checkStatus(b.Status), checkTime("effective", b.Effective), checkText("reason", b.Reason, 0, 500))
}

func (b *IssueCertificate) Check() error {
	for i, s := range b.Sites {
		if _, err := checkThing(index("sites", i), s); err != nil {
			return err
		}
	}
	if len(b.Sites) > maxScope {
		return Refuse(FieldInvalid, "sites", "%d entries, at most %d", len(b.Sites), maxScope)
	}
	return first(checkCertificate(b.Certificate), checkText("standard", b.Standard, 1, 60),
		checkText("accreditation", b.Accreditation, 0, 80), checkMember("subject", b.Subject),
		checkGTINs("gtins", b.GTINs), checkTexts("hs", b.HS, 0, maxScope), checkSpan(b.From, b.Until),
		checkPart(b.Cap, b.Unit))
}

func (b *ChangeCertificate) Check() error {
	return first(checkCertificate(b.Certificate), checkStatus(b.Status), checkTime("effective", b.Effective), checkText("reason", b.Reason, 0, 500))
}

// maxScope bounds the lists of a scope.
const maxScope = 100

func checkCertificate(id CertificateID) error {
	key, err := checkThing("certificate", string(id))
	if err == nil && !key.IsZero() && key.Type != "GDTI" {
		err = Refuse(FieldInvalid, "certificate", "%.60q is a %s, a certificate is a GDTI or x.<URI>", string(id), key.Type)
	}
	return err
}

func checkStatus(s string) error {
	if !oneOf(s, StatusValid, StatusSuspended, StatusRevoked) {
		return Refuse(FieldInvalid, "status", "%.20q: VALID, SUSPENDED or REVOKED", s)
	}
	return nil
}

func checkSpan(from, until int64) error {
	if until <= from {
		return Refuse(FieldInvalid, "until", "%d does not lie after from, %d", until, from)
	}
	return first(checkTime("from", from), checkTime("until", until))
}

func checkGTINs(field string, list []string) error {
	if len(list) > maxScope {
		return Refuse(FieldInvalid, field, "%d entries, at most %d", len(list), maxScope)
	}
	for i, g := range list {
		if err := checkGTIN(index(field, i), g); err != nil {
			return err
		}
	}
	return nil
}

func checkTexts(field string, list []string, least, most int) error {
	if len(list) < least || len(list) > most {
		return Refuse(FieldInvalid, field, "%d entries, must be %d to %d", len(list), least, most)
	}
	for i, s := range list {
		if err := checkText(index(field, i), s, 1, 60); err != nil {
			return err
		}
	}
	return nil
}

// checkName admits a name that a member gives: 1 to 40 of A-Z, a-z, 0-9 and -.
func checkName(field, s string) error {
	ok := len(s) >= 1 && len(s) <= 40
	for i := 0; ok && i < len(s); i++ {
		c := s[i]
		ok = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-'
	}
	if !ok {
		return Refuse(FieldInvalid, field, "%.60q is not a name of 1 to 40 letters, digits and -", s)
	}
	return nil
}
