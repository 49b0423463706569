package app

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// maxCited bounds the certificates of the ledger that one event names.
const maxCited = 20

// cited is a certificate of the ledger that an event names in its certificationInfo.
type cited struct {
	at     string
	id     types.CertificateID
	record *types.Certificate
	used   bool // something is certified by it in this event
}

// made is what an event brings about, as a certificate sees it.
type made struct {
	trace  *types.Trace
	gtin   string // "" outside GS1
	amount uint64
	unit   string
	net    uint64
	netU   string
}

func madeLot(l *types.Lot, k gs1.Key) made {
	return made{trace: &l.Trace, gtin: k.GTIN().Primary, amount: l.Produced, unit: l.Unit, net: l.Net, netU: l.NetUnit}
}

func madeUnit(u *types.Unit, k gs1.Key) made {
	return made{trace: &u.Trace, gtin: k.GTIN().Primary, amount: 100_000, unit: gs1.Pieces, net: u.Net, netU: u.NetUnit}
}

// cite reads the certificates that the event names and holds each to R5. An identifier
// that the ledger has no certificate for is a reference to the outside and proves
// nothing here.
func (x *capture) cite() error {
	for i, uri := range x.CertificationInfo {
		path, _, err := types.ThingOf(uri)
		if err != nil {
			x.outside() // too long to be one of the ledger's
			continue
		}
		id := types.CertificateID(path)
		if slices.ContainsFunc(x.certs, func(c *cited) bool { return c.id == id }) {
			continue
		}
		record, err := certificates.Get(x.Call, id)
		if err != nil {
			return err
		}
		if record == nil {
			x.outside()
			continue
		}
		c := &cited{at: fmt.Sprintf("event.certificationInfo[%d]", i), id: id, record: record}
		if len(x.certs) >= maxCited {
			return refuse(types.TooLarge, c.at, "an event names at most %d certificates of the ledger", maxCited)
		}
		if err := x.valid(c); err != nil {
			return err
		}
		x.certs = append(x.certs, c)
	}
	return nil
}

// valid is R5 without the goods: time, status, accreditation, member and site.
func (x *capture) valid(c *cited) error {
	r := c.record
	if x.Time < r.From || x.Time > r.Until {
		return refuse(types.CertExpired, c.at, "certificate %s is valid from %d to %d, the event's time is %d", c.id, r.From, r.Until, x.Time)
	}
	if status, since := types.StatusAt(r.Changes, x.Time); status != types.StatusValid {
		return refuse(types.CertRevoked, c.at, "certificate %s is %s since %d, the event's time is %d", c.id, status, since, x.Time)
	}
	if err := accredited(x.Call, c.at, r.Accreditation, r.Issuer, r.Standard, r.GTINs, r.Issued); err != nil {
		return err
	}
	if r.Subject != x.Member.ID && x.makes() {
		return refuse(types.CertScope, c.at, "certificate %s is for %s, not for %s", c.id, r.Subject, x.Member.ID)
	}
	return x.inSite(c)
}

// inSite holds the event's place to the certificate's sites, where it has any and the
// event makes something.
func (x *capture) inSite(c *cited) error {
	if len(c.record.Sites) == 0 || !x.makes() {
		return nil
	}
	for _, uri := range []string{x.BizLocation, x.ReadPoint} {
		if path, _, err := types.ThingOf(uri); err == nil && slices.Contains(c.record.Sites, path) {
			return nil
		}
	}
	return refuse(types.CertScope, c.at, "certificate %s is for the sites %s; the event is at %q", c.id, listed(c.record.Sites), first(x.BizLocation, x.ReadPoint))
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// accredited is R5: the issuer had an accreditation that covered it at that time. A
// commitment certificate needs none.
func accredited(c *Call, at, id, issuer, standard string, gtins []string, when int64) error {
	if standard == types.StandardCommitment {
		return nil
	}
	a, err := accreditations.Get(c, id)
	if err != nil {
		return err
	}
	fault := ""
	switch {
	case a == nil:
		fault = fmt.Sprintf("there is no accreditation %q", id)
	case a.Issuer != issuer:
		fault = fmt.Sprintf("accreditation %s is %s's", id, a.Issuer)
	case !slices.Contains(a.Standards, standard):
		fault = fmt.Sprintf("accreditation %s covers %s, not %s", id, listed(a.Standards), standard)
	case when < a.From || when > a.Until:
		fault = fmt.Sprintf("accreditation %s is valid from %d to %d, not at %d", id, a.From, a.Until, when)
	case len(a.GTINs) > 0 && !covers(a.GTINs, gtins):
		fault = fmt.Sprintf("accreditation %s covers the products %s only", id, listed(a.GTINs))
	default:
		status, since := types.StatusAt(a.Changes, when)
		if status == types.StatusValid {
			return nil
		}
		fault = fmt.Sprintf("accreditation %s is %s since %d", id, status, since)
	}
	return refuse(types.IssuerNotAccredited, at, "%s: %s", issuer, fault)
}

// covers reports whether all products of a scope, which must not be open, are in another.
func covers(all, some []string) bool {
	for _, s := range some {
		if !slices.Contains(all, s) {
			return false
		}
	}
	return len(some) > 0
}

// claim gives what was made the standards of the certificates that cover it, and takes
// the quantity from their caps.
func (x *capture) claim(at string, m made) error {
	for _, c := range x.certs {
		if !coversGTIN(c.record, m.gtin) {
			continue
		}
		c.used = true
		m.trace.Claims = withText(m.trace.Claims, c.record.Standard)
		if err := c.draw(at, m); err != nil {
			return err
		}
	}
	return nil
}

// draw takes a quantity from a certificate's cap.
func (c *cited) draw(at string, m made) error {
	if c.record.Cap == 0 {
		return nil
	}
	n, err := m.in(c.record.Unit)
	if err != nil {
		return unitRefusal(at, err)
	}
	if n > c.record.Cap-c.record.Used {
		return refuse(types.CertOverused, c.at, "certificate %s: %s %s asked, %s of %s left", c.id, gs1.FormatAmount(n), c.record.Unit,
			gs1.FormatAmount(c.record.Cap-c.record.Used), gs1.FormatAmount(c.record.Cap))
	}
	c.record.Used += n
	return nil
}

// in measures what was made in a unit, pieces by their content where it must.
func (m *made) in(unit string) (uint64, error) {
	want, _, _ := gs1.Unit(unit)
	if d, _, _ := gs1.Unit(m.unit); d == want || m.net == 0 {
		return gs1.Convert(m.amount, m.unit, unit)
	}
	count, err := gs1.Convert(m.amount, m.unit, gs1.Pieces)
	if err != nil {
		return 0, err
	}
	return gs1.Convert(ceilDiv(count, m.net, 100_000), m.netU, unit)
}

// use ends the event's use of its certificates: each must have covered something that the
// event made, and its chain of uses gets one more.
func (x *capture) use() error {
	if !x.makes() {
		return x.stated()
	}
	for _, c := range x.certs {
		if !c.used {
			return refuse(types.CertScope, c.at, "certificate %s is for the products %s; the event makes none of them", c.id, listed(c.record.GTINs))
		}
		if err := x.putUse(c); err != nil {
			return err
		}
	}
	return nil
}

func (x *capture) putUse(c *cited) error {
	x.record.Links = append(x.record.Links, types.Link{Thing: c.id.Key(), Before: c.record.Last})
	c.record.Last = x.id
	if !x.named && x.Type != types.TransformationEvent { // whose links name what came out already
		x.named = true
		for _, k := range x.lots.keys {
			x.out(k.Key())
		}
		for _, k := range x.units.keys {
			x.out(k.Key())
		}
	}
	return certificates.Put(x.Call, c.id, c.record)
}

// stated holds an event that makes nothing to its certificates: goods that were certified
// when they were made may be shown with them again, and a commitment certificate can be
// given to goods at any time.
func (x *capture) stated() error {
	for _, c := range x.certs {
		if c.used {
			if err := x.putUse(c); err != nil {
				return err
			}
			continue
		}
		if err := x.carried(c); err != nil {
			return err
		}
	}
	return nil
}

func (x *capture) carried(c *cited) error {
	for _, k := range x.lots.keys {
		if ok, err := carries(x.Call, &x.lots.have[k].Trace, c.record.Standard); err != nil || !ok {
			return x.notCarried(c, "lot "+string(k), err)
		}
	}
	for _, k := range x.units.keys {
		u := x.units.have[k]
		if u.Trace.Made == "" {
			continue // a pallet or crate: what is in it carries claims
		}
		if ok, err := carries(x.Call, &u.Trace, c.record.Standard); err != nil || !ok {
			return x.notCarried(c, "unit "+string(k), err)
		}
	}
	return nil
}

func (x *capture) notCarried(c *cited, what string, err error) error {
	if err != nil {
		return err
	}
	return refuse(types.ClaimDiluted, c.at, "%s was not made under %q", what, c.record.Standard)
}

// recertify gives a lot a new commitment certificate, as mixing and splitting ask for.
func (x *capture) recertify(at string, l *types.Lot) error {
	return x.commit(at, made{
		trace: &l.Trace, gtin: gtinOf(string(l.ID)), amount: l.Held(x.Member.ID), unit: l.Unit, net: l.Net, netU: l.NetUnit,
	})
}

// recertifyUnit does the same for a unit. One that only holds others has nothing of its
// own to count.
func (x *capture) recertifyUnit(at string, u *types.Unit) error {
	m := made{trace: &u.Trace, gtin: gtinOf(string(u.ID)), unit: gs1.Pieces, net: u.Net, netU: u.NetUnit}
	if u.Owner != "" {
		m.amount = 100_000
	}
	return x.commit(at, m)
}

// commit puts goods under the member's own commitment certificates that the event names.
func (x *capture) commit(at string, m made) error {
	for _, c := range x.certs {
		if c.record.Standard != types.StandardCommitment || c.record.Subject != x.Member.ID || !coversGTIN(c.record, m.gtin) {
			continue
		}
		c.used = true
		m.trace.Recert = false
		m.trace.Claims = withText(m.trace.Claims, types.StandardCommitment)
		if m.amount == 0 {
			continue
		}
		if err := c.draw(at, m); err != nil {
			return err
		}
	}
	return nil
}

// coversGTIN reports whether a certificate is for a product, "" being one outside GS1.
func coversGTIN(c *types.Certificate, gtin string) bool {
	return len(c.GTINs) == 0 || slices.Contains(c.GTINs, gtin)
}

// gtinOf is the trade item of a lot or unit, "" outside GS1.
func gtinOf(id string) string {
	k, err := gs1.ParsePath(id)
	if err != nil {
		return ""
	}
	return k.GTIN().Primary
}

// carries reports whether a thing may be sold under a standard: it was made so, and no
// certificate behind it was taken away since.
func carries(c *Call, t *types.Trace, standard string) (bool, error) {
	if !slices.Contains(t.Claims, standard) || isFull(t) {
		return false, nil
	}
	for _, m := range t.Marks {
		if m.Kind != types.MarkCertificate {
			continue
		}
		s, err := c.standing(m)
		if err != nil || s.bites && s.standard == standard {
			return false, err
		}
	}
	return true, nil
}

// shared keeps the claims that a further input carries too.
func (x *capture) shared(claims []string, t *types.Trace) ([]string, error) {
	var both []string
	for _, s := range claims {
		ok, err := carries(x.Call, t, s)
		if err != nil {
			return nil, err
		}
		if ok {
			both = append(both, s)
		}
	}
	return both, nil
}

// undiluted is R1 F7: what came out carries a claim only if everything that went in does,
// or, for products in a mass balance (ISO 22095), if the member has earned as much by
// transforming goods with the claim into goods without.
func (x *capture) undiluted(inputs *side, from []*types.Trace, b *balance) error {
	model, err := x.massBalance(b)
	if err != nil {
		return err
	}
	var claimed []string
	for _, c := range x.certs {
		if c.record.Standard == types.StandardCommitment || !c.used || slices.Contains(claimed, c.record.Standard) {
			continue
		}
		claimed = append(claimed, c.record.Standard)
		pure, err := x.pure(from, c.record.Standard)
		if err != nil {
			return err
		}
		if pure {
			continue
		}
		if !model {
			return refuse(types.ClaimDiluted, c.at, "not everything that went in carries %q", c.record.Standard)
		}
		if err := x.balanceClaim(c.record.Standard, inputs, b, c.at); err != nil {
			return err
		}
	}
	if !model {
		return nil
	}
	for _, standard := range unclaimed(inputs.traces(), claimed) {
		if err := x.balanceClaim(standard, inputs, b, ""); err != nil {
			return err
		}
	}
	return nil
}

func (x *capture) pure(from []*types.Trace, standard string) (bool, error) {
	for _, t := range from {
		if ok, err := carries(x.Call, t, standard); err != nil || !ok {
			return false, err
		}
	}
	return len(from) > 0, nil
}

// unclaimed are the standards that inputs carry and the event does not use.
func unclaimed(from []*types.Trace, claimed []string) []string {
	var rest []string
	for _, t := range from {
		for _, s := range t.Claims {
			if s != types.StandardCommitment && !slices.Contains(claimed, s) {
				rest = withText(rest, s)
			}
		}
	}
	return rest
}

// balanceClaim credits the member with the part of what came out that was made from goods
// with the claim and, where the event claims the standard (at is not ""), draws all of
// what came out on the credit.
func (x *capture) balanceClaim(standard string, inputs *side, b *balance, at string) error {
	earned, err := x.earned(standard, inputs, b)
	if err != nil || earned == 0 && at == "" {
		return err
	}
	key := x.Member.ID + "/" + segment(standard)
	credit, err := credits.Get(x.Call, key)
	if err != nil {
		return err
	}
	if credit == nil {
		credit = new(types.Credit)
	}
	if credit.Earned += earned; credit.Earned > types.MaxInteger {
		return refuse(types.TooLarge, at, "the mass balance of %q cannot count more than %d", standard, types.MaxInteger)
	}
	if at != "" {
		need := kilograms(b.kept.Base(), true)
		if need > credit.Earned-credit.Used {
			return refuse(types.ClaimDiluted, at, "not everything that went in carries %q, and the mass balance holds %s KGM of %s", standard,
				gs1.FormatAmount(credit.Earned-credit.Used), gs1.FormatAmount(need))
		}
		credit.Used += need
	}
	return credits.Put(x.Call, key, credit)
}

// earned is what came out, by-products aside, times the share of what went in that
// carries the claim, in 10^-5 kg.
func (x *capture) earned(standard string, inputs *side, b *balance) (uint64, error) {
	var with gs1.Sum
	for i := range inputs.items {
		it := &inputs.items[i]
		ok, err := carries(x.Call, it.trace, standard)
		if err != nil {
			return 0, err
		}
		if !ok {
			continue
		}
		if err := it.addTo(&with, b.byContent, false, "event.inputQuantityList"); err != nil {
			return 0, err
		}
	}
	in := b.in.Base()
	if in.Sign() == 0 {
		return 0, nil
	}
	share := new(big.Int).Mul(with.Base(), b.kept.Base())
	return kilograms(share.Quo(share, in), false), nil
}

// massBalance reports whether all products that came out are in that model, and can be
// weighed.
func (x *capture) massBalance(b *balance) (bool, error) {
	if b.out.Dimension() != gs1.Mass || x.TransformationID != "" || len(x.OutputEPCs) > 0 {
		return false, nil
	}
	for _, id := range x.lots.keys {
		if x.lots.have[id].Trace.Made != x.id {
			continue
		}
		p, err := products.Get(x.Call, gtinOf(string(id)))
		if err != nil || p == nil || p.Model != types.ModelMassBalance {
			return false, err
		}
	}
	return true, nil
}

// kilograms writes a total of masses (gs1.Sum.Base) in 10^-5 kg, rounded up or down. What
// is more than can be counted is, rounded up, more than anybody has.
func kilograms(base *big.Int, up bool) uint64 {
	n, rest := new(big.Int).QuoRem(base, big.NewInt(1_000_000_000_000), new(big.Int))
	if up && rest.Sign() > 0 {
		n.Add(n, big.NewInt(1))
	}
	switch {
	case n.IsUint64() && n.Uint64() <= gs1.MaxAmount:
		return n.Uint64()
	case up:
		return types.MaxInteger + 1
	}
	return gs1.MaxAmount
}

func accredit(c *Call, b *types.Accredit) error {
	if err := knownMemberID(c, "issuer", b.Issuer); err != nil {
		return err
	}
	key := c.Member.ID + "/" + b.Accreditation
	have, err := accreditations.Get(c, key)
	if err != nil {
		return err
	}
	if have != nil {
		return refuse(types.IDTaken, "accreditation", "%s exists, for %s", key, have.Issuer)
	}
	return accreditations.Put(c, key, &types.Accreditation{
		Issuer: b.Issuer, Standards: b.Standards, GTINs: b.GTINs, From: b.From, Until: b.Until,
	})
}

func changeAccreditation(c *Call, b *types.ChangeAccreditation) error {
	key := c.Member.ID + "/" + b.Accreditation
	a, err := accreditations.Get(c, key)
	if err != nil {
		return err
	}
	if a == nil {
		return refuse(types.CertUnknown, "accreditation", "%s", key)
	}
	if a.Changes, err = changed(a.Changes, b.Status, b.Effective, b.Reason); err != nil {
		return err
	}
	return accreditations.Put(c, key, a)
}

// maxChanges bounds the changes of one status. The second half of a certificate's is for
// authorities, so that an issuer cannot use up what a revocation needs.
const maxChanges = 100

// changed puts a change where its time belongs, behind those of the same time.
func changed(list []types.StatusChange, status string, effective int64, reason string) ([]types.StatusChange, error) {
	if len(list) >= maxChanges {
		return nil, refuse(types.FieldInvalid, "status", "changed %d times already", len(list))
	}
	i := len(list)
	for i > 0 && list[i-1].Effective > effective {
		i--
	}
	return slices.Insert(list, i, types.StatusChange{Status: status, Effective: effective, Reason: reason}), nil
}

// maxCertificate is as long as the reference in a ContinueMark may be.
const maxCertificate = 400

func issueCertificate(c *Call, b *types.IssueCertificate) error {
	if len(b.Certificate) > maxCertificate {
		return refuse(types.FieldInvalid, "certificate", "its identifier has %d bytes percent-encoded, at most %d", len(b.Certificate), maxCertificate)
	}
	if err := mayCertify(c, b); err != nil {
		return err
	}
	if err := knownMemberID(c, "subject", b.Subject); err != nil {
		return err
	}
	if k, err := gs1.ParsePath(string(b.Certificate)); err == nil {
		if err := mayIssue(c, "certificate", k); err != nil {
			return err
		}
	}
	have, err := certificates.Get(c, b.Certificate)
	if err != nil {
		return err
	}
	if have != nil {
		return refuse(types.IDTaken, "certificate", "%s was issued by %s", b.Certificate, have.Issuer)
	}
	return certificates.Put(c, b.Certificate, &types.Certificate{
		Standard: b.Standard, Accreditation: b.Accreditation, Issuer: c.Member.ID, Subject: b.Subject,
		GTINs: b.GTINs, Sites: b.Sites, HS: b.HS, Issued: c.Time, From: b.From, Until: b.Until,
		Cap: b.Cap, Unit: b.Unit, Document: b.Document,
	})
}

// mayCertify is R5 at the time of issue: a commitment is the producer's own, everything
// else needs an accreditation.
func mayCertify(c *Call, b *types.IssueCertificate) error {
	if b.Standard != types.StandardCommitment {
		return accredited(c, "accreditation", b.Accreditation, c.Member.ID, b.Standard, b.GTINs, c.Time)
	}
	if b.Subject != c.Member.ID || b.Accreditation != "" {
		return refuse(types.CertScope, "subject", "a commitment certificate is the producer's own word: its subject is %s, and it has no accreditation", c.Member.ID)
	}
	return nil
}

func changeCertificate(c *Call, b *types.ChangeCertificate) error {
	r, err := certificates.Get(c, b.Certificate)
	if err != nil {
		return err
	}
	if r == nil {
		return refuse(types.CertUnknown, "certificate", "%s", b.Certificate)
	}
	if r.Issuer != c.Member.ID && !c.Member.Holds(types.RoleAuthority) {
		return refuse(types.NotOwner, "certificate", "%s was issued by %s", b.Certificate, r.Issuer)
	}
	if err := mayRestore(c, r, b); err != nil {
		return err
	}
	if len(r.Changes) >= maxChanges/2 && !c.Member.Holds(types.RoleAuthority) {
		return refuse(types.FieldInvalid, "status", "changed %d times already; an authority may go on", len(r.Changes))
	}
	if r.Changes, err = changed(r.Changes, b.Status, b.Effective, b.Reason); err != nil {
		return err
	}
	if err := certificates.Put(c, b.Certificate, r); err != nil || b.Status == types.StatusValid {
		return err
	}
	if r.Last == "" {
		return nil
	}
	uses := []types.FrontPoint{{Thing: b.Certificate.Key(), At: r.Last}}
	return spread(c, types.Mark{Kind: types.MarkCertificate, Ref: string(b.Certificate)}, r.Standard, nil, uses)
}

// mayRestore keeps the issuer from taking a revocation back, which may be an authority's.
func mayRestore(c *Call, r *types.Certificate, b *types.ChangeCertificate) error {
	revoked := slices.ContainsFunc(r.Changes, func(s types.StatusChange) bool { return s.Status == types.StatusRevoked })
	if revoked && b.Status != types.StatusRevoked && !c.Member.Holds(types.RoleAuthority) {
		return refuse(types.Role, "status", "%s was revoked; only an authority takes that back", b.Certificate)
	}
	return nil
}

// coversProduct reports whether a certificate is for the product of a lot or unit.
func coversProduct(c *types.Certificate, id string) bool { return coversGTIN(c, gtinOf(id)) }
