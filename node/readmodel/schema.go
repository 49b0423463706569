package readmodel

import (
	"database/sql"
	"fmt"
)

// schemaVersion stands in the file as SQLite's user_version. A file with another one is
// deleted and built again.
//
// Version 1: blocks, transactions, members, lots and orders.
//
// Version 2: the tables below. Lots have several holders and offers; there are units,
// products, plots, certificates, accreditations and recalls; EPCIS events can be searched
// and goods traced.
//
// Version 3: orders have what clearance, quota and time make of them; there are items of
// bonded books and tariffs.
const schemaVersion = 3

// schema makes the tables. A position is height<<20 | index within the block, so that
// rows are only ever appended. Lists within a row are JSON.
var schema = []string{
	// The one row of progress: blocks first to last are in the model, hash is the last
	// one's.
	`CREATE TABLE progress(one INTEGER PRIMARY KEY CHECK (one = 1), first INTEGER, last INTEGER, hash BLOB)`,

	`CREATE TABLE blocks(height INTEGER PRIMARY KEY, time INTEGER)`,
	`CREATE INDEX blocks_time ON blocks(time)`,

	`CREATE TABLE transactions(position INTEGER PRIMARY KEY, digest BLOB, member TEXT, kind TEXT,
		bodies INTEGER, code INTEGER)`,
	`CREATE INDEX transactions_member ON transactions(member)`,
	`CREATE INDEX transactions_kind ON transactions(kind)`,
	`CREATE INDEX transactions_code ON transactions(code) WHERE code <> 0`,

	`CREATE TABLE members(id TEXT PRIMARY KEY, name TEXT, controller TEXT, roles TEXT, keys INTEGER,
		threshold INTEGER, validator BLOB, height INTEGER) WITHOUT ROWID`,

	// state is as of the last change; until is when time alone changes it.
	`CREATE TABLE orders(platform TEXT, ulid TEXT, state TEXT, until INTEGER, flow TEXT, payment TEXT, carrier TEXT,
		declarant TEXT, mismatch INTEGER, field TEXT, party TEXT, quota TEXT, expires INTEGER, office TEXT,
		mode INTEGER, decision INTEGER, reason INTEGER, cancel INTEGER, open_return TEXT, height INTEGER,
		PRIMARY KEY (platform, ulid)) WITHOUT ROWID`,
	`CREATE INDEX orders_state ON orders(state, platform, ulid)`,

	`CREATE TABLE books(id TEXT PRIMARY KEY, balance INTEGER, entered INTEGER, entry TEXT, height INTEGER) WITHOUT ROWID`,

	`CREATE TABLE tariffs(code TEXT PRIMARY KEY, versions TEXT, height INTEGER) WITHOUT ROWID`,

	`CREATE TABLE lots(id TEXT PRIMARY KEY, unit TEXT, net INTEGER, net_unit TEXT, produced INTEGER,
		consumed INTEGER, destroyed INTEGER, sold INTEGER, packed INTEGER, owner TEXT, commissioned INTEGER,
		plot TEXT, made TEXT, recert INTEGER, holdings TEXT, offers TEXT, claims TEXT, marks TEXT, flags TEXT,
		height INTEGER) WITHOUT ROWID`,

	`CREATE TABLE units(id TEXT PRIMARY KEY, owner TEXT, custodian TEXT, commissioned INTEGER, net INTEGER,
		net_unit TEXT, fate TEXT, parent TEXT, inside INTEGER, contents TEXT,
		offer_to TEXT, offer_until INTEGER, purpose TEXT, made TEXT, recert INTEGER, claims TEXT, marks TEXT,
		flags TEXT, height INTEGER) WITHOUT ROWID`,

	// What lots and units can be listed by: who holds them, what they are marked with and
	// so on. thing is the key in the state.
	`CREATE TABLE facets(facet INTEGER, value TEXT, thing TEXT, PRIMARY KEY (facet, value, thing)) WITHOUT ROWID`,
	`CREATE INDEX facets_thing ON facets(thing)`,

	`CREATE TABLE products(id TEXT PRIMARY KEY, name TEXT, owner TEXT, net INTEGER, net_unit TEXT, model TEXT,
		height INTEGER) WITHOUT ROWID`,
	`CREATE INDEX products_owner ON products(owner, id)`,

	`CREATE TABLE plots(id TEXT PRIMARY KEY, name TEXT, owner TEXT, seasons TEXT, height INTEGER) WITHOUT ROWID`,
	`CREATE INDEX plots_owner ON plots(owner, id)`,

	`CREATE TABLE certificates(id TEXT PRIMARY KEY, standard TEXT, accreditation TEXT, issuer TEXT, subject TEXT,
		gtins TEXT, sites TEXT, hs TEXT, issued INTEGER, valid_from INTEGER, valid_until INTEGER, cap INTEGER,
		used INTEGER, unit TEXT, document BLOB, changes TEXT, height INTEGER) WITHOUT ROWID`,
	`CREATE INDEX certificates_standard ON certificates(standard, id)`,
	`CREATE INDEX certificates_issuer ON certificates(issuer, id)`,
	`CREATE INDEX certificates_subject ON certificates(subject, id)`,

	`CREATE TABLE accreditations(id TEXT PRIMARY KEY, issuer TEXT, standards TEXT, gtins TEXT, valid_from INTEGER,
		valid_until INTEGER, changes TEXT, height INTEGER) WITHOUT ROWID`,
	`CREATE INDEX accreditations_issuer ON accreditations(issuer, id)`,

	// record is the recall's CBOR.
	`CREATE TABLE recalls(id TEXT PRIMARY KEY, closed INTEGER, record BLOB, height INTEGER) WITHOUT ROWID`,
	`CREATE INDEX recalls_open ON recalls(id) WHERE closed = 0`,

	`CREATE TABLE reports(recall TEXT, thing TEXT, member TEXT, located INTEGER, notified INTEGER, time INTEGER,
		height INTEGER, PRIMARY KEY (recall, thing, member)) WITHOUT ROWID`,

	// Marking that is under way: front is how many things it has still to go on from.
	`CREATE TABLE spreads(id TEXT PRIMARY KEY, front INTEGER, marked INTEGER, height INTEGER) WITHOUT ROWID`,

	// EPCIS events, numbered in the order of their positions. story is the things that
	// went in and came out, CBOR, NULL for none; declares is the time of the error
	// declaration that the event has, declared_by the position of the event that takes this
	// one back.
	`CREATE TABLE events(n INTEGER PRIMARY KEY, position INTEGER, time INTEGER, recorded INTEGER, tx BLOB,
		body INTEGER, member TEXT, ref TEXT, event_id TEXT, declares INTEGER, declared_by INTEGER, story BLOB,
		event BLOB)`,
	`CREATE UNIQUE INDEX events_position ON events(position)`,

	// The inverted index of events: which of a segment's events have a term in a field.
	// See postings.go.
	`CREATE TABLE postings(field INTEGER, term TEXT, segment INTEGER, slots BLOB,
		PRIMARY KEY (field, term, segment)) WITHOUT ROWID`,
	// Between which event times the events of a segment lie.
	`CREATE TABLE segments(segment INTEGER PRIMARY KEY, least INTEGER, most INTEGER)`,

	// The things of events that make goods of goods: out tells what went in (0), what
	// came out (1) and what things were taken off (2). A row for each thing and not for each pair of things, because a
	// transformation of 1,000 into 1,000 has a million pairs.
	`CREATE TABLE links(thing TEXT, out INTEGER, n INTEGER, PRIMARY KEY (thing, out, n)) WITHOUT ROWID`,
}

// positionBits is how much of a position is the index; a block of 4 MiB holds far fewer
// transactions or events than 2^20.
const positionBits = 20

func position(height int64, index int) int64 { return height<<positionBits | int64(index) }

// create makes the tables in an empty file.
func create(db *sql.DB) error {
	for _, statement := range schema {
		if _, err := db.Exec(statement); err != nil {
			return fmt.Errorf("create read model: %w", err)
		}
	}
	_, err := db.Exec(fmt.Sprintf("PRAGMA user_version = %d", schemaVersion))
	return err
}

// version returns the file's schema version, 0 for an empty file.
func version(db *sql.DB) (v int, err error) {
	err = db.QueryRow("PRAGMA user_version").Scan(&v)
	return v, err
}
