package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"modernc.org/sqlite" // registers the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/caryaledger/carya/types"
)

// Model is the read model of one node. Follow is called once at a time; everything else
// by any goroutine at any time.
type Model struct {
	path  string
	state func() (View, error)

	mu     sync.RWMutex // held for writing while the file is replaced
	read   *sql.DB
	write  *sql.DB // one connection
	insert *statements
	closed bool
	cache  *rowCache

	progress progress // this and fits are Follow's own
	fits     bool     // the last block was compared with the journal's
	height   atomic.Int64
	moved    atomic.Pointer[chan struct{}] // closed when the height has changed
}

// progress is how far the model has come.
type progress struct {
	first, last int64 // blocks in the model; none when it is empty
	hash        types.Hash
}

// none stands for a height where there is no block.
const none = -1

// readers bounds the queries that run at the same time; each holds up to 4 MiB of pages.
const readers = 4

// Open opens the model in the file at path, and begins anew if there is none or it has
// another version or is broken. state returns the newest state; it is closed after use.
func Open(path string, state func() (View, error)) (*Model, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open read model: %w", err)
	}
	m := &Model{path: path, state: state, cache: newRowCache()}
	m.moved.Store(new(make(chan struct{})))
	if err := m.open(); err != nil {
		if err := m.renew(); err != nil {
			return nil, fmt.Errorf("open read model %s: %w", path, err)
		}
	}
	return m, nil
}

// Height is the last block in the model, 0 when it is empty. Lists may show records
// that are newer.
func (m *Model) Height() int64 { return m.height.Load() }

// Advanced returns a channel that is closed when the model takes over more blocks, or
// begins anew. Who waits takes the channel first and looks at the model then.
func (m *Model) Advanced() <-chan struct{} { return *m.moved.Load() }

// Wait waits until the model has taken over a block.
func (m *Model) Wait(ctx context.Context, height int64) error {
	for {
		advanced := m.Advanced()
		if m.Height() >= height {
			return nil
		}
		select {
		case <-advanced:
		case <-ctx.Done():
			return fmt.Errorf("wait for block %d in the read model: %w", height, ctx.Err())
		}
	}
}

// Close ends all queries. Follow must have returned.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	return m.shut()
}

// open opens the file, making its tables if it is empty.
func (m *Model) open() error {
	var err error
	if m.write, err = sql.Open("sqlite", m.address("_txlock=immediate", "cache_size(-16000)")); err != nil {
		return err
	}
	if m.read, err = sql.Open("sqlite", m.address("_txlock=deferred", "cache_size(-4000)", "query_only(1)")); err != nil {
		return err
	}
	m.write.SetMaxOpenConns(1)
	m.read.SetMaxOpenConns(readers)
	if err := m.check(); err != nil {
		return err
	}
	if m.insert, err = prepare(m.write); err != nil {
		return err
	}
	return m.load()
}

// address is the file's name with its settings. Nothing is ever synced: what a power cut
// leaves is deleted when it does not fit.
func (m *Model) address(lock string, pragmas ...string) string {
	pragmas = append(pragmas, "journal_mode(WAL)", "synchronous(OFF)", "busy_timeout(5000)",
		"wal_autocheckpoint(4000)", "journal_size_limit(33554432)", "temp_store(MEMORY)")
	query := url.Values{"_pragma": pragmas}
	return (&url.URL{Scheme: "file", Path: m.path}).String() + "?" + lock + "&" + query.Encode()
}

func (m *Model) check() error {
	v, err := version(m.write)
	switch {
	case err != nil:
		return err
	case v == 0:
		return create(m.write)
	case v != schemaVersion:
		return fmt.Errorf("read model of version %d, this program writes %d", v, schemaVersion)
	}
	return nil
}

// load reads the progress row.
func (m *Model) load() error {
	p := progress{first: none, last: none}
	var hash []byte
	err := m.write.QueryRow("SELECT first, last, hash FROM progress").Scan(&p.first, &p.last, &hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	copy(p.hash[:], hash)
	m.fits = false
	m.advance(p)
	return nil
}

func (m *Model) advance(p progress) {
	m.progress = p
	m.height.Store(max(p.last, 0))
	close(*m.moved.Swap(new(make(chan struct{}))))
}

// renew deletes the file and opens an empty one.
func (m *Model) renew() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errClosed
	}
	m.cache.purge()
	m.shut() // its error says nothing about the file that is going to be deleted
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(m.path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return m.open()
}

// shut closes what is open. mu is held.
func (m *Model) shut() error {
	var errs []error
	if m.insert != nil {
		errs = append(errs, m.insert.close())
		m.insert = nil
	}
	for _, db := range []*sql.DB{m.read, m.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close read model: %w", err)
	}
	return nil
}

var errClosed = errors.New("read model is closed")

// broken reports whether the error says that the file holds nonsense.
func broken(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	primary := e.Code() & 0xff
	return primary == sqlite3.SQLITE_CORRUPT || primary == sqlite3.SQLITE_NOTADB
}
