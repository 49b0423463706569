package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
)

func documentCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "document",
		Short: "Show, prove, export and erase the private documents of this home",
		Long: `Work with the documents that "carya ceb submit" keeps in <home>/documents: the fields of
orders, payments, waybills and lists, and the seeds that alone open what the ledger holds
of them.

A document is named by its record's key, as "carya document list" shows it, by the ULID that
it has here, or by a file. Signatures, cancellations and returns have no record of their own
and are named by their ULID.`,
		Example: `  carya document list
  carya document disclose order/lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q --field OrderHead/acturalPaid -o paid.json
  carya document verify paid.json --trust genesis.json`,
	}
	s := newSession(cmd)
	return group(cmd, listDocumentsCommand(s), showDocumentCommand(s), discloseCommand(s), verifyDisclosureCommand(s),
		exportDocumentsCommand(s), eraseDocumentCommand(s))
}

// documentStore is the folder of the documents, read by the names of its files: <ULID>.json, <ULID>.<seq>.json for later
// versions, <ULID>.original.json for the record behind a payment, and <ULID>.erased.json.
type documentStore struct{ dir string }

func documentsOf(home string) documentStore { return documentStore{filepath.Join(home, "documents")} }

// storedDocument is a document and where it lies.
type storedDocument struct {
	*document
	path string
}

// files returns the paths of all documents, ascending, without what stays of erased ones.
func (s documentStore) files() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		name := e.Name()
		if filepath.Ext(name) == ".json" && len(name) > nameLength && name[nameLength] == '.' && !strings.HasSuffix(name, erasedEnding) {
			paths = append(paths, filepath.Join(s.dir, name))
		}
	}
	return paths, nil
}

// versions returns every stored version of a document, oldest first. It is named by its record's key, or by its ULID.
func (s documentStore) versions(name string) ([]*storedDocument, error) {
	ulid := ulidOf(name)
	if len(ulid) != nameLength || strings.Trim(ulid, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != "" {
		return nil, usage("`carya document list` shows the records of the documents here", fmt.Errorf("%.100q names no document", name))
	}
	paths, err := filepath.Glob(filepath.Join(globSafe(s.dir), ulid+".*json"))
	if err != nil {
		return nil, err
	}
	var found []*storedDocument
	for _, path := range paths {
		if path == erasedPath(s.dir, ulid) {
			continue
		}
		d, err := readDocument(path)
		if err != nil {
			return nil, err
		}
		if d.Record == name || ulid == name {
			found = append(found, &storedDocument{d, path})
		}
	}
	slices.SortStableFunc(found, func(a, b *storedDocument) int {
		return compareVersions(a.document, b.document)
	})
	return found, nil
}

// compareVersions orders by time, and what a document is before what lies behind it.
func compareVersions(a, b *document) int {
	if a.Seq != b.Seq {
		return int(min(1, max(-1, a.Seq-b.Seq)))
	}
	return strings.Compare(a.Kind, b.Kind)
}

// globSafe keeps characters of a folder's name from being taken for patterns.
func globSafe(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

// ulidOf returns the last part of a record's key.
func ulidOf(record string) string { return record[strings.LastIndexByte(record, '/')+1:] }

// documentChoice says which version of a document a command is about.
type documentChoice struct {
	kind string
	seq  int64
}

func (c *documentChoice) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.kind, "kind", "", "kind of the document, where several lie under the record: CEB411, or GACC179 for the original payment record")
	cmd.Flags().Int64Var(&c.seq, "seq", 0, "version, by its appTime in Unix milliseconds (default the newest)")
}

// find returns the document in a file, or the newest stored one under a record that the choice admits.
func (c *documentChoice) find(home, name string) (*storedDocument, error) {
	if strings.HasSuffix(name, ".json") {
		d, err := readDocument(name)
		if err != nil {
			return nil, usage("", err)
		}
		return &storedDocument{d, name}, nil
	}
	store := documentsOf(home)
	versions, err := store.versions(name)
	if err != nil {
		return nil, err
	}
	versions = slices.DeleteFunc(versions, func(d *storedDocument) bool {
		return c.kind != "" && d.Kind != c.kind || c.kind == "" && d.Kind == pullKind || c.seq != 0 && d.Seq != c.seq
	})
	if len(versions) == 0 {
		return nil, documentMissing(store.dir, name)
	}
	return versions[len(versions)-1], nil
}

func documentMissing(dir, name string) error {
	if e, err := readErased(dir, ulidOf(name)); err == nil {
		return fmt.Errorf("%s was erased at %s; nothing of it can be shown", name, moment(e.Time))
	}
	return usage("`carya document list` shows what there is", fmt.Errorf("no such document %s in %s", name, dir))
}

// documentRow is one line of `carya document list`.
type documentRow struct {
	Record string `json:"record"`
	Name   string `json:"name,omitempty"` // ULID by which it is named here, where the record is the order's
	Kind   string `json:"kind"`
	Seq    int64  `json:"seq"`
	Root   string `json:"root"`
	File   string `json:"file"`
}

func (d *storedDocument) row() documentRow {
	return documentRow{d.Record, d.Name, d.Kind, d.Seq, d.Root.String(), d.path}
}

func listDocumentsCommand(s *session) *cobra.Command {
	var kind string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the documents",
		Long:    "List the documents of this home in the order of their times: record, kind, version, root.",
		Example: "  carya document list --kind CEB311\n  carya document list --json | wc -l",
		Args:    takes(0, 0, "none"),
	}
	cmd.Flags().StringVar(&kind, "kind", "", "only documents of this kind")
	cmd.RunE = s.run(func(context.Context, []string) error {
		store := documentsOf(s.home)
		paths, err := store.files()
		if err != nil {
			return err
		}
		if len(paths) == 0 {
			s.note("there are no documents in %s", store.dir)
		}
		for _, path := range paths {
			d, err := readDocument(path)
			if err != nil {
				return err
			}
			if kind != "" && d.Kind != kind {
				continue
			}
			row := (&storedDocument{d, path}).row()
			s.say("%-52s  %-7s  %s  %s", row.Record, row.Kind, moment(row.Seq), row.Root)
			if row.Name != "" {
				s.say("    named %s here", row.Name)
			}
			if err := s.emit(row); err != nil {
				return err
			}
		}
		return nil
	})
	return cmd
}

func showDocumentCommand(s *session) *cobra.Command {
	c := &documentChoice{}
	cmd := &cobra.Command{
		Use:     "show RECORD|FILE",
		Short:   "Show a document's fields, not its seed",
		Example: "  carya document show order/lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q",
		Args:    takes(1, 1, "a document's record or file"),
	}
	c.flags(cmd)
	cmd.RunE = s.run(func(_ context.Context, args []string) error {
		d, err := c.find(s.home, args[0])
		if err != nil {
			return err
		}
		if err := d.check(); err != nil {
			return fmt.Errorf("%s: %w", d.path, err)
		}
		s.say("%s %s, version %d of %s\n  root %s", d.Kind, d.Record, d.Seq, moment(d.Seq), d.Root)
		rows := make([][]string, len(d.Fields))
		for i, f := range d.Fields {
			rows[i] = []string{"  " + strconv.Itoa(i+1), oneLine(f.Path), oneLine(f.Value)}
		}
		s.table(rows)
		return s.emit(struct {
			documentRow
			Fields []types.DocumentField `json:"fields"`
		}{d.row(), d.Fields})
	})
	return cmd
}
