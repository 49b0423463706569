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

// folders hold the samples and are named as the schemas are.
var folders = map[string]string{"samples-import": "进口", "samples-export": "出口"}

// sampleFiles returns the official samples by their names, none where they are absent. The one of CEB214 has a blank in
// its name.
func sampleFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for folder := range folders {
		paths, _ := filepath.Glob(filepath.Join(official, folder, "CEB*Message*.xml"))
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.Base(path)] = string(data)
		}
	}
	if len(files) == 0 {
		t.Skip("no official samples in " + official)
	}
	return files
}

// faulty are the samples that the schema refuses too, with the first fault of each. Most have a transfer for each
// document; CEB214 has another root element than the schema; CEB792 lacks a field in its lines.
var faulty = map[string]string{
	"CEB214Message .xml": "NotCEB ",
	"CEB303Message.xml":  "OutOfOrder BaseTransfer",
	"CEB403Message.xml":  "OutOfOrder BaseTransfer",
	"CEB505Message.xml":  "OutOfOrder BaseTransfer",
	"CEB507Message.xml":  "OutOfOrder BaseTransfer",
	"CEB509Message.xml":  "OutOfOrder BaseTransfer",
	"CEB603Message.xml":  "OutOfOrder BaseTransfer",
	"CEB605Message.xml":  "OutOfOrder BaseTransfer",
	"CEB607Message.xml":  "OutOfOrder BaseTransfer",
	"CEB792Message.xml":  "MissingElement SummaryResult[0]/SummaryResultList[0]/gseqno",
}

func TestSamples(t *testing.T) {
	for file, data := range sampleFiles(t) {
		t.Run(file, func(t *testing.T) {
			if want, is := faulty[file]; is {
				fault := faultsOf(t, data)[0]
				if got := fault.Kind + " " + fault.Field; got != want {
					t.Errorf("got %s: %v\nwant %s", got, fault, want)
				}
				return
			}
			m := mustParse(t, data)
			element := messageNamed(m.Kind).root.children[0].name
			if want := strings.Count(data, element+">") / 2; len(m.Documents) != want || want == 0 || m.Kind != file[:6] {
				t.Errorf("got %d documents of %s, want %d", len(m.Documents), m.Kind, want)
			}
			if signed := strings.Contains(data, "<ds:Signature "); signed != strings.Contains(data, `"`+m.SignatureMethod+`"`) || signed != (m.Signature != nil) {
				t.Errorf("got signature method %q, signature %s", m.SignatureMethod, m.Signature)
			}
			for i := range m.Documents {
				accepted(t, &m.Documents[i])
			}
			again(t, m)
		})
	}
}

// TestMalformedSample says how the error for the sample with the wrong root element reads.
func TestMalformedSample(t *testing.T) {
	data, is := sampleFiles(t)["CEB214Message .xml"]
	if !is {
		t.Skip("no sample of CEB214")
	}
	want := `line 3: <CEB214> in namespace "` + cebSpace + `" is no customs message, which is <CEB…Message> in namespace ` + cebSpace
	if got := faultsOf(t, data).Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// With the root element the schema wants, what is wrong inside comes to light.
	var got []string
	for _, fault := range faultsOf(t, strings.ReplaceAll(data, "ceb:CEB214", "ceb:CEB214Message"))[:2] {
		got = append(got, fault.Kind+" "+fault.Field)
	}
	if want := "UnknownElement RefundReturn[0]/appSenderId, UnknownElement RefundReturn[1]/appSenderId"; strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
}

// schemaJudge asks xmllint for its verdict on many files.
type schemaJudge struct {
	xmllint, schema, folder string
}

// newJudge loads the schema of a direction, 进口 (import) or 出口 (export).
func newJudge(t *testing.T, direction string) *schemaJudge {
	t.Helper()
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("no xmllint: apt-get install libxml2-utils")
	}
	schemas, _ := filepath.Glob(filepath.Join(official, "xsd", "*"+direction+"业务节点报文定义202205.xsd"))
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

// TestKinds compares with the root elements of the official schemas.
func TestKinds(t *testing.T) {
	var want []string
	for _, direction := range folders {
		schema, err := os.ReadFile(newJudge(t, direction).schema)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`<xs:element name="(CEB\d{3})Message">`).FindAllSubmatch(schema, -1) {
			want = append(want, string(match[1]))
		}
	}
	if got := Kinds(); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for _, kind := range Kinds() {
		if en, zh := Says(kind); en == "" || zh == "" {
			t.Errorf("%s says nothing", kind)
		}
	}
	if en, zh := Says("CEB999"); en+zh != "" {
		t.Errorf("got %q %q", en, zh)
	}
}

// mutation is a changed fixture and what was changed.
type mutation struct {
	name, data string
}

// TestAgainstSchema compares Parse with xmllint and the official schemas: on the samples, and on changes to every field
// of a fixture of each kind. Only the differences the package comment names are allowed. Of every field the changes that
// matter most are tried, and of some 110,000 others one in 97, another choice for each field; CARYA_CEB_ALL=1 tries all.
func TestAgainstSchema(t *testing.T) {
	for folder, direction := range folders {
		t.Run(folder, func(t *testing.T) {
			judge := newJudge(t, direction)
			var cases []mutation
			for file, data := range sampleFiles(t) {
				if belongs(file, folder) {
					cases = append(cases, mutation{file, data})
				}
			}
			for _, kind := range Kinds() {
				if belongs(kind, folder) {
					cases = append(cases, mutations(kind)...)
				}
			}
			files := make([]string, len(cases))
			for i := range cases {
				files[i] = cases[i].data
			}
			agreed, valid := 0, 0
			for i, want := range judge.valid(t, files) {
				if agree(t, cases[i], want) {
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

// belongs reports whether a kind is in the schema of a folder.
func belongs(file, folder string) bool {
	return slices.Index(Kinds(), file[:6]) < slices.Index(Kinds(), "CEB303") == (folder == "samples-import")
}

// agree reports whether the verdicts are the same, and fails the test when they differ for no allowed reason.
func agree(t *testing.T, c mutation, valid bool) bool {
	t.Helper()
	_, err := Parse([]byte(c.data))
	if (err == nil) == valid {
		return true
	}
	if faults, _ := err.(Errors); !valid || slices.ContainsFunc(faults, stricterBySchema) {
		t.Errorf("%s: schema says valid %t, Parse says %v\n%s", c.name, valid, err, c.data)
	}
	return false
}

// stricterBySchema reports whether a fault is not one of those in which the package is stricter on purpose.
func stricterBySchema(fault *Error) bool {
	return fault.Kind != NotATime && !(fault.Kind == TooLarge && strings.HasSuffix(fault.Detail, "larger than 92233720368547.75807"))
}

// mutations changes every field of a complete fixture.
func mutations(kind string) []mutation {
	root := &messageNamed(kind).root
	all := structural(kind, changed(kind, complete, nil))
	all = append(all, mutation{kind, changed(kind, complete, nil)})
	fields := leaves(root)
	tried := 0
	for i, e := range fields {
		whole := line(e, plausible(e))
		add := func(what, with string) {
			all = append(all, mutation{kind + " " + e.name + " " + what, changed(kind, complete, map[*element]string{e: with})})
		}
		add("dropped", "")
		for _, value := range limits(e) {
			add(fmt.Sprintf("= %q", value), line(e, value))
		}
		if i+1 < len(fields) {
			next := fields[i+1]
			swapped := map[*element]string{e: line(next, plausible(next)) + whole, next: ""}
			all = append(all, mutation{kind + " " + e.name + " swapped with next", changed(kind, complete, swapped)})
		}
		others := []string{
			whole + whole, "x" + whole, strings.Replace(whole, ">", " a='b'>", 1), strings.Replace(whole, "</", "<ceb:b/></", 1),
			"<ceb:unknown/>" + whole, strings.ReplaceAll(whole, "ceb:", ""), "<ceb:" + e.name + "/>\n",
		}
		for _, value := range trials(plausible(e)) {
			if spaced := strings.TrimSpace(value) != value; !spaced || e.content != integer {
				// XML Schema part 2, 4.3.6, collapses the spaces; libxml2 (2.9.14) refuses them in integers.
				others = append(others, line(e, value))
			}
		}
		for _, with := range others {
			if tried++; tried%97 == 0 || os.Getenv("CARYA_CEB_ALL") != "" {
				add("as "+with, with)
			}
		}
	}
	return all
}

func line(e *element, value string) string {
	return "<ceb:" + e.name + ">" + value + "</ceb:" + e.name + ">\n"
}

// limits are values at and just beyond what an element holds.
func limits(e *element) []string {
	switch {
	case e.content == integer:
		return []string{"", strings.Repeat("9", min(e.long, 9)), strings.Repeat("9", e.long+1), "2147483648", "1.0"}
	case e.content == decimal:
		return []string{"", "12345678901234.12345", "1.123456", "123456789012345.12345", "1 1"}
	case e.long == unbounded:
		return []string{"", "1"}
	}
	return []string{"", strings.Repeat("字", max(0, e.short-1)), strings.Repeat("字", e.long), strings.Repeat("字", e.long+1)}
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
func structural(kind, base string) []mutation {
	part := func(name string) string {
		begin, end := strings.Index(base, "<ceb:"+name+">"), strings.Index(base, "</ceb:"+name+">")
		if begin < 0 {
			return ""
		}
		return base[begin : end+len("</ceb:"+name+">\n")]
	}
	var all []mutation
	change := func(what, old, new string) {
		if old != "" {
			all = append(all, mutation{kind + " " + what, strings.Replace(base, old, new, 1)})
		}
	}
	change("without version", ` version="1"`, "")
	change("empty version", ` version="1"`, ` version=""`)
	change("long version", ` version="1"`, ` version="1.0.0.0.0.0"`)
	change("long guid", ` guid="`, ` guid="1`)
	change("unknown attribute", ` guid="`, ` id="1" guid="`)
	change("other namespace", "www.chinaport.gov.cn/ceb", "www.chinaport.gov.cn/cebx")
	root := &messageNamed(kind).root
	document := &root.children[0]
	whole := part(document.name)
	for _, n := range []int{0, 2, 100, 101} {
		change(fmt.Sprintf("%d documents", n), whole, strings.Repeat(whole, n))
	}
	for i := range document.children {
		if name := document.children[i].name; document.divided() {
			whole := part(name)
			for _, n := range []int{0, 2, 99, 100, 101} {
				change(fmt.Sprintf("%d times %s", n, name), whole, strings.Repeat(whole, n))
			}
		}
	}
	if root.bare() {
		return append(all, mutation{kind + " with a transfer", strings.Replace(base, "</ceb:"+kind, part("BaseTransfer")+"</ceb:"+kind, 1)})
	}
	transfer, subscribe, extend := part("BaseTransfer"), part("BaseSubscribe"), part("ExtendMessage")
	signature := base[strings.Index(base, "<ds:Signature>"):]
	signature = signature[:strings.Index(signature, "</ds:Signature>")+len("</ds:Signature>\n")]
	change("no transfer", transfer, "")
	change("transfer twice", transfer, transfer+transfer)
	for n := range 7 {
		change(fmt.Sprintf("%d subscriptions", n), subscribe, strings.Repeat(subscribe, n))
	}
	for _, inner := range []string{"<a/>", "<a><b c='d'>e</b></a>", "<a/><b/>", "text", " "} {
		change("extension "+inner, "<ceb:Message>", "<ceb:Message>"+inner)
	}
	change("extension before subscription", subscribe, extend+subscribe)
	change("unsigned", signature, "")
	change("signed twice", signature, signature+signature)
	change("signature first", transfer, signature+transfer)
	change("signature and extension swapped", extend, "")
	all[len(all)-1].data = strings.Replace(all[len(all)-1].data, signature, signature+extend, 1)
	change("extension and signature swapped", signature, "")
	all[len(all)-1].data = strings.Replace(all[len(all)-1].data, extend, extend+signature, 1)
	return all
}
