package epcis

import (
	"errors"
	"strings"
	"testing"
)

func TestParseJSONRefuses(t *testing.T) {
	tests := []struct{ name, doc string }{
		{"member twice", `{"a":1,"b":2,"a":1}`},
		{"member twice, once escaped", `{"a":1,"\u0061":1}`},
		{"invalid UTF-8", "\"\xff\""},
		{"invalid UTF-8 after an escape", "\"\\n\xff\""},
		{"surrogate in UTF-8", "\"\xed\xa0\x80\""},
		{"half a surrogate pair", `"\ud83d"`},
		{"second half first", `"\udf30\ud83c"`},
		{"half a pair and a letter", `"\ud83c\u0041"`},
		{"short escape", `"\u12`},
		{"escape of nothing", `"\`},
		{"escape of x", `"\x41"`},
		{"sign in an escape", `"\u+123"`},
		{"control character", "\"\t\""},
		{"control character after an escape", "\"\\n\t\""},
		{"end in a string", `"abc`},
		{"end in an escaped string", `"\nabc`},
		{"comma at the end of a list", `[1,]`},
		{"comma at the end of an object", `{"a":1,}`},
		{"two commas", `[1,,2]`},
		{"no comma", `[1 2]`},
		{"no colon", `{"a" 1}`},
		{"number as a name", `{1:1}`},
		{"open list", `[1`},
		{"wrong bracket", `[1}`},
		{"leading zero", `01`},
		{"plus", `+1`},
		{"point without digits", `1.`},
		{"hexadecimal", `0x1`},
		{"not a number", `NaN`},
		{"word", `nul`},
		{"capitals", `TRUE`},
		{"comment", `/**/1`},
		{"two documents", `1 2`},
		{"zero byte", "1\x00"},
		{"zero byte in front", "\x001"},
		{"no-break space", "\u00a01"},
		{"huge exponent", `1e1000000`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if v, err := parseJSON(tt.doc); err == nil || err.Code != CodeMalformed {
				t.Errorf("got %+v, %v, want %s", v, err, CodeMalformed)
			}
		})
	}
}

func TestMalformedPointer(t *testing.T) {
	_, err := Parse([]byte("{\"a\": [0,\n {\"b\": 1,\n \"b\": 02}]}"))
	var e *Error
	if !errors.As(err, &e) || e.Error() != `/a/1/b: line 3: 02 is not a number` {
		t.Errorf("got %v", err)
	}
}

// Most readers take the last of two members with one name. So does Parse; a canonical form has none.
func TestMembersThatAppearTwice(t *testing.T) {
	const doc = `{"b":{"x":1,"x":2,"a":0,"x":[3]}}`
	p := &parser{in: doc}
	v, err := p.document()
	if err != nil || len(p.twins) != 2 || p.twins[0].Pointer != "/b/x" {
		t.Fatalf("got %v, %v, want two warnings at /b/x", p.twins, err)
	}
	if got := v.kids[0]; len(got.kids) != 2 || got.get("x").kids[0].text != "3" {
		t.Errorf("got %+v, want the last x", got)
	}
	if _, err := parseJSON(doc); err == nil || err.Code != CodeMalformed || err.Pointer != "/b/x" {
		t.Errorf("strict: got %v, want %s at /b/x", err, CodeMalformed)
	}
}

// canonicalForm parses a document and writes it canonically, without what an event adds.
func canonicalForm(t *testing.T, doc string) string {
	t.Helper()
	v, err := parseJSON(doc)
	if err != nil {
		t.Fatal(err)
	}
	c := canonicalizer{r: &reader{}}
	c.value(&v)
	if len(c.r.errors) > 0 {
		t.Fatal(c.r.errors)
	}
	return string(c.out)
}

func TestCanonicalForm(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"white space", " { \"b\" : [ 1 , true , false , null ] ,\n\t\"a\" : { } , \"c\" : [ ] } ", `{"a":{},"b":[1,true,false,null],"c":[]}`},
		{"short escapes", `"\u0008\u0009\u000a\u000c\u000d\u0022\u005c\u002f\/"`, `"\b\t\n\f\r\"\\//"`},
		{"other control characters", `"\u0000\u001F\u007f"`, "\"\\u0000\\u001f\u007f\""},
		{"characters that need no escape", `"\u00e9\u6838\ud83c\udf30<&>\u2028"`, "\"é核🌰<&>\u2028\""},
		{"names in the order of UTF-16", "{\"\ufb33\":1,\"🌰\":2,\"é\":3,\"a\":4,\"\":5,\"A\":6,\"aa\":7,\"1\":8,\"\\r\":9}",
			"{\"\":5,\"\\r\":9,\"1\":8,\"A\":6,\"a\":4,\"aa\":7,\"é\":3,\"🌰\":2,\"\ufb33\":1}"},
		{"surrogates sort below the private use area", "{\"\ue000\":1,\"\U0010ffff\":2,\"\ud7ff\":3}", "{\"\ud7ff\":3,\"\U0010ffff\":2,\"\ue000\":1}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := canonicalForm(t, tt.in)
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if again := canonicalForm(t, got); again != got {
				t.Errorf("again: got %s, want %s", again, got)
			}
		})
	}
}

func TestCanonicalNumber(t *testing.T) {
	tests := []struct{ in, want string }{
		{"0", "0"}, {"-0", "0"}, {"-0.0e5", "0"}, {"1", "1"}, {"-1.50", "-1.5"}, {"4.50", "4.5"}, {"2e-3", "0.002"}, {"200.5", "200.5"},
		{"1E30", "1e+30"}, {"1e21", "1e+21"}, {"1e20", "100000000000000000000"}, {"123456e16", "1.23456e+21"}, {"123456e15", "123456000000000000000"},
		{"0.000001", "0.000001"}, {"0.0000001", "1e-7"}, {"-0.00000012", "-1.2e-7"}, {"0.000000000000000000000000001", "1e-27"},
		{"9007199254740991", "9007199254740991"}, {"9007199254740992", "9007199254740992"}, {"-9007199254740991", "-9007199254740991"},
		{"0.30000000000000004", "0.30000000000000004"}, {"26.200000000000003", "26.200000000000003"}, {"333333333.3333333", "333333333.3333333"},
		{"1424953923781206.2", "1424953923781206.2"},
		// Rounded to the shortest decimal of the nearest double.
		{"9007199254740993", "9007199254740992"}, {"333333333.33333329", "333333333.3333333"}, {"0.1000000000000000055", "0.1"},
		{"-0.10000000000000001", "-0.1"}, {"12345678901234567890", "12345678901234567000"},
		{"9007199254740993." + strings.Repeat("0", 900) + "1", "9007199254740994"}, {"0." + strings.Repeat("3", 2000), "0.3333333333333333"},
		// Out of range.
		{"1e291", ""}, {"1e-300", ""}, {"5e-324", ""}, {"1e400", ""}, {"1e999999", ""},
	}
	for _, tt := range tests {
		got, ok := canonicalNumber(tt.in)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: got %q, %t, want %q", tt.in, got, ok, tt.want)
		}
	}
}

func TestCompareUTF16AgainstUTF16(t *testing.T) {
	words := strings.Fields("a ab b é 核 \ud7ff \ue000 \uffff 🌰 🌱 \U0010ffff a\ue000 a🌰 aé \ufb33x")
	for _, a := range words {
		for _, b := range words {
			if got, want := sign(compareUTF16(a, b)), sign(compareUnits(a, b)); got != want {
				t.Errorf("%q, %q: got %d, want %d", a, b, got, want)
			}
		}
	}
}
