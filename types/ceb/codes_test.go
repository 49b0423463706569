package ceb

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestCode(t *testing.T) {
	rows := []struct{ kind, field, value, en, zh string }{
		{"CEB311", "appType", "2", "change", "变更"},
		{"CEB622", "returnStatus", "800", "released", "放行"},
		{"CEB214", "returnStatus", "600", "suspended", "挂起"},
		{"CEB214", "returnStatus", "800", "released", "放行"},
		{"CEB622", "returnStatus", "600", "", ""},
		{"CEB622", "returnStatus", "-621004", "list already declared", "清单已申报，不可重复"},
		{"CEB622", "returnStatus", "-1", "", ""},
		{"CEB622", "returnStatus", "1001", "", ""},
		{"CEB622", "returnInfo", "-621004", "", ""},
		{"CEB213", "tradeMode", "9661", "return of direct e-commerce exports", "一般出口退货"},
		{"CEB213", "tradeMode", "9610", "", ""},
		{"CEB603", "tradeMode", "9710", "B2B direct export", "B2B 直接出口"},
		{"CEB818", "status", "3", "void", "作废"},
		{"CEB311", "status", "3", "", ""},
		{"CEB411", "payerIdType", "1", "identity card", "身份证"},
		{"CEB311", "colour", "1", "", ""},
	}
	for _, row := range rows {
		en, zh, ok := Code(row.kind, row.field, row.value)
		if en != row.en || zh != row.zh || ok != (row.en != "") {
			t.Errorf("%s %s %s: got %q %q %t, want %q %q", row.kind, row.field, row.value, en, zh, ok, row.en, row.zh)
		}
	}
}

// TestCodeFields looks for every field of the code tables in the messages, and for values they cannot hold.
func TestCodeFields(t *testing.T) {
	for field, values := range codes {
		found := false
		for i := range messages {
			found = holds(t, &messages[i].root, field, values) || found
		}
		if !found {
			t.Errorf("no message has a field %s", field)
		}
	}
	for path, values := range kindCodes {
		kind, field, _ := strings.Cut(path, "/")
		if !holds(t, &messageNamed(kind).root, field, values) {
			t.Errorf("no field %s", path)
		}
	}
}

func holds(t *testing.T, root *element, field string, values []code) bool {
	found := false
	for _, e := range leaves(root) {
		for _, c := range values {
			if e.name != field || e.fixed && c.value != e.standard {
				continue
			}
			found = true
			if _, fault := e.read(c.value); fault != nil || c.en == "" || c.zh == "" {
				t.Errorf("%s %s: %v", root.name, field, fault)
			}
		}
	}
	return found
}

// TestOfficialCodes compares the numbers with those of the specification.
func TestOfficialCodes(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(official, "spec-text", "ceb-spec-202205.txt"))
	if err != nil {
		t.Skipf("no official specification: %v", err)
	}
	section := string(text)[strings.LastIndex(string(text), "\n7. "):]
	section, _, _ = strings.Cut(section, "\n8. ")
	want := map[int]bool{}
	// Ranges of numbers stand at the beginnings of lines.
	for _, match := range regexp.MustCompile(` (-\d{5,6}|[0-3]\d{3}) +\S`).FindAllStringSubmatch(section, -1) {
		number, _ := strconv.Atoi(match[1])
		want[number] = true
	}
	for number := range officialCodes {
		if !want[number] {
			t.Errorf("%d is not in the specification", number)
		}
	}
	for number := range want {
		if en, zh := OfficialCode(number); en == "" || zh == "" {
			t.Errorf("%d has no text", number)
		}
	}
}
