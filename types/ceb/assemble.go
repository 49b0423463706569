package ceb

import "strings"

// assemble turns a message read without fault into documents.
func assemble(root *node) *Message {
	m := &Message{
		Kind:    strings.TrimSuffix(root.element.name, "Message"),
		GUID:    get(root.attributes, "guid"),
		Version: get(root.attributes, "version"),
	}
	documents := root.element.children[0].name
	for i := range root.children {
		child := &root.children[i]
		switch child.element.name {
		case documents:
			m.Documents = append(m.Documents, document(m.Kind, child))
		case "BaseTransfer":
			m.Transfer = transfer(child)
		case "BaseSubscribe":
			m.Subscriptions = append(m.Subscriptions, subscription(child))
		case "ExtendMessage":
			m.Extension = []byte(child.value)
		case "Signature":
			m.Signature = []byte(child.value)
			m.SignatureMethod = get(child.child("SignedInfo").child("SignatureMethod").attributes, "Algorithm")
		}
	}
	return m
}

// document takes the head, which comes first, and the lines, which are the rest; or the fields of a document that is not
// divided into head and lines.
func document(kind string, n *node) Document {
	if !n.element.divided() {
		return Document{Kind: kind, Head: n.fields(n.element.name)}
	}
	d := Document{Kind: kind, Head: n.children[0].fields(n.children[0].element.name)}
	for i := range n.children[1:] {
		line := &n.children[1+i]
		d.Lines = append(d.Lines, line.fields(indexed(line.element.name, i)))
	}
	return d
}

func transfer(n *node) BaseTransfer {
	return BaseTransfer{
		CopCode: n.child("copCode").value,
		CopName: n.child("copName").value,
		DxpMode: n.child("dxpMode").value,
		DxpID:   n.child("dxpId").value,
		Note:    n.child("note").value,
	}
}

func subscription(n *node) BaseSubscribe {
	return BaseSubscribe{
		Status:     n.child("status").value,
		DxpMode:    n.child("dxpMode").value,
		DxpAddress: n.child("dxpAddress").value,
		Note:       n.child("note").value,
	}
}

// fields returns the values of a group. Their paths are parts of one string: one allocation for all of them.
func (n *node) fields(path string) []Field {
	var paths strings.Builder
	for i := range n.children {
		paths.WriteString(path)
		paths.WriteByte('/')
		paths.WriteString(n.children[i].element.name)
	}
	rest := paths.String()
	fields := make([]Field, len(n.children))
	for i := range n.children {
		length := len(path) + 1 + len(n.children[i].element.name)
		fields[i] = Field{Path: rest[:length], Value: n.children[i].value}
		rest = rest[length:]
	}
	return fields
}

// child returns the child of that name, an empty one where there is none.
func (n *node) child(name string) *node {
	for i := range n.children {
		if n.children[i].element.name == name {
			return &n.children[i]
		}
	}
	return &node{}
}
