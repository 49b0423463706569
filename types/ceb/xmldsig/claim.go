package xmldsig

import (
	"encoding/base64"
	"encoding/xml"
	"slices"
	"strings"
)

// claim is what a signature says, before anything of it is checked.
type claim struct {
	method      *method
	digest      []byte // of the message
	value       []byte // of the signature
	certificate []byte // DER
	keyName     string
}

// readClaim reads a Signature element, which must have exactly the form of the specification (202205, section 6.2).
func readClaim(signature *node) (*claim, error) {
	if err := signature.only("Id"); err != nil {
		return nil, err
	}
	if len(signature.children) < 3 && signature.sequence("SignedInfo", "SignatureValue") == nil {
		return nil, fault(Unsigned, "the signature has no KeyInfo and so names nobody, as if there were none")
	}
	if err := signature.sequence("SignedInfo", "SignatureValue", "KeyInfo"); err != nil {
		return nil, err
	}
	c := &claim{}
	if err := c.readInfo(signature.children[0]); err != nil {
		return nil, err
	}
	var err error
	if c.value, err = signature.children[1].base64(); err != nil {
		return nil, err
	}
	return c, c.readKey(signature.children[2])
}

func (c *claim) readInfo(info *node) error {
	if err := info.only(); err != nil {
		return err
	}
	if err := info.sequence("CanonicalizationMethod", "SignatureMethod", "Reference"); err != nil {
		return err
	}
	if err := info.children[0].algorithm(canonicalXML); err != nil {
		return err
	}
	for _, m := range methods {
		if info.children[1].algorithm(m.name) == nil {
			c.method = m
			return c.readReference(info.children[2])
		}
	}
	return info.children[1].algorithm(SM2SM3, RSASHA1)
}

func (c *claim) readReference(reference *node) error {
	if err := reference.only("URI", "Id"); err != nil {
		return err
	}
	if uri, present := reference.attribute("URI"); !present || uri != "" {
		return fault(Malformed, "Reference with URI %q, want an empty one, which is the whole message", uri)
	}
	if err := reference.sequence("Transforms", "DigestMethod", "DigestValue"); err != nil {
		return err
	}
	transforms := reference.children[0]
	if err := transforms.only(); err != nil {
		return err
	}
	if err := transforms.sequence("Transform"); err != nil {
		return err
	}
	if err := transforms.children[0].algorithm(enveloped); err != nil {
		return err
	}
	if err := reference.children[1].algorithm(c.method.digestName); err != nil {
		return err
	}
	var err error
	c.digest, err = reference.children[2].base64()
	return err
}

// readKey reads KeyInfo: an optional name and one certificate.
func (c *claim) readKey(key *node) error {
	if err := key.only(); err != nil {
		return err
	}
	if len(key.children) == 2 {
		if err := key.sequence("KeyName", "X509Data"); err != nil {
			return err
		}
		name, err := key.children[0].leaf()
		if err != nil {
			return err
		}
		c.keyName = strings.TrimSpace(string(name))
	} else if err := key.sequence("X509Data"); err != nil {
		return fault(BadCertificate, "KeyInfo is not one certificate: %v", err)
	}
	return c.readCertificate(key.children[len(key.children)-1])
}

func (c *claim) readCertificate(data *node) error {
	if err := data.only(); err != nil {
		return err
	}
	if err := data.sequence("X509Certificate"); err != nil {
		return fault(BadCertificate, "X509Data is not one certificate: %v", err)
	}
	var err error
	c.certificate, err = data.children[0].base64()
	return err
}

// sequence checks that the children are these elements, with nothing but white space between them.
func (n *node) sequence(names ...string) error {
	same := func(child *node, name string) bool { return child.name == xml.Name{Space: Namespace, Local: name} }
	if !slices.EqualFunc(n.children, names, same) || !blank(n.text) {
		return fault(Malformed, "%s holds other than %s", n.name.Local, strings.Join(names, ", "))
	}
	return nil
}

// only checks that there are no attributes but these.
func (n *node) only(names ...string) error {
	for _, a := range n.attributes {
		if a.name.Space != "" || !slices.Contains(names, a.name.Local) {
			return fault(Malformed, "attribute %s of %s is not allowed", a.tag, n.name.Local)
		}
	}
	return nil
}

func (n *node) attribute(name string) (value string, present bool) {
	for _, a := range n.attributes {
		if a.name == (xml.Name{Local: name}) {
			return a.value, true
		}
	}
	return "", false
}

// algorithm checks an element that names an algorithm, which must be one of these, and has no parameters.
func (n *node) algorithm(wanted ...string) error {
	if err := n.only("Algorithm"); err != nil {
		return err
	}
	if err := n.sequence(); err != nil {
		return err
	}
	if uri, _ := n.attribute("Algorithm"); !slices.Contains(wanted, uri) {
		return fault(Algorithm, "%s %q, want %s", n.name.Local, uri, strings.Join(wanted, " or "))
	}
	return nil
}

// leaf returns the text of an element that has neither attributes nor children.
func (n *node) leaf() ([]byte, error) {
	if err := n.only(); err != nil {
		return nil, err
	}
	if len(n.children) > 0 {
		return nil, fault(Malformed, "an element inside %s", n.name.Local)
	}
	return n.text, nil
}

// base64 returns the bytes an element holds, which may be broken by white space anywhere.
func (n *node) base64() ([]byte, error) {
	text, err := n.leaf()
	if err != nil {
		return nil, err
	}
	value, err := base64.StdEncoding.Strict().DecodeString(noSpace.Replace(string(text)))
	if err != nil || len(value) == 0 {
		return nil, fault(Malformed, "%s is empty or not in base64", n.name.Local)
	}
	return value, nil
}

var noSpace = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "")
