package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// TestScripts runs the conversations in testdata/*.txt against a town behind a real
// server. Commands:
//
//	sign NAME member=M kind=K [expires=S] [proceed]     bodies in JSON, one a line; expires S seconds after the genesis
//	block [N]                                 make a block, or several
//	room N                                    how many transactions the pool holds
//	list                                      let the read model catch up
//	fail TEXT                                 Submit fails in a way that is no refusal
//	http [meanwhile=block]                    a request: first line, header lines, empty line, body; a block is made while it waits
//	prove [meanwhile=block]                   the same; evidence is verified and what it proves is printed
//	garbage N                                 bytes in the next block that are no transaction, before those of the pool
//
// In the first line @NAME stands for the digest of a transaction. A body is taken as it stands, or made: @cbor NAME, @json NAME, @batch NAME…, @zeros N.
func TestScripts(t *testing.T) {
	if *update {
		check(t, flag.Set("rewrite", "true"))
	}
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		s := newStage(t)
		datadriven.RunTest(t, path, s.run)
	})
}

// stage is a town, its server and the transactions that a script has named.
type stage struct {
	*town
	t      *testing.T
	server *httptest.Server
	named  map[string][]byte
}

func newStage(t *testing.T) *stage {
	c := newTown(t)
	now := func() time.Time { return time.UnixMilli(genesisTime + 20_000) }
	server := httptest.NewServer(New(c, Options{Now: now}))
	t.Cleanup(server.Close)
	return &stage{c, t, server, map[string][]byte{}}
}

func (s *stage) run(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	switch d.Cmd {
	case "sign":
		return s.signNamed(t, d)
	case "block":
		n := 1
		if len(d.CmdArgs) > 0 {
			check(t, scan(d.CmdArgs[0].Key, &n))
		}
		var b types.Block
		for range n {
			b = s.block()
		}
		return fmt.Sprintf("block %d: %d transactions, %d events\n", b.Height, len(b.Txs), len(b.Events))
	case "room":
		check(t, scan(d.CmdArgs[0].Key, &s.room))
	case "list":
		s.list()
	case "fail":
		s.fail = errors.New(strings.TrimSpace(d.Input))
	case "http":
		return s.request(t, d, show)
	case "prove":
		return s.request(t, d, s.showProven)
	case "garbage":
		check(t, scan(d.CmdArgs[0].Key, &s.garbage))
	default:
		t.Fatalf("%s: no such command", d.Cmd)
	}
	return ""
}

func scan(text string, into *int) error {
	_, err := fmt.Sscan(text, into)
	return err
}

func (s *stage) signNamed(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	var member, kind string
	d.ScanArgs(t, "member", &member)
	d.ScanArgs(t, "kind", &kind)
	expires := int64(300)
	d.MaybeScanArgs(t, "expires", &expires)
	onError := types.OnErrorRollback
	if d.HasArg("proceed") {
		onError = types.OnErrorProceed
	}
	raw := s.signed(member, kind, onError, genesisTime+1000*expires, strings.Split(d.Input, "\n")...)
	s.named[d.CmdArgs[0].Key] = raw
	return fmt.Sprintf("%d bytes\n", len(raw))
}

func (s *stage) request(t *testing.T, d *datadriven.TestData, show func(*testing.T, *http.Request) string) string {
	t.Helper()
	head, body, _ := strings.Cut(d.Input, "\n\n")
	lines := strings.Split(head, "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	for name, raw := range s.named {
		v, err := s.domain.Verify(raw)
		check(t, err)
		target = strings.ReplaceAll(target, "@"+name, v.Digest.String())
	}
	r, err := http.NewRequest(method, s.server.URL+target, bytes.NewReader(s.body(t, body)))
	check(t, err)
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	if !d.HasArg("meanwhile") {
		return show(t, r)
	}
	before, answer := s.waiting(), make(chan string)
	go func() { answer <- show(t, r) }()
	if method == http.MethodPost {
		until(t, func() bool { return s.waiting() > before })
	}
	s.block()
	return <-answer
}

func (s *stage) body(t *testing.T, text string) []byte {
	t.Helper()
	words := strings.Fields(text)
	if len(words) < 2 || words[0][0] != '@' {
		return []byte(text)
	}
	raw := s.named[words[1]]
	switch words[0] {
	case "@json":
		signed, err := types.DecodeSigned(raw)
		check(t, err)
		raw, err = json.Marshal(signed)
		check(t, err)
	case "@batch":
		all := [][]byte{}
		for _, name := range words[1:] {
			all = append(all, s.named[name])
		}
		var err error
		raw, err = types.Encode(all)
		check(t, err)
	case "@zeros":
		n := 0
		check(t, scan(words[1], &n))
		raw = make([]byte, n)
	}
	return raw
}

// show makes a request and writes down the answer.
func show(t *testing.T, r *http.Request) string {
	t.Helper()
	resp, data, err := do(r)
	if err != nil {
		return fmt.Sprintln("error:", strings.ReplaceAll(err.Error(), r.URL.Host, "HOST"))
	}
	return headOf(resp) + readBody(resp.Header.Get("Content-Type"), data) + "\n"
}

// showProven makes a request and writes down what the evidence in the answer proves.
func (s *stage) showProven(t *testing.T, r *http.Request) string {
	t.Helper()
	resp, data, err := do(r)
	check(t, err)
	trust, err := evidence.TrustGenesis(s.genesis)
	check(t, err)
	if resp.StatusCode != http.StatusOK {
		return headOf(resp) + readBody(resp.Header.Get("Content-Type"), data) + "\n"
	}
	v, err := evidence.Verify(data, trust)
	if err != nil {
		return fmt.Sprintln("refused:", err)
	}
	return headOf(resp) + describe(t, data, v)
}

func describe(t *testing.T, file []byte, v *evidence.Verdict) string {
	t.Helper()
	var b strings.Builder
	e, err := evidence.Parse(file)
	check(t, err)
	fmt.Fprintf(&b, "headers:")
	for _, h := range e.Headers {
		fmt.Fprintf(&b, " %d", h.Height)
	}
	fmt.Fprintf(&b, ", the first signed by %d of %d\n", v.Power, v.Total)
	for _, p := range v.Claims {
		fmt.Fprintf(&b, "%s %s%s at %d", p.Claim.Claim, p.Key, p.From, p.Height)
		switch p.Claim.Claim {
		case evidence.ClaimTransaction:
			fmt.Fprintf(&b, ": %d of %d, code %d %v, %s", p.Index, p.Size, p.Code, p.Codes, p.Digest)
		case evidence.ClaimEvent:
			fmt.Fprintf(&b, ": %d of %d", p.Index, p.Log.Size)
		case evidence.ClaimPrefix:
			fmt.Fprintf(&b, ": since %d, %d of %d", p.Since, p.Before.Size, p.Log.Size)
		}
		fmt.Fprintln(&b)
		if p.Value != nil {
			record, err := types.DecodeAny(p.Key, p.Value)
			check(t, err)
			text, err := json.Marshal(record)
			check(t, err)
			fmt.Fprintf(&b, "  %s\n", text)
		}
		for _, e := range p.Events {
			fmt.Fprintf(&b, "  %s of %s in block %d\n", e.Kind, e.Member, e.Height)
		}
		for _, l := range p.Leaves {
			fmt.Fprintf(&b, "  %s\n", l.Key)
		}
	}
	return b.String()
}

func do(r *http.Request) (*http.Response, []byte, error) {
	client := http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	resp, err := client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp, data, err
}

// headOf is the part of an answer before its body, as far as it is worth looking at.
func headOf(resp *http.Response) string {
	var b strings.Builder
	fmt.Fprintln(&b, resp.Status)
	for _, name := range []string{"Content-Type", "Retry-After", "Allow", "Location", "Content-Security-Policy"} {
		if v := resp.Header.Get(name); v != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, v)
		}
	}
	return b.String()
}

func readBody(media string, data []byte) string {
	if len(data) == 0 {
		return "(no body)"
	}
	if strings.Contains(media, "json") {
		var b bytes.Buffer
		if err := json.Indent(&b, bytes.TrimSpace(data), "", "  "); err != nil {
			return "not JSON: " + err.Error()
		}
		return b.String()
	}
	if media == mediaCBOR {
		return fmt.Sprintf("(%d bytes, their hash begins with %.10s)", len(data), types.LeafHash(data))
	}
	return strings.TrimSpace(string(data))
}
