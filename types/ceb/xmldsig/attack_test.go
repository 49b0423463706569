package xmldsig

import (
	"fmt"
	"strings"
	"testing"
)

// TestForgeries takes a right signature and tries to make it say more than it does.
func TestForgeries(t *testing.T) {
	message := signed(t, short, SM2SM3)
	signature := between(t, message, "<ds:Signature ", "</ds:Signature>")
	info := between(t, message, "<ds:SignedInfo>", "</ds:SignedInfo>")
	reference := between(t, message, "<ds:Reference ", "</ds:Reference>")
	transform := between(t, message, "<ds:Transform ", "</ds:Transform>")
	unsigned := replaced(t, message, signature, "")
	root := strings.TrimPrefix(message, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	evil := strings.ReplaceAll(short[strings.Index(short, "<ceb:"):], "order 1", "order 9")
	// A digest of 32 bytes ends in base64 with a character of which two bits stand for nothing, and one "=".
	last := strings.Index(message, "</ds:DigestValue>")
	loose := nextLetter(message[last-2])
	swap := func(old, new string) string { return replaced(t, message, old, new) }
	for _, row := range []struct {
		name, message string
		kinds         []string
	}{
		{"signature one level down", replaced(t, unsigned, "</ceb:BaseTransfer>", signature+"</ceb:BaseTransfer>"), []string{Malformed}},
		{"signature in a wrapper", swap(signature, "<ceb:ExtendMessage>"+signature+"</ceb:ExtendMessage>"), []string{Malformed}},
		{"signature as root", signature, []string{Malformed}},
		{"signature before the root", signature + unsigned[strings.Index(unsigned, "<ceb:"):], []string{Malformed}},
		{"signature after the root", unsigned + signature, []string{Malformed}},
		{"two signatures", swap(signature, signature+signature), []string{Malformed}},
		{"a signature in the signature", swap("</ds:KeyInfo>", "</ds:KeyInfo>"+signature), []string{Malformed}},
		{"signed message inside another", replaced(t, evil, "</ceb:CEB621Message>", root+"</ceb:CEB621Message>"), []string{Malformed}},
		{"signed message as an object", replaced(t, evil, "</ceb:CEB621Message>", replaced(t, signature, "</ds:KeyInfo>", "</ds:KeyInfo><ds:Object>"+root+"</ds:Object>")+"</ceb:CEB621Message>"), []string{Malformed}},
		{"two roots", root + evil, []string{Malformed}},
		{"second message added", swap("<ceb:orderNo>", "<ceb:orderNo>9</ceb:orderNo><ceb:orderNo>"), []string{Digest}},
		{"a stray element of the signature namespace", swap("<ceb:orderNo>", `<ds:Object xmlns:ds="`+Namespace+`"/><ceb:orderNo>`), []string{Malformed}},
		{"text after the signature", swap("</ds:Signature>", "</ds:Signature>9"), []string{Digest}},

		{"reference to an identifier", swap(`URI=""`, `URI="#4CDE"`), []string{Malformed}},
		{"reference to the root by XPointer", swap(`URI=""`, `URI="#xpointer(/)"`), []string{Malformed}},
		{"reference to a file", swap(`URI=""`, `URI="file:///etc/passwd"`), []string{Malformed}},
		{"no URI", swap(` URI=""`, ""), []string{Malformed}},
		{"typed reference", swap(`URI=""`, `URI="" Type="http://www.w3.org/2000/09/xmldsig#Manifest"`), []string{Malformed}},
		{"two references", swap(reference, reference+reference), []string{Malformed}},
		{"no reference", swap(reference, ""), []string{Malformed}},
		{"two transforms", swap(transform, transform+transform), []string{Malformed}},
		{"a second transform, canonical XML", swap(transform, transform+strings.Replace(transform, enveloped, canonicalXML, 1)), []string{Malformed}},
		{"no transforms", swap(between(t, message, "<ds:Transforms>", "</ds:Transforms>"), ""), []string{Malformed}},
		{"XSLT", swap(enveloped, "http://www.w3.org/TR/1999/REC-xslt-19991116"), []string{Algorithm}},
		{"XPath", swap(transform, strings.Replace(transform, "></", "><ds:XPath>not(ancestor::ceb:orderNo)</ds:XPath></", 1)), []string{Malformed}},
		{"canonical XML with comments", swap(canonicalXML, canonicalXML+"#WithComments"), []string{Algorithm}},
		{"exclusive canonical XML", swap(canonicalXML, "http://www.w3.org/2001/10/xml-exc-c14n#"), []string{Algorithm}},
		{"HMAC", swap(SM2SM3, "http://www.w3.org/2000/09/xmldsig#hmac-sha1"), []string{Algorithm}},
		{"SHA-1 with SM2", swap("http://www.chinaport.gov.cn/2022/04/xmldsig#sm3", "http://www.w3.org/2000/09/xmldsig#sha1"), []string{Algorithm}},
		{"RSA with SM3", swap(SM2SM3, RSASHA1), []string{Algorithm}},
		{"no algorithm", swap(` Algorithm="`+SM2SM3+`"`, ""), []string{Algorithm}},
		{"an algorithm in a namespace", swap(`Algorithm="`+SM2SM3+`"`, `ds:Algorithm="`+SM2SM3+`"`), []string{Malformed}},
		{"another algorithm beside it", swap(`Algorithm="`+SM2SM3+`"`, `Algorithm="`+SM2SM3+`" ceb:Algorithm="x"`), []string{Malformed}},
		{"parameters of an algorithm", swap(`sm2-sm3"></`, `sm2-sm3"><ds:HMACOutputLength>0</ds:HMACOutputLength></`), []string{Malformed}},

		{"two SignedInfos", swap(info, info+info), []string{Malformed}},
		{"SignedInfo of another namespace", swap(info, strings.ReplaceAll(info, "ds:SignedInfo", "ceb:SignedInfo")), []string{Malformed}},
		{"SignedInfo out of place", replaced(t, swap(info, ""), "</ds:Signature>", info+"</ds:Signature>"), []string{Malformed}},
		{"comment in the digest", swap("</ds:DigestValue>", "<!-- -->AAAA</ds:DigestValue>"), []string{Malformed}},
		{"comment in the value", swap("<ds:SignatureValue>", "<ds:SignatureValue><!-- -->"), []string{Malformed}},
		{"element in the digest", swap("</ds:DigestValue>", "<ds:x/></ds:DigestValue>"), []string{Malformed}},
		{"text in SignedInfo", swap("<ds:Reference ", "text<ds:Reference "), []string{Malformed}},
		{"an unknown attribute", swap("<ds:SignedInfo>", `<ds:SignedInfo Id="x">`), []string{Malformed}},
		{"an attribute of Transforms", swap("<ds:Transforms>", `<ds:Transforms Id="x">`), []string{Malformed}},
		{"an attribute of X509Data", swap("<ds:X509Data>", `<ds:X509Data Id="x">`), []string{Malformed}},
		{"bits after the end of base64", message[:last-2] + loose + message[last-1:], []string{Malformed}},
		{"another namespace in force", swap("<ds:SignedInfo>", `<ds:SignedInfo xmlns:x="http://x">`), []string{Value}},
		{"the same through the signature", swap("<ds:Signature ", `<ds:Signature xmlns:x="http://x" `), []string{Value}},
		{"two certificates", swap("</ds:X509Data>", pemless(cards()[SM2SM3])+"</ds:X509Data>"), []string{BadCertificate}},
		{"a key beside the certificate", swap("<ds:X509Data>", "<ds:KeyValue></ds:KeyValue><ds:X509Data>"), []string{BadCertificate}},
		{"a key by reference", swap("<ds:KeyName>0001</ds:KeyName>", `<ds:RetrievalMethod URI="http://x"/>`), []string{Malformed}},

		{"prefix bound elsewhere", swap(`xmlns:ceb="http://www.chinaport.gov.cn/ceb"`, `xmlns:ceb="http://evil"`), []string{Digest}},
		{"prefix rebound inside", swap("<ceb:orderNo>", `<ceb:orderNo xmlns:ceb="http://evil">`), []string{Digest}},
		{"default namespace added", swap(`version="1.0" xmlns`, `version="1.0" xmlns="http://evil" xmlns`), []string{Digest}},
		{"prefix not declared", swap("<ceb:orderNo>", "<x:orderNo>"), []string{Malformed}},
		{"attribute twice", swap(`guid="4CDE"`, `guid="4CDE" guid="4CDE"`), []string{Malformed}},
		{"attribute twice by namespace", swap(`guid="4CDE"`, `xmlns:c="http://www.chinaport.gov.cn/ceb" c:x="1" ceb:x="1" guid="4CDE"`), []string{Malformed}},
		{"prefix declared twice", swap("<ceb:orderNo>", `<ceb:orderNo xmlns:x="http://1" xmlns:x="http://2">`), []string{Malformed}},
		{"prefix undeclared", swap("<ceb:orderNo>", `<ceb:orderNo xmlns:ceb="">`), []string{Malformed}},
		{"xml rebound", swap("<ceb:orderNo>", `<ceb:orderNo xmlns:xml="http://evil">`), []string{Malformed}},
		{"xml: attribute", swap(`guid="4CDE"`, `guid="4CDE" xml:lang="zh"`), []string{Malformed}},
		{"processing instruction", swap("<ceb:orderNo>", "<?x y?><ceb:orderNo>"), []string{Malformed}},
		{"document type", "<!DOCTYPE a [<!ENTITY x 'order 1'>]>" + root, []string{Malformed}},
		{"entity", swap("order 1", "&x;"), []string{Malformed}},
		{"carriage return by reference", swap("order 1", "order&#13; 1"), []string{Digest}},
		{"no character", swap("order 1", "order 1&#xD800;"), []string{Malformed}},
		{"another encoding", replaced(t, message, `encoding="UTF-8"`, `encoding="GBK"`), []string{Malformed}},
		{"not UTF-8, in a comment", swap("<ceb:orderNo>", "<!--\xff--><ceb:orderNo>"), []string{Malformed}},
		{"declaration inside", swap("<ceb:orderNo>", `<?xml version="1.0"?><ceb:orderNo>`), []string{Malformed}},
		{"not UTF-8", swap("order 1", "order \xff 1"), []string{Malformed}},
	} {
		t.Run(row.name, func(t *testing.T) { wantRefused(t, row.message, row.kinds...) })
	}
}

// TestSameMessage changes how a message is written and not what it says. The signature must still hold.
func TestSameMessage(t *testing.T) {
	message := signed(t, short, SM2SM3)
	value := between(t, message, "<ds:SignatureValue>", "</ds:SignatureValue>")
	signature := between(t, message, "<ds:Signature ", "</ds:Signature>")
	for _, row := range []struct{ name, message string }{
		{"CDATA", replaced(t, message, "order 1 &lt; 2", "<![CDATA[order 1 < 2]]>")},
		{"comment", replaced(t, message, "order 1", "or<!-- not signed -->der 1")},
		{"character reference", replaced(t, message, "order 1", "&#111;rder 1")},
		{"line ends of another system", strings.ReplaceAll(message, "\n", "\r\n")},
		{"byte order mark", "\ufeff" + message},
		{"no declaration", message[strings.Index(message, "<ceb:"):]},
		{"attributes in another order", replaced(t, message, `guid="4CDE" version="1.0"`, "version = '1.0'\n\tguid='4CDE'")},
		{"namespace declared again", replaced(t, message, "<ceb:orderNo>", `<ceb:orderNo xmlns:ceb="http://www.chinaport.gov.cn/ceb">`)},
		{"broken base64", replaced(t, message, value, value[:40]+"\n "+value[40:])},
		{"empty elements in short", strings.ReplaceAll(message, `"></ds:Transform>`, `"/>`)},
		{"another key name", replaced(t, message, "0001", "0002")},
		{"no key name", replaced(t, message, "<ds:KeyName>0001</ds:KeyName>", "")},
		{"signature first", replaced(t, replaced(t, message, signature, ""), "<ceb:orderNo>", signature+"<ceb:orderNo>")},
	} {
		t.Run(row.name, func(t *testing.T) { wantRight(t, row.message) })
	}
}

// TestNamespacesInForce: SignedInfo is signed with the namespaces of the message around it, default and unused ones too.
func TestNamespacesInForce(t *testing.T) {
	for _, message := range []string{
		`<m xmlns="http://m"><a xmlns=""/></m>`,
		`<m xmlns:ds="http://other" xmlns:z="http://z" xmlns:b="http://b"><b:a/></m>`,
		`<ds:m xmlns:ds="http://other" ds:a="1"><ds:x/></ds:m>`,
	} {
		for _, method := range []string{SM2SM3, RSASHA1} {
			wantRight(t, signed(t, message, method))
		}
	}
	parts, err := scan([]byte(`<m xmlns="http://m" xmlns:z="http://z" xmlns:a="http://a"><ds:Signature xmlns:ds="` + Namespace +
		`" xmlns:z="http://y"><ds:SignedInfo xmlns:b="http://b"><ds:Reference URI='' xmlns:z="http://y"/></ds:SignedInfo></ds:Signature></m>`))
	if err != nil {
		t.Fatal(err)
	}
	want := `<ds:SignedInfo xmlns="http://m" xmlns:a="http://a" xmlns:b="http://b" xmlns:ds="` + Namespace +
		`" xmlns:z="http://y"><ds:Reference URI=""></ds:Reference></ds:SignedInfo>`
	if got := parts.info.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestLimits: what is too much is refused, and what is just not too much is not.
func TestLimits(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	attributes := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " a%d=''", i)
		}
		return "<a" + b.String() + "/>"
	}
	namespaces := func(n int) string {
		return strings.Replace(attributes(n/2), "/>", ">"+attributes(n-n/2)+"</a>", 1)
	}
	xmlns := func(s string) string { return strings.NewReplacer(" a", " xmlns:a", "''", "'http://a'").Replace(s) }
	inSignature := func(n int) string {
		return "<a><Signature xmlns='" + Namespace + "'>" + strings.Repeat("<a/>", n) + "</Signature></a>"
	}
	for _, row := range []struct{ name, most, more string }{
		{"depth", deep(MaxDepth), deep(MaxDepth + 1)},
		{"attributes", attributes(MaxAttributes), attributes(MaxAttributes + 1)},
		{"namespaces", xmlns(namespaces(MaxNamespaces)), xmlns(namespaces(MaxNamespaces + 1))},
		{"elements of a signature", inSignature(maxNodes - 1), inSignature(maxNodes)},
		{"size", "<a>" + strings.Repeat(" ", MaxSize-7) + "</a>", "<a>" + strings.Repeat(" ", MaxSize-6) + "</a>"},
	} {
		if _, err := scan([]byte(row.most)); err != nil {
			t.Errorf("%s: got %v, want none", row.name, err)
		}
		wantRefused(t, row.more, Malformed)
	}
}

// nextLetter returns the letter of base64 that differs from this one in the last bit.
func nextLetter(letter byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	return string(alphabet[strings.IndexByte(alphabet, letter)^1])
}
