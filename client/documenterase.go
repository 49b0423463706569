package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
)

// erasedFormat names the format of what stays of an erased document.
const erasedFormat = "carya-erased/1"

// erased is what stays of a document that was erased, <ULID>.erased.json: enough to know it again, and nothing of what it
// said. It keeps `carya ceb submit` from making another version of it.
type erased struct {
	Format    string          `json:"format"`
	Chain     string          `json:"chain"`
	Record    string          `json:"record"`
	Name      string          `json:"name,omitempty"` // where the record is the order's
	Time      int64           `json:"time"`           // of the erasure, Unix milliseconds
	Documents []erasedVersion `json:"documents"`
}

// erasedVersion is one version of an erased document.
type erasedVersion struct {
	Kind string     `json:"kind"`
	Seq  int64      `json:"seq"`
	Root types.Hash `json:"root"`
}

func erasedPath(dir, ulid string) string { return filepath.Join(dir, ulid+erasedEnding) }

// readErased returns what stays of an erased document; that it was not erased is fs.ErrNotExist.
func readErased(dir, ulid string) (*erased, error) {
	path := erasedPath(dir, ulid)
	data, err := readFile(path, maxInput)
	if err != nil {
		return nil, err
	}
	var e erased
	if err := json.Unmarshal(data, &e); err != nil || e.Format != erasedFormat {
		return nil, fmt.Errorf("%s does not tell what was erased (%w)", path, err)
	}
	return &e, nil
}

// erasedDocument reports whether the document of that ULID was erased. Such a document is known: what it said is gone, and
// nothing new may be made of the same message.
func erasedDocument(dir, ulid string) bool {
	_, err := os.Stat(erasedPath(dir, ulid))
	return err == nil
}

// erasure is one run of `carya document erase`.
type erasure struct {
	*session
	yes, shared, store bool
	token              string
}

// erasureResult is what it did.
type erasureResult struct {
	Record    string   `json:"record"`
	Tombstone string   `json:"tombstone,omitempty"`
	Files     []string `json:"files"`            // overwritten and removed
	Vault     int      `json:"vault"`            // copies that the node erased
	Shared    int      `json:"shared,omitempty"` // copies that the node keeps, because other documents are in them
	Node      string   `json:"node,omitempty"`   // why the node's copies are not erased
	named     bool     // the record is the order's
}

func eraseDocumentCommand(s *session) *cobra.Command {
	e := &erasure{session: s}
	cmd := &cobra.Command{
		Use:   "erase RECORD",
		Short: "Destroy a document's fields and seed",
		Long: `Destroy what opens the ledger's commitment to a document: all versions of it in
<home>/documents, fields and seed, overwritten and removed, and the copies in the node's
store of deliveries.

What that means
  - The ledger keeps its salted hashes. Nobody can tell any more what they are hashes of.
  - Proofs and disclosures that were made before stay valid, wherever they are.
  - No further field can be disclosed, no further copy handed out, no pull checked. Of a
    list, nothing can be returned any more: its return tokens came from the seed.
  - What was delivered to others is theirs; ask them to erase it too.
  - The order's match key is not erased. Who has the ticket can still test a guess at
    what a match tag was made of; remove the ticket when the order is closed.
  - A disk may keep old blocks (flash, snapshots, backups). Full-disk encryption and
    backups that expire are the answer to that, not this command.

A file <ULID>.erased.json stays, with the record, kinds and roots, so that submitting the
same message again does not make a new version.`,
		Example: "  carya document erase order/lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q --yes",
		Args:    takes(1, 1, "a document's record"),
	}
	cmd.Flags().BoolVar(&e.yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&e.shared, "shared", false, "also erase those of the node's copies in which other documents are")
	cmd.Flags().BoolVar(&e.store, "store", false, "only the copies in the node's store, also of what was never in this home")
	cmd.Flags().StringVar(&e.token, "vault-token", "", vaultTokenHelp)
	cmd.RunE = s.run(e.erase)
	return cmd
}

func (e *erasure) erase(ctx context.Context, args []string) error {
	store := documentsOf(e.home)
	versions, err := store.versions(args[0])
	if err != nil {
		return err
	}
	if e.store {
		versions = nil
	}
	if len(versions) == 0 && !e.store && !erasedDocument(store.dir, ulidOf(args[0])) {
		return documentMissing(store.dir, args[0])
	}
	if err := e.confirm(args[0], len(versions)); err != nil {
		return err
	}
	result, err := e.destroy(store.dir, args[0], versions)
	if err != nil {
		return err
	}
	if err := e.clearVault(ctx, result); err != nil {
		return err
	}
	return e.tell(result)
}

// confirm asks on the terminal, unless --yes was given.
func (e *erasure) confirm(what string, versions int) error {
	if e.yes {
		return nil
	}
	fmt.Fprintf(e.err, "Erase %s, %s, for good? Type yes: ", what, count(versions, "version"))
	line, err := bufio.NewReader(e.in).ReadString('\n')
	if strings.TrimSpace(line) == "yes" {
		return nil
	}
	return usage("--yes does not ask", errors.Join(errors.New("nothing was erased"), err))
}

// destroy overwrites and removes the files. What stays is written first, so that a document of which a part is gone is
// known to be erased, and the command can be repeated.
func (e *erasure) destroy(dir, record string, versions []*storedDocument) (*erasureResult, error) {
	result := &erasureResult{Record: record, Tombstone: erasedPath(dir, ulidOf(record)), Files: []string{}}
	if e.store {
		result.Tombstone = ""
		return result, nil
	}
	if len(versions) == 0 {
		before, err := readErased(dir, ulidOf(record))
		if err == nil {
			result.Record, result.named = before.Record, before.Name != ""
		}
		return result, err
	}
	result.Record, result.named = versions[0].Record, versions[0].Name != ""
	if err := bury(dir, versions); err != nil {
		return nil, err
	}
	for _, v := range versions {
		if err := shred(v.path); err != nil {
			return nil, fmt.Errorf("erase %s: %w", v.path, err)
		}
		result.Files = append(result.Files, v.path)
	}
	return result, syncDir(dir)
}

// bury writes what stays of a document, together with what stayed of versions that were erased before.
func bury(dir string, versions []*storedDocument) error {
	stays := &erased{
		Format: erasedFormat, Chain: versions[0].Chain, Record: versions[0].Record, Name: versions[0].Name, Time: time.Now().UnixMilli(),
	}
	before, err := readErased(dir, versions[0].ulid())
	if err == nil {
		stays.Documents = before.Documents
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, v := range versions {
		one := erasedVersion{v.Kind, v.Seq, v.Root}
		if !slices.Contains(stays.Documents, one) {
			stays.Documents = append(stays.Documents, one)
		}
	}
	data, err := json.MarshalIndent(stays, "", " ")
	if err != nil {
		return err
	}
	return replaceFile(erasedPath(dir, versions[0].ulid()), append(data, '\n'))
}

// shred overwrites a file in place and removes it.
func shred(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.Write(make([]byte, info.Size()))
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Remove(path)
}

// issuerOf returns the member in a record's key.
func issuerOf(record string) string {
	_, rest, _ := strings.Cut(record, "/")
	member, _, _ := strings.Cut(rest, "/")
	return member
}

// clearVault erases the node's copies. A node that does not answer is told, and is no error: the command can be repeated.
func (e *erasure) clearVault(ctx context.Context, result *erasureResult) error {
	if result.named {
		result.Node = "deliveries about " + result.Record + " do not tell which of its documents they hold (--store erases those of the order)"
		return nil
	}
	store, err := e.dialStore(e.token)
	if err != nil {
		return err
	}
	defer store.node.Close()
	for d, err := range store.list(ctx, result.Record) {
		switch {
		case err != nil:
			result.Node = err.Error()
			return ctx.Err()
		case d.From != issuerOf(result.Record): // of somebody else, about the same order
			continue
		case len(d.Records) > 1 && !e.shared:
			result.Shared++
			continue
		}
		if err := store.erase(ctx, d.ID); err != nil {
			result.Node = err.Error()
			return ctx.Err()
		}
		result.Vault++
	}
	return nil
}

func (e *erasure) tell(r *erasureResult) error {
	if r.Tombstone != "" {
		e.say("✓ %s: %s of it overwritten and removed; %s says that it was there", r.Record, count(len(r.Files), "version"), r.Tombstone)
	}
	switch {
	case r.Node != "":
		e.say("  ! copies in the node's store are not erased: %s; the same command can be repeated", r.Node)
	default:
		e.say("  %s in the node's store erased", vaultCopies(r.Vault))
	}
	if r.Shared > 0 {
		e.say("  ! left in the node's store: %s with other documents in it (--shared erases them too)", vaultCopies(r.Shared))
	}
	e.say("  what was delivered to others before is theirs; proofs that were made before stay valid; nothing can be disclosed any more")
	return e.emit(r)
}

func vaultCopies(n int) string {
	if n == 1 {
		return "1 copy"
	}
	return fmt.Sprintf("%d copies", n)
}
