package demo

import (
	"bytes"
	"crypto/rand"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
	"time"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

//go:embed documents
var documents embed.FS

// Organisation is one that plays a part, as the documents name it.
type Organisation struct {
	ID     string // member
	Name   string
	Code   string // registration with customs, "" where it has none
	Prefix string // GS1 company prefix, "" where it has none
}

// Cast is who plays which part.
type Cast struct {
	Customs, Platform, Cooperative, Carrier, Payment, Broker, Authority, Certifier Organisation
}

// facts are what the documents of one story say: fresh numbers, and times that end now.
type facts struct {
	Cast
	Now time.Time

	Green, Dry, Roast, Parcel, Bought types.LotID // Bought was never harvested
	Grove, Works                      string      // Digital Links of locations
	WorksGLN                          string
	Pallet, Certificate               string // Digital Links

	CooperativeParty, CarrierParty, PlatformParty string // Digital Links
	DespatchNumber                                string

	HarvestBegan, Harvested, DryingBegan, Dried, Roasted, Packed, BestBefore time.Time
	Sent, Collected, Forwarded, Arrived, SoldAt                              time.Time
}

// china is the zone of the documents' times.
var china = time.FixedZone("UTC+8", 8*60*60)

func newFacts(cast Cast, now time.Time) (*facts, error) {
	now = now.In(china).Truncate(time.Second)
	f := &facts{
		Cast: cast, Now: now,
		HarvestBegan: now.AddDate(0, 0, -24), Harvested: now.AddDate(0, 0, -21), DryingBegan: now.AddDate(0, 0, -20),
		Dried: now.AddDate(0, 0, -12), Roasted: now.AddDate(0, 0, -3), Packed: now.AddDate(0, 0, -2), BestBefore: now.AddDate(0, 10, 0),
		Sent: now.Add(-9 * time.Hour), Collected: now.Add(-8 * time.Hour), Forwarded: now.Add(-4 * time.Hour),
		Arrived: now.Add(-3 * time.Hour), SoldAt: now.Add(-time.Hour), DespatchNumber: number("DA"),
	}
	return f, f.identify()
}

// identify makes the identifiers under the members' company prefixes.
func (f *facts) identify() (err error) {
	season := f.Harvested.Format("060102")
	for i, lot := range []*types.LotID{&f.Green, &f.Dry, &f.Roast, &f.Parcel, &f.Bought} {
		number := i + 1
		if lot == &f.Bought {
			number = 1 // of the same trade item as Green
		}
		item, err := numbered("0", f.Cooperative.Prefix, 13, number)
		if err != nil {
			return err
		}
		*lot = types.LotID(item + "." + string("GDRPX"[i]) + season)
	}
	for _, id := range []struct {
		to           *string
		lead, prefix string
		digits       int
		number       int
		form         string
	}{
		{&f.Grove, "", f.Cooperative.Prefix, 12, 0, "https://id.gs1.org/414/%s"},
		{&f.WorksGLN, "", f.Cooperative.Prefix, 12, 1, "%s"},
		{&f.Pallet, "0", f.Cooperative.Prefix, 17, int(f.Now.Unix() % 1_000_000_000), "https://id.gs1.org/00/%s"},
		{&f.Certificate, "", f.Certifier.Prefix, 12, 1, "https://id.gs1.org/253/%sGI" + season},
		{&f.CooperativeParty, "", f.Cooperative.Prefix, 12, 9, "https://id.gs1.org/417/%s"},
		{&f.CarrierParty, "", f.Carrier.Prefix, 12, 9, "https://id.gs1.org/417/%s"},
		{&f.PlatformParty, "", f.Platform.Prefix, 12, 9, "https://id.gs1.org/417/%s"},
	} {
		key, err := numbered(id.lead, id.prefix, id.digits, id.number)
		if err != nil {
			return err
		}
		*id.to = fmt.Sprintf(id.form, key)
	}
	f.Works = "https://id.gs1.org/414/" + f.WorksGLN
	return nil
}

// numbered is a key of so many digits before its check digit: what leads it, the company
// prefix and a number.
func numbered(lead, prefix string, digits, number int) (string, error) {
	body := lead + prefix
	body += fmt.Sprintf("%0*d", digits-len(body), number)
	check, err := gs1.CheckDigit(body)
	return body + string(check), err
}

// number is a fresh number of somebody's.
func number(prefix string) string {
	var b [5]byte
	rand.Read(b[:])
	return fmt.Sprintf("%s%X", prefix, b)
}

var functions = template.FuncMap{
	"stamp": func(t time.Time) string { return t.Format("2006-01-02T15:04:05.000-07:00") },
	"day":   func(t time.Time) string { return t.Format("2006-01-02") },
	"link": func(id types.LotID) (string, error) {
		key, err := gs1.ParsePath(string(id))
		return key.DigitalLink(), err
	},
}

var templates = template.Must(template.New("").Option("missingkey=error").Funcs(functions).ParseFS(documents, "documents/*"))

// fill returns a document of that name.
func (f *facts) fill(name string) ([]byte, error) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, f); err != nil {
		return nil, fmt.Errorf("document %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// write fills the template of that name into a file and returns its path.
func (f *facts) write(dir, file, name string) (string, error) {
	data, err := f.fill(name)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, file)
	return path, os.WriteFile(path, data, 0o600)
}
