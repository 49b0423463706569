package epcisrest

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/caryaledger/carya/node/bearer"
)

// TestScripts runs the conversations in testdata/scripts against a town behind a real
// server. Commands:
//
//	service [key=no] [model=no] [local=no] [tokens=yes] [member=M]   begin again with other options, over the same folder
//	block                           make a block
//	settle                          make blocks until no capture job is running
//	http [meanwhile=block] [head]   a request: first line, header lines, empty line, body; a block is made while it waits;
//	                                head shows the status and headers only
//
// In bodies @event {…} is an ObjectEvent with the common members filled in, @document, followed by one
// such object a line, an EPCISDocument, and @zeros N a body of that size. What the node invents is named in the
// order of its coming: JOB1, SUB1, PAGE1; $JOB1 in a request is what it stands for.
func TestScripts(t *testing.T) {
	if *update {
		must(t, flag.Set("rewrite", "true"))
	}
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		s := &stage{town: newTown(t)}
		defer s.close()
		s.serve(nil)
		datadriven.RunTest(t, path, s.run)
	})
}

// stage is a town and the names of what it invented.
type stage struct {
	*town
	names []invented
}

type invented struct{ name, text string }

func (s *stage) run(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	switch d.Cmd {
	case "service":
		s.configure(t, d)
	case "block":
		return fmt.Sprintf("block %d\n", s.block().Height)
	case "settle":
		var b strings.Builder
		for _, block := range s.settle() {
			fmt.Fprintf(&b, "block %d: %d transactions, %d events\n", block.Height, len(block.Txs), len(block.Events))
		}
		return b.String()
	case "http":
		return s.request(t, d)
	default:
		t.Fatalf("%s: no such command", d.Cmd)
	}
	return ""
}

func (s *stage) configure(t *testing.T, d *datadriven.TestData) {
	t.Helper()
	says := func(name string) string {
		var value string
		d.MaybeScanArgs(t, name, &value)
		return value
	}
	s.serve(func(o *Options) {
		if says("key") == "no" {
			o.Signer = nil
		}
		if says("model") == "no" {
			o.Events = nil
		}
		o.Local = says("local") != "no"
		if says("tokens") == "yes" {
			o.Tokens = testTokens(t)
		}
		if m := says("member"); m != "" {
			o.Signer = NewSigner(m, keyOf("coop"))
		}
	})
}

func (s *stage) request(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	head, body, _ := strings.Cut(s.resolve(d.Input), "\n\n")
	lines := strings.Split(head, "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	r, err := http.NewRequest(method, s.server.URL+target, bytes.NewReader(bodyOfText(t, body)))
	must(t, err)
	if body != "" {
		r.Header.Set("Content-Type", mediaJSON)
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		if r.Header.Set(name, value); name == "Host" {
			r.Host = value
		}
	}
	show := func() string { return s.show(t, r, d.HasArg("head")) }
	if !d.HasArg("meanwhile") {
		return s.name(show())
	}
	before, answer := s.waiting(), make(chan string)
	go func() { answer <- show() }()
	if method == http.MethodPost {
		until(t, func() bool { return s.waiting() > before })
	}
	s.block()
	return s.name(<-answer)
}

// ids are what a node invents.
var ids = []struct {
	name    string
	pattern *regexp.Regexp
}{
	{"JOB", regexp.MustCompile(`/epcis/capture/([0-9A-Z]{26})`)},
	{"SUB", regexp.MustCompile(`/subscriptions/([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})`)},
	{"PAGE", regexp.MustCompile(`nextPageToken=([A-Za-z0-9_-]{60,})`)},
}

// name puts names in the place of what was invented.
func (s *stage) name(text string) string {
	for _, id := range ids {
		for _, found := range id.pattern.FindAllStringSubmatch(text, -1) {
			s.remember(id.name, found[len(found)-1])
		}
	}
	for _, x := range s.names {
		text = strings.ReplaceAll(text, x.text, x.name)
	}
	return text
}

func (s *stage) remember(kind, text string) {
	n := 1
	for _, x := range s.names {
		if x.text == text {
			return
		}
		if strings.HasPrefix(x.name, kind) {
			n++
		}
	}
	s.names = append(s.names, invented{fmt.Sprint(kind, n), text})
}

func (s *stage) resolve(text string) string {
	for i := len(s.names) - 1; i >= 0; i-- { // JOB12 before JOB1
		text = strings.ReplaceAll(text, "$"+s.names[i].name, s.names[i].text)
	}
	return text
}

func bodyOfText(t *testing.T, text string) []byte {
	t.Helper()
	kind, rest, _ := strings.Cut(text, " ")
	switch {
	case kind == "@event":
		e := eventOf(t, rest)
		e["@context"] = officialContext
		return encode(t, e)
	case strings.HasPrefix(text, "@document"):
		return encode(t, documentOf(t, strings.Split(strings.TrimSpace(text), "\n")[1:]))
	case kind == "@zeros":
		var n int
		_, err := fmt.Sscan(rest, &n)
		must(t, err)
		return bytes.Repeat([]byte("0"), n)
	}
	return []byte(text)
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	must(t, err)
	return data
}

// eventOf fills in what every event has.
func eventOf(t testing.TB, text string) map[string]any {
	t.Helper()
	e := map[string]any{"type": "ObjectEvent", "action": "OBSERVE", "eventTime": "2026-11-23T16:00:00.000+08:00", "eventTimeZoneOffset": "+08:00"}
	var given map[string]any
	if err := json.Unmarshal([]byte(text), &given); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	for name, v := range given {
		if e[name] = v; v == nil {
			delete(e, name)
		}
	}
	return e
}

func documentOf(t testing.TB, lines []string) map[string]any {
	t.Helper()
	events := []any{}
	for _, line := range lines {
		events = append(events, eventOf(t, line))
	}
	return map[string]any{
		"@context": officialContext, "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-11-23T08:00:00.000Z",
		"epcisBody": map[string]any{"eventList": events},
	}
}

// shownHeaders are those that the interface is about.
var shownHeaders = []string{
	"Content-Type", "Allow", "Location", "Link", "Retry-After", "WWW-Authenticate", "GS1-Next-Page-Token-Expires",
	"GS1-EPCIS-Version", "GS1-EPCIS-Min", "GS1-EPCIS-Max", "GS1-CBV-Version", "GS1-CBV-Min", "GS1-CBV-Max", "GS1-EPC-Format",
	"GS1-Extensions", "GS1-Vendor-Version", "GS1-EPCIS-Capture-Limit", "GS1-EPCIS-Capture-File-Size-Limit", "GS1-Capture-Error-Behaviour",
}

// show makes a request and writes down the answer; the versions that all answers have are
// left out.
func (s *stage) show(t *testing.T, r *http.Request, headOnly bool) string {
	t.Helper()
	client := http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	resp, err := client.Do(r)
	must(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	must(t, err)
	var b strings.Builder
	fmt.Fprintln(&b, resp.Status)
	for _, name := range shownHeaders {
		v := resp.Header.Get(name)
		if v != "" && (r.Method == http.MethodOptions || name != "GS1-EPCIS-Version" && name != "GS1-CBV-Version") {
			fmt.Fprintf(&b, "%s: %s\n", name, v)
		}
	}
	if !headOnly {
		fmt.Fprintln(&b, readable(data))
	}
	return b.String()
}

func readable(data []byte) string {
	var b bytes.Buffer
	if len(data) == 0 {
		return "(no body)"
	}
	if err := json.Indent(&b, bytes.TrimSpace(data), "", "  "); err != nil {
		return strings.TrimSpace(string(data))
	}
	return b.String()
}

func testTokens(t testing.TB) bearer.Tokens {
	t.Helper()
	name := t.TempDir() + "/tokens"
	must(t, writeFile(name, []byte("# clients\nscanner 0123456789abcdef0123\n\nerp fedcba9876543210\n")))
	tokens, err := bearer.ReadTokens(name)
	must(t, err)
	return tokens
}
