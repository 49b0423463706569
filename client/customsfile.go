package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/caryaledger/carya/types"
)

// customsFile is an office's own file, <home>/customs.sqlite. It has two parts:
//
//   - bookings, the account of the quota: the authority on whose each grant is, and of how much. Who loses it can have it
//     made again as long as the node's vault holds the orders (`carya customs rebuild`).
//   - papers and sightings, a cache: which delivery holds which document, and where a telephone number, an address, a
//     waybill or a payment was seen before. It is read again from the vault when it is gone.
//
// Persons, telephone numbers and addresses stand in it as keyed hashes under the secret in <home>/customs.key, so that the
// file alone does not list citizens. Seeds and payloads do not stand in it.
type customsFile struct {
	db  *sql.DB
	key types.Secret
}

// customsFileVersion is the version of the tables.
//
//	1  the first
const customsFileVersion = 1

const customsTables = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE bookings (
	grantid TEXT PRIMARY KEY, ord TEXT NOT NULL, document BLOB NOT NULL, person BLOB NOT NULL, year INTEGER NOT NULL,
	value INTEGER NOT NULL, back INTEGER NOT NULL, lines TEXT NOT NULL, expires INTEGER NOT NULL, txuntil INTEGER NOT NULL,
	reason INTEGER NOT NULL, state TEXT NOT NULL, time INTEGER NOT NULL, height INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX bookings_person ON bookings (person, year);
CREATE INDEX bookings_order ON bookings (ord);
CREATE INDEX bookings_open ON bookings (state) WHERE state IN ('planned', 'reserved', 'used');
CREATE TABLE papers (
	record TEXT NOT NULL, root BLOB NOT NULL, sender TEXT NOT NULL, seq INTEGER NOT NULL,
	delivery BLOB NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (record, root, sender)
) WITHOUT ROWID;
CREATE TABLE sightings (
	what TEXT NOT NULL, mark BLOB NOT NULL, ord TEXT NOT NULL, person BLOB NOT NULL, time INTEGER NOT NULL,
	PRIMARY KEY (what, mark, ord)
) WITHOUT ROWID;
`

// Labels of the keyed hashes.
const (
	personLabel   = "carya/customs/person/1\x00"
	sightingLabel = "carya/customs/sighting/1\x00"
)

// openCustomsFile opens the file of a chain in a home, and makes it and its key on first use.
func openCustomsFile(home, chain string) (*customsFile, error) {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	key, err := customsKey(filepath.Join(home, "customs.key"))
	if err != nil {
		return nil, err
	}
	path, err := filepath.Abs(filepath.Join(home, "customs.sqlite"))
	if err != nil {
		return nil, err
	}
	touched, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would let everybody read it
	if err != nil {
		return nil, err
	}
	touched.Close()
	// The journal is on the disk before a transaction counts: what is booked must survive a power cut.
	query := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	f := &customsFile{db, key}
	if err := f.prepare(chain); err != nil {
		db.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func (f *customsFile) Close() error { return f.db.Close() }

// customsKey reads the key of the keyed hashes, and makes it on first use.
func customsKey(path string) (types.Secret, error) {
	data, err := readSmall(path)
	if errors.Is(err, fs.ErrNotExist) {
		var fresh types.Secret
		rand.Read(fresh[:])
		if err := writeNew(path, []byte(fresh.String()+"\n")); err != nil && !errors.Is(err, fs.ErrExist) {
			return types.Secret{}, err
		}
		data, err = readSmall(path) // another process may have been faster
	}
	if err != nil {
		return types.Secret{}, err
	}
	key, err := types.ParseHash(string(bytes.TrimSpace(data)))
	if err != nil {
		return types.Secret{}, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// prepare makes the tables, and refuses a file of another version or chain: what it holds cannot be made up.
func (f *customsFile) prepare(chain string) error {
	return f.within(context.Background(), func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		switch version {
		case 0:
			if _, err := tx.Exec(customsTables + fmt.Sprintf("PRAGMA user_version = %d", customsFileVersion)); err != nil {
				return err
			}
			_, err := tx.Exec("INSERT INTO meta VALUES ('chain', ?), ('cursor', '0')", chain)
			return err
		case customsFileVersion:
		default:
			return fmt.Errorf("its version is %d, this program knows %d", version, customsFileVersion)
		}
		var had string
		if err := tx.QueryRow("SELECT value FROM meta WHERE name = 'chain'").Scan(&had); err != nil {
			return err
		}
		if had != chain {
			return usage("use another --home for another chain", fmt.Errorf("it is the account of the chain %s, not of %s", had, chain))
		}
		return nil
	})
}

// within runs a transaction. It holds the file's write lock from its begin on: two programs cannot book at once.
func (f *customsFile) within(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// person is the keyed hash of an identity. The check character x and X are one.
func (f *customsFile) person(kind, number string) types.Hash {
	return types.Keyed(f.key, personLabel, kind, tidyIdentity(number))
}

// sighting is the keyed hash of something that was seen.
func (f *customsFile) sighting(what string, values ...string) types.Hash {
	return types.Keyed(f.key, sightingLabel, append([]string{what}, values...)...)
}

// plan books what is to be granted, all or none. A person's account never goes over the annual limit, and an order counts
// once however often it was granted: with its dearest grant that can still be used, as the ledger lets it have one at a
// time. A booking that would be over gets its Reason and takes nothing. An order for which another run has planned a grant
// is left out of what is returned.
func (f *customsFile) plan(ctx context.Context, asked []*booking, annual func(*booking) int64) (planned []*booking, err error) {
	err = f.within(ctx, func(tx *sql.Tx) error {
		planned = nil
		for _, b := range asked {
			var busy int
			if err := tx.QueryRow("SELECT count(*) FROM bookings WHERE ord = ? AND state = 'planned'", b.Order).Scan(&busy); err != nil {
				return err
			}
			if busy > 0 {
				continue
			}
			if b.Reason == 0 {
				spent, err := spentBeside(tx, b)
				if err != nil {
					return err
				}
				if b.Value > annual(b)-spent {
					b.Reason = types.ReasonAnnual
				}
			}
			b.State = bookPlanned
			if b.Reason != 0 {
				b.State, b.Expires = bookRefused, 0
			}
			if err := putBooking(tx, b); err != nil {
				return err
			}
			planned = append(planned, b)
		}
		return nil
	})
	return planned, err
}

// spentBeside is what would stand on the person's account of the year beside a booking: what other orders take, and what
// the same order takes more with an earlier grant.
func spentBeside(tx *sql.Tx, b *booking) (int64, error) {
	var others, same int64
	err := tx.QueryRow(`SELECT coalesce(sum(v), 0) FROM (SELECT max(value - back) AS v FROM bookings
		WHERE person = ? AND year = ? AND ord <> ? AND state IN `+countingStates+` GROUP BY ord)`, b.Person[:], b.Year, b.Order).Scan(&others)
	if err != nil {
		return 0, err
	}
	err = tx.QueryRow(`SELECT coalesce(max(value - back), 0) FROM bookings
		WHERE person = ? AND year = ? AND ord = ? AND state IN `+countingStates, b.Person[:], b.Year, b.Order).Scan(&same)
	return others + max(same-b.Value, 0), err
}

// spent is what stands on a person's account of a year, 10^-5 yuan.
func (f *customsFile) spent(ctx context.Context, person types.Hash, year int) (total int64, err error) {
	err = f.db.QueryRowContext(ctx, `SELECT coalesce(sum(v), 0) FROM (SELECT max(value - back) AS v FROM bookings
		WHERE person = ? AND year = ? AND state IN `+countingStates+` GROUP BY ord)`, person[:], year).Scan(&total)
	return total, err
}

const bookingColumns = "grantid, ord, document, person, year, value, back, lines, expires, txuntil, reason, state, time, height"

func putBooking(tx *sql.Tx, b *booking) error {
	lines, err := json.Marshal(b.Lines)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT OR REPLACE INTO bookings ("+bookingColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		b.Grant, b.Order, b.Document[:], b.Person[:], b.Year, b.Value, b.Back, string(lines), b.Expires, b.TxUntil, b.Reason, b.State, b.Time, b.Height)
	return err
}

// keep stores bookings that changed.
func (f *customsFile) keep(ctx context.Context, changed ...*booking) error {
	if len(changed) == 0 {
		return nil
	}
	return f.within(ctx, func(tx *sql.Tx) error {
		for _, b := range changed {
			if err := putBooking(tx, b); err != nil {
				return err
			}
		}
		return nil
	})
}

// bookings returns those that a condition names, oldest first.
func (f *customsFile) bookings(ctx context.Context, where string, args ...any) ([]*booking, error) {
	rows, err := f.db.QueryContext(ctx, "SELECT "+bookingColumns+" FROM bookings WHERE "+where+" ORDER BY time, grantid", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []*booking
	for rows.Next() {
		b := &booking{}
		var document, person []byte
		var lines string
		if err := rows.Scan(&b.Grant, &b.Order, &document, &person, &b.Year, &b.Value, &b.Back, &lines, &b.Expires, &b.TxUntil,
			&b.Reason, &b.State, &b.Time, &b.Height); err != nil {
			return nil, err
		}
		copy(b.Document[:], document)
		copy(b.Person[:], person)
		if err := json.Unmarshal([]byte(lines), &b.Lines); err != nil {
			return nil, fmt.Errorf("booking %s: %w", b.Grant, err)
		}
		all = append(all, b)
	}
	return all, rows.Err()
}

// unfinished returns the bookings whose fate is open.
func (f *customsFile) unfinished(ctx context.Context) ([]*booking, error) {
	return f.bookings(ctx, "state IN ('planned', 'reserved', 'used')")
}
