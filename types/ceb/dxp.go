package ceb

import (
	"bytes"
	"encoding/base64"
	"strings"
)

const dxpSpace = "http://www.chinaport.gov.cn/dxp"

// Envelope is what carries a message over the China E-Port data exchange platform: a DxpMsg (202205 specification,
// section 4). The platform's own nodes put a DxpMsgSv around it (section 5).
type Envelope struct {
	MessageID string   // CopMsgId, the sender's number of the envelope, 1 to 255 characters; a CEB900 names it
	Sender    string   // number on the platform, 1 to 16 characters
	Receivers []string // 1 to 5 such numbers
	Created   string   // xs:dateTime: "2026-03-15T15:35:55"
	Type      string   // what the parties agreed on, in practice "CEB311Message"; up to 30 characters
	Data      []byte   // the message file
	AddInfo   []byte   // the <dxp:AddInfo> element, kept unread, nil for none; bytes as in Message.Extension
	Signature []byte   // the <ds:Signature> element, as Message.Signature; not verified
}

// Unwrap reads an envelope, a DxpMsg or one inside a DxpMsgSv, in UTF-8 and of at most MaxSize bytes. Data is not read.
// The error is always an Errors; inside a DxpMsgSv it gives no lines.
func Unwrap(data []byte) (*Envelope, error) {
	p := &parser{}
	root := p.read(data, envelopeRoot)
	if len(p.faults) > 0 {
		return nil, p.faults
	}
	if root.element == &dxpMsg {
		return envelope(&root), nil
	}
	inner, err := Unwrap([]byte(root.child("DxpMsg").value))
	if faults, is := err.(Errors); is {
		for _, fault := range faults {
			fault.Field, fault.Line = join("DxpMsg", fault.Field), 0
		}
	}
	return inner, err
}

func envelopeRoot(root name) (*element, *Error) {
	switch root {
	case name{dxpSpace, "DxpMsg"}:
		return &dxpMsg, nil
	case name{dxpSpace, "DxpMsgSv"}:
		return &dxpMsgSv, nil
	}
	return nil, flaw(NotCEB, "<%s> in namespace %s is no envelope, which is <DxpMsg> in namespace %s", root.local, quoted(root.space), dxpSpace)
}

func envelope(root *node) *Envelope {
	info := root.child("TransInfo")
	e := &Envelope{
		MessageID: info.child("CopMsgId").value,
		Sender:    info.child("SenderId").value,
		Created:   info.child("CreatTime").value,
		Type:      info.child("MsgType").value,
	}
	for i := range info.child("ReceiverIds").children {
		e.Receivers = append(e.Receivers, info.child("ReceiverIds").children[i].value)
	}
	e.Data, _ = base64.StdEncoding.DecodeString(root.child("Data").value) // checked when it was read
	e.AddInfo = bytesOf(root.child("AddInfo"))
	e.Signature = bytesOf(root.child("Signature"))
	return e
}

// bytesOf returns the bytes of an element, nil for an absent one.
func bytesOf(n *node) []byte {
	if n.element == nil {
		return nil
	}
	return []byte(n.value)
}

// Wrap writes an envelope as a DxpMsg. The error is that of Unwrap on the file.
func Wrap(e *Envelope) ([]byte, error) {
	var b strings.Builder
	field := func(name, value string) {
		b.WriteString("<dxp:" + name + ">" + escaped.Replace(value) + "</dxp:" + name + ">")
	}
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<dxp:DxpMsg xmlns:dxp="` + dxpSpace + `" ver="1.0"><dxp:TransInfo>`)
	field("CopMsgId", e.MessageID)
	field("SenderId", e.Sender)
	b.WriteString("<dxp:ReceiverIds>")
	for _, receiver := range e.Receivers {
		field("ReceiverId", receiver)
	}
	b.WriteString("</dxp:ReceiverIds>")
	field("CreatTime", e.Created)
	field("MsgType", e.Type)
	b.WriteString("</dxp:TransInfo>")
	field("Data", base64.StdEncoding.EncodeToString(e.Data))
	b.Write(e.AddInfo)
	b.Write(e.Signature)
	b.WriteString("</dxp:DxpMsg>\n")
	got, err := Unwrap([]byte(b.String()))
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(got.AddInfo, e.AddInfo) || !bytes.Equal(got.Signature, e.Signature) {
		return nil, Errors{flaw(Malformed, "AddInfo and Signature are not one element each that declares its namespaces")}
	}
	return []byte(b.String()), nil
}

var dxpMsg = envelopeOf("DxpMsg",
	dxpParent("TransInfo",
		within(dxpSpace, filled("CopMsgId", 255)),
		within(dxpSpace, filled("SenderId", 16)),
		dxpParent("ReceiverIds", within(dxpSpace, repeated(filled("ReceiverId", 16), 5))),
		dxpField("CreatTime", instant),
		within(dxpSpace, upTo("MsgType", 30)),
	),
	dxpField("Data", binary),
	optional(verbatim(dxpField("AddInfo", opaque))),
	optional(xmlSignature()),
)

var dxpMsgSv = envelopeOf("DxpMsgSv",
	within(dxpSpace, parent("SvNo",
		within(dxpSpace, filled("MsgId", 32)),
		within(dxpSpace, optional(exact("SubMsgId", 1))),
		dxpField("SendTime", instant),
		within(dxpSpace, filled("EndNode", 8)),
		within(dxpSpace, filled("StaNode", 8)),
	), within("", fixed(exact("Ver", 3), "1.0"))),
	verbatim(dxpField("DxpMsg", opaque)),
	optional(xmlSignature()),
)

func envelopeOf(name string, children ...element) element {
	id := within("", optional(dxpField("Id", identifier)))
	return within(dxpSpace, parent(name, children...), within("", fixed(exact("ver", 3), "1.0")), id)
}

func dxpParent(name string, children ...element) element {
	return within(dxpSpace, parent(name, children...))
}

func dxpField(name string, content content) element {
	return element{space: dxpSpace, name: name, content: content, min: 1, max: 1}
}
