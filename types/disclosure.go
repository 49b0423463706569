package types

import (
	"encoding/json"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// DisclosureFormat names the disclosure file's format.
const DisclosureFormat = "carya-disclosure/1"

// Disclosure is a file that shows some fields of a private document. It says nothing about any
// ledger; evidence of a field claim does (package evidence).
type Disclosure struct {
	Format string `json:"format"`
	Chain  string `json:"chain"`
	DocumentPart
}

// DocumentPart shows some fields of a private document and proves that they are in it: that they
// are leaves of the tree whose root (DocumentRoot) the ledger holds. Of the other fields it tells
// nothing but about how many there are.
type DocumentPart struct {
	Record string           `json:"record"` // key of the ledger's record of the document
	Kind   string           `json:"kind"`   // CEB311 …; leaf 0 proves it
	Root   Hash             `json:"root"`
	Size   uint64           `json:"size"`   // leaves of the tree: the kind and all fields; gives the paths their shape, which other sizes may have as well
	Fields []DisclosedField `json:"fields"` // ascending by position; the first is the kind
}

// DisclosedField is one leaf with its path to the root.
type DisclosedField struct {
	Position uint64 `json:"position"` // among the leaves; 0 is the kind
	Path     string `json:"path"`
	Value    string `json:"value"`
	Salt     Hash   `json:"salt"`
	Proof    []Hash `json:"proof"` // RFC 6962 inclusion proof, from the leaf upwards
}

// Disclose shows the fields at some positions in fields, in ascending order. Record is the
// caller's to fill in.
func Disclose(kind string, fields []DocumentField, seed Secret, positions []int) (*DocumentPart, error) {
	all := append([]DocumentField{{"kind", kind}}, fields...)
	leaves := make([]Hash, len(all))
	for i, f := range all {
		var err error
		if leaves[i], err = DocumentLeaf(seed, i, f); err != nil {
			return nil, err
		}
	}
	d := &DocumentPart{Kind: kind, Size: uint64(len(all))}
	shown := []int{0}
	for _, p := range positions {
		if p < 0 || p+1 >= len(all) || p+1 <= shown[len(shown)-1] {
			return nil, fmt.Errorf("disclose: positions %v of %d fields: each once, ascending", positions, len(fields))
		}
		shown = append(shown, p+1)
	}
	for _, i := range shown {
		path, err := inclusion(leaves, i)
		if err != nil {
			return nil, err
		}
		d.Fields = append(d.Fields, DisclosedField{
			uint64(i), all[i].Path, all[i].Value, documentSalt(seed, i, all[i].Path), path,
		})
	}
	var err error
	d.Root, err = rootOver(leaves)
	return d, err
}

// documentSalt is the salt of a leaf; see DocumentLeaf.
func documentSalt(seed Secret, position int, path string) Hash {
	return Keyed(seed, saltLabel, uint64Text(position), path)
}

// inclusion returns the RFC 6962 inclusion proof of a leaf.
func inclusion(leaves []Hash, i int) ([]Hash, error) {
	nodes, err := proof.Inclusion(uint64(i), uint64(len(leaves)))
	if err != nil {
		return nil, fmt.Errorf("proof of leaf %d: %w", i, err)
	}
	hashes := make([][]byte, len(nodes.IDs))
	for n, id := range nodes.IDs {
		if hashes[n], err = subtree(leaves, id); err != nil {
			return nil, err
		}
	}
	if hashes, err = nodes.Rehash(hashes, rfc6962.DefaultHasher.HashChildren); err != nil {
		return nil, fmt.Errorf("proof of leaf %d: %w", i, err)
	}
	path := make([]Hash, len(hashes))
	for n := range hashes {
		path[n] = Hash(hashes[n])
	}
	return path, nil
}

// subtree returns the hash of a perfect subtree.
func subtree(leaves []Hash, id compact.NodeID) ([]byte, error) {
	begin, end := id.Coverage()
	root, err := rootOver(leaves[begin:end])
	return root[:], err
}

func rootOver(leaves []Hash) (Hash, error) {
	log := History{}
	for _, leaf := range leaves {
		if err := log.Append(leaf); err != nil {
			return Hash{}, err
		}
	}
	return log.Root()
}

// ParseDisclosure reads a disclosure file; it verifies nothing.
func ParseDisclosure(file []byte) (*Disclosure, error) {
	var d Disclosure
	if err := json.Unmarshal(file, &d); err != nil {
		return nil, fmt.Errorf("disclosure: %w", err)
	}
	if d.Format != DisclosureFormat {
		return nil, fmt.Errorf("disclosure: format %.40q, this program knows %q", d.Format, DisclosureFormat)
	}
	return &d, nil
}

// Verify checks that the kind and every field are leaves under the root. Which record of
// which chain holds the root is for its evidence: see Event.CommitsTo.
func (d *DocumentPart) Verify() error {
	if len(d.Fields) == 0 || d.Fields[0].Position != 0 || d.Fields[0].Path != "kind" || d.Fields[0].Value != d.Kind {
		return fmt.Errorf("the first field is not the kind %.40q", d.Kind)
	}
	for i := range d.Fields {
		f := &d.Fields[i]
		if i > 0 && f.Position <= d.Fields[i-1].Position {
			return fmt.Errorf("field %.100q: position %d after %d", f.Path, f.Position, d.Fields[i-1].Position)
		}
		if err := d.verifyField(f); err != nil {
			return fmt.Errorf("field %.100q at position %d: %w", f.Path, f.Position, err)
		}
	}
	return nil
}

func (d *DocumentPart) verifyField(f *DisclosedField) error {
	data, err := Encode(struct {
		Salt  Hash   `json:"salt"`
		Path  string `json:"path"`
		Value string `json:"value"`
	}{f.Salt, f.Path, f.Value})
	if err != nil {
		return err
	}
	leaf := LeafHash(data)
	path := make([][]byte, len(f.Proof))
	for i := range f.Proof {
		path[i] = f.Proof[i][:]
	}
	root, err := proof.RootFromInclusionProof(rfc6962.DefaultHasher, f.Position, d.Size, leaf[:], path)
	if err != nil {
		return err
	}
	if got := Hash(root); got != d.Root {
		return fmt.Errorf("salt, path, value and proof lead to the root %s, not to %s", got, d.Root)
	}
	return nil
}

// CommitsTo reports whether the event put a document root on the ledger, and the key of
// the record that it made of the document: the order's, where the document has none.
func (e *Event) CommitsTo(root Hash) (record string, ok bool, err error) {
	if _, known := KindNamed(e.Kind); !known {
		return "", false, nil // of the genesis
	}
	body, err := DecodeBody(e.Kind, e.Body)
	if err != nil {
		return "", false, err
	}
	record, roots := committed(e.Member, body)
	for _, r := range roots {
		if r == root && !root.IsZero() {
			return record, true, nil
		}
	}
	return "", false, nil
}

// committed returns the record of a body's document and the roots that it commits to.
func committed(member string, body Body) (record string, roots []Hash) {
	switch b := body.(type) {
	case *RecordOrder:
		return PrefixOrder + "/" + member + "/" + b.Order, []Hash{b.Document}
	case *RecordPayment:
		return PrefixPayment + "/" + member + "/" + b.Payment, []Hash{b.Document, b.Original}
	case *RecordWaybill:
		return PrefixWaybill + "/" + member + "/" + b.Waybill, []Hash{b.Document}
	case *Declare:
		return PrefixDeclaration + "/" + member + "/" + b.Declaration, []Hash{b.Document}
	case *Cancel:
		return PrefixOrder + "/" + string(b.Order), []Hash{b.Document}
	case *SignFor:
		return PrefixOrder + "/" + string(b.Order), []Hash{b.Document}
	case *ReturnGoods:
		return PrefixOrder + "/" + string(b.Order), []Hash{b.Document}
	case *CreditBook:
		return PrefixBook + "/" + member + "/" + b.Book, []Hash{b.Document}
	}
	return "", nil
}
