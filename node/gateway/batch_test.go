package gateway

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/caryaledger/carya/types"
)

// TestAppendReceipts holds the hand-written JSON against encoding/json's.
func TestAppendReceipts(t *testing.T) {
	receipts := []types.Receipt{
		{Digest: types.LeafHash([]byte("a")), State: types.TxAccepted},
		{State: types.TxRefused, Field: "bodies[0].lot", Result: &types.Result{Code: types.Overdraw, Log: `"quoted" <and> 中文`}},
		{Digest: types.LeafHash([]byte("b")), State: types.TxCommitted, Height: 7, Index: 3, Time: 9, Result: &types.Result{Codes: []types.Code{types.OK}}},
		{},
	}
	for n := range receipts {
		want, err := json.Marshal(batchAnswer{receipts[:n]})
		check(t, err)
		got, err := appendReceipts(receipts[:n])
		check(t, err)
		if string(bytes.TrimSpace(got)) != string(want) {
			t.Errorf("%d receipts:\n got %s\nwant %s", n, got, want)
		}
	}
}

func TestDecodeBatchRefuses(t *testing.T) {
	many, err := types.Encode(make([][]byte, maxBatch+1))
	check(t, err)
	for _, test := range []struct {
		name string
		body []byte
	}{
		{"nothing", nil},
		{"no array", []byte{0x41, 0x00}},
		{"text in it", []byte{0x81, 0x61, 'a'}},
		{"too many", many},
		{"an endless array", []byte{0x9f, 0xff}},
		{"an endless string", []byte{0x81, 0x5f, 0xff}},
		{"more than announced", []byte{0x81, 0x41, 0x00, 0x00}},
		{"less than announced", []byte{0x82, 0x41, 0x00}},
		{"a huge announcement", []byte{0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
	} {
		if got, err := decodeBatch(test.body); err == nil {
			t.Errorf("%s: decoded to %d", test.name, len(got))
		} else if code, _ := types.CodeOf(err); code != types.Malformed {
			t.Errorf("%s: %v, want MALFORMED", test.name, err)
		}
	}
}

// FuzzDecodeBatch holds that the pieces are no larger than the whole and that they do not
// share its memory.
func FuzzDecodeBatch(f *testing.F) {
	for _, raws := range [][][]byte{{}, {{1}}, {{1, 2}, {}, bytes.Repeat([]byte{7}, 300)}} {
		body, err := types.Encode(raws)
		check(f, err)
		f.Add(body)
	}
	f.Add([]byte(strings.Repeat("\x81", 99)))
	f.Fuzz(func(t *testing.T, body []byte) {
		raws, err := decodeBatch(body)
		if err != nil {
			return
		}
		size, before := 0, make([][]byte, len(raws))
		for i, raw := range raws {
			size += len(raw)
			before[i] = bytes.Clone(raw)
		}
		if size > len(body) || len(raws) > maxBatch {
			t.Fatalf("%d bytes became %d in %d pieces", len(body), size, len(raws))
		}
		clear(body)
		for i := range raws {
			if !bytes.Equal(raws[i], before[i]) {
				t.Fatalf("piece %d shares the body's memory", i)
			}
		}
	})
}
