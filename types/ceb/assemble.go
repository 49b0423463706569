package ceb

// assemble turns a message read without fault into documents.
func assemble(kind string, root *node) *Message {
	m := &Message{Kind: kind, GUID: get(root.attributes, "guid"), Version: get(root.attributes, "version")}
	documents := root.element.children[0].name
	for i := range root.children {
		child := &root.children[i]
		switch child.element.name {
		case documents:
			m.Documents = append(m.Documents, document(kind, child))
		case "BaseTransfer":
			m.Transfer = transfer(child)
		case "Signature":
			m.SignatureMethod = get(child.child("SignedInfo").child("SignatureMethod").attributes, "Algorithm")
		}
	}
	return m
}

// document takes the head, which comes first, and the lines, which are the rest.
func document(kind string, n *node) Document {
	head := &n.children[0]
	d := Document{Kind: kind, Head: head.fields(head.element.name)}
	for i := range n.children[1:] {
		line := &n.children[1+i]
		d.Lines = append(d.Lines, line.fields(indexed(line.element.name, i)))
	}
	return d
}

func transfer(n *node) BaseTransfer {
	fields := n.fields("BaseTransfer")
	return BaseTransfer{
		CopCode: get(fields, "copCode"),
		CopName: get(fields, "copName"),
		DxpMode: get(fields, "dxpMode"),
		DxpID:   get(fields, "dxpId"),
		Note:    get(fields, "note"),
	}
}

func (n *node) fields(path string) []Field {
	fields := make([]Field, len(n.children))
	for i := range n.children {
		fields[i] = Field{Path: join(path, n.children[i].element.name), Value: n.children[i].value}
	}
	return fields
}

// child returns the child of that name, which the table requires to be there.
func (n *node) child(name string) *node {
	for i := range n.children {
		if n.children[i].element.name == name {
			return &n.children[i]
		}
	}
	return &node{}
}
