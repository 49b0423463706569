package ceb

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"
)

// tokensOf writes the tokens of a file, each on a line, adjoining texts as one.
func tokensOf(data string) (string, *Error) {
	t, fault := newTokens(data)
	if fault != nil {
		return "", fault
	}
	l := &listing{}
	for {
		token, fault := t.next()
		if fault != nil {
			return "", fault
		}
		switch token.kind {
		case startTag:
			l.tag("start %q %q", token.name.space, token.name.local)
			for _, a := range token.attributes {
				l.tag(" attribute %q %q %q", a.name.space, a.name.local, attributed.Replace(a.value))
			}
		case endTag:
			l.tag("end")
		case characters:
			l.pending.WriteString(token.text)
		case finish:
			return l.lines.String(), nil
		}
	}
}

type listing struct {
	lines   strings.Builder
	pending strings.Builder
}

func (l *listing) tag(format string, arguments ...any) {
	if text := l.pending.String(); text != "" {
		fmt.Fprintf(&l.lines, "text %q\n", text)
		l.pending.Reset()
	}
	fmt.Fprintf(&l.lines, format+"\n", arguments...)
}

// standardTokensOf does the same with encoding/xml.
func standardTokensOf(data string) (string, error) {
	decoder := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(data, byteOrderMark)))
	l := &listing{}
	for depth := 0; ; {
		token, err := decoder.Token()
		if err == io.EOF {
			return l.lines.String(), nil
		}
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth++
			l.tag("start %q %q", token.Name.Space, token.Name.Local)
			for _, a := range token.Attr {
				if _, is := declares(a.Name.Local); !is && a.Name.Space != "xmlns" {
					l.tag(" attribute %q %q %q", a.Name.Space, a.Name.Local, attributed.Replace(a.Value))
				}
			}
		case xml.EndElement:
			depth--
			l.tag("end")
		case xml.CharData:
			if depth > 0 {
				l.pending.Write(token)
			}
		}
	}
}

func TestTokens(t *testing.T) {
	const data = "\ufeff<?xml version='1.0' encoding='utf-8' standalone = \"yes\" ?>\r\n<!-- - -->\n<a xmlns=\"urn:a\" xmlns:b = 'urn:&#98;' b:c=\"\t1\r\n&lt;\" d='\"'>" +
		"x<b:e/>&#x5355;\r\n\r<![CDATA[<&lt;]]>y<?p q?>&amp;&apos;<f xmlns=''></f  ></a>\n<?p?>"
	want := `start "urn:a" "a"
 attribute "urn:b" "c" " 1 <"
 attribute "" "d" "\""
text "x"
start "urn:b" "e"
end
text "单\n\n<&lt;y&'"
start "" "f"
end
end
`
	got, fault := tokensOf(data)
	if fault != nil || got != want {
		t.Errorf("got  %s %v\nwant %s", got, fault, want)
	}
	if standard, err := standardTokensOf(data); err != nil || standard != want {
		t.Errorf("encoding/xml: got  %s %v\nwant %s", standard, err, want)
	}
}

func TestTokensRefuse(t *testing.T) {
	for _, data := range []string{
		"", " ", "x", "<", "<a", "<a>", "<a></b>", "</a>", "<a/>x", "<a/><b/>", "<a/>&#32;", "<1/>", "<a:/>", "<:a/>", "<a:b:c xmlns:a='b'/>",
		"<a:b/>", "<a b:c=''/>", "<a b/>", "<a b=/>", "<a b=c/>", "<a b='/>", "<a b=''c=''/>", "<a b='' b=''/>", "<a b='<'/>", "<a / >", "<a b='&c;'/>",
		"<a xmlns:b='c' xmlns:d='c' b:e='' d:e=''/>", "<a xmlns:b='c' xmlns:b='d'/>", "<a xmlns='c' xmlns='d'/>", "<a xmlns:b=''/>",
		"<a xmlns:xml='b'/>", "<a xmlns:xmlns='b'/>", "<a xmlns:b='" + xmlSpace + "'/>", "<a xmlns='" + xmlnsSpace + "'/>",
		"<a>&b;</a>", "<a>&</a>", "<a>&#;</a>", "<a>&#x;</a>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&#xFFFF;</a>", "<a>&#x110000;</a>", "<a>&#+65;</a>", "<a>&#X41;</a>",
		"<a>&65;</a>", "<a>&##65;</a>", "<a>]]></a>", "<a>\x00</a>", "<a>\x1f</a>", "<a>\xb5</a>", "<a>\xed\xa0\x80</a>", "<a>\uffff</a>", "<a><!----></a><!-- -- -->",
		"<a/><!--", "<a/><!--->", "<a><![CDATA[</a>", "<![CDATA[]]><a/>", "<!DOCTYPE a><a/>", "<!x><a/>", "<a/><?", "<a/><?b", "<a/><??>", "<a/><?xml version='1.0'?>", "<a/><?XML?>",
		" <?xml version='1.0'?><a/>", "<?xml?><a/>", "<?xml version='1.1'?><a/>", "<?xml version='1.0' encoding='GBK'?><a/>", "<?xml version='1.0'><a/>", "\xff\xfe<\x00a\x00/\x00>\x00",
	} {
		if got, fault := tokensOf(data); fault == nil || fault.Kind != Malformed && fault.Kind != Unsupported {
			t.Errorf("%q: got %q %v", data, got, fault)
		}
	}
}

func TestTokensLimits(t *testing.T) {
	var attributes, declarations strings.Builder
	for i := range maxAttributes {
		fmt.Fprintf(&attributes, " a%d=''", i)
		fmt.Fprintf(&declarations, " xmlns:a%d='b'", i)
	}
	rows := []struct{ good, bad string }{
		{"<a" + attributes.String() + "/>", "<a b=''" + attributes.String() + "/>"},
		{"<a" + declarations.String() + "><b/></a>", "<a" + declarations.String() + "><b c=''/></a>"},
		{strings.Repeat("<a>", MaxDepth) + strings.Repeat("</a>", MaxDepth), strings.Repeat("<a>", MaxDepth+1) + strings.Repeat("</a>", MaxDepth+1)},
	}
	for _, row := range rows {
		if _, fault := tokensOf(row.good); fault != nil {
			t.Errorf("%.40s: %v", row.good, fault)
		}
		if _, fault := tokensOf(row.bad); fault == nil || fault.Kind != TooLarge {
			t.Errorf("%.40s: got %v, want %s", row.bad, fault, TooLarge)
		}
	}
}

// TestPart reads parts of a file that lean on declarations of the root.
func TestPart(t *testing.T) {
	rows := []struct{ name, root, part, want string }{
		{"own", `<r xmlns:a="u">`, `<p xmlns:b="v"><b:c/></p>`, `<p xmlns:b="v"><b:c/></p>`},
		{"prefix", `<r xmlns:a="u&amp;'&quot;&#10;" xmlns:b="v">`, "<a:p\n d='&gt;'/>", `<a:p xmlns:a="u&amp;'&quot;&#xA;"` + "\n d='&gt;'/>"},
		{"inside and in attributes", `<r xmlns="u" xmlns:b="v" xmlns:c="w">`, `<x:p xmlns:x="y"><q b:z=""/></x:p>`, `<x:p xmlns:b="v" xmlns="u" xmlns:x="y"><q b:z=""/></x:p>`},
		{"not the same prefix of its own", `<r xmlns:a="u">`, `<a:p xmlns:a="v"><a:q/></a:p>`, `<a:p xmlns:a="v"><a:q/></a:p>`},
		{"reserved prefix", `<r xmlns:a="u">`, `<p xml:lang="zh"/>`, `<p xml:lang="zh"/>`},
	}
	for _, row := range rows {
		tokens, fault := newTokens(row.root + "<before xmlns:z='z'/>" + row.part + "</r>")
		if fault != nil {
			t.Fatal(fault)
		}
		got, begin, last := "", 0, token{}
		for starts := 0; last.kind != finish && got == ""; {
			if last, fault = tokens.next(); fault != nil {
				t.Fatalf("%s: %v", row.name, fault)
			}
			if last.kind == startTag {
				if starts++; starts == 3 {
					begin = tokens.begin
				}
			}
			if last.kind == endTag && begin > 0 && len(tokens.open) == 1 {
				got = tokens.part(begin)
			}
		}
		if got != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got, row.want)
		}
		if _, fault := tokensOf(got); fault != nil {
			t.Errorf("%s: %s does not stand by itself: %v", row.name, got, fault)
		}
	}
}

// FuzzTokens compares with encoding/xml: what is accepted here it accepts too, and reads the same in it. The other way
// round there are files it should not accept. Names are of another edition of XML there.
func FuzzTokens(f *testing.F) {
	for _, kind := range kinds {
		f.Add(fixture(kind, complete))
	}
	f.Add("<?xml version=\"1.0\"?><a xmlns='b' c='&lt;'><d:e xmlns:d=\"f\" d:g='1'/>&#x41;<![CDATA[x]]>\r\n<!--y--></a>")
	f.Fuzz(func(t *testing.T, data string) {
		got, fault := tokensOf(data)
		if fault != nil {
			return
		}
		want, err := standardTokensOf(data)
		if err != nil && strings.Contains(err.Error(), "invalid XML name") {
			return
		}
		if err != nil || got != want {
			t.Errorf("got  %s\nwant %s%v", got, want, err)
		}
	})
}
