package ceb

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const (
	testAddInfo   = `<d:AddInfo xmlns:d="` + dxpSpace + `"><d:FileName>a.xml</d:FileName></d:AddInfo>`
	testSignature = `<ds:Signature xmlns:ds="` + signatureSpace + `"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="a"/><ds:SignatureMethod Algorithm="b"/>` +
		`<ds:Reference><ds:DigestMethod Algorithm="c"/><ds:DigestValue>AA==</ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue>AA==</ds:SignatureValue></ds:Signature>`
)

func testEnvelope() *Envelope {
	return &Envelope{
		MessageID: "MSG-1", Sender: "DXPENT0000000001", Receivers: []string{"DXPEDCCEB0000002", "A&B"}, Created: "2026-03-15T15:35:55",
		Type: "CEB311Message", Data: []byte(fixture("CEB311", nil)), AddInfo: []byte(testAddInfo), Signature: []byte(testSignature),
	}
}

func TestWrap(t *testing.T) {
	for _, e := range []*Envelope{testEnvelope(), {MessageID: "1", Sender: "2", Receivers: []string{"3"}, Created: "2026-03-15T15:35:55.5+08:00", Data: []byte{}}} {
		data, err := Wrap(e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Unwrap(data)
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("got  %+v %v\nwant %+v", got, err, e)
		}
	}
}

// transported puts a DxpMsg into a DxpMsgSv that declares the prefix for both.
func transported(t testing.TB, dxpMsg []byte) string {
	t.Helper()
	_, inner, found := strings.Cut(string(dxpMsg), "\n")
	if !found {
		t.Fatal("no XML declaration")
	}
	inner = strings.Replace(inner, ` xmlns:dxp="`+dxpSpace+`"`, "", 1)
	return `<dxp:DxpMsgSv xmlns:dxp="` + dxpSpace + `" ver="1.0"><dxp:SvNo Ver="1.0"><dxp:MsgId>1</dxp:MsgId><dxp:SendTime>2026-03-15T15:35:56Z</dxp:SendTime>` +
		`<dxp:EndNode>10000001</dxp:EndNode><dxp:StaNode>2</dxp:StaNode></dxp:SvNo>` + inner + `</dxp:DxpMsgSv>`
}

func TestUnwrapTransported(t *testing.T) {
	data, err := Wrap(testEnvelope())
	if err != nil {
		t.Fatal(err)
	}
	got, err := Unwrap([]byte(transported(t, data)))
	if err != nil || !reflect.DeepEqual(got, testEnvelope()) {
		t.Errorf("got %+v %v", got, err)
	}
	var fault *Error
	broken := strings.Replace(transported(t, data), "<dxp:SenderId>", "<dxp:SenderId>12345678901234567", 1)
	if _, err := Unwrap([]byte(broken)); !errors.As(err, &fault) || fault.Error() != "DxpMsg/TransInfo/SenderId: 33 characters, at most 16" {
		t.Errorf("got %v", err)
	}
}

func TestWrapRefuses(t *testing.T) {
	rows := []struct {
		name   string
		change func(e *Envelope)
		kind   string
		field  string
	}{
		{"no number", func(e *Envelope) { e.MessageID = "" }, WrongLength, "TransInfo/CopMsgId"},
		{"no receiver", func(e *Envelope) { e.Receivers = nil }, MissingElement, "TransInfo/ReceiverIds/ReceiverId"},
		{"6 receivers", func(e *Envelope) { e.Receivers = slices.Repeat([]string{"1"}, 6) }, TooLarge, "TransInfo/ReceiverIds/ReceiverId[5]"},
		{"time of a message", func(e *Envelope) { e.Created = "20260315153555" }, NotATime, "TransInfo/CreatTime"},
		{"control character", func(e *Envelope) { e.Type = "\x00" }, Malformed, ""},
		{"signature among the rest", func(e *Envelope) { e.AddInfo, e.Signature = append(e.AddInfo, testSignature...), nil }, Malformed, ""},
		{"prefix of the file", func(e *Envelope) { e.AddInfo = []byte("<dxp:AddInfo/>") }, Malformed, ""},
	}
	for _, row := range rows {
		e := testEnvelope()
		row.change(e)
		var fault *Error
		if data, err := Wrap(e); data != nil || !errors.As(err, &fault) || fault.Kind != row.kind || fault.Field != row.field {
			t.Errorf("%s: got %v, want %s %q", row.name, err, row.kind, row.field)
		}
	}
	wantUnwrapFault(t, fixture("CEB311", nil), NotCEB)
}

func wantUnwrapFault(t *testing.T, data, kind string) {
	t.Helper()
	var fault *Error
	if _, err := Unwrap([]byte(data)); !errors.As(err, &fault) || fault.Kind != kind {
		t.Errorf("got %v, want %s", err, kind)
	}
}

// TestEnvelopeAgainstSchema compares Unwrap with xmllint and the official schemas. The one of DxpMsgSv includes the other
// by a name it does not have, and which xmllint could not use.
func TestEnvelopeAgainstSchema(t *testing.T) {
	judge := newJudge(t, "进口") // skips where there is no xmllint or no schema
	for source, name := range map[string]string{
		"海关跨境终端节点报文定义202205.xsd": "terminal.xsd", "海关跨境传输节点报文定义202205.xsd": "schema.xsd", "xmldsig-core-schema.xsd": "xmldsig-core-schema.xsd",
	} {
		data, err := os.ReadFile(filepath.Join(official, "xsd", source))
		if err != nil {
			t.Skip(err)
		}
		if err := os.WriteFile(filepath.Join(judge.folder, name), bytes.ReplaceAll(data, []byte("终端节点报文.xsd"), []byte("terminal.xsd")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	judge.schema = filepath.Join(judge.folder, "schema.xsd")
	files := envelopes(t)
	valid := 0
	for i, want := range judge.valid(t, files) {
		if _, err := Unwrap([]byte(files[i])); (err == nil) != want {
			t.Errorf("schema says valid %t, Unwrap says %v\n%s", want, err, files[i])
		}
		if want {
			valid++
		}
	}
	t.Logf("%d verdicts agree, %d of them valid", len(files), valid)
}

// envelopes are two envelopes and changes to them. Spaces around times are not among them: XML Schema collapses them,
// libxml2 (2.9.14) refuses them.
func envelopes(t testing.TB) []string {
	e := testEnvelope()
	e.Data = []byte("12")
	data, err := Wrap(e)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, base := range []string{string(data), transported(t, data)} {
		files = append(files, base)
		for _, change := range [][2]string{
			{testAddInfo, ""}, {testSignature, ""}, {testSignature, testSignature + testSignature}, {testAddInfo + testSignature, testSignature + testAddInfo},
			{`<dxp:Data>MTI=</dxp:Data>`, ""}, {"MTI=", ""}, {"MTI=", "MT\n I="}, {"MTI=", "MTI"}, {"MTI=", "MTJ="}, {"MTI=", "M%I="}, {"MTI=", "MTI=MTI="},
			{"<dxp:MsgType>CEB311Message", "<dxp:MsgType>"}, {"CEB311Message", strings.Repeat("字", 30)}, {"CEB311Message", strings.Repeat("字", 31)},
			{"2026-03-15T15:35:55", ""}, {"2026-03-15T15:35:55", "2026-02-30T15:35:55"}, {"2026-03-15T15:35:55", "2026-03-15T15:35:55.25+08:00"},
			{"2026-03-15T15:35:55", "2026-03-15 15:35:55"}, {"2026-03-15T15:35:55", "2026-03-15T15:35:55,5"}, {"2026-03-15T15:35:55", "2026-03-15T15:35"},
			{"2026-03-15T15:35:55", "2026-03-15T15:60:55"}, {"2026-03-15T15:35:55", "2026-03-15T15:35:55Z"}, {"2026-03-15T15:35:55", "2026-3-15T15:35:55"},
			{"MSG-1", ""}, {"MSG-1", strings.Repeat("1", 255)}, {"MSG-1", strings.Repeat("1", 256)}, {"<dxp:ReceiverIds>", "<dxp:ReceiverIds>" + strings.Repeat("<dxp:ReceiverId>1</dxp:ReceiverId>", 3)},
			{"<dxp:ReceiverIds>", "<dxp:ReceiverIds>" + strings.Repeat("<dxp:ReceiverId>1</dxp:ReceiverId>", 4)}, {"<dxp:SenderId>", "<dxp:SenderId>1"},
			{` ver="1.0"`, ""}, {` ver="1.0"`, ` ver=""`}, {` ver="1.0"`, ` ver="1.1"`}, {` ver="1.0"`, ` ver="1.0" Id="a"`}, {` ver="1.0"`, ` ver="1.0" Id="1"`}, {` ver="1.0"`, ` ver="1.0" Id=""`},
			{` Ver="1.0"`, ""}, {"<dxp:SendTime>", "<dxp:SubMsgId>1</dxp:SubMsgId><dxp:SendTime>"}, {"<dxp:SendTime>", "<dxp:SubMsgId>12</dxp:SubMsgId><dxp:SendTime>"},
			{"10000001", "100000011"}, {"<dxp:MsgId>1</dxp:MsgId>", ""}, {` xmlns:dxp="`, ` xmlns:dxp="urn:`},
		} {
			if changed := strings.Replace(base, change[0], change[1], 1); changed != base {
				files = append(files, changed)
			}
		}
	}
	return files
}

func FuzzUnwrap(f *testing.F) {
	for _, data := range envelopes(f) {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Unwrap(data)
		if err != nil {
			var faults Errors
			if e != nil || !errors.As(err, &faults) || len(faults) > MaxErrors {
				t.Errorf("got %v, %v", e, err)
			}
			return
		}
		written, err := Wrap(e)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Unwrap(written); err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("got  %s %v\nwant %s", fmt.Sprint(got), err, fmt.Sprint(e))
		}
	})
}
