package evidence

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/caryaledger/carya/types"
)

// TestReadMap: what validators agreed upon is read only if it has the one form that all verifiers know.
func TestReadMap(t *testing.T) {
	nested := func(n int) string { return "a16161" + strings.Repeat("81", n) + "00" }
	for name, c := range map[string]struct {
		data string
		ok   bool
	}{
		"empty": {"a0", true}, "all types": {"a461610061622061634063616263" + "88" + "f4f5f6606161410080a0", true}, "wide": {"a161611bffffffffffffffff", true},
		"deep": {nested(maxNesting - 1), true}, "too deep": {nested(maxNesting), false},
		"nothing": {"", false}, "no map": {"80", false}, "trailing": {"a000", false}, "cut": {"a16161", false},
		"long number": {"a161611817", false}, "long count": {"b80161610" + "0", false}, "long length": {"a178016100", false},
		"indefinite map": {"bf616100ff", false}, "indefinite list": {"a161619fff", false}, "tag": {"a16161c000", false},
		"float": {"a16161f90000", false}, "undefined": {"a16161f7", false}, "simple": {"a16161e0", false}, "simple in two bytes": {"a16161f8ff", false},
		"not UTF-8": {"a1616161ff", false}, "surrogate": {"a1616163eda080", false},
		"number as name": {"a10000", false}, "bytes as name": {"a1416100", false}, "twice": {"a2616100616100", false}, "descending": {"a2616200616100", false},
		"ascending in length": {"a2616200626161" + "00", true}, "not in length": {"a262616100616200", false},
		"too many": {"a161619a00100001" + "00", false}, "huge": {"a161615bffffffffffffffff", false},
	} {
		data, err := hex.DecodeString(c.data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if m := readMap(data); (m != nil) != c.ok {
			t.Errorf("%s: %v", name, m)
		}
	}
	for data, want := range map[string]bool{
		"a161611b001fffffffffffff": true, "a161611b0020000000000000": false, "a161613b001ffffffffffffe": true, "a161613b001fffffffffffff": false,
	} {
		if raw, _ := hex.DecodeString(data); exact(raw) != want {
			t.Errorf("%s: exact is %v", data, !want)
		}
	}
}

// FuzzReadMap: what is read is what another decoder reads, and is written again as it was.
func FuzzReadMap(f *testing.F) {
	event, err := (&types.Event{Height: 1, Member: "m", Kind: "AddKey", Body: []byte{0xa0}}).Encode()
	if err != nil {
		f.Fatal(err)
	}
	record, err := types.Encode(&types.Blocks{History: types.History{Size: 3, Peaks: make([]types.Hash, 2)}})
	if err != nil {
		f.Fatal(err)
	}
	for _, data := range [][]byte{event, record, {0xa0}, {0xa1, 0x61, 0x61, 0x84, 0xf4, 0xf6, 0x20, 0x41, 0}} {
		f.Add(data)
	}
	options := cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden, MaxNestedLevels: maxNesting + 1}
	other, err := options.DecMode()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if readMap(data) == nil {
			return
		}
		var m map[string]any
		if err := other.Unmarshal(data, &m); err != nil {
			t.Fatalf("%x: %v", data, err)
		}
		if !exact(data) {
			return // a big negative number is written as a tag
		}
		if again, err := types.Encode(m); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("%x is written as %x, %v", data, again, err)
		}
	})
}
