package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/caryaledger/carya/types"
)

// piece is one event or document of a file on its way onto the ledger.
type piece struct {
	File    string           `json:"file"`
	At      string           `json:"at,omitempty"`     // its place in the file
	What    string           `json:"what,omitempty"`   // in words
	Record  string           `json:"record,omitempty"` // key of the record that it changes, of a document
	State   string           `json:"state"`
	Code    types.Code       `json:"code,omitempty"` // of the block
	Faults  []*types.Refusal `json:"faults,omitempty"`
	Notes   []string         `json:"notes,omitempty"` // worth knowing, no fault
	Digest  *types.Hash      `json:"digest,omitempty"`
	Height  int64            `json:"height,omitempty"`
	Order   types.OrderID    `json:"order,omitempty"` // that a document is about
	Waits   string           `json:"waits,omitempty"` // for what, and whose turn it is
	body    types.Body
	prepare func() error // what must be on the disk before the body is sent; may run beside those of others
}

// The states of a piece.
const (
	pieceFaulty   = "faulty"   // not recordable, and not sent
	pieceReady    = "ready"    // nothing is wrong with it
	pieceSettled  = "settled"  // recorded before, or the same as another piece: not sent
	pieceAccepted = "accepted" // in the node's pool
	pieceRecorded = "recorded" // in a block
	pieceRefused  = "refused"  // by the node, or by the block
	pieceUnsent   = "unsent"   // because of another piece, or because the node could not be reached
	pieceUnknown  = "unknown"  // sent, and no answer came
	pieceWaiting  = "waiting"  // for something that others have to do first: not sent
)

// submission is one file: what is wrong with it as a whole, or its pieces.
type submission struct {
	path   string
	faults []*types.Refusal
	pieces []*piece
}

func (s *submission) add(p *piece) {
	p.File, p.State = s.path, first(p.State, pieceReady)
	s.pieces = append(s.pieces, p)
}

// count writes a number of things: 1 lot, 2 lots.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// fault records what is wrong with a piece.
func (p *piece) fault(code types.Code, field, format string, args ...any) {
	p.Faults = append(p.Faults, &types.Refusal{Code: code, Field: field, Detail: fmt.Sprintf(format, args...)})
	p.State, p.body = pieceFaulty, nil
}

// settle takes a piece out of what is sent.
func (p *piece) settle(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
	p.State, p.body = pieceSettled, nil
}

// wait holds a piece back until others have acted.
func (p *piece) wait(format string, args ...any) {
	p.Waits = fmt.Sprintf(format, args...)
	p.State, p.body = pieceWaiting, nil
}

func (s *submission) faulty() bool {
	return len(s.faults) > 0 || slices.ContainsFunc(s.pieces, func(p *piece) bool { return len(p.Faults) > 0 })
}

// txOverhead is what a transaction has around its bodies, in bytes, and more: names, signatures, lengths.
const txOverhead = 8 << 10

// parcels divides what is to be sent of a file into transactions. With rollback there is one or none, because nothing
// undoes a transaction when a later one is refused.
func (s *submission) parcels(onError string) [][]*piece {
	all := divide(s.pieces)
	if len(all) > 1 && onError == types.OnErrorRollback {
		s.faults = append(s.faults, &types.Refusal{Code: types.BodyCount, Field: "bodies",
			Detail: fmt.Sprintf("more than one transaction holds (%d bodies or %d bytes), and rollback is for one", types.MaxBodies, types.MaxTxBytes)})
		return nil
	}
	return all
}

// divide puts pieces that have a body into as few transactions as hold them, in their order. They are of one kind.
func divide(pieces []*piece) [][]*piece {
	var all [][]*piece
	var last []*piece
	size := 0
	for _, p := range pieces {
		if p.body == nil {
			continue
		}
		data, err := types.EncodeBody(p.body)
		if err != nil {
			p.fault(types.Malformed, p.At, "%v", err)
			continue
		}
		if len(last) == types.MaxBodies || len(last) > 0 && size+len(data) > types.MaxTxBytes-txOverhead {
			all, last, size = append(all, last), nil, 0
		}
		last, size = append(last, p), size+len(data)
	}
	if len(last) > 0 {
		all = append(all, last)
	}
	return all
}

// shipment is everything that one command sends.
type shipment struct {
	*author
	ledger *ledger
	by     *Signer // once there is something to sign
	files  []*submission
	carry  func(ctx context.Context, by *Signer, bodies []types.Body) (*sent, error) // nil: author.send
}

// ship sends the files and tells what became of each piece. Everything is checked before anything is sent: with rollback
// one fault anywhere keeps everything back, with proceed it keeps back itself.
func (s *shipment) ship(ctx context.Context) error {
	parcels := make([][][]*piece, len(s.files))
	for i, f := range s.files {
		parcels[i] = f.parcels(s.onError)
	}
	held := s.onError == types.OnErrorRollback && slices.ContainsFunc(s.files, (*submission).faulty)
	var failure error
	for i, f := range s.files {
		if !held && failure == nil {
			failure = s.sendAll(ctx, parcels[i])
		}
		if err := s.tellFile(f, held || failure != nil); err != nil {
			return err
		}
	}
	if failure != nil {
		return failure
	}
	return s.verdict(held)
}

func (s *shipment) sendAll(ctx context.Context, parcels [][]*piece) (err error) {
	if s.by == nil && len(parcels) > 0 {
		if s.by, err = s.signer(ctx, s.ledger); err != nil {
			return err
		}
	}
	for _, parcel := range parcels {
		if err := s.sendOne(ctx, parcel); err != nil {
			return err
		}
	}
	return nil
}

func (s *shipment) sendOne(ctx context.Context, parcel []*piece) error {
	bodies := make([]types.Body, len(parcel))
	for i, p := range parcel {
		bodies[i] = p.body
	}
	if !s.dry {
		if err := prepareAll(parcel); err != nil {
			return err
		}
	}
	t, err := s.handOver(ctx, bodies)
	if err != nil {
		for _, p := range parcel {
			if t != nil && mayBeRecorded(err) {
				p.State, p.Digest = pieceUnknown, t.Digest
			}
		}
		return undecided(t, err)
	}
	s.enter(parcel, t)
	if t.Refusal != nil && (t.Receipt == nil || t.Receipt.State != types.TxCommitted) {
		// The node turned the transaction away; it will not like the next one better.
		return fmt.Errorf("%s for %s: %w", t.Kind, s.member, t.Refusal)
	}
	return nil
}

func (s *shipment) handOver(ctx context.Context, bodies []types.Body) (*sent, error) {
	if s.carry != nil {
		return s.carry(ctx, s.by, bodies)
	}
	return s.send(ctx, s.ledger, s.by, bodies)
}

// preparers is how many files are put on the disk at the same time: a disk takes many with little more effort than one.
const preparers = 32

// prepareAll does what must be done before a parcel is sent.
func prepareAll(parcel []*piece) error {
	var g errgroup.Group
	g.SetLimit(preparers)
	for _, p := range parcel {
		if p.prepare == nil {
			continue
		}
		g.Go(func() error {
			if err := p.prepare(); err != nil {
				return fmt.Errorf("%s, %s: %w", p.File, p.At, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// enter writes a transaction's fate into its pieces.
func (s *shipment) enter(parcel []*piece, t *sent) {
	for i, code := range t.codes() {
		p := parcel[i]
		p.Digest, p.Code = t.Digest, code
		switch {
		case t.DryRun:
		case code != types.OK:
			p.State = pieceRefused
		case t.Receipt != nil && t.Receipt.State == types.TxCommitted:
			p.State, p.Height = pieceRecorded, t.Receipt.Height
		default:
			p.State = pieceAccepted
		}
	}
	if t.Refusal != nil {
		why := parcel[t.culprit()]
		why.Notes = append(why.Notes, "the first refusal: "+t.Refusal.Detail)
	}
}

// tellFile prints what became of a file's pieces.
func (s *shipment) tellFile(f *submission, held bool) error {
	for _, fault := range f.faults {
		s.say("✗ %s: %s", f.path, fault)
	}
	if len(f.faults) > 0 {
		if err := s.emit(&piece{File: f.path, State: pieceFaulty, Faults: f.faults}); err != nil {
			return err
		}
	}
	for _, p := range f.pieces {
		if p.State == pieceReady && (held || len(f.faults) > 0) {
			p.State = pieceUnsent
		}
		s.tellPiece(p)
		if err := s.emit(p); err != nil {
			return err
		}
	}
	return nil
}

func (s *shipment) tellPiece(p *piece) {
	mark := "✓"
	switch p.State {
	case pieceFaulty, pieceRefused, pieceUnsent, pieceUnknown:
		mark = "✗"
	case pieceWaiting:
		mark = "…"
	}
	line := fmt.Sprintf("%s %s %s: %s: %s", mark, p.File, p.At, p.What, p.State)
	if p.Waits != "" {
		line += ": " + p.Waits
	}
	if p.Record != "" && p.State != pieceFaulty && p.State != pieceWaiting {
		line += ", " + p.Record
	}
	if p.Code != types.OK {
		line += fmt.Sprintf(", %s, %s", p.Code, p.Code.Says())
	}
	if p.Height != 0 {
		line += fmt.Sprintf(" in block %d", p.Height)
	}
	s.say("%s", line)
	for _, fault := range p.Faults {
		s.say("    ✗ %s", fault)
	}
	for _, note := range p.Notes {
		s.say("    ! %s", note)
	}
}

// verdict is the command's error once everything was told.
func (s *shipment) verdict(held bool) error {
	total, bad, unsent := 0, 0, 0
	for _, f := range s.files {
		bad += len(f.faults)
		total += len(f.faults) // a file that could not be read counts as one
		for _, p := range f.pieces {
			total++
			if slices.Contains([]string{pieceFaulty, pieceRefused}, p.State) {
				bad++
			}
			if p.State == pieceUnsent {
				unsent++
			}
		}
	}
	if s.dry {
		s.say("dry run: nothing was sent")
	}
	if bad == 0 {
		return nil
	}
	hint := ""
	if held && unsent > 0 {
		hint = "nothing was sent; with --on-error proceed the others would be"
	}
	return &Failure{ExitFailed, fmt.Errorf("%d of %d cannot be recorded", bad, total), hint}
}

// paths lists the files to read: those named and, of a folder, those with the suffix, in the order of their names.
func paths(args []string, suffix ...string) ([]string, error) {
	var all []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, usage("", err)
		}
		if !info.IsDir() {
			all = append(all, arg)
			continue
		}
		entries, err := os.ReadDir(arg)
		if err != nil {
			return nil, usage("", err)
		}
		var found []string
		for _, e := range entries {
			if slices.Contains(suffix, strings.ToLower(filepath.Ext(e.Name()))) && !e.IsDir() {
				found = append(found, filepath.Join(arg, e.Name()))
			}
		}
		sort.Strings(found)
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, usage("", errors.New("no files with the ending "+strings.Join(suffix, " or ")))
	}
	return all, nil
}
