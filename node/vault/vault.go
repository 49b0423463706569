// Package vault keeps sealed deliveries of private documents (types.Sealed) for a node's
// member, and carries those for others to their nodes.
//
// What it stores is what came: age ciphertext, which the node itself cannot read. In clear
// stand who sent it, to whom, when, how large it is and which records of the ledger it is
// about, all of which whoever carries it sees anyway.
package vault

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/caryaledger/carya/types"
)

// Options say where a vault lies and whose it is.
type Options struct {
	Path     string // SQLite file
	MaxBytes int64  // of all deliveries together
	Member   string // whose node this is
	Chain    string
	Peers    []string // gateways of the other members' nodes, as URLs
	// MemberOf returns a member as the last block left it, nil if there is none.
	MemberOf func(id string) (*types.Member, error)
	Logger   *slog.Logger         // nil = nobody
	Registry *prometheus.Registry // nil = nobody counts
}

// Vault may be used by any number of goroutines.
type Vault struct {
	o       Options
	db      *sql.DB
	courier *courier
	metrics *metrics
}

// Stored is a delivery in the vault, without its body.
type Stored struct {
	Seq     int64      `json:"seq" doc:"ascending by arrival"`
	ID      types.Hash `json:"id" doc:"digest that its sender signed"`
	From    string     `json:"from"`
	To      []string   `json:"to" doc:"members that can open it"`
	Records []string   `json:"records" doc:"keys of the ledger's records that it is about"`
	Time    int64      `json:"time" doc:"when it came, Unix milliseconds"`
	Size    int64      `json:"size" doc:"bytes of ciphertext"`
}

// Carried says how far a delivery has come to one of its readers.
type Carried struct {
	Member string `json:"member"`
	State  string `json:"state" enum:"delivered,pending,unreachable" doc:"pending and unreachable: the node goes on trying"`
}

// The states of Carried.
const (
	Delivered   = "delivered"
	Pending     = "pending"
	Unreachable = "unreachable" // the last try failed
)

// schema is written when the file is made. A delivery that is only carried loses its body
// once it has arrived; one that was erased keeps its id, so that a sender who tries again
// does not bring it back. The column own says that the node's member is a reader, carries
// that the other readers were put into the outbox; total is the sum of sizes where there is
// a body.
const schema = `
CREATE TABLE documents (
	seq INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, sender TEXT NOT NULL, readers TEXT NOT NULL,
	records TEXT NOT NULL, time INTEGER NOT NULL, size INTEGER NOT NULL,
	own INTEGER NOT NULL, carries INTEGER NOT NULL, body BLOB);
CREATE TABLE records (record TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (record, seq)) WITHOUT ROWID;
CREATE TABLE outbox (seq INTEGER NOT NULL, member TEXT NOT NULL, tries INTEGER NOT NULL, next INTEGER NOT NULL,
	PRIMARY KEY (seq, member)) WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (member, next);
CREATE TABLE total (bytes INTEGER NOT NULL);
INSERT INTO total VALUES (0);
PRAGMA user_version = 1;`

const version = 1

// Open opens the vault, or makes it.
func Open(o Options) (*Vault, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	if err := own(path); err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	pragmas := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "secure_delete(1)", "busy_timeout(10000)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+pragmas.Encode())
	if err != nil {
		return nil, fmt.Errorf("open vault %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	v := &Vault{o: o, db: db}
	if err := v.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("open vault %s: %w", path, err), db.Close())
	}
	v.metrics = newMetrics(v, o.Registry)
	v.courier = newCourier(v)
	return v, nil
}

// own makes the file, if it is not there, such that nobody else on the machine reads it;
// SQLite gives the files beside it the same mode.
func own(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (v *Vault) prepare() error {
	var have int
	if err := v.db.QueryRow("PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	switch have {
	case version:
		return nil
	case 0:
		_, err := v.db.Exec(schema)
		return err
	}
	return fmt.Errorf("it has version %d, this program knows %d", have, version)
}

// Close closes the file. Run must have returned.
func (v *Vault) Close() error { return v.db.Close() }

// Run carries deliveries to other members' nodes until ctx ends.
func (v *Vault) Run(ctx context.Context) { v.courier.run(ctx) }

// Take takes a delivery from any member of the chain, because not every member runs a
// node: what the node's member can open is kept, and what others can open is carried to
// their nodes. A delivery that another node carried is meant for one reader, which must be
// the node's member; "" means all. Taking one again changes nothing. The error is a
// *types.Refusal, or the vault's.
func (v *Vault) Take(ctx context.Context, s *types.Sealed, reader string) (types.Hash, []Carried, error) {
	id, err := v.admit(s, reader)
	if err != nil {
		v.metrics.refused.Inc()
		return id, nil, err
	}
	added, err := v.put(ctx, id, s, reader)
	if err != nil {
		if _, refused := types.CodeOf(err); refused {
			v.metrics.refused.Inc()
		}
		return id, nil, err
	}
	if added {
		v.metrics.stored.Inc()
		v.courier.wake()
	}
	readers := s.To
	if reader != "" {
		readers = []string{reader}
	}
	to, err := v.carried(ctx, id, readers)
	return id, to, err
}

// admit checks a delivery against the chain: an active key of its sender signed it, and
// its readers are members.
func (v *Vault) admit(s *types.Sealed, reader string) (types.Hash, error) {
	by, err := s.Check(v.o.Chain)
	if _, refused := types.CodeOf(err); !refused {
		return types.Hash{}, types.Refuse(types.BadSignature, "signature", "%v", err)
	}
	if err != nil {
		return types.Hash{}, err
	}
	sender, err := v.o.MemberOf(s.From)
	if err != nil {
		return types.Hash{}, err
	}
	if sender == nil {
		return types.Hash{}, types.Refuse(types.MemberUnknown, "from", "%.40q", s.From)
	}
	if sender.Active(by) == nil {
		return types.Hash{}, types.Refuse(types.KeyUnknown, "signature", "%s is no active key of %s", by, s.From)
	}
	for i, id := range s.To {
		reader, err := v.o.MemberOf(id)
		if err != nil {
			return types.Hash{}, err
		}
		if reader == nil {
			return types.Hash{}, types.Refuse(types.MemberUnknown, fmt.Sprintf("to[%d]", i), "%.40q", id)
		}
	}
	for i, key := range s.Records {
		if _, err := types.FamilyOf(key); err != nil || len(key) > maxKey {
			return types.Hash{}, types.Refuse(types.FieldInvalid, fmt.Sprintf("records[%d]", i), "%.100q is no key of a record", key)
		}
	}
	if reader != "" && (reader != v.o.Member || !slices.Contains(s.To, reader)) {
		return types.Hash{}, types.Refuse(types.FieldInvalid, "for", "%.40q: this is the node of %s", reader, v.o.Member)
	}
	return s.ID()
}

// maxKey is longer than any key of a record that documents are about, in bytes.
const maxKey = 200

// put stores a delivery that is new, and gives the outbox those readers that are. It
// reports whether it did anything.
func (v *Vault) put(ctx context.Context, id types.Hash, s *types.Sealed, reader string) (bool, error) {
	tx, err := v.db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer tx.Rollback()
	var seq int64
	var carries, here bool
	err = tx.QueryRowContext(ctx, "SELECT seq, carries, body IS NOT NULL FROM documents WHERE id = ?", id[:]).Scan(&seq, &carries, &here)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		seq, err = v.insert(ctx, tx, id, s)
	case err == nil && (carries || !here || reader != ""):
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if reader == "" {
		if err := v.send(ctx, tx, seq, s.To); err != nil {
			return false, err
		}
	}
	return true, tx.Commit()
}

func (v *Vault) insert(ctx context.Context, tx *sql.Tx, id types.Hash, s *types.Sealed) (seq int64, err error) {
	body, err := json.Marshal(s)
	if err != nil {
		return 0, err
	}
	own := slices.Contains(s.To, v.o.Member)
	if err := v.room(ctx, tx, int64(len(body)), own || s.From == v.o.Member); err != nil {
		return 0, err
	}
	readers, records, err := lists(s)
	if err != nil {
		return 0, err
	}
	answer, err := tx.ExecContext(ctx, "INSERT INTO documents (id, sender, readers, records, time, size, own, carries, body) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)",
		id[:], s.From, readers, records, time.Now().UnixMilli(), len(body), own, body)
	if err != nil {
		return 0, err
	}
	if seq, err = answer.LastInsertId(); err != nil || !own {
		return seq, err
	}
	for _, record := range slices.Compact(slices.Clone(s.Records)) {
		if _, err := tx.ExecContext(ctx, "INSERT INTO records VALUES (?, ?)", record, seq); err != nil {
			return 0, err
		}
	}
	return seq, nil
}

// room takes bytes of the vault's. What other members send each other may fill half of it,
// so that they cannot shut out what concerns the node's own.
func (v *Vault) room(ctx context.Context, tx *sql.Tx, bytes int64, ours bool) error {
	most := v.o.MaxBytes
	if !ours {
		most /= 2
	}
	var held int64
	if err := tx.QueryRowContext(ctx, "UPDATE total SET bytes = bytes + ? RETURNING bytes", bytes).Scan(&held); err != nil {
		return err
	}
	if held > most {
		return types.Refuse(types.Busy, "", "%d bytes more than the %d that vault.max_bytes leaves for this", held-most, most)
	}
	return nil
}

// send puts the readers other than the node's member into the outbox.
func (v *Vault) send(ctx context.Context, tx *sql.Tx, seq int64, readers []string) error {
	for _, member := range slices.Compact(slices.Clone(readers)) {
		if member == v.o.Member {
			continue
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO outbox VALUES (?, ?, 0, 0)", seq, member); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, "UPDATE documents SET carries = 1 WHERE seq = ?", seq)
	return err
}

func lists(s *types.Sealed) (readers, records []byte, err error) {
	if readers, err = json.Marshal(s.To); err != nil {
		return nil, nil, err
	}
	records, err = json.Marshal(s.Records)
	return readers, records, err
}

// carried says of each reader how far a delivery has come.
func (v *Vault) carried(ctx context.Context, id types.Hash, readers []string) ([]Carried, error) {
	var carries bool
	if err := v.db.QueryRowContext(ctx, "SELECT carries FROM documents WHERE id = ?", id[:]).Scan(&carries); err != nil {
		return nil, err
	}
	rows, err := v.db.QueryContext(ctx, "SELECT member, tries FROM outbox JOIN documents USING (seq) WHERE id = ?", id[:])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	waiting := map[string]string{}
	for rows.Next() {
		var member string
		var tries int
		if err := rows.Scan(&member, &tries); err != nil {
			return nil, err
		}
		waiting[member] = Pending
		if tries > 0 || v.courier.isDown(member) {
			waiting[member] = Unreachable
		}
	}
	to := make([]Carried, len(readers))
	for i, member := range readers {
		to[i] = Carried{member, Delivered}
		if state, waits := waiting[member]; waits {
			to[i].State = state
		} else if member != v.o.Member && !carries { // it was erased here before it was to be carried
			to[i].State = Unreachable
		}
	}
	return to, rows.Err()
}

// List returns deliveries that the node's member can open, by arrival, after a Seq. record
// names a record that they are about, "" for any.
func (v *Vault) List(ctx context.Context, record string, after int64, limit int) (list []Stored, err error) {
	query, args := "SELECT seq, id, sender, readers, records, time, size FROM documents WHERE own AND body IS NOT NULL AND seq > ? ORDER BY seq LIMIT ?", []any{after, limit}
	if record != "" {
		query = `SELECT seq, id, sender, readers, documents.records, time, size FROM records JOIN documents USING (seq)
			WHERE record = ? AND body IS NOT NULL AND seq > ? ORDER BY seq LIMIT ?`
		args = []any{record, after, limit}
	}
	rows, err := v.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list = []Stored{}
	for rows.Next() {
		var s Stored
		var id, readers, records []byte
		if err := rows.Scan(&s.Seq, &id, &s.From, &readers, &records, &s.Time, &s.Size); err != nil {
			return nil, err
		}
		s.ID = types.Hash(id)
		if err := errors.Join(json.Unmarshal(readers, &s.To), json.Unmarshal(records, &s.Records)); err != nil {
			return nil, fmt.Errorf("delivery %d: %w", s.Seq, err)
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

// Get returns a delivery that the node's member can open, as JSON of types.Sealed. There
// is none: a NOT_FOUND refusal.
func (v *Vault) Get(ctx context.Context, id types.Hash) (body []byte, err error) {
	err = v.db.QueryRowContext(ctx, "SELECT body FROM documents WHERE id = ? AND own AND body IS NOT NULL", id[:]).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, types.Refuse(types.NotFound, "id", "there is no delivery %s", id)
	}
	return body, err
}

// Erase destroys a delivery's body and forgets which records it was about. Its bytes are
// overwritten in the file, and the write-ahead log is emptied. There is none: a NOT_FOUND
// refusal.
func (v *Vault) Erase(ctx context.Context, id types.Hash) error {
	tx, err := v.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var seq int64
	err = tx.QueryRowContext(ctx, "SELECT seq FROM documents WHERE id = ? AND own AND body IS NOT NULL", id[:]).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return types.Refuse(types.NotFound, "id", "there is no delivery %s", id)
	}
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM outbox WHERE seq = ?", seq); err != nil {
		return err
	}
	if err := empty(ctx, tx, seq); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	v.metrics.erased.Inc()
	_, err = v.db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

// empty leaves of a delivery that it was here.
func empty(ctx context.Context, tx *sql.Tx, seq int64) error {
	for _, statement := range []string{
		"UPDATE total SET bytes = bytes - (SELECT size FROM documents WHERE seq = ?)",
		"UPDATE documents SET body = NULL, records = '[]' WHERE seq = ?",
		"DELETE FROM records WHERE seq = ?",
	} {
		if _, err := tx.ExecContext(ctx, statement, seq); err != nil {
			return err
		}
	}
	return nil
}
