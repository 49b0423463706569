package generate

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/caryaledger/carya/types/ceb"
)

// TestPlantedInFiles finds every fault of a manifest in the file it names.
func TestPlantedInFiles(t *testing.T) {
	all, manifest := files(t, mixed(1_200, 20))
	data := map[string][]byte{}
	for _, f := range all {
		data[f.Name] = f.Data
	}
	for _, f := range manifest.Faults {
		switch {
		case strings.HasSuffix(f.Fault, "_MISSING") && f.Rule == "M1" && !strings.HasPrefix(f.Fault, "LINE"):
			if f.File != "" || f.Value != "" || f.Should == "" {
				t.Errorf("%+v: a document that is not there", f)
			}
		case !strings.HasPrefix(f.File, f.Party+"/"):
			t.Errorf("%+v: not in a file of the party", f)
		case f.Rule == "schema" && f.Fault != "GUID":
			checkRefused(t, f, data[f.File])
		default:
			checkWritten(t, f, data[f.File])
		}
	}
}

// kinds says how Parse calls a fault of the form.
var kinds = map[string][]string{
	"SCHEMA_MISSING": {ceb.MissingElement},
	"SCHEMA_LENGTH":  {ceb.TooLong, ceb.WrongLength},
	"SCHEMA_VALUE":   {ceb.NotAllowed},
	"SCHEMA_NUMBER":  {ceb.NotANumber},
	"SCHEMA_TIME":    {ceb.NotATime},
}

// inFile takes what only a path in a file has from the front of a path.
var inFile = strings.NewReplacer("Order[0]/", "", "Payment[0]/", "", "Inventory[0]/", "", "Receipts[0]/", "Receipts/", "Logistics[0]/Logistics", "Logistics", "Logistics[0]/", "Logistics/")

// checkRefused wants one fault, the one planted, and none when what should stand there is put back.
func checkRefused(t *testing.T, f PlantedFault, data []byte) {
	t.Helper()
	_, err := ceb.Parse(data)
	var faults ceb.Errors
	if !errors.As(err, &faults) || len(faults) != 1 || !slices.Contains(kinds[f.Fault], faults[0].Kind) || inFile.Replace(faults[0].Field) != inFile.Replace(f.Field) {
		t.Errorf("%+v: Parse says %v", f, err)
	}
	if f.Value == "" {
		return
	}
	mended := bytes.Replace(data, []byte(">"+f.Value+"<"), []byte(">"+f.Should+"<"), 1)
	if _, err := ceb.Parse(mended); err != nil {
		t.Errorf("%+v: mended, Parse says %v", f, err)
	}
}

// checkWritten finds the value in a document of the order.
func checkWritten(t *testing.T, f PlantedFault, data []byte) {
	t.Helper()
	m, err := ceb.Parse(data)
	if err != nil {
		t.Errorf("%+v: %v", f, err)
		return
	}
	if f.Value == f.Should && f.Value != "" {
		t.Errorf("%+v: nothing is wrong", f)
	}
	for i := range m.Documents {
		if d := &m.Documents[i]; d.Kind == "CEB505" || d.Get("orderNo") == f.Order {
			if strings.HasPrefix(f.Fault, "LIMIT_ANNUAL") || written(d, f.Field) == f.Value {
				return
			}
		}
	}
	t.Errorf("%+v: the value is not in the file", f)
}

// written is value, and "" for a line that is not there.
func written(d *ceb.Document, path string) string {
	for _, f := range d.Fields() {
		if f.Path == path {
			return f.Value
		}
	}
	return ""
}

// TestCoupon holds the archetype: the payment is the coupon less than the order, which is right in itself.
func TestCoupon(t *testing.T) {
	found := 0
	for _, s := range collect(mixed(2_000, 21)) {
		if s.Fault == nil || s.Fault.Fault != "AMOUNT" {
			continue
		}
		found++
		f, r := s.Fault, newRules(t)
		less := r.sum(f.Should, "-"+f.Value)
		if f.Should != s.Order.Get("acturalPaid") || f.Value != s.Payment.Get("amountPaid") || less.Cmp(r.number("30")) != 0 && less.Cmp(r.number("5")) != 0 {
			t.Errorf("%+v: order %s, payment %s", f, s.Order.Get("acturalPaid"), s.Payment.Get("amountPaid"))
		}
	}
	if found == 0 {
		t.Error("no coupon in the set")
	}
}

// The official schemas are not part of the project: they lie beside a developer's checkout.
const official = "../../../../shared/data/ceb/xsd"

// TestAgainstSchema asks xmllint about every file: the schema must refuse those whose form is broken, but for times that
// are not in the calendar, which it does not look at, and accept all others.
func TestAgainstSchema(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("no xmllint: apt-get install libxml2-utils")
	}
	all, manifest := files(t, mixed(800, 22))
	refused := map[string]bool{}
	for _, f := range manifest.Faults {
		if strings.HasPrefix(f.Fault, "SCHEMA_") && f.Fault != "SCHEMA_TIME" {
			refused[f.File] = true
		}
	}
	for direction, kinds := range map[string][]string{"进口": {"311", "411", "511", "621"}, "出口": {"303", "403", "505", "603"}} {
		schemas, _ := filepath.Glob(filepath.Join(official, "*"+direction+"业务节点报文定义202205.xsd"))
		if len(schemas) != 1 {
			t.Skip("no official schemas in " + official)
		}
		mine := slices.DeleteFunc(slices.Clone(all), func(f File) bool {
			_, kind, _ := strings.Cut(f.Name, "/CEB")
			return !isMessage(f) || !slices.Contains(kinds, kind[:3])
		})
		valid := judged(t, xmllint, schemas[0], mine)
		for _, f := range mine {
			if valid[f.Name] == refused[f.Name] {
				t.Errorf("%s: schema says valid %t", f.Name, valid[f.Name])
			}
		}
		t.Logf("%s: %d files, %d valid", direction, len(mine), len(valid))
	}
}

// judged returns the names of the valid files.
func judged(t *testing.T, xmllint, schema string, all []File) map[string]bool {
	t.Helper()
	folder, valid := t.TempDir(), map[string]bool{}
	arguments := []string{"--noout", "--nonet", "--schema", schema}
	for _, f := range all {
		path := filepath.Join(folder, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		arguments = append(arguments, path)
	}
	output, err := exec.Command(xmllint, arguments...).CombinedOutput()
	if bytes.Contains(output, []byte("Schemas parser error")) {
		t.Fatalf("xmllint cannot load the schema: %v\n%s", err, output)
	}
	for lines := bufio.NewScanner(bytes.NewReader(output)); lines.Scan(); {
		if path, ok := strings.CutSuffix(lines.Text(), " validates"); ok {
			valid[strings.TrimPrefix(path, folder+"/")] = true
		}
	}
	return valid
}
