package gateway

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/epcis"
	"github.com/caryaledger/carya/types/evidence"
)

// capture makes a block with one EPCIS event; members are added to those that every event
// has.
func (c *town) capture(member, members string) {
	c.t.Helper()
	event := `{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"eventTime":"2026-11-23T08:00:00.000Z","eventTimeZoneOffset":"+08:00",` + members + `}`
	parsed, err := epcis.Parse([]byte(event))
	check(c.t, err)
	body, err := json.Marshal(types.CaptureEvent{Event: string(parsed.Events[0].Canonical)})
	check(c.t, err)
	_, err = c.Submit(c.sign(member, captureKind, genesisTime+300_000, string(body)))
	check(c.t, err)
	b := c.block()
	if len(b.Txs) != 1 || b.Txs[0].Code != types.OK {
		c.t.Fatalf("%s: %+v", members, b.Txs)
	}
}

// page is what a browser gets.
func (s *stage) page(t *testing.T, path string) (status int, policy, body string) {
	t.Helper()
	resp, err := s.server.Client().Get(s.server.URL + path)
	check(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	check(t, err)
	if got := resp.Header.Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Fatalf("%s: %s %s\n%.300s", path, resp.Status, got, data)
	}
	return resp.StatusCode, resp.Header.Get("Content-Security-Policy"), string(data)
}

// part is JSON that stands in a page.
func part(t *testing.T, page, id string, into any) {
	t.Helper()
	m := regexp.MustCompile(`(?s)<script type="application/json" id="` + id + `">(.*?)</script>`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no part %s in the page", id)
	}
	check(t, json.Unmarshal([]byte(m[1]), into))
}

// harvested is a town in which nuts were harvested from two trees, dried together and
// packed, half of the first harvest having gone elsewhere.
func harvested(t *testing.T) *stage {
	s := newStage(t)
	s.capture("coop", `"type":"ObjectEvent","action":"ADD","bizStep":"commissioning","certificationInfo":["https://id.gs1.org/253/6909876000012GI1"],"quantityList":[{"epcClass":"https://id.gs1.org/01/06901234000016/10/G1","quantity":1000,"uom":"KGM"}]`)
	s.capture("coop", `"type":"ObjectEvent","action":"ADD","bizStep":"commissioning","quantityList":[{"epcClass":"https://coop.example/lot/G2","quantity":1000,"uom":"KGM"}]`)
	s.capture("coop", `"type":"TransformationEvent","transformationID":"urn:uuid:5b0f5c7e-6a1b-4c57-9f8a-0d1d6a7c9b01","inputQuantityList":[{"epcClass":"https://coop.example/lot/G2","quantity":100,"uom":"KGM"},{"epcClass":"https://id.gs1.org/01/06901234000016/10/G1","quantity":500,"uom":"KGM"}]`)
	s.capture("coop", `"type":"TransformationEvent","transformationID":"urn:uuid:5b0f5c7e-6a1b-4c57-9f8a-0d1d6a7c9b01","outputQuantityList":[{"epcClass":"https://id.gs1.org/01/06901234000023/10/D%2F1","quantity":200,"uom":"KGM"}]`)
	s.capture("coop", `"type":"TransformationEvent","inputQuantityList":[{"epcClass":"https://id.gs1.org/01/06901234000016/10/G1","quantity":500,"uom":"KGM"}],"outputQuantityList":[{"epcClass":"https://id.gs1.org/01/06901234000023/10/OTHER","quantity":200,"uom":"KGM"}]`)
	s.capture("coop", `"type":"AggregationEvent","action":"ADD","bizStep":"packing","parentID":"https://id.gs1.org/00/069012340000000016","childQuantityList":[{"epcClass":"https://id.gs1.org/01/06901234000023/10/D%2F1","quantity":50,"uom":"KGM"}]`)
	return s
}

// TestLotPage: the page of a lot has evidence of everything that its story names, and of
// nothing that is no part of it.
func TestLotPage(t *testing.T) {
	s := harvested(t)
	s.block()
	trust, err := evidence.TrustGenesis(s.genesis)
	check(t, err)
	for _, path := range []string{"/l/06901234000023.D%2F1", "/l/06901234000023.D%252F1"} {
		status, policy, body := s.page(t, path)
		if status != http.StatusOK || strings.Contains(policy, "connect-src") || !strings.HasPrefix(policy, "default-src 'none'") {
			t.Errorf("%s: %d, policy %s", path, status, policy)
		}
		var encoded string
		part(t, body, "evidence", &encoded)
		file, err := base64.StdEncoding.DecodeString(encoded)
		check(t, err)
		v, err := evidence.Verify(file, trust)
		check(t, err)
		var got []string
		for _, p := range v.Claims {
			got = append(got, p.Claim.Claim+" "+p.Key)
			if p.Height != v.Claims[0].Height {
				t.Errorf("%s is about block %d, the first claim about %d", p.Key, p.Height, v.Claims[0].Height)
			}
		}
		slices.Sort(got)
		want := []string{
			"absence certificate/gdti.6909876000012.GI1", "absence product/06901234000016", "absence product/06901234000023",
			"history lot/06901234000016.G1", "history lot/06901234000023.D%2F1", "history lot/x.https%3A%2F%2Fcoop.example%2Flot%2FG2",
			"history transformation/coop/urn%3Auuid%3A5b0f5c7e-6a1b-4c57-9f8a-0d1d6a7c9b01", "history unit/sscc.069012340000000016",
			"record member/coop",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: claims (-want +got):\n%s", path, diff)
		}
		var page struct{ Node, Lot string }
		part(t, body, "page", &page)
		if page.Node != "coop" || page.Lot != "06901234000023.D%2F1" {
			t.Errorf("%s: about %+v", path, page)
		}
	}
}

// TestNewLotPage: a lot that the last block made has a page when the next header is there.
func TestNewLotPage(t *testing.T) {
	s := newStage(t)
	s.capture("coop", `"type":"ObjectEvent","action":"ADD","bizStep":"commissioning","quantityList":[{"epcClass":"https://id.gs1.org/01/06901234000016/10/G1","quantity":1000,"uom":"KGM"}]`)
	answer := make(chan int)
	go func() {
		resp, err := s.server.Client().Get(s.server.URL + "/l/06901234000016.G1")
		if err != nil {
			t.Error(err)
			answer <- 0
			return
		}
		resp.Body.Close()
		answer <- resp.StatusCode
	}()
	s.block()
	if got := <-answer; got != http.StatusOK {
		t.Errorf("status %d", got)
	}
}

func TestNoLotPage(t *testing.T) {
	s := newStage(t)
	s.block()
	for _, lot := range []string{"06901234000016.NONE", "sheep", "06901234000017.L1", "%3Cscript%3Ealert(1)%3C%2Fscript%3E"} {
		status, _, body := s.page(t, "/l/"+lot)
		if status != http.StatusNotFound || strings.Contains(body, "<script>alert") {
			t.Errorf("%s: %d", lot, status)
		}
		var page struct{ Unknown bool }
		if part(t, body, "page", &page); !page.Unknown {
			t.Errorf("%s: the page does not say that there is no such lot", lot)
		}
	}
}

func TestVerifyPage(t *testing.T) {
	s := newStage(t)
	status, policy, body := s.page(t, "/verify")
	if status != http.StatusOK || strings.Contains(policy, "connect-src") {
		t.Errorf("%d, policy %s", status, policy)
	}
	var trust evidence.Trust
	part(t, body, "trust", &trust)
	if trust.Genesis != s.hash || trust.Check() != nil {
		t.Errorf("trust %+v", trust)
	}
}

// TestStoryIsBounded: a lot made of more lots than a page can show has a page all the same.
func TestStoryIsBounded(t *testing.T) {
	s := newStage(t)
	s.block()
	s.fill(3 * storyClaims)
	var in []string
	for i := range 3 * storyClaims {
		in = append(in, types.LinkOf(string(lotNumbered(i))))
	}
	v, err := s.View(0)
	check(t, err)
	defer v.Close()
	teller := &storyteller{gateway: New(s.town, Options{}).(*gateway), ctx: t.Context(), view: v, seen: map[string]bool{}}
	for _, uri := range in {
		lot, _, _, err := types.LotOf(uri)
		check(t, err)
		teller.follow(string(lot.Key()))
	}
	for len(teller.front) > 0 {
		key := teller.front[0]
		teller.front = teller.front[1:]
		check(t, teller.tell(key))
	}
	if len(teller.asks) != storyClaims {
		t.Errorf("%d claims, want %d", len(teller.asks), storyClaims)
	}
}
