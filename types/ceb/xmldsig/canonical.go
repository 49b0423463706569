package xmldsig

import (
	"bytes"
	"strings"
)

// canonical collects canonical XML 1.0 without comments (W3C, http://www.w3.org/TR/2001/REC-xml-c14n-20010315, section
// 2.3), for messages as reader lets them pass.
//
// Why our own: github.com/ucarion/c14n writes the exclusive form, and github.com/russellhaering/goxmldsig takes the line
// ends that a sender puts into an attribute for characters, because the parser below it does.
type canonical struct{ bytes.Buffer }

var (
	textEscapes      = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	attributeEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)

// start writes a start tag with those namespace declarations: the element's own, or all in force where the element is the
// outermost of what is signed.
func (c *canonical) start(e *element, namespaces []binding) {
	c.WriteString("<" + e.tag)
	for _, b := range namespaces {
		tag := "xmlns"
		if b.prefix != "" {
			tag = "xmlns:" + b.prefix
		}
		c.attribute(tag, b.uri)
	}
	for _, a := range e.attributes {
		c.attribute(a.tag, a.value)
	}
	c.WriteByte('>')
}

func (c *canonical) attribute(tag, value string) {
	c.WriteString(" " + tag + `="` + attributeEscapes.Replace(value) + `"`)
}

func (c *canonical) text(text []byte) {
	c.WriteString(textEscapes.Replace(string(text)))
}

func (c *canonical) end(tag string) {
	c.WriteString("</" + tag + ">")
}
