package readmodel

import (
	"context"
	"database/sql"

	"github.com/caryaledger/carya/types"
)

// Certificate is a row of the list of certificates. Quantities count 10^-5 of the unit,
// times are Unix milliseconds.
type Certificate struct {
	ID            types.CertificateID  `json:"id"`
	URI           string               `json:"uri" doc:"GS1 Digital Link, or the URI outside GS1"`
	Standard      string               `json:"standard"`
	Accreditation string               `json:"accreditation" doc:"empty for a commitment certificate"`
	Issuer        string               `json:"issuer"`
	Subject       string               `json:"subject" doc:"member that may use it"`
	GTINs         []string             `json:"gtins" doc:"none = all products of the subject"`
	Sites         []string             `json:"sites" doc:"none = anywhere"`
	HS            []string             `json:"hs"`
	Issued        int64                `json:"issued"`
	From          int64                `json:"from"`
	Until         int64                `json:"until"`
	Cap           int64                `json:"cap" doc:"of all quantities together, 0 = none"`
	Used          int64                `json:"used" doc:"of the cap"`
	Unit          string               `json:"unit"`
	Document      types.Hash           `json:"document" doc:"SHA-256 of the certificate as a file, zero = none"`
	Status        string               `json:"status" doc:"VALID, SUSPENDED or REVOKED at the time of the last block"`
	Changes       []types.StatusChange `json:"changes" doc:"ascending by effective"`
	Height        int64                `json:"height" doc:"last block that touched it; 0 for the genesis, or when this node does not have that block"`
}

// CertificateFilter narrows the list of certificates; empty fields ask for nothing.
type CertificateFilter struct{ Standard, Issuer, Subject string }

func (w *writer) certificate(id string, record []byte, height int64) error {
	var r types.Certificate
	if err := types.DecodeState(record, &r); err != nil {
		return err
	}
	return w.add(tableCertificates, id, r.Standard, r.Accreditation, r.Issuer, r.Subject, listText(r.GTINs), listText(r.Sites),
		listText(r.HS), r.Issued, r.From, r.Until, int64(r.Cap), int64(r.Used), r.Unit, r.Document[:], listText(r.Changes), height)
}

// Certificates lists certificates, by id.
func (m *Model) Certificates(ctx context.Context, f CertificateFilter, p Page) ([]Certificate, string, error) {
	after, err := p.key()
	if err != nil {
		return nil, "", err
	}
	q := ask(`SELECT id, standard, accreditation, issuer, subject, gtins, sites, hs, issued, valid_from, valid_until, cap, used,
		unit, document, changes, height, ` + lastTime + ` FROM certificates`)
	q.equal("subject", f.Subject)
	q.equal("issuer", f.Issuer)
	q.equal("standard", f.Standard)
	q.where("id > ?", after)
	return list(ctx, m, q, "id", p, scanCertificate, func(r *Certificate) string { return string(r.ID) })
}

// lastTime is the time of the last block, 0 when there is none.
const lastTime = "(SELECT coalesce(max(time), 0) FROM blocks)"

func scanCertificate(rows *sql.Rows, r *Certificate) error {
	var document []byte
	var now int64
	err := rows.Scan(&r.ID, &r.Standard, &r.Accreditation, &r.Issuer, &r.Subject, into(&r.GTINs), into(&r.Sites), into(&r.HS),
		&r.Issued, &r.From, &r.Until, &r.Cap, &r.Used, &r.Unit, &document, into(&r.Changes), &r.Height, &now)
	copy(r.Document[:], document)
	r.URI = types.LinkOf(string(r.ID))
	r.Status, _ = types.StatusAt(r.Changes, now)
	return err
}

// Accreditation is a row of the list of accreditations. Times are Unix milliseconds.
type Accreditation struct {
	ID        string               `json:"id" doc:"authority and name"`
	Issuer    string               `json:"issuer" doc:"member that may issue certificates"`
	Standards []string             `json:"standards"`
	GTINs     []string             `json:"gtins" doc:"none = all products"`
	From      int64                `json:"from"`
	Until     int64                `json:"until"`
	Status    string               `json:"status" doc:"VALID, SUSPENDED or REVOKED at the time of the last block"`
	Changes   []types.StatusChange `json:"changes" doc:"ascending by effective"`
	Height    int64                `json:"height" doc:"last block that touched it; 0 for the genesis, or when this node does not have that block"`
}

// AccreditationFilter narrows the list of accreditations; empty fields ask for nothing.
type AccreditationFilter struct{ Issuer string }

func (w *writer) accreditation(id string, record []byte, height int64) error {
	var r types.Accreditation
	if err := types.DecodeState(record, &r); err != nil {
		return err
	}
	return w.add(tableAccreditations, id, r.Issuer, listText(r.Standards), listText(r.GTINs), r.From, r.Until, listText(r.Changes), height)
}

// Accreditations lists accreditations, by id.
func (m *Model) Accreditations(ctx context.Context, f AccreditationFilter, p Page) ([]Accreditation, string, error) {
	after, err := p.key()
	if err != nil {
		return nil, "", err
	}
	q := ask("SELECT id, issuer, standards, gtins, valid_from, valid_until, changes, height, " + lastTime + " FROM accreditations")
	q.equal("issuer", f.Issuer)
	q.where("id > ?", after)
	return list(ctx, m, q, "id", p, scanAccreditation, func(r *Accreditation) string { return r.ID })
}

func scanAccreditation(rows *sql.Rows, r *Accreditation) error {
	var now int64
	err := rows.Scan(&r.ID, &r.Issuer, into(&r.Standards), into(&r.GTINs), &r.From, &r.Until, into(&r.Changes), &r.Height, &now)
	r.Status, _ = types.StatusAt(r.Changes, now)
	return err
}
