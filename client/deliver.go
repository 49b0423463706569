package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/sealed"
)

// outbox is the folder of sealed deliveries that the own node has not taken yet, <home>/outbox/<name>.json.
type outbox struct{ dir string }

// deliveryAnswer is what a node says of a delivery.
type deliveryAnswer struct {
	ID types.Hash `json:"id"`
	To []struct {
		Member string `json:"member"`
		State  string `json:"state"` // delivered, pending or unreachable; the node goes on trying
	} `json:"to"`
}

// deliver hands a sealed delivery to the node, which keeps what is for its member and forwards it to the others. The same
// delivery may be handed over again.
func (c *Client) deliver(ctx context.Context, sealedJSON []byte) (*deliveryAnswer, error) {
	const path = "/v1/documents"
	a, err := c.do(ctx, request{
		method: http.MethodPost, path: path, body: sealedJSON, contentType: "application/json", accept: "application/json",
	})
	if err != nil {
		return nil, err
	}
	return decode[deliveryAnswer](c, path, a)
}

// handAll seals what was recorded of files for those who may read it, and puts it into the outbox. It is done before the
// receipts are written: a message with a receipt was handed on.
func (d *drop) handAll(ctx context.Context, letters []*letter) error {
	if !d.deliver || !slices.ContainsFunc(d.offices, func(m *types.Member) bool { return m.Reader != "" }) {
		return nil
	}
	if d.by == nil {
		var err error
		if d.by, err = d.signer(ctx, d.ledger); err != nil {
			return err
		}
	}
	var g errgroup.Group
	g.SetLimit(preparers)
	for _, l := range letters {
		g.Go(func() error { return d.hand(l) })
	}
	return g.Wait()
}

func (d *drop) hand(l *letter) error {
	if l.message == nil {
		return nil
	}
	sets := map[string][]*form{} // by the readers' names
	for _, m := range l.forms {
		if m.Height == 0 || m.old != nil || m.stored == nil || m.State != pieceRecorded && m.State != pieceSettled {
			continue
		}
		if key := strings.Join(readerNames(d.readersOf(m)), " "); key != "" {
			sets[key] = append(sets[key], m)
		}
	}
	for _, forms := range sets {
		if err := d.seal(l, forms); err != nil {
			return fmt.Errorf("%s: seal it for customs: %w", l.path, err)
		}
	}
	return nil
}

// readersOf lists who reads a document: its customs office, of an order, payment or waybill every customs office; none
// that has not published a reader.
func (d *drop) readersOf(m *form) []sealed.Reader {
	office := ""
	if m.followed() {
		office = m.office
		if m.record != nil && len(m.record.Clearance) > 0 && office == "" {
			office = m.record.Clearance[0].Office
		}
	}
	var readers []sealed.Reader
	for _, o := range d.offices {
		if o.Reader != "" && (office == "" || o.ID == office) {
			readers = append(readers, sealed.Reader{Member: o.ID, Recipient: o.Reader})
		}
	}
	return readers
}

func readerNames(readers []sealed.Reader) []string {
	names := make([]string, len(readers))
	for i, r := range readers {
		names[i] = r.Member
	}
	return names
}

// seal puts one delivery into the outbox, unless it lies there.
func (d *drop) seal(l *letter, forms []*form) error {
	readers := d.readersOf(forms[0])
	content := &types.Delivery{Format: types.DeliveryFormat, Chain: d.ledger.domain.Chain, From: d.member, Message: l.data}
	name := sha256.New()
	fmt.Fprintf(name, "%q %q", content.From, readerNames(readers))
	name.Write(l.data)
	for _, m := range forms {
		content.Documents = append(content.Documents, types.DeliveredDocument{
			Index: m.index, Record: m.Record, Order: m.order, Seq: m.stored.Seq, Seed: m.stored.Seed, Root: m.stored.Root, MatchKey: m.key,
		})
		fmt.Fprintf(name, " %d", m.index)
	}
	s, err := sealed.Seal(content, readers)
	if err != nil {
		return err
	}
	if err := s.Sign(d.by.Keys[0]); err != nil {
		return err
	}
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	err = writeNew(filepath.Join(d.outbox.dir, hex.EncodeToString(name.Sum(nil)[:16])+".json"), data)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// deliveryTold is what --json says of a delivery.
type deliveryTold struct {
	Event string `json:"event"`
	*deliveryAnswer
}

// flush hands the outbox to the node. What it does not take stays for the next time.
func (d *drop) flush(ctx context.Context) error {
	entries, err := os.ReadDir(d.outbox.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || d.noVault {
		return err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".json") {
			continue
		}
		path := filepath.Join(d.outbox.dir, e.Name())
		if d.refused[path] {
			continue
		}
		data, err := readFile(path, 2*types.MaxSealed)
		if err != nil {
			return err
		}
		answer, err := d.ledger.node.deliver(ctx, data)
		if isMissing(err) {
			d.noVault = true
			d.note("the node takes no documents; they stay in %s", d.outbox.dir)
			return nil
		}
		if isPassing(err) || ctx.Err() != nil {
			return fmt.Errorf("deliver %s: %w", path, err)
		}
		if err != nil {
			d.refused[path] = true
			d.note("the node does not take the delivery %s: %v; it is tried again in the next run", path, err)
			continue
		}
		if err := d.emit(&deliveryTold{"delivery", answer}); err != nil {
			return err
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}
