package evidence

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/caryaledger/carya/types"
)

// Format names the evidence file's format.
const Format = "carya-evidence/2"

// What an evidence file may hold: a history of a hundred thousand events. The bounds keep the time and the memory that a
// verifier needs in proportion to the file.
const (
	MaxBytes  = 64 << 20
	MaxClaims = 1000
	maxList   = 1 << 17 // elements of an array, as in all of the ledger's CBOR
)

// The claims.
const (
	ClaimRecord      = "record"      // the record Key was this after the block at Height
	ClaimAbsence     = "absence"     // there was no record Key after the block at Height
	ClaimHistory     = "history"     // Events are all that ever happened to the record Key until Height
	ClaimEvent       = "event"       // Events[0] is the event at Index in the history of Key
	ClaimPrefix      = "prefix"      // the history of Key at Since is the beginning of its history at Height
	ClaimRange       = "range"       // the keys in [From, To) after the block at Height are these, Count of them
	ClaimBlock       = "block"       // the block at Height is of this chain
	ClaimField       = "field"       // Document's fields are in a document that Events[0] committed to
	ClaimTransaction = "transaction" // the block at Height executed Transaction with this Code
)

// Evidence is the file. Members that are empty, zero or false are left out of claims and headers; all others are there, in
// this order. In JSON hashes are hexadecimal and []byte is base64. Its compact form is the deterministic CBOR of the same.
type Evidence struct {
	Format  string     `json:"format"`
	Chain   string     `json:"chain"`
	Genesis types.Hash `json:"genesis"`
	Claims  []Claim    `json:"claims"`
	// Headers are descending by height. The first is signed; its tree shows chain/params and, where there are more headers,
	// chain/blocks, which has the hashes of all blocks before it.
	Headers []Header `json:"headers"`
}

// Claim is one sentence that the evidence proves. Which members it has depends on the kind of claim.
type Claim struct {
	Claim  string `json:"claim"`
	Height int64  `json:"height"` // about the state after this block; of ClaimBlock and ClaimTransaction: this block
	Key    string `json:"key,omitempty"`

	Since int64  `json:"since,omitempty"` // ClaimPrefix
	From  string `json:"from,omitempty"`  // ClaimRange: the first key that would be in the list
	To    string `json:"to,omitempty"`    // and the first beyond it, "" for none
	Count uint64 `json:"count,omitempty"`

	Index  uint64      `json:"index,omitempty"`  // ClaimEvent, ClaimField: of the event in the history; ClaimTransaction: the way in the paths, see Size
	Size   uint64      `json:"size,omitempty"`   // ClaimTransaction: Index of Size says where left and right are in the paths; no header says how many a block has
	Digest types.Bytes `json:"digest,omitempty"` // ClaimTransaction: 32 bytes, the EIP-712 digest
	Code   uint32      `json:"code,omitempty"`   // ClaimTransaction: its result
	Codes  []uint32    `json:"codes,omitempty"`  // and those of its bodies where they differ

	Events      [][]byte            `json:"events,omitempty"`      // CBOR, oldest first
	Path        []byte              `json:"path,omitempty"`        // RFC 6962 proof, hashes of 32 bytes: of inclusion, of ClaimPrefix: of consistency
	Transaction []byte              `json:"transaction,omitempty"` // signed, CBOR, as it stands in the block
	Results     []byte              `json:"results,omitempty"`     // ClaimTransaction: RFC 6962 inclusion proof of the result
	Document    *types.DocumentPart `json:"document,omitempty"`    // ClaimField
}

// Header is a block's header and what is proven below it.
type Header struct {
	Height int64  `json:"height"`
	Header []byte `json:"header"`           // its 14 fields as CometBFT hashes them, each after its length in one byte
	Commit []byte `json:"commit,omitempty"` // the first: the votes of the validators
	Path   []byte `json:"path,omitempty"`   // the others: RFC 6962 inclusion proof in chain/blocks of the first
	Tree   []byte `json:"tree,omitempty"`   // pruned tree of the state under the AppHash: after the block at Height-1
}

// Parse reads an evidence file in either form; it verifies nothing. The errors are *Refusals.
func Parse(file []byte) (*Evidence, error) {
	switch {
	case len(file) > MaxBytes:
		return nil, refuse(TooLarge, "%d bytes, at most %d", len(file), MaxBytes)
	case len(file) > 0 && file[0]>>5 == 5: // a CBOR map; no JSON begins so
		return parseCBOR(file)
	}
	return parseJSON(file)
}

func parseCBOR(file []byte) (*Evidence, error) {
	e := new(Evidence)
	if err := types.Decode(file, e); err != nil {
		return nil, refuse(Malformed, "%v", err)
	}
	if e.Format != Format {
		return nil, unknownFormat(e.Format)
	}
	return e, e.check()
}

// parseJSON takes the one JSON form of the evidence, with white space wherever JSON allows it.
func parseJSON(file []byte) (*Evidence, error) {
	var members map[string]json.RawMessage
	if !utf8.Valid(file) {
		return nil, refuse(Malformed, "not UTF-8")
	}
	if err := json.Unmarshal(file, &members); err != nil {
		return nil, refuse(Malformed, "not a JSON object: %v", err)
	}
	var format *string
	if err := json.Unmarshal(members["format"], &format); err != nil || format == nil {
		return nil, refuse(Malformed, "no format: this is not evidence")
	}
	if *format != Format {
		return nil, unknownFormat(*format)
	}
	e := new(Evidence)
	if err := json.Unmarshal(file, e); err != nil {
		return nil, refuse(Malformed, "%v", err)
	}
	again, err := e.compactJSON()
	if err != nil {
		return nil, err
	}
	short, null := withoutSpace(file)
	if null || !bytes.Equal(again, short) {
		return nil, refuse(Malformed, "not the one way to write this evidence")
	}
	return e, e.check()
}

func unknownFormat(format string) error {
	return refuse(FormatUnknown, "format %.40q, this program knows %q", format, Format)
}

// compactJSON is the one JSON form without white space. Beyond what JSON demands, only U+2028 and U+2029 are escaped.
func (e *Evidence) compactJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Encode returns the evidence as a file for people: JSON, indented.
func (e *Evidence) Encode() ([]byte, error) {
	compact, err := e.compactJSON()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", " "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// Compact returns the evidence's compact form: deterministic CBOR with the same members.
func (e *Evidence) Compact() ([]byte, error) { return types.Encode(e) }

// withoutSpace removes the white space between the tokens of a valid JSON text, and reports whether one of them is null:
// package json reads it as empty bytes and writes some of these as null again.
func withoutSpace(text []byte) (short []byte, null bool) {
	short = make([]byte, 0, len(text))
	inside := false // a string
	for i := 0; i < len(text); i++ {
		c := text[i]
		if !inside && (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
			continue
		}
		short = append(short, c)
		switch {
		case c == '"':
			inside = !inside
		case !inside && c == 'n':
			null = true
		case inside && c == '\\' && i+1 < len(text):
			i++
			short = append(short, text[i])
		}
	}
	return short, null
}

// check finds what no evidence may be, before anything is verified.
func (e *Evidence) check() error {
	if len(e.Claims) < 1 || len(e.Claims) > MaxClaims || len(e.Headers) < 1 || len(e.Headers) > maxList {
		return refuse(Malformed, "%d claims, %d headers; 1 to %d claims, at least one header", len(e.Claims), len(e.Headers), MaxClaims)
	}
	for i := range e.Headers {
		h := &e.Headers[i]
		switch {
		case h.Height < 1 || h.Height > types.MaxInteger:
			return refuse(Malformed, "header %d: height %d", i, h.Height)
		case i > 0 && h.Height >= e.Headers[i-1].Height:
			return refuse(Malformed, "header %d: headers stand in descending order of height", i)
		case (i == 0) != (len(h.Commit) > 0) || i == 0 && len(h.Path) > 0:
			return refuse(Malformed, "header %d: the first is signed, the others have paths", i)
		}
	}
	for i := range e.Claims {
		if !e.Claims[i].bounded() {
			return refuse(Malformed, "claim %d: a number is not in 0 to 2^53-1, or a list too long", i)
		}
	}
	return nil
}

// bounded reports whether the claim's numbers and lists are within the bounds of all languages and both forms.
func (c *Claim) bounded() bool {
	if c.Height < 0 || c.Since < 0 || max(uint64(c.Height), uint64(c.Since), c.Count, c.Index, c.Size) > types.MaxInteger {
		return false
	}
	if len(c.Events) > maxList || len(c.Codes) > maxList {
		return false
	}
	d := c.Document
	if d == nil {
		return true
	}
	for i := range d.Fields {
		if d.Fields[i].Position > types.MaxInteger || len(d.Fields[i].Proof) > maxList {
			return false
		}
	}
	return d.Size <= types.MaxInteger && len(d.Fields) <= maxList
}
