package readmodel

import (
	"database/sql"
	"fmt"
)

// schemaVersion stands in the file as SQLite's user_version. A file with another one is
// deleted and built again.
//
// Version 1: the tables below.
const schemaVersion = 1

// schema makes the tables. A position is height<<20 | index within the block, so that
// rows are only ever appended.
var schema = []string{
	// The one row of progress: blocks first to last are in the model, hash is the last
	// one's.
	`CREATE TABLE progress(one INTEGER PRIMARY KEY CHECK (one = 1), first INTEGER, last INTEGER, hash BLOB)`,

	`CREATE TABLE blocks(height INTEGER PRIMARY KEY, time INTEGER)`,

	`CREATE TABLE transactions(position INTEGER PRIMARY KEY, digest BLOB, member TEXT, kind TEXT,
		bodies INTEGER, code INTEGER)`,
	`CREATE INDEX transactions_member ON transactions(member)`,
	`CREATE INDEX transactions_kind ON transactions(kind)`,
	`CREATE INDEX transactions_code ON transactions(code) WHERE code <> 0`,

	`CREATE TABLE members(id TEXT PRIMARY KEY, name TEXT, controller TEXT, roles TEXT, keys INTEGER,
		threshold INTEGER, validator BLOB, height INTEGER) WITHOUT ROWID`,

	`CREATE TABLE lots(id TEXT PRIMARY KEY, unit TEXT, produced INTEGER, consumed INTEGER, owner TEXT,
		custodian TEXT, commissioned INTEGER, offer_to TEXT, offer_until INTEGER, height INTEGER) WITHOUT ROWID`,
	`CREATE INDEX lots_custodian ON lots(custodian, id)`,
	`CREATE INDEX lots_owner ON lots(owner, id)`,

	`CREATE TABLE orders(platform TEXT, ulid TEXT, state TEXT, mismatch INTEGER, field TEXT, party TEXT,
		payment TEXT, carrier TEXT, declarant TEXT, decision INTEGER, height INTEGER,
		PRIMARY KEY (platform, ulid)) WITHOUT ROWID`,
	// Nearly all orders are released in the end; the index holds the others.
	`CREATE INDEX orders_open ON orders(state, platform, ulid) WHERE state <> 'RELEASED'`,

	// The lots of transformations: event is the event's position, output tells what came
	// out from what went in. A row for each lot and not for each pair of lots, because a
	// transformation of 1,000 into 1,000 has a million pairs.
	`CREATE TABLE lot_links(event INTEGER, lot TEXT, output INTEGER, PRIMARY KEY (event, lot, output)) WITHOUT ROWID`,
	`CREATE INDEX lot_links_lot ON lot_links(lot, output)`,
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
