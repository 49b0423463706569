package client

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/caryaledger/carya/types"
)

// documentFormat names the format of a stored document's file.
const documentFormat = "carya-document/1"

// document is one version of a private document as it lies on its owner's disk: everything that is needed to open what
// the ledger holds of it. Whoever loses the seed can prove nothing about the document any more; whoever gets it can.
type document struct {
	Format string                `json:"format"`
	Chain  string                `json:"chain"`
	Record string                `json:"record"` // key of the ledger's record of it: order/<platform>/<ULID>
	Kind   string                `json:"kind"`   // CEB311 …
	Seq    int64                 `json:"seq"`    // appTime, Unix milliseconds
	Seed   types.Secret          `json:"seed"`
	Root   types.Hash            `json:"root"`
	Fields []types.DocumentField `json:"fields"`

	// Name is the document's ULID where the ledger has no record of its own for it and Record is the order's: a
	// signature, a cancellation, a return.
	Name  string        `json:"name,omitempty"`
	Order types.OrderID `json:"order,omitempty"` // that it is about
}

// ulid is the document's name in its issuer's stream: the last part of its record's key, unless it has none.
func (d *document) ulid() string {
	return first(d.Name, d.Record[strings.LastIndexByte(d.Record, '/')+1:])
}

// seal draws a seed and computes the commitment.
func (d *document) seal() (err error) {
	rand.Read(d.Seed[:])
	d.Root, err = types.DocumentRoot(d.Kind, d.Fields, d.Seed)
	return err
}

// sameAs reports whether both are the same version of the same message.
func (d *document) sameAs(o *document) bool {
	return d.Record == o.Record && d.Kind == o.Kind && d.Seq == o.Seq && slices.Equal(d.Fields, o.Fields)
}

// archive is the folder of a member's documents: <ULID>.json is the version of a document that was stored first,
// <ULID>.<seq>.json another one, <ULID>.original.json the original record of a payment, and <ULID>.erased.json what is left of an erased document.
// The second half of a ULID is a keyed hash of the document's number, so that the folder's list of names is an index by
// number as well.
type archive struct {
	dir    string
	names  map[string]string      // second half of the ULID → ULID
	files  map[string][]string    // ULID → names of files
	erased map[string]bool        // ULIDs
	fresh  map[string][]*document // ULID → documents of this batch
	mu     sync.Mutex             // of files while documents are stored
}

// nameHalf is where a ULID's second half begins: 48 bits of time take 10 of its 26 characters.
const nameHalf, nameLength = 10, 26

// The endings of what lies beside the documents.
const (
	originalEnding = ".original.json"
	erasedEnding   = ".erased.json"
)

// openArchive reads the list of names, and no file.
func openArchive(dir string) (*archive, error) {
	a := &archive{
		dir: dir, names: map[string]string{}, files: map[string][]string{}, erased: map[string]bool{}, fresh: map[string][]*document{},
	}
	folder, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	for _, name := range names {
		if strings.HasSuffix(name, ".json") && len(name) >= nameLength && name[nameLength] == '.' {
			a.enter(name)
		}
	}
	return a, nil
}

func (a *archive) enter(name string) {
	ulid := name[:nameLength]
	a.names[ulid[nameHalf:]] = ulid
	switch {
	case strings.HasSuffix(name, erasedEnding):
		a.erased[ulid] = true
	case !strings.HasSuffix(name, originalEnding):
		a.files[ulid] = append(a.files[ulid], name)
	}
}

// name returns the ULID of the document with a number: the one it has had since its first version, whose time it keeps,
// or a new one.
func (a *archive) name(secret types.Secret, slot, number string, ms int64) (ulid string, known bool, err error) {
	id, err := types.StreamID(secret, slot, number, ms)
	if err != nil {
		return "", false, err
	}
	if had, known := a.names[id[nameHalf:]]; known {
		return had, true, nil
	}
	a.names[id[nameHalf:]] = id
	return id, false, nil
}

// versions returns the stored versions of the document with a number, none if there is none.
func (a *archive) versions(secret types.Secret, slot, number string) ([]*document, error) {
	id, err := types.StreamID(secret, slot, number, 0)
	if err != nil {
		return nil, err
	}
	return a.read(a.names[id[nameHalf:]])
}

// isErased reports whether a document was erased, also since the archive was opened.
func (a *archive) isErased(ulid string) bool {
	if a.stored(ulid) && erasedDocument(a.dir, ulid) {
		a.erased[ulid] = true
		delete(a.files, ulid)
	}
	return a.erased[ulid]
}

// read returns the stored versions of a document by its ULID, none of an erased one.
func (a *archive) read(ulid string) ([]*document, error) {
	var found []*document
	if a.isErased(ulid) {
		return nil, nil
	}
	for _, name := range a.files[ulid] {
		d, err := readDocument(filepath.Join(a.dir, name))
		if err != nil {
			return nil, err
		}
		found = append(found, d)
	}
	return found, nil
}

// place is where an earlier document was found.
type place int

const (
	nowhere place = iota
	onDisk
	inThisRun
)

// recall looks for the same version of a document and takes over its seed. An error says that the version is taken by
// another message.
func (a *archive) recall(d *document) (place, error) {
	for _, had := range a.fresh[d.ulid()] {
		if had.Seq == d.Seq {
			return inThisRun, d.takeOver(had)
		}
	}
	stored, err := a.read(d.ulid())
	if err != nil {
		return nowhere, err
	}
	for _, had := range stored {
		if had.Seq == d.Seq {
			return onDisk, d.takeOver(had)
		}
	}
	return nowhere, nil
}

// errVersionTaken is the error of two different messages with one number and one appTime.
var errVersionTaken = errors.New("another message with this number and this appTime was submitted from here")

func (d *document) takeOver(had *document) error {
	if d.Chain != had.Chain {
		return fmt.Errorf("%w, to the chain %s: use another --home for another chain", errVersionTaken, had.Chain)
	}
	if !d.sameAs(had) {
		return errVersionTaken
	}
	d.Seed, d.Root = had.Seed, had.Root
	return nil
}

func readDocument(path string) (*document, error) {
	data, err := readFile(path, maxInput)
	if err != nil {
		return nil, err
	}
	var d document
	if err := json.Unmarshal(data, &d); err != nil || d.Format != documentFormat {
		return nil, fmt.Errorf("%s is not a stored document (%w); nothing was submitted with it if it is cut off, and it can be removed", path, err)
	}
	return &d, nil
}

// keep remembers a document of this batch.
func (a *archive) keep(d *document) { a.fresh[d.ulid()] = append(a.fresh[d.ulid()], d) }

// forget ends a batch: what was submitted of it lies on the disk.
func (a *archive) forget() { clear(a.fresh) }

// stored reports whether a version of the document was stored.
func (a *archive) stored(ulid string) bool { return len(a.files[ulid]) > 0 }

// store writes a document before anything of it is submitted. Nothing is ever overwritten. It may be called at the same
// time for several documents.
func (a *archive) store(d *document) error {
	a.mu.Lock()
	name := d.ulid() + ".json"
	if a.stored(d.ulid()) {
		name = fmt.Sprintf("%s.%d.json", d.ulid(), d.Seq)
	}
	a.files[d.ulid()] = append(a.files[d.ulid()], name)
	a.mu.Unlock()
	return a.write(name, d)
}

// write puts a document into a new file.
func (a *archive) write(name string, d *document) error {
	data, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return err
	}
	if err := writeNew(filepath.Join(a.dir, name), append(data, '\n')); err != nil {
		return fmt.Errorf("store the document: %w", err)
	}
	return nil
}

// original returns the original record of a payment as it was stored with the same content, or nil.
func (a *archive) original(ulid string, fields []types.DocumentField) (*document, error) {
	paths, err := filepath.Glob(filepath.Join(a.dir, ulid+"*"+originalEnding))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		d, err := readDocument(path)
		if err != nil {
			return nil, err
		}
		if slices.Equal(d.Fields, fields) {
			return d, nil
		}
	}
	return nil, nil
}

// storeOriginal writes the original record of a payment beside it: <ULID>.original.json, or with the payment's version
// when another was written before.
func (a *archive) storeOriginal(d *document) error {
	err := a.write(d.ulid()+originalEnding, d)
	if errors.Is(err, fs.ErrExist) {
		err = a.write(fmt.Sprintf("%s.%d%s", d.ulid(), d.Seq, originalEnding), d)
	}
	return err
}
