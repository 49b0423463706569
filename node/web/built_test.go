package web_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/node/web"
	"github.com/caryaledger/carya/types/evidence"
)

var built = []string{"verify.html", "lot.html"}

// sources is where the pages are built from.
const sources = "../../client/js"

// TestBuilt: the committed pages are those that the sources make.
func TestBuilt(t *testing.T) {
	if testing.Short() {
		t.Skip("runs esbuild")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node on the PATH: the pages are not built again")
	}
	if _, err := os.Stat(filepath.Join(sources, "node_modules", "esbuild")); err != nil {
		t.Skip("no esbuild in client/js: run `npm ci` there to have the pages built again")
	}
	folder := t.TempDir()
	cmd := exec.Command(node, filepath.Join("page", "build.mjs"), folder)
	cmd.Dir = sources
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range built {
		got, err := os.ReadFile(name)
		check(t, err)
		want, err := os.ReadFile(filepath.Join(folder, name))
		check(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what its sources make: run `node page/build.mjs` in client/js", name)
		}
	}
}

// reaches are the ways in which a page could ask for something.
var reaches = regexp.MustCompile(`(?i)<(?:link|img|iframe|object|embed|base|audio|video)\b|\bsrc\s*=|@import|\burl\(|\bfetch\(|\bimport\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|serviceWorker|new Worker|RTCPeer`)

// addresses are those that stand in a page. The first is the name of a language, not a place.
var addresses = regexp.MustCompile(`(?i)(?:https?:|wss?:)?//[a-z0-9][a-z0-9.-]*\.[a-z]{2,}[a-z0-9/._-]*`)

const svgNamespace = "http://www.w3.org/2000/svg"

// TestAlone: a page is small, asks for nothing, and names no address but the namespace of its pictures.
func TestAlone(t *testing.T) {
	for _, name := range built {
		html, err := os.ReadFile(name)
		check(t, err)
		if len(html) > 150<<10 {
			t.Errorf("%s has %d bytes", name, len(html))
		}
		if found := reaches.Find(html); found != nil {
			t.Errorf("%s: %s", name, found)
		}
		for _, found := range addresses.FindAll(html, -1) {
			if string(found) != svgNamespace {
				t.Errorf("%s names %s", name, found)
			}
		}
		if !strings.Contains(string(html), `default-src 'none'; script-src 'sha256-`) {
			t.Errorf("%s has no policy of its own", name)
		}
	}
}

// TestInlined: no text can end the element that it stands in.
func TestInlined(t *testing.T) {
	c := chaintest.Town(t)
	const hostile = "</script><script>alert(1)</script><!--\u2028\u2029&"
	trust := c.Trust()
	trust.Validators[0].Name = hostile
	e := c.Prove(evidence.Ask{Claim: evidence.ClaimRecord, Key: "lot/" + chaintest.Lot})
	e.Chain = hostile
	verify, err := web.Verify(trust, hostile)
	check(t, err)
	lot, err := web.Lot(trust, hostile, hostile, e)
	check(t, err)
	for name, row := range map[string]struct{ empty, filled []byte }{
		"verify": {read(t, "verify.html"), verify}, "lot": {read(t, "lot.html"), lot}, "no lot": {read(t, "lot.html"), web.NoLot(hostile, hostile)},
	} {
		for _, sign := range []string{"<", "\u2028", "\u2029"} {
			if before, after := strings.Count(string(row.empty), sign), strings.Count(string(row.filled), sign); before != after {
				t.Errorf("%s: %d %q in the page, %d once it is filled", name, before, sign, after)
			}
		}
		if bytes.Equal(row.empty, row.filled) {
			t.Errorf("%s: nothing was put in", name)
		}
	}
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	check(t, err)
	return data
}
