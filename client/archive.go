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
}

// ulid is the document's name in its issuer's stream: the last part of its record's key.
func (d *document) ulid() string { return d.Record[strings.LastIndexByte(d.Record, '/')+1:] }

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

// archive is the folder of a member's documents: <ULID>.json is a document's first version, <ULID>.<seq>.json a later
// one. The second half of a ULID is a keyed hash of the document's number, so that the folder's list of names is an
// index by number as well.
type archive struct {
	dir   string
	names map[string]string      // second half of the ULID → ULID
	files map[string][]string    // ULID → paths
	fresh map[string][]*document // ULID → documents of this run
}

// nameHalf is where a ULID's second half begins: 48 bits of time take 10 of its 26 characters.
const nameHalf, nameLength = 10, 26

func openArchive(dir string) (*archive, error) {
	a := &archive{dir, map[string]string{}, map[string][]string{}, map[string][]*document{}}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		name := e.Name()
		if strings.HasSuffix(name, ".json") && len(name) >= nameLength && name[nameLength] == '.' {
			a.names[name[nameHalf:nameLength]] = name[:nameLength]
			a.files[name[:nameLength]] = append(a.files[name[:nameLength]], filepath.Join(dir, name))
		}
	}
	return a, nil
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
	for _, path := range a.files[d.ulid()] {
		had, err := readDocument(path)
		if err != nil {
			return nowhere, err
		}
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

// keep remembers a document of this run.
func (a *archive) keep(d *document) { a.fresh[d.ulid()] = append(a.fresh[d.ulid()], d) }

// store writes a document before anything of it is submitted. Nothing is ever overwritten.
func (a *archive) store(d *document) error {
	data, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return err
	}
	path := filepath.Join(a.dir, d.ulid()+".json")
	if len(a.files[d.ulid()]) > 0 {
		path = filepath.Join(a.dir, fmt.Sprintf("%s.%d.json", d.ulid(), d.Seq))
	}
	if err := writeNew(path, append(data, '\n')); err != nil {
		return fmt.Errorf("store the document: %w", err)
	}
	a.files[d.ulid()] = append(a.files[d.ulid()], path)
	return nil
}
