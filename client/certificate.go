package client

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

func certificateCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "certificate", Short: "Issue certificates, change them, look at them"}
	s := newSession(cmd)
	return group(cmd, issueCommand(s), changeCommand(s), accreditCommand(s), showCommand(s))
}

const certificateHelp = `A certificate is named by a GDTI, as gdti.6909080000013.GI26 or in any other spelling, or by a URI.`

// certificateNamed reads a certificate in any spelling.
func certificateNamed(s string) (types.CertificateID, error) {
	path, err := pathOf(strings.TrimPrefix(s, types.PrefixCertificate+"/"), readCertificate)
	return types.CertificateID(path), err
}

// issuing is one run of `carya certificate issue`.
type issuing struct {
	*author
	body         types.IssueCertificate
	gtins, sites []string
	file         string
}

func issueCommand(s *session) *cobra.Command {
	i := &issuing{}
	b := &i.body
	cmd := &cobra.Command{
		Use:   "issue CERTIFICATE",
		Short: "Issue a certificate",
		Long: `Issue a certificate. Events use it by naming it in their certificationInfo; what it covers and how
long is checked for each of them. All but a producer's own commitment (--standard commitment) need
an accreditation.

` + certificateHelp + "\n\n" + quantityHelp + "\n\n" + timeHelp,
		Example: `  carya certificate issue gdti.6909080000013.GI26 --standard "GI Lin'an hickory" --subject linan-coop \
    --accreditation zj-agriculture/gi-2026 --gtin 6901234000016 --site 6901234000900.P1 \
    --from 2026-09-01 --until 2027-08-31 --cap "1200 kg" --file gi26.pdf --member zj-certify --wait`,
		Args: takes(1, 1, "a certificate"),
	}
	i.author = newAuthor(s, cmd)
	f := cmd.Flags()
	f.StringVar(&b.Standard, "standard", "", "what it attests, for instance organic; commitment is the producer's own")
	f.StringVar(&b.Accreditation, "accreditation", "", "that the issuer acts under: <authority>/<name>")
	f.StringVar(&b.Subject, "subject", "", "member that may use it")
	f.StringArrayVar(&i.gtins, "gtin", nil, "product that it covers; once for each (default all)")
	f.StringArrayVar(&i.sites, "site", nil, "site that it covers: a GLN, alone or with an extension behind a full stop, or a URI; once for each (default all)")
	f.StringArrayVar(&b.HS, "hs", []string{}, "heading or code of the Harmonised System that it was issued for; once for each")
	f.Var(measureFlag{&b.Cap, &b.Unit}, "cap", "most that may be sold under it (default no limit)")
	f.StringVar(&i.file, "file", "", "the certificate itself, whose hash is recorded")
	fromFlag(f, &b.From, "from", "begin of its validity (default now)")
	untilFlag(f, &b.Until, "until", "end of its validity")
	cmd.RunE = i.utter(i.read)
	return cmd
}

func (i *issuing) read(args []string) (body types.Body, err error) {
	b := &i.body
	if b.Certificate, err = certificateNamed(args[0]); err != nil {
		return nil, err
	}
	if b.GTINs, err = gtinsNamed(i.gtins); err != nil {
		return nil, err
	}
	b.Sites = make([]string, len(i.sites))
	for n, s := range i.sites {
		if b.Sites[n], err = placeNamed(s); err != nil {
			return nil, err
		}
	}
	if b.From == 0 {
		b.From = time.Now().UnixMilli()
	}
	if b.Standard == types.StandardCommitment {
		b.Subject = first(b.Subject, i.member)
	}
	if i.file != "" {
		b.Document, err = i.hash(i.file)
	}
	return b, err
}

// hash returns the SHA-256 of a file.
func (a *author) hash(path string) (types.Hash, error) {
	data, err := readFile(path, maxInput)
	if err != nil {
		return types.Hash{}, usage("", err)
	}
	return sha256.Sum256(data), nil
}

func changeCommand(s *session) *cobra.Command {
	var status, reason string
	var effective int64
	cmd := &cobra.Command{
		Use:   "change CERTIFICATE|accreditation/AUTHORITY/NAME",
		Short: "Suspend, revoke or restore a certificate or an accreditation",
		Long: `Suspend, revoke or restore a certificate (its issuer, or an authority), or an accreditation (the
authority that gave it), from a time on that may lie in the past. Everything that used a
certificate since is marked; where one transaction cannot reach all of it, the command goes on
until everything is marked.

` + certificateHelp + "\n\n" + timeHelp,
		Example: `  carya certificate change gdti.6909080000013.GI26 --status revoked --effective 2026-10-01 --reason "plot outside the area" --member zj-certify
  carya certificate change accreditation/zj-agriculture/gi-2026 --status suspended --reason "audit overdue" --member zj-agriculture`,
		Args: takes(1, 1, "a certificate or an accreditation"),
	}
	a := newAuthor(s, cmd)
	f := cmd.Flags()
	f.StringVar(&status, "status", "", "valid, suspended or revoked")
	f.StringVar(&reason, "reason", "", "why")
	fromFlag(f, &effective, "effective", "from when on (default now)")
	cmd.RunE = a.run(func(ctx context.Context, args []string) error {
		if err := a.check(); err != nil {
			return err
		}
		if effective == 0 {
			effective = time.Now().UnixMilli()
		}
		status = strings.ToUpper(status)
		if rest, ok := strings.CutPrefix(args[0], types.PrefixAccreditation+"/"); ok {
			authority, name, _ := strings.Cut(rest, "/")
			if authority != a.member {
				return usage("", fmt.Errorf("%s: only %s can change it, not %s", args[0], oneLine(authority), a.member))
			}
			return a.transact(ctx, []types.Body{&types.ChangeAccreditation{Accreditation: name, Status: status, Effective: effective, Reason: reason}})
		}
		id, err := certificateNamed(args[0])
		if err != nil {
			return err
		}
		change := &types.ChangeCertificate{Certificate: id, Status: status, Effective: effective, Reason: reason}
		return a.mark(ctx, change, types.ContinueMark{Kind: types.MarkCertificate, Ref: string(id)})
	})
	return cmd
}

func accreditCommand(s *session) *cobra.Command {
	b := &types.Accredit{}
	var gtins []string
	cmd := &cobra.Command{
		Use:     "accredit NAME",
		Short:   "Let a member issue certificates (authority)",
		Long:    "Let a member issue certificates of some standards, under an accreditation of that name.\n\n" + timeHelp,
		Example: `  carya certificate accredit gi-2026 --issuer zj-certify --standard "GI Lin'an hickory" --from 2026-08-01 --until 2027-07-31 --member zj-agriculture --wait`,
		Args:    takes(1, 1, "a name"),
	}
	a := newAuthor(s, cmd)
	f := cmd.Flags()
	f.StringVar(&b.Issuer, "issuer", "", "member that may issue")
	f.StringArrayVar(&b.Standards, "standard", []string{}, "what it may attest; once for each")
	f.StringArrayVar(&gtins, "gtin", nil, "product that it covers; once for each (default all)")
	fromFlag(f, &b.From, "from", "begin of its validity (default now)")
	untilFlag(f, &b.Until, "until", "end of its validity")
	cmd.RunE = a.utter(func(args []string) (body types.Body, err error) {
		b.Accreditation = args[0]
		if b.From == 0 {
			b.From = time.Now().UnixMilli()
		}
		b.GTINs, err = gtinsNamed(gtins)
		return b, err
	})
	return cmd
}

func showCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show CERTIFICATE|accreditation/AUTHORITY/NAME",
		Short:   "Show a certificate or an accreditation, and whether it is valid now",
		Long:    "Show a certificate or an accreditation, as the node says: nothing is proven. See also prove and verify.\n\n" + certificateHelp,
		Example: "  carya certificate show gdti.6909080000013.GI26\n  carya certificate show accreditation/zj-agriculture/gi-2026",
		Args:    takes(1, 1, "a certificate or an accreditation"),
	}
	cmd.RunE = s.run(func(ctx context.Context, args []string) error {
		key := args[0]
		if !strings.HasPrefix(key, types.PrefixAccreditation+"/") {
			id, err := certificateNamed(key)
			if err != nil {
				return err
			}
			key = string(id.Key())
		}
		node, err := s.dial()
		if err != nil {
			return err
		}
		defer node.Close()
		return s.showRecord(ctx, node, key, time.Now())
	})
	return cmd
}

func (s *session) showRecord(ctx context.Context, node *Client, key string, now time.Time) error {
	answer, err := node.Record(ctx, key, 0)
	if err != nil {
		return fmt.Errorf("show %s: %w", key, err)
	}
	record, err := types.DecodeAny(key, answer.Value)
	if err != nil {
		return err
	}
	switch r := record.(type) {
	case *types.Certificate:
		s.table(certificateRows(key, r, now))
		return s.emit(r)
	case *types.Accreditation:
		s.table(accreditationRows(key, r, now))
		return s.emit(r)
	}
	return errors.New(key + " is no certificate")
}

func certificateRows(key string, c *types.Certificate, now time.Time) [][]string {
	_, id := types.ThingKey(key).Cut()
	rows := [][]string{
		{"certificate", types.LinkOf(id)},
		{"status", standing(c.Changes, c.From, c.Until, now)},
		{"standard", c.Standard},
		{"issuer", c.Issuer + ", on " + clockWords(c.Issued, time.Local)},
		{"accreditation", first(c.Accreditation, "none: the producer's own commitment")},
		{"subject", c.Subject},
		{"products", first(strings.Join(c.GTINs, ", "), "all of the subject")},
		{"sites", first(strings.Join(c.Sites, ", "), "anywhere")},
		{"validity", span(c.From, c.Until)},
	}
	if len(c.HS) > 0 {
		rows = append(rows, []string{"issued for HS", strings.Join(c.HS, ", ")})
	}
	if c.Cap > 0 {
		rows = append(rows, []string{"used", fmt.Sprintf("%s of %s", gs1.FormatAmount(c.Used), quantityWords(gs1.FormatAmount(c.Cap), c.Unit))})
	}
	if c.Document != (types.Hash{}) {
		rows = append(rows, []string{"document", "SHA-256 " + strings.TrimPrefix(c.Document.String(), "0x")})
	}
	if c.Last != "" {
		rows = append(rows, []string{"last used", "in the event " + string(c.Last)})
	}
	return safeRows(append(rows, changeRows(c.Changes)...))
}

func accreditationRows(key string, a *types.Accreditation, now time.Time) [][]string {
	rows := [][]string{
		{"accreditation", strings.TrimPrefix(key, types.PrefixAccreditation+"/")},
		{"status", standing(a.Changes, a.From, a.Until, now)},
		{"issuer", a.Issuer},
		{"standards", strings.Join(a.Standards, ", ")},
		{"products", first(strings.Join(a.GTINs, ", "), "all")},
		{"validity", span(a.From, a.Until)},
	}
	return safeRows(append(rows, changeRows(a.Changes)...))
}

func changeRows(changes []types.StatusChange) [][]string {
	var rows [][]string
	for _, c := range changes {
		rows = append(rows, []string{"change", strings.ToLower(c.Status) + " from " + clockWords(c.Effective, time.Local) + " on: " + first(c.Reason, "no reason given")})
	}
	return rows
}

// safeRows keeps every cell in its line: others wrote what stands in them.
func safeRows(rows [][]string) [][]string {
	for _, row := range rows {
		for i := range row {
			row[i] = oneLine(row[i])
		}
	}
	return rows
}

func span(from, until int64) string {
	return clockWords(from, time.Local) + " to " + clockWords(until, time.Local)
}

// standing says what a certificate or accreditation is worth at a time.
func standing(changes []types.StatusChange, from, until int64, now time.Time) string {
	at := now.UnixMilli()
	status, since := types.StatusAt(changes, at)
	switch {
	case status != types.StatusValid:
		return fmt.Sprintf("✗ %s since %s", status, clockWords(since, time.Local))
	case at < from:
		return "✗ not valid yet"
	case at > until:
		return "✗ expired"
	}
	return "✓ valid"
}
