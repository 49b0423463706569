package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
	"github.com/caryaledger/carya/types/sealed"
)

// maxDelivery bounds a sealed delivery's file, in bytes: its body in base64, and what stands around it.
const maxDelivery = types.MaxSealed*4/3 + 1<<20

// opening is one run of `carya reader open`.
type opening struct {
	*session
	to, token string
}

// openedDelivery is what became of a delivery.
type openedDelivery struct {
	File      string          `json:"file"`
	From      string          `json:"from"`
	Chain     string          `json:"chain"`
	Signer    types.Address   `json:"signer"`
	SignedBy  string          `json:"signedBy"` // what is known of the signer: "member", "stranger" or "unchecked"
	Message   string          `json:"message"`  // file
	Documents []openedWritten `json:"documents"`
}

// openedWritten is one document of a delivery.
type openedWritten struct {
	Record string     `json:"record"`
	Kind   string     `json:"kind"`
	Root   types.Hash `json:"root"`
	Opens  bool       `json:"opens"` // the message and the seed give the root
	File   string     `json:"file,omitempty"`
}

// What is known of the signer of a delivery.
const (
	signerMember    = "member"
	signerStranger  = "stranger"
	signerUnchecked = "unchecked"
)

func openDeliveryCommand(s *session) *cobra.Command {
	o := &opening{session: s}
	cmd := &cobra.Command{
		Use:   "open FILE|ID -o DIR",
		Short: "Open a delivery: decrypt it, check it, write its message and documents",
		Long: `Open what another member sent: decrypt it with <home>/reader.key, check its signature, and
check for every document that its seed and its fields give the root that it names. The
message is written to DIR as it was submitted, the documents with their seeds, as
"carya document disclose" and "carya pull check" take them.

An ID is looked up in the node's store (GET /v1/documents lists it). Whether the signature is
of a key of the sender is checked if a node of the chain answers.`,
		Example: "  carya reader open delivery.json -o opened/\n  carya reader open 0x2f…  -o opened/",
		Args:    takes(1, 1, "a sealed delivery's file or id"),
	}
	cmd.Flags().StringVarP(&o.to, "output", "o", "", "folder to write to")
	cmd.Flags().StringVar(&o.token, "vault-token", "", vaultTokenHelp)
	cmd.RunE = s.run(func(ctx context.Context, args []string) error {
		if o.to == "" {
			return usage("for instance -o opened/", errors.New("the folder to write to is missing"))
		}
		return o.open(ctx, args[0])
	})
	return cmd
}

func (o *opening) open(ctx context.Context, from string) error {
	identity, err := readIdentity(o.home)
	if err != nil {
		return readerMissing(err)
	}
	cover, err := o.fetch(ctx, from)
	if err != nil {
		return err
	}
	opened := &openedDelivery{File: from, From: cover.From, Chain: cover.Chain}
	if opened.Signer, err = cover.Check(cover.Chain); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if opened.SignedBy, err = o.judge(ctx, cover, opened.Signer); err != nil {
		return err
	}
	d, err := sealed.Open(cover, identity)
	if err != nil {
		return &Failure{ExitFailed, err, "it is encrypted to " + fmt.Sprint(cover.To) + "; `carya reader show` tells this home's key"}
	}
	if err := o.write(opened, d); err != nil {
		return err
	}
	return o.tell(opened)
}

// fetch reads a sealed delivery from a file, or from the node's store by its id.
func (o *opening) fetch(ctx context.Context, from string) (*types.Sealed, error) {
	if id, err := types.ParseHash(from); err == nil {
		store, err := o.dialStore(o.token)
		if err != nil {
			return nil, err
		}
		defer store.node.Close()
		return store.open(ctx, id)
	}
	data, err := o.input(from, maxDelivery)
	if err != nil {
		return nil, err
	}
	var cover types.Sealed
	if err := json.Unmarshal(data, &cover); err != nil {
		return nil, usage("", fmt.Errorf("%s is not a sealed delivery: %w", from, err))
	}
	return &cover, nil
}

// judge says whether the signer is a key of the sender. Without a node of that chain it stays unchecked.
func (o *opening) judge(ctx context.Context, cover *types.Sealed, signer types.Address) (string, error) {
	node, err := o.dial()
	if err != nil {
		return "", err
	}
	defer node.Close()
	status, err := node.Status(ctx)
	if err != nil || status.Chain != cover.Chain {
		return signerUnchecked, ctx.Err()
	}
	m, err := memberOf(ctx, node, cover.From)
	if code, _ := types.CodeOf(err); code == types.NotFound {
		return signerStranger, nil
	}
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(m.Keys, func(k types.Key) bool { return k.Address == signer }) {
		return signerMember, nil
	}
	return signerStranger, nil
}

// write stores the message and those documents whose commitment it opens.
func (o *opening) write(opened *openedDelivery, d *types.Delivery) error {
	name := filepath.Join(o.to, "message.xml")
	if err := writeNew(name, d.Message); err != nil {
		return outputTaken(err)
	}
	opened.Message = name
	m, err := ceb.ParseUnsigned(d.Message)
	if err != nil {
		return fmt.Errorf("%s, from %s: %w", name, d.From, err)
	}
	for _, one := range d.Documents {
		written, err := o.document(d, m, one)
		if err != nil {
			return err
		}
		opened.Documents = append(opened.Documents, *written)
	}
	return nil
}

func (o *opening) document(d *types.Delivery, m *ceb.Message, one types.DeliveredDocument) (*openedWritten, error) {
	written := &openedWritten{Record: one.Record, Root: one.Root}
	if one.Index < 0 || one.Index >= len(m.Documents) {
		return written, nil
	}
	opened := &document{
		Format: documentFormat, Chain: d.Chain, Record: one.Record, Kind: m.Documents[one.Index].Kind,
		Seq: one.Seq, Seed: one.Seed, Root: one.Root, Order: one.Order,
	}
	for _, f := range m.Documents[one.Index].Fields() {
		opened.Fields = append(opened.Fields, types.DocumentField{Path: f.Path, Value: f.Value})
	}
	written.Kind = opened.Kind
	if opened.check() != nil {
		return written, nil
	}
	written.Opens = true
	data, err := json.MarshalIndent(opened, "", " ")
	if err != nil {
		return nil, err
	}
	written.File = filepath.Join(o.to, fmt.Sprintf("%d-%s.json", one.Index, fileName(opened.ulid())))
	return written, outputTaken(writeNew(written.File, append(data, '\n')))
}

// outputTaken says what to do when a file is there already.
func outputTaken(err error) error {
	if errors.Is(err, fs.ErrExist) {
		return usage("nothing is overwritten: name another folder or file with -o", err)
	}
	return err
}

func (o *opening) tell(d *openedDelivery) error {
	o.say("%s delivery from %s, %s", tick(d.SignedBy != signerStranger), d.From, map[string]string{
		signerMember:    "signed with its key " + d.Signer.String(),
		signerStranger:  "but signed with " + d.Signer.String() + ", which is no key of that member",
		signerUnchecked: "signed with " + d.Signer.String() + "; no node of " + d.Chain + " says whose key that is",
	}[d.SignedBy])
	o.say("  message %s", d.Message)
	bad := 0
	for _, w := range d.Documents {
		if !w.Opens {
			bad++
		}
		o.say("  %s %s %s: %s", tick(w.Opens), w.Kind, w.Record, first(w.File, "the message does not give the root "+w.Root.String()))
	}
	if err := o.emit(d); err != nil {
		return err
	}
	switch {
	case d.SignedBy == signerStranger:
		return fmt.Errorf("%s is not signed by %s", d.File, d.From)
	case bad > 0:
		return fmt.Errorf("%d of %s are not what the sender committed to", bad, count(len(d.Documents), "document"))
	}
	return nil
}

// check recomputes a document's commitment.
func (d *document) check() error {
	root, err := types.DocumentRoot(d.Kind, d.Fields, d.Seed)
	if err == nil && root != d.Root {
		err = fmt.Errorf("fields and seed give the root %s, the document says %s", root, d.Root)
	}
	return err
}
