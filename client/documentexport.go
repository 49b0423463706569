package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
)

// exportIndexFormat names the format of the index of an export.
const exportIndexFormat = "carya-document-index/1"

// exportIndex lists what an export holds.
type exportIndex struct {
	Format    string        `json:"format"`
	Documents []documentRow `json:"documents"` // files are relative to the index
}

func exportDocumentsCommand(s *session) *cobra.Command {
	var to string
	var all bool
	cmd := &cobra.Command{
		Use:   "export RECORD…|--all -o DIR",
		Short: "Copy documents with their seeds, for a system that takes over",
		Long: `Copy documents with their seeds to a folder, and write an index of them: one JSON file each,
of the format carya-document/1, with the chain, the record's key, the kind, the version, the
seed, the root and all fields in the order of their leaves. Whoever has these files can prove
every field to anybody, without Carya: docs/design.md, "Documents", describes the tree.

Every document is checked before it is copied: fields and seed give the root.`,
		Example: "  carya document export --all -o handover/",
		Args:    takes(0, -1, "documents' records, or --all"),
	}
	cmd.Flags().StringVarP(&to, "output", "o", "", "folder to write to")
	cmd.Flags().BoolVar(&all, "all", false, "all documents of this home")
	cmd.RunE = s.run(func(ctx context.Context, args []string) error {
		switch {
		case to == "":
			return usage("for instance -o handover/", errors.New("the folder to write to is missing"))
		case all == (len(args) > 0):
			return usage("name documents, or --all", errors.New("which documents?"))
		}
		paths, err := exported(s.home, args)
		if err != nil {
			return err
		}
		return s.exportDocuments(ctx, paths, to)
	})
	return cmd
}

// exported returns the files of all versions of the named documents, of all if none is named.
func exported(home string, records []string) ([]string, error) {
	store := documentsOf(home)
	if len(records) == 0 {
		return store.files()
	}
	var paths []string
	for _, record := range records {
		versions, err := store.versions(record)
		if err != nil {
			return nil, err
		}
		if len(versions) == 0 {
			return nil, documentMissing(store.dir, record)
		}
		for _, v := range versions {
			paths = append(paths, v.path)
		}
	}
	return paths, nil
}

func (s *session) exportDocuments(ctx context.Context, paths []string, to string) error {
	index := &exportIndex{exportIndexFormat, []documentRow{}}
	for _, path := range paths {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		row, err := exportDocument(path, to)
		if err != nil {
			return err
		}
		index.Documents = append(index.Documents, *row)
	}
	data, err := json.MarshalIndent(index, "", " ")
	if err != nil {
		return err
	}
	name := filepath.Join(to, "index.json")
	if err := writeNew(name, append(data, '\n')); err != nil {
		return outputTaken(err)
	}
	s.say("✓ %s: %s with their seeds. Whoever gets these files can read and prove everything in them.", name, count(len(paths), "document"))
	return s.emit(map[string]any{"index": name, "documents": len(paths)})
}

func exportDocument(path, to string) (*documentRow, error) {
	d, err := readDocument(path)
	if err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	data, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return nil, err
	}
	name := filepath.Base(path)
	if err := writeNew(filepath.Join(to, name), append(data, '\n')); err != nil {
		return nil, outputTaken(err)
	}
	row := (&storedDocument{d, name}).row()
	return &row, nil
}
