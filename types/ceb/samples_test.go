package ceb

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The official schema and samples are not part of the project: they lie beside a developer's checkout.
const official = "../../../shared/data/ceb"

func sampleFiles() []string {
	files, _ := filepath.Glob(filepath.Join(official, "samples-import", "CEB*Message.xml"))
	return files
}

func sample(t *testing.T, kind string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(official, "samples-import", kind+"Message.xml"))
	if err != nil {
		t.Skipf("no official samples: %v", err)
	}
	return string(data)
}

func TestSamples(t *testing.T) {
	documents := map[string]int{}
	for _, path := range sampleFiles() {
		kind := strings.TrimSuffix(filepath.Base(path), "Message.xml")
		data := sample(t, kind)
		if !slices.Contains(kinds, kind) {
			wantFault(t, data, Unsupported, "")
			if text := faultsOf(t, data).Error(); !strings.Contains(text, kind) || !strings.Contains(text, "CEB621") {
				t.Errorf("%s: the error does not say what is supported: %s", kind, text)
			}
			continue
		}
		m := mustParse(t, data)
		documents[kind] = len(m.Documents)
		if !strings.Contains(data, `"`+m.SignatureMethod+`"`) || m.SignatureMethod == "" {
			t.Errorf("%s: got signature method %q", kind, m.SignatureMethod)
		}
		for i := range m.Documents {
			accepted(t, &m.Documents[i])
		}
	}
	if len(documents) == 0 {
		t.Skip("no official samples in " + official)
	}
	for _, kind := range kinds {
		if want := strings.Count(sample(t, kind), "Head>") / 2; documents[kind] != want {
			t.Errorf("%s: got %d documents, want %d", kind, documents[kind], want)
		}
	}
}

// schemaJudge asks xmllint for its verdict on many files.
type schemaJudge struct {
	xmllint, schema, folder string
}

func newJudge(t *testing.T) *schemaJudge {
	t.Helper()
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("no xmllint: apt-get install libxml2-utils")
	}
	schemas, _ := filepath.Glob(filepath.Join(official, "xsd", "*进口业务节点报文定义202205.xsd"))
	if len(schemas) != 1 {
		t.Skip("no official schema in " + official)
	}
	return &schemaJudge{xmllint: xmllint, schema: schemas[0], folder: t.TempDir()}
}

// valid returns whether each file is valid.
func (j *schemaJudge) valid(t *testing.T, files []string) []bool {
	t.Helper()
	const batch = 500
	verdicts := make([]bool, 0, len(files))
	for part := range slices.Chunk(files, batch) {
		verdicts = append(verdicts, j.judge(t, part)...)
	}
	return verdicts
}

func (j *schemaJudge) judge(t *testing.T, files []string) []bool {
	t.Helper()
	arguments := []string{"--noout", "--nonet", "--schema", j.schema}
	for i, data := range files {
		path := filepath.Join(j.folder, fmt.Sprintf("%d.xml", i))
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		arguments = append(arguments, path)
	}
	output, err := exec.Command(j.xmllint, arguments...).CombinedOutput()
	if bytes.Contains(output, []byte("Schemas parser error")) {
		t.Fatalf("xmllint cannot load the schema: %v\n%s", err, output)
	}
	verdicts := make([]bool, len(files))
	for lines := bufio.NewScanner(bytes.NewReader(output)); lines.Scan(); {
		var i int
		if n, _ := fmt.Sscanf(strings.TrimPrefix(lines.Text(), j.folder+"/"), "%d.xml validates", &i); n == 1 && strings.HasSuffix(lines.Text(), "validates") {
			verdicts[i] = true
		}
	}
	return verdicts
}

// mutation is a changed sample and what was changed.
type mutation struct {
	name, data string
}

// TestAgainstSchema compares Parse with xmllint and the official schema: on the samples, and on changes to every field
// of one document of each kind. Only the differences the package comment names are allowed. There are some 19,000
// changes, of which one in 23 is tried, another choice for each field; CARYA_CEB_ALL=1 tries all of them.
func TestAgainstSchema(t *testing.T) {
	judge := newJudge(t)
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			cases := []mutation{{"as published", sample(t, kind)}}
			for i, c := range mutations(t, kind) {
				if i%23 == 0 || os.Getenv("CARYA_CEB_ALL") != "" {
					cases = append(cases, c)
				}
			}
			files := make([]string, len(cases))
			for i := range cases {
				files[i] = cases[i].data
			}
			agreed, valid := 0, 0
			for i, want := range judge.valid(t, files) {
				if agree(t, kind, cases[i], want) {
					agreed++
				}
				if want {
					valid++
				}
			}
			t.Logf("%d of %d verdicts agree, %d of them valid", agreed, len(cases), valid)
		})
	}
}

// agree reports whether the verdicts are the same, and fails the test when they differ for no allowed reason.
func agree(t *testing.T, kind string, c mutation, valid bool) bool {
	t.Helper()
	_, err := Parse([]byte(c.data))
	if (err == nil) == valid {
		return true
	}
	if faults, _ := err.(Errors); !valid || slices.ContainsFunc(faults, stricterBySchema) {
		t.Errorf("%s %s: schema says valid %t, Parse says %v", kind, c.name, valid, err)
	}
	return false
}

// stricterBySchema reports whether a fault is not one of those in which the package is stricter on purpose.
func stricterBySchema(fault *Error) bool {
	return fault.Kind != NotATime && !(fault.Kind == TooLarge && strings.HasSuffix(fault.Detail, "larger than 92233720368547.75807"))
}

var leaf = regexp.MustCompile(`(?m)^[ \t]*<ceb:(\w+)>([^<]*)</ceb:(\w+)>\r?\n`)

// mutations changes every field of a message of one document in every way below.
func mutations(t *testing.T, kind string) []mutation {
	t.Helper()
	base := withEveryField(t, kind)
	found := leaf.FindAllStringSubmatchIndex(base, -1)
	var all []mutation
	for n, at := range found {
		name := base[at[2]:at[3]]
		line, head, tail := base[at[0]:at[1]], base[:at[0]], base[at[1]:]
		replace := func(what, with string) {
			all = append(all, mutation{fmt.Sprintf("%s %s", name, what), head + with + tail})
		}
		replace("dropped", "")
		replace("duplicated", line+line)
		replace("with text before", "x"+line)
		replace("with an attribute", strings.Replace(line, ">", " a='b'>", 1))
		replace("with an element inside", strings.Replace(line, "</", "<ceb:b/></", 1))
		replace("with an unknown element before", "<ceb:unknown/>"+line)
		replace("without namespace", strings.ReplaceAll(line, "ceb:", ""))
		replace("self-closing", "<ceb:"+name+"/>\n")
		if n+1 < len(found) && found[n+1][0] == at[1] {
			next := base[found[n+1][0]:found[n+1][1]]
			all = append(all, mutation{name + " swapped with next", head + next + line + tail[len(next):]})
		}
		for _, value := range trials(base[at[4]:at[5]]) {
			if spaced := strings.TrimSpace(value) != value; spaced && (name == "gnum" || name == "packNo") {
				// XML Schema part 2, 4.3.6, collapses the spaces; libxml2 (2.9.14) refuses them in integers.
				continue
			}
			replace(fmt.Sprintf("= %q", value), "<ceb:"+name+">"+value+"</ceb:"+name+">\n")
		}
	}
	return append(all, structural(base)...)
}

// trials are values for any field: texts of every length that is a limit somewhere, and numbers good and bad.
func trials(value string) []string {
	tried := []string{
		"", " ", value + " ", "\n\t" + value + "\n", "142", " 142", "0142", "502", "+5", "-5", "-0", "5.", ".5", ".", "+", "-", "--5", "5.123456",
		"5.1234500000", "1e3", "99999999999999", "92233720368547.75807", "92233720368547.75808", "99999999999999.99999", "123456789012345.12345",
		"1234567890123456789", "12345678901234567890", "0x1", "1,000", "007", "2147483647", "2147483648", "-2147483648", "-2147483649", "999999999",
		"1234567890", "0000000000001", "NaN", "INF", "٣", "5 5", "1_0", "20161332010101", "20160229", "20170229", "&#52;2", "&amp;", "a<!-- -->b", "<![CDATA[1]]>",
	}
	for _, n := range []int{2, 3, 4, 6, 8, 10, 14, 18, 19, 20, 30, 32, 36, 37, 50, 60, 100, 200, 250, 510, 1000} {
		tried = append(tried, strings.Repeat("字", n-1), strings.Repeat("字", n), strings.Repeat("字", n+1))
	}
	return slices.Compact(tried)
}

// structural changes what is not a field: attributes and the order and number of groups.
func structural(base string) []mutation {
	part := func(name string) string {
		begin, end := strings.Index(base, "<ceb:"+name+">"), strings.Index(base, "</ceb:"+name+">")
		if begin < 0 {
			return ""
		}
		return base[begin : end+len("</ceb:"+name+">")]
	}
	var all []mutation
	change := func(what, old, new string) {
		if old != "" {
			all = append(all, mutation{what, strings.Replace(base, old, new, 1)})
		}
	}
	signature := base[strings.Index(base, "<ds:Signature "):strings.Index(base, "</ceb:CEB")]
	subscribe := "<ceb:BaseSubscribe><ceb:status>1</ceb:status><ceb:dxpMode>DXP</ceb:dxpMode><ceb:dxpAddress/></ceb:BaseSubscribe>"
	extend := "<ceb:ExtendMessage><ceb:name/><ceb:version/><ceb:Message>%s</ceb:Message></ceb:ExtendMessage>"
	change("unsigned", signature, "")
	change("signed twice", signature, signature+signature)
	change("signature first", "<ceb:BaseTransfer>", signature+"<ceb:BaseTransfer>")
	change("without version", ` version="1.0"`, "")
	change("empty version", ` version="1.0"`, ` version=""`)
	change("long version", ` version="1.0"`, ` version="1.0.0.0.0.0"`)
	change("long guid", ` guid="`, ` guid="1`)
	change("unknown attribute", ` guid="`, ` id="1" guid="`)
	change("other namespace", "www.chinaport.gov.cn/ceb", "www.chinaport.gov.cn/cebx")
	transfer := part("BaseTransfer")
	change("no transfer", transfer, "")
	change("transfer twice", transfer, transfer+transfer)
	for n := range 7 {
		change(fmt.Sprintf("%d subscriptions", n), transfer, transfer+strings.Repeat(subscribe, n))
	}
	for _, inner := range []string{"", "<a/>", "<a><b c='d'>e</b></a>", "<a/><b/>", "text", " "} {
		change("extension "+inner, transfer, transfer+fmt.Sprintf(extend, inner))
	}
	change("extension before subscription", transfer, transfer+fmt.Sprintf(extend, "")+subscribe)
	for _, name := range []string{"Order", "Payment", "Logistics", "Inventory", "OrderHead", "OrderList", "InventoryHead", "InventoryList", "PaymentHead", "LogisticsHead"} {
		whole := part(name)
		for _, n := range []int{0, 2, 99, 100, 101} {
			change(fmt.Sprintf("%d times %s", n, name), whole, strings.Repeat(whole, n))
		}
	}
	return all
}

// withEveryField is a sample cut down to its first document, with one line of goods, and with the fields the sample
// leaves out put in from the table.
func withEveryField(t *testing.T, kind string) string {
	t.Helper()
	data := sample(t, kind)
	root := &messageNamed(kind).root
	data = onlyFirst(data, root.children[0].name)
	for _, part := range root.children[0].children {
		data = onlyFirst(data, part.name)
		for i := range part.children[1:] {
			if name := part.children[1+i].name; !strings.Contains(section(data, part.name), "<ceb:"+name+">") {
				previous := "</ceb:" + part.children[i].name + ">\n"
				before, after, _ := strings.Cut(section(data, part.name), previous)
				field := "<ceb:" + name + ">" + plausible(&part.children[1+i]) + "</ceb:" + name + ">\n"
				data = strings.Replace(data, section(data, part.name), before+previous+field+after, 1)
			}
		}
	}
	return data
}

func section(data, name string) string {
	begin := strings.Index(data, "<ceb:"+name+">")
	return data[begin : begin+strings.Index(data[begin:], "</ceb:"+name+">")]
}

func onlyFirst(data, name string) string {
	first := strings.Index(data, "</ceb:"+name+">") + len("</ceb:"+name+">")
	last := strings.LastIndex(data, "</ceb:"+name+">") + len("</ceb:"+name+">")
	return data[:first] + data[last:]
}
