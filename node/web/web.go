package web

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/caryaledger/carya/types/evidence"
)

//go:embed verify.html
var verifyPage []byte

//go:embed lot.html
var lotPage []byte

// about is what the node says of a page: who it is and, of a lot's page, which lot it is about.
type about struct {
	Node    string `json:"node"`
	Lot     string `json:"lot,omitempty"`
	Unknown bool   `json:"unknown,omitempty"` // there is no such lot here
}

// Verify returns the page that checks evidence files against the trust. Node is what people know the node as: its name or,
// if it has one, its public address, https://…
func Verify(trust *evidence.Trust, node string) ([]byte, error) {
	return fill(verifyPage, part{"page", about{Node: node}}, part{"trust", trust})
}

// Lot returns the page that tells the story of a lot, by its LotID, from evidence: claims of the kinds record, history and
// absence about states under one header. The page tells what these claims show of
//
//   - lot/…: the lot, with its history, and every lot that its events name as an input, with theirs;
//   - unit/…: units that these lots were packed into, with their histories; transformation/… with its own, where events have a
//     transformationID;
//   - certificate/…, plot/… and product/… that they name; recall/…, event/… (disputes) that they are marked with;
//   - member/…: names of those who run no validator;
//
// and says of all others that they are not shown. The error is that of evidence that cannot be encoded.
func Lot(trust *evidence.Trust, node, lot string, e *evidence.Evidence) ([]byte, error) {
	// The JSON form has one way to be written, which would not be safe inside of a page: it does not escape "<".
	compact, err := e.Compact()
	if err != nil {
		return nil, fmt.Errorf("page of lot %s: %w", lot, err)
	}
	return fill(lotPage, part{"page", about{Node: node, Lot: lot}}, part{"trust", trust}, part{"evidence", compact})
}

// NoLot returns the page about a lot that the node does not have.
func NoLot(node, lot string) []byte {
	page, err := fill(lotPage, part{"page", about{Node: node, Lot: lot, Unknown: true}})
	if err != nil {
		panic(err) // two texts
	}
	return page
}

// part is JSON that a page holds, []byte as base64.
type part struct {
	id    string
	value any
}

// fill puts parts into the places that a page has for them. Go's JSON escapes <, >, &, U+2028 and U+2029, so that no text can
// end the script element that it stands in.
func fill(page []byte, parts ...part) ([]byte, error) {
	for _, p := range parts {
		text, err := json.Marshal(p.value)
		if err != nil {
			return nil, fmt.Errorf("page: %w", err)
		}
		before := []byte(`<script type="application/json" id="` + p.id + `">`)
		place := append(bytes.Clone(before), "null</script>"...)
		if bytes.Count(page, place) != 1 {
			return nil, fmt.Errorf("page: no place for %s", p.id)
		}
		page = bytes.Replace(page, place, append(append(before, text...), "</script>"...), 1)
	}
	return page, nil
}
