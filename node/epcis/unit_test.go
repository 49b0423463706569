package epcisrest

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/accounts/keystore"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/google/uuid"

	"github.com/caryaledger/carya/types"
)

func TestSchedule(t *testing.T) {
	const layout = "2006-01-02 15:04:05"
	tests := []struct {
		name        string
		schedule    schedule
		after, want string
	}{
		{"once a day", schedule{Hour: "1", Minute: "5"}, "2026-11-23 01:05:00", "2026-11-24 01:05:00"},
		{"later today", schedule{Hour: "1", Minute: "5"}, "2026-11-23 01:04:59", "2026-11-23 01:05:00"},
		{"every second", schedule{Second: "[0-59]"}, "2026-11-23 23:59:59", "2026-11-24 00:00:00"},
		{"every minute", schedule{Second: "0"}, "2026-11-23 08:00:00", "2026-11-23 08:01:00"},
		{"twice an hour", schedule{Minute: "0,30"}, "2026-11-23 08:00:00", "2026-11-23 08:30:00"},
		{"Mondays", schedule{DayOfWeek: "1"}, "2026-11-23 00:00:00", "2026-11-30 00:00:00"},
		{"Sunday is 7", schedule{DayOfWeek: "7", Hour: "[8-9],20"}, "2026-11-23 00:00:00", "2026-11-29 08:00:00"},
		{"first of the month", schedule{DayOfMonth: "1"}, "2026-12-01 00:00:00", "2027-01-01 00:00:00"},
		{"leap day", schedule{DayOfMonth: "29", Month: "2"}, "2026-11-23 00:00:00", "2028-02-29 00:00:00"},
		{"leap day over 2100", schedule{DayOfMonth: "29", Month: "2"}, "2096-02-29 00:00:00", "2104-02-29 00:00:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := tt.schedule.read()
			must(t, err)
			after, err := time.Parse(layout, tt.after)
			must(t, err)
			got, ok := c.next(after.Add(300 * time.Millisecond))
			if text := got.Format(layout); !ok || text != tt.want {
				t.Errorf("after %s: %s, want %s", tt.after, text, tt.want)
			}
		})
	}
	for _, bad := range []schedule{
		{}, {Second: "60"}, {Hour: "-1"}, {Hour: "[9-8]"}, {Hour: "8-9"}, {Hour: "[8-9"}, {Hour: "8,,9"}, {DayOfMonth: "0"},
		{Month: "13"}, {DayOfWeek: "Mon"}, {Minute: "+5"}, {Minute: " 5"}, {Minute: "999999999999999999999"},
	} {
		if _, err := bad.read(); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

func TestOpenSigner(t *testing.T) {
	dir := t.TempDir()
	key := keyOf("coop")
	sealed, err := keystore.EncryptKey(&keystore.Key{Id: uuid.New(), Address: crypto.PubkeyToAddress(key.PublicKey), PrivateKey: key},
		"open sesame", keystore.LightScryptN, keystore.LightScryptP)
	must(t, err)
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	good, right := file("key.json", string(sealed)), file("right", "open sesame\nsecond line\n")
	s, err := OpenSigner("coop", good, right)
	must(t, err)
	if want := types.AddressOf(crypto.FromECDSAPub(&key.PublicKey)); s.Address() != want || s.Member != "coop" {
		t.Errorf("%s of %s, want %s", s.Address(), s.Member, want)
	}
	rows := []struct{ key, passphrase, want string }{
		{good, file("wrong", "open barley"), "another passphrase"},
		{filepath.Join(dir, "absent"), right, "no such file"},
		{good, filepath.Join(dir, "absent"), "no such file"},
		{file("text", "not JSON"), right, "carya keys new"},
		{file("huge", strings.Repeat(" ", maxKeyFile+1)), right, "at most"},
		{file("hungry", strings.Replace(string(sealed), `"n":4096`, `"n":1099511627776`, 1)), right, "not supported"},
		{file("odd", strings.Replace(string(sealed), `"dklen":32`, `"dklen":"32"`, 1)), right, "not supported"},
		{dir, right, "not a file"},
	}
	for _, row := range rows {
		if _, err := OpenSigner("coop", row.key, row.passphrase); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %s", filepath.Base(row.key), err, row.want)
		}
	}
}

func TestAcceptable(t *testing.T) {
	tests := map[string]string{
		"":                    "application/json",
		"*/*":                 "application/json",
		"application/*":       "application/json",
		"application/ld+json": "application/ld+json",
		"application/json;q=0.5, application/ld+json": "application/ld+json",
		"application/ld+json;q=0.1,*/*;q=0.2":         "application/json",
		"text/html,application/xhtml+xml,*/*;q=0.8":   "application/json",
		"application/json;q=0":                        "",
		"application/json;q=0,*/*":                    "application/ld+json",
		"text/xml":                                    "",
	}
	for accept, want := range tests {
		got, err := acceptable(http.Header{"Accept": {accept}}, mediaJSON, mediaLD)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q %v, want %q", accept, got, err, want)
		}
	}
}

func TestVersions(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		ok          bool
	}{
		{"GS1-EPCIS-Min", "1.0.0", true}, {"GS1-EPCIS-Min", "2.0", true}, {"GS1-EPCIS-Min", "2.0.1", false},
		{"GS1-CBV-Max", "2.1.0", true}, {"GS1-CBV-Max", "1.2.2", false}, {"GS1-EPCIS-Version", "2.0", true},
		{"GS1-CBV-Version", "2.1", false}, {"GS1-EPCIS-Version", "two", false},
	} {
		h := http.Header{}
		h.Set(tt.name, tt.value)
		if err := checkVersions(h); (err == nil) != tt.ok {
			t.Errorf("%s: %s: %v", tt.name, tt.value, err)
		}
	}
}

// TestEveryCodeHasAnException holds that no refusal of the ledger is reported as a fault of
// the node.
func TestEveryCodeHasAnException(t *testing.T) {
	for _, code := range types.Codes() {
		p := refusal(code, "", "")
		if code != types.OK && (p.Status < 400 || p.Status >= 500 && p.Status != http.StatusServiceUnavailable || p.Title == "" || !strings.HasPrefix(p.Type, "epcisException:")) {
			t.Errorf("%s: %+v", code, p)
		}
	}
}

func TestSplitLog(t *testing.T) {
	for _, tt := range []struct{ log, field, detail string }{
		{"bodies[3]: OVERDRAW: event.inputQuantityList[0]: lot x: 5 asked", "event.inputQuantityList[0]", "lot x: 5 asked"},
		{"bodies[0]: EVENT_EXISTS: it was captured as a/b", "", "it was captured as a/b"},
		{"ROLE: member: coop is not a customs office: it needs that role", "member", "coop is not a customs office: it needs that role"},
		{"TX_EXPIRED: it expired: 3 s ago", "", "it expired: 3 s ago"},
		{"", "", ""},
	} {
		if field, detail := splitLog(tt.log); field != tt.field || detail != tt.detail {
			t.Errorf("%s: %q %q", tt.log, field, detail)
		}
	}
	for _, tt := range []struct{ event, field, want string }{
		{"/epcisBody/eventList/2", "event.quantityList[0].uom", "/epcisBody/eventList/2/quantityList/0/uom"},
		{"/epcisBody/eventList/2", "event", "/epcisBody/eventList/2"},
		{"", "event/epcList/0", "/epcList/0"},
		{"/a", "of", "/a"},
	} {
		if got := pointerOf(tt.event, tt.field); got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.event, tt.field, got, tt.want)
		}
	}
}

// TestLongURI: a query that does not fit a URL is refused in the standard's words.
func TestLongURI(t *testing.T) {
	c := newTown(t)
	c.serve(nil)
	defer c.close()
	resp, err := c.server.Client().Get(c.server.URL + "/epcis/events?EQ_eventID=urn:x:" + strings.Repeat("1", maxURI))
	must(t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestURITooLong {
		t.Error(resp.Status)
	}
}

// TestRoutesAreCounted holds that the gateway counts requests by route and not by what a
// caller writes.
func TestRoutesAreCounted(t *testing.T) {
	c := newTown(t)
	c.serve(nil)
	defer c.close()
	for _, path := range []string{"/epcis/events", "/epcis/epcs/urn:x:1/events", "/epcis/invented"} {
		resp, err := c.server.Client().Get(c.server.URL + path)
		must(t, err)
		resp.Body.Close()
	}
	resp, err := c.server.Client().Get(c.server.URL + "/metrics")
	must(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	must(t, err)
	for _, want := range []string{
		`route="/epcis/events",status="200"`, `route="/epcis/epcs/{id}/events",status="404"`, `route="/epcis/",status="404"`,
	} {
		if !strings.Contains(string(data), want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(string(data), "invented") {
		t.Error("a caller can make labels")
	}
}
