package client

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"filippo.io/age"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
	"github.com/caryaledger/carya/types/sealed"
)

// archiveRoom is what an office can read of the deliveries in its node's vault.
type archiveRoom struct {
	vault  *deliveryStore
	file   *customsFile
	reader age.Identity // nil without a reading key: then nothing can be opened
	chain  string
	recent map[types.Hash]*opened // deliveries that were opened last; a message may hold a hundred documents
}

// opened is a delivery that was decrypted and its message read.
type opened struct {
	from     string
	delivery *types.Delivery
	message  *ceb.Message
	all      []*paper // once they were asked for: each root is many hashes
}

// paper is one document that was delivered, with what opens the ledger's commitments to it.
type paper struct {
	types.DeliveredDocument
	doc    *ceb.Document
	root   types.Hash // of the document and the seed
	opened *opened
}

// maxRecent bounds how many opened deliveries are held at once.
const maxRecent = 16

// open fetches, checks and decrypts a delivery. What is wrong with it is an *unreadable. That the signature is of an active
// key of its sender, the node checked when it took it in.
func (a *archiveRoom) open(ctx context.Context, id types.Hash) (*opened, error) {
	if d := a.recent[id]; d != nil {
		return d, nil
	}
	cover, err := a.vault.open(ctx, id)
	if err != nil {
		return nil, err
	}
	if had, err := cover.ID(); err != nil || had != id {
		return nil, &unreadable{fmt.Errorf("delivery %s: the node gives another one", id)}
	}
	if _, err := cover.Check(a.chain); err != nil {
		return nil, &unreadable{fmt.Errorf("delivery %s: %w", id, err)}
	}
	d, err := sealed.Open(cover, a.reader)
	if err != nil {
		return nil, &unreadable{err}
	}
	m, err := ceb.ParseUnsigned(d.Message)
	if err != nil {
		return nil, &unreadable{fmt.Errorf("delivery from %s: %w", d.From, err)}
	}
	if len(a.recent) >= maxRecent {
		clear(a.recent)
	}
	a.recent[id] = &opened{from: cover.From, delivery: d, message: m}
	return a.recent[id], nil
}

// unreadable is the error of a delivery that says nothing to this office.
type unreadable struct{ error }

func (u *unreadable) Unwrap() error { return u.error }

// papers returns the documents of a delivery, those that its message has.
func (d *opened) papers() ([]*paper, error) {
	if d.all != nil {
		return d.all, nil
	}
	all := []*paper{}
	for _, one := range d.delivery.Documents {
		if one.Index < 0 || one.Index >= len(d.message.Documents) {
			continue
		}
		p := &paper{DeliveredDocument: one, doc: &d.message.Documents[one.Index], opened: d}
		var err error
		if p.root, err = types.DocumentRoot(p.doc.Kind, documentFields(p.doc), one.Seed); err != nil {
			return nil, &unreadable{err}
		}
		all = append(all, p)
	}
	d.all = all
	return all, nil
}

// catchUp notes what came into the vault since the last time. Deliveries that cannot be read are passed over; it returns
// how many there were.
func (a *archiveRoom) catchUp(ctx context.Context) (unread int, err error) {
	if a.reader == nil {
		return 0, nil
	}
	for {
		cursor, err := a.file.cursor(ctx)
		if err != nil {
			return unread, err
		}
		page, err := a.vault.page(ctx, "", cursor)
		if err != nil {
			return unread, fmt.Errorf("the node's vault: %w", err)
		}
		var read []noted
		size := int64(0)
		for _, row := range page {
			papers, err := a.unpack(ctx, row.ID)
			if bad := (*unreadable)(nil); errors.As(err, &bad) {
				unread++
				err = nil
			}
			if err != nil {
				return unread, err
			}
			read = append(read, noted{row, papers})
			if size += row.Size; size > maxUnpacked {
				break // the next page begins after it
			}
		}
		if err := a.file.note(ctx, read); err != nil {
			return unread, err
		}
		if len(read) == len(page) && len(page) < storePage {
			return unread, nil
		}
	}
}

// maxUnpacked bounds what is unpacked at once, in bytes as deliveries travel; the last one may go over it.
const maxUnpacked = 64 << 20

// unpack opens a delivery and returns its documents.
func (a *archiveRoom) unpack(ctx context.Context, id types.Hash) ([]*paper, error) {
	d, err := a.open(ctx, id)
	if err != nil {
		return nil, err
	}
	return d.papers()
}

// cursor is how far the vault was read: the seq of the last delivery that was noted.
func (f *customsFile) cursor(ctx context.Context) (seq int64, err error) {
	var text string
	if err = f.db.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'cursor'").Scan(&text); err == nil {
		seq, err = strconv.ParseInt(text, 10, 64)
	}
	return seq, err
}

// noted is a delivery that was read: its documents, none when it says nothing to this office.
type noted struct {
	row    storedDelivery
	papers []*paper
}

// note writes down where the documents of deliveries are, what was seen in them, and that they were read, at once.
func (f *customsFile) note(ctx context.Context, read []noted) error {
	if len(read) == 0 {
		return nil
	}
	return f.within(ctx, func(tx *sql.Tx) error {
		for _, n := range read {
			for _, p := range n.papers {
				if _, err := tx.Exec("INSERT OR REPLACE INTO papers (record, root, sender, seq, delivery, position) VALUES (?, ?, ?, ?, ?, ?)",
					p.Record, p.root[:], p.opened.from, p.Seq, n.row.ID[:], p.Index); err != nil {
					return err
				}
				if err := f.see(tx, p); err != nil {
					return err
				}
			}
		}
		_, err := tx.Exec("UPDATE meta SET value = ? WHERE name = 'cursor'", strconv.FormatInt(read[len(read)-1].row.Seq, 10))
		return err
	})
}

// What is seen of documents, to be recognised elsewhere.
const (
	seenPhone   = "phone"   // of a consignee
	seenAddress = "address" // of a consignee
	seenBuyer   = "buyer"
	seenWaybill = "waybill" // that a list cites
	seenPayment = "payment"
)

// see notes what is in a document. Only who issued a document may say what is in it.
func (f *customsFile) see(tx *sql.Tx, p *paper) error {
	if !strings.HasPrefix(path.Dir(p.Record)+"/", recordFamily(p.doc.Kind)+"/"+p.opened.from+"/") {
		return nil
	}
	at, err := ceb.Issued(p.doc)
	if err != nil {
		return nil // of no kind that is looked at
	}
	d, person := p.doc, types.Hash{}
	seen := map[string]types.Hash{}
	switch d.Kind {
	case "CEB311":
		person = f.person(d.Get("buyerIdType"), d.Get("buyerIdNumber"))
		seen[seenPhone] = f.sighting(seenPhone, onlyDigits(d.Get("consigneeTelephone")))
		seen[seenAddress] = f.sighting(seenAddress, squeezed(d.Get("consigneeAddress")))
		seen[seenBuyer] = person
	case "CEB411":
		seen[seenPayment] = f.sighting(seenPayment, d.Get("payCode"), ceb.Number(d))
	case "CEB621":
		seen[seenWaybill] = f.sighting(seenWaybill, d.Get("logisticsCode"), squeezed(d.Get("logisticsNo")))
	}
	for _, what := range slices.Sorted(maps.Keys(seen)) {
		mark := seen[what]
		if _, err := tx.Exec("INSERT OR REPLACE INTO sightings (what, mark, ord, person, time) VALUES (?, ?, ?, ?, ?)",
			what, mark[:], p.Order, person[:], at); err != nil {
			return err
		}
	}
	return nil
}

// recordFamily is the family of the records that documents of a kind have of their own, "" for none.
func recordFamily(kind string) string {
	switch kind {
	case "CEB311", "CEB303":
		return types.PrefixOrder
	case "CEB411", "CEB403":
		return types.PrefixPayment
	case "CEB511", "CEB505":
		return types.PrefixWaybill
	case "CEB621", "CEB603":
		return types.PrefixDeclaration
	}
	return ""
}

// sightings is where something was seen besides an order.
type sightings struct {
	orders  int // other orders
	persons int // whose buyers they are, this order's among them
}

// elsewhere counts where something was seen between two times, besides an order.
func (f *customsFile) elsewhere(ctx context.Context, what string, mark types.Hash, order types.OrderID, from, until int64) (s sightings, err error) {
	err = f.db.QueryRowContext(ctx, `SELECT coalesce(sum(ord <> ?), 0), count(DISTINCT person) FROM sightings
		WHERE what = ? AND mark = ? AND time BETWEEN ? AND ?`, order, what, mark[:], from, until).Scan(&s.orders, &s.persons)
	return s, err
}

// place is where a document lies: in which delivery, and of which version it is.
type paperPlace struct {
	root, delivery types.Hash
	seq            int64
	position       int
}

// places returns where the documents lie that a member delivered about a record.
func (f *customsFile) places(ctx context.Context, record, sender string) ([]paperPlace, error) {
	rows, err := f.db.QueryContext(ctx, "SELECT root, delivery, seq, position FROM papers WHERE record = ? AND sender = ? ORDER BY seq DESC", record, sender)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []paperPlace
	for rows.Next() {
		var p paperPlace
		var root, delivery []byte
		if err := rows.Scan(&root, &delivery, &p.seq, &p.position); err != nil {
			return nil, err
		}
		copy(p.root[:], root)
		copy(p.delivery[:], delivery)
		all = append(all, p)
	}
	return all, rows.Err()
}

// find returns the document that opens a commitment of a member about a record: nil when it was not delivered. Where that
// member delivered one of the same version that gives another root, lie is true: what it told customs is not what it
// committed to.
func (a *archiveRoom) find(ctx context.Context, record, sender string, root types.Hash, seq int64) (p *paper, lie bool, err error) {
	places, err := a.file.places(ctx, record, sender)
	if err != nil {
		return nil, false, err
	}
	for _, place := range places {
		if place.root != root {
			lie = lie || place.seq == seq
			continue
		}
		if p, err = a.read(ctx, place); p != nil || err != nil {
			return p, false, err
		}
	}
	return nil, lie, nil
}

// read opens the delivery at a place again. nil: it is not in the vault any more.
func (a *archiveRoom) read(ctx context.Context, place paperPlace) (*paper, error) {
	if a.reader == nil {
		return nil, nil
	}
	d, err := a.open(ctx, place.delivery)
	if code, _ := types.CodeOf(err); code == types.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	papers, err := d.papers()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(papers, func(p *paper) bool { return p.Index == place.position && p.root == place.root })
	if i < 0 {
		return nil, nil
	}
	return papers[i], nil
}
