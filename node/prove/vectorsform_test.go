package prove_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/caryaledger/carya/types/evidence"
)

// small is the smallest evidence: one block claim under one header, which one validator signed.
func (w *vectorMaker) small() *evidence.Evidence {
	f := w.one()
	f.commit()
	f.commit()
	return f.prove([]evidence.Claim{claimOf(evidence.ClaimBlock, "", 2)}, show{2: {}})
}

func (w *vectorMaker) malformedJSON() {
	good, err := w.small().Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	add := func(name, why string, data []byte) {
		w.add("json-"+name+".json", trustOne, evidence.Malformed, -1, why, data)
	}
	text := func(name, why, from, to string) { add(name, why, replaced(w.t, good, from, to)) }
	add("empty", "nothing", nil)
	add("space", "white space", []byte(" \n"))
	add("latin", "not UTF-8", replaced(w.t, good, `"block"`, "\"blo\xe9k\""))
	add("surrogate-bytes", "a surrogate as UTF-8", replaced(w.t, good, `"block"`, "\"\xed\xa0\x80\""))
	add("bom", "a byte order mark", append([]byte("\ufeff"), good...))
	add("utf16", "UTF-16", []byte("\xfe\xff\x00{\x00}"))
	add("null", "null", []byte("null"))
	add("array", "an array", append(append([]byte("["), good...), ']'))
	add("string", "a string", []byte(`"carya-evidence/2"`))
	add("number", "a number", []byte("2"))
	add("no-members", "an object without members", []byte("{}"))
	add("truncated", "the last byte is missing", bytes.TrimRight(good, "\n}"))
	add("half", "half of it", good[:len(good)/2])
	add("twice", "two values", append(bytes.Clone(good), good...))
	add("trailing", "something after the end", append(bytes.Clone(good), 'x'))
	add("trailing-nul", "a zero byte after the end", append(bytes.Clone(good), 0))
	add("comma", "a comma after the last member", replaced(w.t, good, "\n ]\n}", "\n ],\n}"))
	add("comment", "a comment", append([]byte("// evidence\n"), good...))
	add("single-quotes", "single quotes", bytes.ReplaceAll(good, []byte(`"`), []byte(`'`)))
	add("vertical-tab", "white space that is none in JSON", append([]byte("\v"), good...))
	add("no-break-space", "white space that is none in JSON", append([]byte("\u00a0"), good...))

	text("format-null", "the format is null", `"carya-evidence/2"`, `null`)
	text("format-number", "the format is a number", `"carya-evidence/2"`, `2`)
	text("format-missing", "no format", `"format": "carya-evidence/2",`, ``)
	text("format-case", "a member in capital letters, which some readers take for it", `"format"`, `"Format"`)
	text("format-twice", "the format twice; the last one is known", `"format": "carya-evidence/2"`, `"format": "carya-evidence/1", "format": "carya-evidence/2"`)
	text("genesis-missing", "a member is missing", fmt.Sprintf(`"genesis": %q,`, w.small().Genesis), ``)
	text("genesis-case", "hexadecimal digits in capitals", w.small().Genesis.String(), "0x"+strings.ToUpper(w.small().Genesis.String()[2:]))
	text("genesis-short", "a hash of 31 bytes", w.small().Genesis.String(), w.small().Genesis.String()[:64])
	text("genesis-bare", "a hash without 0x", w.small().Genesis.String(), w.small().Genesis.String()[2:])
	text("genesis-capital-x", "a hash with 0X", `"0x`, `"0X`)
	text("genesis-null", "a hash that is null", `"`+w.small().Genesis.String()+`"`, `null`)
	text("unknown-member", "a member that is not known", `"claims"`, `"comment": "", "claims"`)
	text("unknown-claim-member", "a member of a claim that is not known", `"claim": "block"`, `"claim": "block", "note": 1`)
	text("unknown-header-member", "a member of a header that is not known", `"commit"`, `"note": null, "commit"`)
	text("claim-member-case", "a member of a claim in capitals", `"claim"`, `"CLAIM"`)
	text("duplicate", "a member twice", `"claim": "block"`, `"claim": "block", "claim": "block"`)
	text("duplicate-differs", "a member twice, and different", `"claim": "block"`, `"claim": "record", "claim": "block"`)
	text("order", "members in another order", "\"claim\": \"block\",\n   \"height\": 2", `"height": 2, "claim": "block"`)
	text("empty-member", "an empty member that has to be left out", `"claim": "block",`, `"claim": "block", "key": "",`)
	add("zero-member", "a zero that has to be left out", bytes.Replace(good, []byte(`"height": 2`), []byte(`"height": 2, "index": 0`), 1))
	add("empty-list", "an empty list that has to be left out", bytes.Replace(good, []byte(`"height": 2`), []byte(`"height": 2, "events": []`), 1))
	add("null-member", "a member that is null", bytes.Replace(good, []byte(`"height": 2`), []byte(`"height": 2, "document": null`), 1))
	add("null-header", "a header's bytes are null", w.jsonWith(func(e *evidence.Evidence) { e.Headers[0].Header = nil }))
	add("null-event", "an event is null", w.jsonWith(func(e *evidence.Evidence) {
		e.Claims[0].Claim, e.Claims[0].Events = evidence.ClaimEvent, [][]byte{nil}
	}))
	add("null-claims", "the claims are null", w.jsonWith(func(e *evidence.Evidence) { e.Claims = nil }))
	add("null-headers", "the headers are null", w.jsonWith(func(e *evidence.Evidence) { e.Headers = nil }))
	add("null-claim", "a claim is null", []byte(strings.Replace(string(good), "{\n   \"claim\": \"block\",\n   \"height\": 2\n  }", "null", 1)))
	add("no-claims", "no claims", w.jsonWith(func(e *evidence.Evidence) { e.Claims = []evidence.Claim{} }))
	add("no-headers", "no headers", w.jsonWith(func(e *evidence.Evidence) { e.Headers = []evidence.Header{} }))
	add("claims-object", "the claims are an object", bytes.Replace(bytes.Replace(good, []byte("[\n"), []byte("{"), 1), []byte("],"), []byte("},"), 1))

	number := func(name, why, to string) {
		add(name, why, bytes.Replace(good, []byte(`"height": 2`), []byte(`"height": `+to), 1))
	}
	number("number-fraction", "a number with a fraction", "2.0")
	number("number-exponent", "a number with an exponent", "2e0")
	number("number-zeros", "a number with leading zeros", "02")
	number("number-plus", "a number with a sign", "+2")
	number("number-minus-zero", "minus zero", "-0")
	number("number-negative", "a negative height", "-2")
	number("number-text", "a number as a text", `"2"`)
	number("number-true", "a number that is true", "true")
	number("number-2-53", "2^53", "9007199254740992")
	number("number-2-53-1", "2^53+1, which some readers take for 2^53", "9007199254740993")
	number("number-2-63", "2^63", "9223372036854775808")
	number("number-2-64", "2^64", "18446744073709551616")
	number("number-huge", "a number of 400 digits", strings.Repeat("9", 400))
	number("number-nan", "not a number", "NaN")
	number("number-code", "a code of 2^32", `2, "code": 4294967296`)

	padded := w.jsonWith(func(e *evidence.Evidence) { e.Claims[0].Path = []byte{0xfb, 0xf0, 1, 0} }) // "+/ABAA=="
	b64 := func(name, why, to string) {
		add("base64-"+name, why, replaced(w.t, padded, `"+/ABAA=="`, `"`+to+`"`))
	}
	b64("padding", "base64 without padding", "+/ABAA")
	b64("less-padding", "base64 with too little padding", "+/ABAA=")
	b64("more-padding", "base64 with too much padding", "+/ABAA===")
	b64("newline", "base64 with a new line in it", `+/AB\nAA==`)
	b64("space", "base64 with a space in it", "+/AB AA==")
	b64("alphabet", "base64 with a character of no alphabet", "!/ABAA==")
	b64("url", "the base64 alphabet of URLs", "-_ABAA==")
	b64("bits", "base64 whose unused bits are not zero", "+/ABAB==")
	b64("escape", "base64 with an escaped letter", `\u002b/ABAA==`)
	b64("slash", "base64 with an escaped slash", `+\/ABAA==`)
	b64("after-padding", "base64 after padding", "+/ABAA==+/AB")
	add("base64-list", "bytes as a list of numbers", replaced(w.t, padded, `"+/ABAA=="`, "[251, 240, 1, 0]"))

	field := func(name, why, from, to string) {
		file, err := w.smallField().Encode()
		if err != nil {
			w.t.Fatal(err)
		}
		w.add("json-"+name+".json", trustOne, evidence.Malformed, -1, why, replaced(w.t, file, from, to))
	}
	field("escape-html", "an escape that JSON does not ask for", "<", `\u003c`)
	field("escape-2028", "U+2028 has to be escaped", `\u2028`, "\u2028")
	field("escape-capitals", "an escape in capitals", "山", `\u5C71`)
	field("escape-letter", "an escaped letter", "山", `\u5c71`)
	field("escape-lone", "half of a surrogate pair", "山", `\ud83d`)
	field("escape-pair", "an escaped pair", "山", `\ud83d\ude00`)
	field("escape-slash", "an escaped slash", `b/c`, `b\/c`)
	field("escape-unknown", "an escape that is none", "山", `\x`)
	field("control", "a control character that has to be escaped", "山", "\x01")
	field("control-escape", "a control character's longer escape", "山", `\u000a`)
	field("proof-null", "a proof that is null", w.firstProof(), `"proof": null`)
	field("number-position", "a position of 2^53", `"position": 3`, `"position": 9007199254740992`)
	field("size-2-53", "a size of 2^53", `"size": 5`, `"size": 9007199254740992`)

	form := func(name, why string, change func(*evidence.Evidence)) {
		e := copyOf(w.old)
		change(e)
		w.add("form-"+name+".cbor", trustTown, evidence.Malformed, -1, why, compact(w.t, e))
	}
	form("no-commit", "the first header is not signed", func(e *evidence.Evidence) { e.Headers[0].Commit = nil })
	form("first-path", "the first header has a path", func(e *evidence.Evidence) { e.Headers[0].Path = e.Headers[1].Path })
	form("second-commit", "another header is signed", func(e *evidence.Evidence) { e.Headers[1].Commit = e.Headers[0].Commit })
	form("ascending", "headers in ascending order", func(e *evidence.Evidence) {
		e.Headers[0].Height, e.Headers[1].Height = e.Headers[1].Height, e.Headers[0].Height
	})
	form("same-height", "two headers of one height", func(e *evidence.Evidence) { e.Headers[1].Height = e.Headers[0].Height })
	form("height-zero", "a header of block 0", func(e *evidence.Evidence) { e.Headers[1].Height = 0 })
	form("height-2-53", "a header of block 2^53", func(e *evidence.Evidence) { e.Headers[0].Height = 1 << 53 })
	form("header-negative", "a header of block -1", func(e *evidence.Evidence) { e.Headers[1].Height = -1 })
	claim := func(name, why string, change func(*evidence.Claim)) {
		e := copyOf(w.record)
		e.Claims = append(e.Claims, e.Claims[0])
		change(&e.Claims[1])
		w.add("form-"+name+".cbor", trustTown, evidence.Malformed, -1, why, compact(w.t, e))
	}
	claim("claim-negative", "a claim about block -1", func(c *evidence.Claim) { c.Height = -1 })
	claim("claim-2-53", "a claim about block 2^53", func(c *evidence.Claim) { c.Height = 1 << 53 })
	claim("since-negative", "since block -1", func(c *evidence.Claim) { c.Since = -1 })
	claim("since-2-53", "since block 2^53", func(c *evidence.Claim) { c.Since = 1 << 53 })
	claim("count-2-53", "a count of 2^53", func(c *evidence.Claim) { c.Count = 1 << 53 })
	claim("index-2-64", "an index of 2^64-1", func(c *evidence.Claim) { c.Index = 1<<64 - 1 })
	claim("size-2-64", "a size of 2^64-1", func(c *evidence.Claim) { c.Size = 1<<64 - 1 })

	many := w.small()
	for len(many.Claims) <= evidence.MaxClaims {
		many.Claims = append(many.Claims, many.Claims[0])
	}
	w.add("claims-1001.cbor", trustOne, evidence.Malformed, -1, "1,001 claims", compact(w.t, many))

	w.formats(good)
}

// jsonWith is the JSON of changed evidence; not all of it can be read again.
func (w *vectorMaker) jsonWith(change func(*evidence.Evidence)) []byte {
	e := w.small()
	change(e)
	file, err := e.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	return file
}

// firstProof is the text of the first field's proof.
func (w *vectorMaker) firstProof() string {
	file, err := w.smallField().Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	start := bytes.Index(file, []byte(`"proof": [`))
	end := start + bytes.IndexByte(file[start:], ']') + 1
	return string(file[start:end])
}

func (w *vectorMaker) formats(good []byte) {
	unknown := func(name, why, file string) {
		w.add("format-"+name, trustOne, evidence.FormatUnknown, -1, why, []byte(file))
	}
	unknown("1.json", "the first format", `{"format":"carya-evidence/1","chain":"c","claim":"record","key":"lot/x","height":1}`)
	unknown("3.json", "a later format, of which nothing is known but its name", `{"format":"carya-evidence/3","claims":{"a":[1.5,null,"\ud800"]}}`)
	unknown("none.json", "a format without a name", `{"format":""}`)
	unknown("other.json", "another file", `{"format":"carya-trust/1"}`)
	unknown("twice.json", "the format twice; the last one is not known", `{"format":"carya-evidence/2","format":"carya-evidence/4"}`)
	unknown("escaped.json", "the member's name is written with an escape", `{"f\u006frmat":"x"}`)
	unknown("same-members.json", "a later format with the members of this one", strings.Replace(string(good), "carya-evidence/2", "carya-evidence/20", 1))
	w.add("format-escaped-known.json", trustOne, evidence.Malformed, -1, "the format is written with an escape", []byte(strings.Replace(string(good), "carya-evidence", `c\u0061rya-evidence`, 1)))
	e := w.small()
	e.Format = "carya-evidence/3"
	w.add("format-3.cbor", trustOne, evidence.FormatUnknown, -1, "a later format, compact, with the members of this one", compact(w.t, e))
	w.add("format-3-members.cbor", trustOne, evidence.Malformed, -1, "compact, nothing is known of a later format with other members", []byte("\xa1\x66format\x70carya-evidence/3"))
}

func (w *vectorMaker) malformedCBOR() {
	good := compact(w.t, w.small())
	add := func(name, why string, data []byte) {
		w.add("cbor-"+name+".cbor", trustOne, evidence.Malformed, -1, why, data)
	}
	swap := func(name, why, from, to string) {
		add(name, why, replaced(w.t, good, string(unhex(w, from)), string(unhex(w, to))))
	}
	pairs := w.pairs(good)
	join := func(head byte, list ...[]byte) []byte { return append([]byte{head}, bytes.Join(list, nil)...) }
	add("empty-map", "a map without members", []byte{0xa0})
	add("truncated", "the last byte is missing", good[:len(good)-1])
	add("trailing", "something after the end", append(bytes.Clone(good), 0))
	add("twice", "two values", append(bytes.Clone(good), good...))
	add("indefinite", "a map of indefinite length", append(join(0xbf, pairs...), 0xff))
	add("order", "members in another order", join(0xa5, pairs[1], pairs[0], pairs[2], pairs[3], pairs[4]))
	add("duplicate", "a member twice", join(0xa6, pairs[0], pairs[0], pairs[1], pairs[2], pairs[3], pairs[4]))
	add("missing", "a member is missing", join(0xa4, pairs[1], pairs[2], pairs[3], pairs[4]))
	add("unknown", "a member that is not known", join(0xa6, append(pairs, []byte("\x67unknown\x00"))...))
	add("integer-key", "a key that is a number", join(0xa6, append([][]byte{{0x01, 0x01}}, pairs...)...))
	add("bytes-key", "a key that is bytes", append([]byte{good[0], good[1] - 0x20}, good[2:]...))
	add("count", "a map of more members than there are", append([]byte{0xa6}, good[1:]...))
	add("count-huge", "a map of 2^64-1 members", append(unhex(w, "bbffffffffffffffff"), good[1:]...))
	add("long-count", "a map's length in two bytes", append([]byte{0xb8, 5}, good[1:]...))
	add("long-text", "a text's length in two bytes", replaced(w.t, good, "\xa5\x65chain", "\xa5\x78\x05chain"))
	swap("long-number", "a number in two bytes where one would do", "66686569676874"+"02"+"66666f726d6174", "66686569676874"+"1802"+"66666f726d6174")
	swap("long-list", "a list's length in two bytes", "66636c61696d7381", "66636c61696d739801")
	swap("indefinite-list", "a list of indefinite length", "66636c61696d7381", "66636c61696d739f")
	swap("list-huge", "a list of 2^32-1 elements", "66636c61696d7381", "66636c61696d739affffffff")
	swap("number-negative", "a negative height", "66686569676874"+"02"+"66666f726d6174", "66686569676874"+"21"+"66666f726d6174")
	swap("number-2-64", "a height of 2^64-1", "66686569676874"+"02"+"66666f726d6174", "66686569676874"+"1bffffffffffffffff"+"66666f726d6174")
	swap("number-float", "a height that is a floating point number", "66686569676874"+"02"+"66666f726d6174", "66686569676874"+"f94000"+"66666f726d6174")
	swap("number-big", "a height that is a big number", "66686569676874"+"02"+"66666f726d6174", "66686569676874"+"c24102"+"66666f726d6174")
	swap("number-null", "a height that is null", "66686569676874"+"02"+"66666f726d6174", "66686569676874"+"f6"+"66666f726d6174")
	swap("number-undefined", "a height that is undefined", "66686569676874"+"02"+"66666f726d6174", "66686569676874"+"f7"+"66666f726d6174")
	swap("number-text", "a height that is a text", "66686569676874"+"02"+"66666f726d6174", "66686569676874"+"6132"+"66666f726d6174")
	swap("number-true", "a height that is true", "66686569676874"+"02"+"66666f726d6174", "66686569676874"+"f5"+"66666f726d6174")
	swap("tag", "a tagged text", "65636c61696d"+"65626c6f636b", "65636c61696d"+"c065626c6f636b")
	swap("text-bytes", "bytes in the place of a text", "65636c61696d"+"65626c6f636b", "65636c61696d"+"45626c6f636b")
	swap("text-utf8", "a text that is not UTF-8", "65636c61696d"+"65626c6f636b", "65636c61696d"+"65626c6fff6b")
	swap("text-surrogate", "a text with a surrogate", "65636c61696d"+"65626c6f636b", "65636c61696d"+"65626ceda080")
	swap("text-chunks", "a text in chunks", "65636c61696d"+"65626c6f636b", "65636c61696d"+"7f62626c636f636bff")
	swap("hash-short", "a hash of 31 bytes", "2f326767656e65736973"+"5820"+hex.EncodeToString(w.small().Genesis[:]), "2f326767656e65736973"+"581f"+hex.EncodeToString(w.small().Genesis[1:]))
	swap("hash-text", "a hash that is a text", "2f326767656e65736973"+"5820"+hex.EncodeToString(w.small().Genesis[:]), "2f326767656e65736973"+"7820"+hex.EncodeToString(bytes.Repeat([]byte("a"), 32)))
	swap("hash-list", "a hash that is a list of numbers", "2f326767656e65736973"+"5820"+hex.EncodeToString(w.small().Genesis[:]), "2f326767656e65736973"+"9820"+strings.Repeat("01", 32))
	swap("empty-member", "an empty member that has to be left out", "a2"+"65636c61696d"+"65626c6f636b", "a3"+"636b657960"+"65636c61696d"+"65626c6f636b")
	swap("zero-member", "a zero that has to be left out", "a2"+"65636c61696d"+"65626c6f636b", "a3"+"65636c61696d"+"65626c6f636b"+"65636f756e7400")
	swap("key-case", "a member in capitals", "65636c61696d"+"65626c6f636b", "65434c41494d"+"65626c6f636b")
	swap("claims-null", "the claims are null", "66636c61696d7381"+"a2"+"65636c61696d"+"65626c6f636b"+"66686569676874"+"02", "66636c61696d73f6")
	swap("no-claims", "no claims", "66636c61696d7381"+"a2"+"65636c61696d"+"65626c6f636b"+"66686569676874"+"02", "66636c61696d7380")
	add("array", "an array, which is taken for JSON", append([]byte{0x81}, good...))
	add("tagged", "a tagged map, which is taken for JSON", append(unhex(w, "d9d9f7"), good...))
	add("deep", "lists 2,000 deep", append([]byte("\xa1\x66claims"), bytes.Repeat([]byte{0x81}, 2000)...))
}

func unhex(w *vectorMaker, digits string) []byte {
	data, err := hex.DecodeString(digits)
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}

// pairs splits a map of five members.
func (w *vectorMaker) pairs(file []byte) (list [][]byte) {
	rest := file[1:]
	for range file[0] & 31 {
		start := rest
		var raw cbor.RawMessage
		var err error
		for range 2 {
			if rest, err = cbor.UnmarshalFirst(rest, &raw); err != nil {
				w.t.Fatal(err)
			}
		}
		list = append(list, start[:len(start)-len(rest):len(start)-len(rest)])
	}
	return list
}
