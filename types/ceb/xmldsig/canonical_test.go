package xmldsig

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// canonicalOf returns the canonical form of an unsigned document.
func canonicalOf(t *testing.T, document string) string {
	t.Helper()
	parts, err := scan([]byte(document))
	if err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	return parts.content.String()
}

func TestCanonical(t *testing.T) {
	for _, row := range []struct{ document, want string }{
		{"<a\tq='x\ny&#10;z\r\nw&#9;&#13;'/>", `<a q="x y&#xA;z w&#x9;&#xD;"></a>`},
		{"<a>t&#13;\r\nq\r&gt;&quot;<![CDATA[<&\r\n>]]></a>", "<a>t&#xD;\nq\n&gt;\"&lt;&amp;\n&gt;</a>"},
		{`<a p="&lt;>&amp;'&quot;"/>`, `<a p="&lt;>&amp;'&quot;"></a>`},
		{"<!-- x --><a>1<!-- y -->2</a>\n<!-- z -->\n", "<a>12</a>"},
		{`<a xmlns:z='u:1' xmlns:b='u:2' b:x='1' z:a='2' y='3'/>`, `<a xmlns:b="u:2" xmlns:z="u:1" y="3" z:a="2" b:x="1"></a>`},
		{`<a xmlns=''><b xmlns='u:1'><c xmlns=''><d xmlns=''/></c></b></a>`, `<a><b xmlns="u:1"><c xmlns=""><d></d></c></b></a>`},
		{`<a xmlns:b='u:1'><c xmlns:b='u:1'/><c xmlns:b='u:2'><d xmlns:b='u:1'/></c></a>`,
			`<a xmlns:b="u:1"><c></c><c xmlns:b="u:2"><d xmlns:b="u:1"></d></c></a>`},
	} {
		if got := canonicalOf(t, row.document); got != row.want {
			t.Errorf("%q: got %q, want %q", row.document, got, row.want)
		}
	}
}

// judge asks xmllint for the canonical form; its documents must have no comments, which it keeps.
type judge struct{ xmllint, path string }

func newJudge(t *testing.T) *judge {
	t.Helper()
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("no xmllint: apt-get install libxml2-utils")
	}
	return &judge{xmllint: xmllint, path: filepath.Join(t.TempDir(), "document.xml")}
}

// canonical returns what xmllint has against a document; for one it takes, that is "".
func (j *judge) canonical(t *testing.T, document string) (canonical, complaint string) {
	t.Helper()
	if err := os.WriteFile(j.path, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, complaints bytes.Buffer
	command := exec.Command(j.xmllint, "--nonet", "--c14n", j.path)
	command.Stdout, command.Stderr = &out, &complaints
	if err := command.Run(); err != nil {
		return "", err.Error() + ": " + complaints.String()
	}
	return out.String(), complaints.String()
}

var comments = regexp.MustCompile(`(?s)<!--.*?-->`)

func TestCanonicalSamples(t *testing.T) {
	j := newJudge(t)
	files, _ := filepath.Glob(filepath.Join(official, "samples-*", "CEB*.xml"))
	compared := 0
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		document := string(data)
		if strings.Contains(document, "<ds:Signature ") {
			document = replaced(t, document, between(t, document, "<ds:Signature ", "</ds:Signature>"), "")
		}
		document = comments.ReplaceAllString(document, "")
		want, complaint := j.canonical(t, document)
		if _, err := scan([]byte(document)); complaint != "" || err != nil {
			t.Logf("%s: not compared: xmllint %q, scan %v", filepath.Base(path), complaint, err)
			continue
		}
		compared++
		if got := canonicalOf(t, document); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
		}
	}
	if compared == 0 {
		t.Skip("no official samples in " + official)
	}
}

// TestCanonicalRandom compares with xmllint on documents made to be difficult. Ours has comments in it besides.
func TestCanonicalRandom(t *testing.T) {
	j := newJudge(t)
	for seed := range uint64(300) {
		m := &maker{Rand: rand.New(rand.NewPCG(seed, 0)), prefixes: []string{""}}
		m.element(0)
		commented := m.String()
		document := strings.ReplaceAll(commented, "<!--c-->", "")
		want, complaint := j.canonical(t, document)
		if complaint != "" {
			t.Fatalf("seed %d: xmllint on %s: %s", seed, document, complaint)
		}
		if got := canonicalOf(t, commented); got != want {
			t.Fatalf("seed %d: %q\ngot  %q\nwant %q", seed, commented, got, want)
		}
	}
}

// lenient matches complaints about what we take: namespaces that begin like a URI and do not go on like one, and attributes
// without a space between them.
var lenient = regexp.MustCompile(`is not a valid URI|attributes construct error`)

// TestCanonicalMutated: of documents with a few bytes changed, whatever we take, xmllint takes, and reads alike.
func TestCanonicalMutated(t *testing.T) {
	j := newJudge(t)
	taken := 0
	for seed := range uint64(1500) {
		m := &maker{Rand: rand.New(rand.NewPCG(seed, 1)), prefixes: []string{""}}
		m.element(2)
		document := m.mutated(strings.ReplaceAll(m.String(), "<!--c-->", ""))
		parts, err := scan([]byte(document))
		if err != nil || strings.Contains(document, "<!--") {
			continue
		}
		taken++
		want, complaint := j.canonical(t, document)
		if lenient.MatchString(complaint) {
			continue
		}
		if got := parts.content.String(); got != want || complaint != "" {
			t.Errorf("seed %d: %q\ngot  %q\nwant %q\n%s", seed, document, got, want, complaint)
		}
	}
	if taken < 20 {
		t.Errorf("only %d documents survived", taken)
	}
}

// maker writes random documents.
type maker struct {
	*rand.Rand
	strings.Builder
	prefixes []string // in force
}

func (m *maker) pick(from ...string) string { return from[m.IntN(len(from))] }

func (m *maker) element(depth int) {
	inherited := m.prefixes
	var declared strings.Builder
	for _, prefix := range []string{"", "a", "b", "zz", "ds"} {
		if m.IntN(4) > 0 {
			continue
		}
		uri := m.pick("http://1", "http://2", "urn:3")
		if prefix == "" {
			fmt.Fprintf(&declared, " xmlns=%q", m.pick(uri, ""))
			continue
		}
		fmt.Fprintf(&declared, " xmlns:%s='%s'", prefix, uri)
		m.prefixes = append(m.prefixes[:len(m.prefixes):len(m.prefixes)], prefix)
	}
	tag := m.qualified(m.pick("x", "y", "名"))
	m.WriteString("<" + tag)
	m.attributes()
	m.WriteString(declared.String())
	if m.IntN(5) == 0 {
		m.WriteString("/>")
	} else {
		m.WriteString(">")
		m.content(depth)
		m.WriteString("</" + tag + m.pick("", " ", "\n") + ">")
	}
	m.prefixes = inherited
}

func (m *maker) qualified(name string) string {
	if prefix := m.pick(m.prefixes...); prefix != "" {
		return prefix + ":" + name
	}
	return name
}

// attributes have different local names, so that two prefixes of one namespace cannot make one occur twice.
func (m *maker) attributes() {
	for _, name := range []string{"q", "B", "c-1", "é"} {
		if m.IntN(2) == 0 {
			quote := m.pick("'", `"`)
			value := strings.ReplaceAll(m.text(), quote, "&quot;")
			m.WriteString(m.pick(" ", "\n\t", "\r\n") + m.qualified(name) + m.pick("=", " = ") + quote + value + quote)
		}
	}
}

func (m *maker) text() string {
	var b strings.Builder
	for range m.IntN(5) {
		b.WriteString(m.pick("t", " ", "\n", "\r\n", "\r", "\t", "'", `"`, ">", "&lt;", "&gt;", "&amp;", "&quot;", "&apos;",
			"&#10;", "&#xD;", "&#9;", "&#x4E2D;", "中", "𠀀", "\u00a0", "\u0085", "\u2028", "\ufffd"))
	}
	return b.String()
}

func (m *maker) content(depth int) {
	for range m.IntN(5) {
		switch m.IntN(5) {
		case 0:
			m.WriteString("<![CDATA[" + m.pick("<&>", "]]", "\r\n", "&#13;", "") + "]]>")
		case 1:
			m.WriteString("<!--c-->")
		case 2:
			m.WriteString(m.text())
		default:
			if depth < 5 {
				m.element(depth + 1)
			}
		}
	}
}

// mutated changes, doubles or drops a few bytes.
func (m *maker) mutated(document string) string {
	data := []byte(document)
	for range 1 + m.IntN(2) {
		i := m.IntN(len(data))
		switch m.IntN(4) {
		case 0:
			data[i] = `<>&'"=:/ ;#x!-[]?a1`[m.IntN(19)]
		case 1:
			data = append(data[:i:i], append([]byte{data[i]}, data[i:]...)...)
		case 2:
			data = append(data[:i:i], data[min(i+1, len(data)-1):]...)
		case 3:
			data = append(data[:i:i], append([]byte(m.pick("&#xD800;", "<x/>", " a='1'", ":", "&amp;", "]]>", " ")), data[i:]...)...)
		}
	}
	return string(data)
}
