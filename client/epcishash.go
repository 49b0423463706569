package client

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types/epcis"
)

func hashCommand(s *session) *cobra.Command {
	h := &eventHashing{session: s}
	cmd := &cobra.Command{
		Use:   "hash FILE|DIR…",
		Short: "Print the CBV 2.0 event hashes of EPCIS 2.0 documents",
		Long: `Print the event hash of each event (Core Business Vocabulary 2.0, section 8.9), one a line, in
the order of the documents and of the events in them: ni:///sha-256;…?ver=CBV2.0. It is what the
ledger knows an event by that has no eventID. No node and no key is needed. - stands for the
standard input.

The hashes are those of the reference implementation, release 1.9, also where it departs from the
text of the standard. A document need only be JSON and hold events, be they valid or not; fields
that it lists in a member such as "repository-x:ignoreFields" are left out. errorDeclaration,
eventID and recordTime are no part of the hash.

With --prehash the text that is hashed is printed instead, with what a terminal does not show
escaped. With --json one array, with file, pointer and hash of each event, and with --prehash
its exact prehash.

Exit codes: 0 all are hashed, 1 a document cannot be.`,
		Example: `  carya epcis hash harvest.jsonld
  carya epcis hash --prehash harvest.jsonld
  curl -s https://example.com/events | carya epcis hash - --json`,
		Args: takes(1, -1, "EPCIS documents"),
		RunE: s.run(h.hash),
	}
	cmd.Flags().BoolVar(&h.prehash, "prehash", false, "print what is hashed instead of the hashes")
	return cmd
}

// eventHashing is one run of `carya epcis hash`.
type eventHashing struct {
	*session
	prehash bool
	told    []hashedEvent
}

// hashedEvent is what it says of one event.
type hashedEvent struct {
	File    string `json:"file"`
	Pointer string `json:"pointer"`
	Hash    string `json:"hash"`
	Prehash string `json:"prehash,omitempty"`
}

func (h *eventHashing) hash(_ context.Context, args []string) error {
	files, err := h.checkable(args)
	if err != nil {
		return err
	}
	refused := 0
	for _, path := range files {
		data, err := h.readDocument(path)
		if err != nil {
			return usage("", err)
		}
		if err := h.file(path, data); err != nil {
			h.note("%s: %s", oneLine(path), oneLine(err.Error()))
			refused++
		}
	}
	if err := h.tellHashed(); err != nil {
		return err
	}
	if refused > 0 {
		return &Failure{ExitFailed, fmt.Errorf("%d of %s cannot be hashed", refused, count(len(files), "document")), ""}
	}
	return nil
}

// readDocument reads a file; - is the standard input.
func (s *session) readDocument(path string) ([]byte, error) {
	if path == "-" {
		return readAll("standard input", s.in, epcis.MaxSize)
	}
	return readFile(path, epcis.MaxSize)
}

// file hashes the events of one document.
func (h *eventHashing) file(path string, data []byte) error {
	all, err := epcis.CBVPrehashes(data)
	for _, p := range all {
		e := hashedEvent{File: path, Pointer: p.Pointer, Hash: p.Hash()}
		if h.prehash {
			e.Prehash = p.Text
			h.say("%s", oneLine(p.Text))
		} else {
			h.say("%s", e.Hash)
		}
		h.told = append(h.told, e)
	}
	return err
}

// tellHashed prints the array for --json, one event a line.
func (h *eventHashing) tellHashed() error {
	if !h.json {
		return nil
	}
	out := []byte{'['}
	for i := range h.told {
		if i > 0 {
			out = append(out, ",\n"...)
		}
		line, err := json.Marshal(h.told[i])
		if err != nil {
			return err
		}
		out = append(out, line...)
	}
	_, err := h.out.Write(append(out, "]\n"...))
	return err
}
