package chaindb

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
	dbm "github.com/cometbft/cometbft-db"
)

var (
	// ErrClosed is the error of everything that is done with closed databases, but for single
	// reads, which find nothing.
	ErrClosed = errors.New("chain database is closed")

	errKeyEmpty   = errors.New("chain database: empty key")
	errValueNil   = errors.New("chain database: nil value")
	errBatchEnded = errors.New("chain database: the batch was written or closed")
)

// formatPebble is named, not the library's newest: an upgrade of the library must not
// make a node's data unreadable for the program it may have to go back to.
const formatPebble = pebble.FormatTableFormatV6

// Databases are the named databases in one directory. CometBFT opens them by name and
// closes each, but not when its start fails half way, and goroutines of its reactors may
// still read for a moment after it said that it stopped. So closing a database by name
// does nothing, and the node closes all of them when everything else has ended.
type Databases struct {
	db *pebble.DB

	mu     sync.Mutex // guards the fields below
	idle   sync.Cond
	busy   int // operations and iterators in progress
	closed bool
}

// Open opens the databases in dir, creating them if need be; an empty dir means in memory.
func Open(dir string) (*Databases, error) {
	fs := vfs.Default
	if dir == "" {
		fs, dir = vfs.NewMem(), "memory"
	}
	o := &pebble.Options{
		FS:                          fs,
		FormatMajorVersion:          formatPebble,
		CacheSize:                   16 << 20,
		MemTableSize:                16 << 20,
		MemTableStopWritesThreshold: 3,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 1 },
		Logger:                      quiet{},
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	db, err := pebble.Open(dir, o)
	if err != nil {
		return nil, fmt.Errorf("open CometBFT's databases in %s (is another process using them?): %w", dir, err)
	}
	d := &Databases{db: db}
	d.idle.L = &d.mu
	return d, nil
}

// Named returns the database of that name. Names hold no slash.
func (d *Databases) Named(name string) (dbm.DB, error) {
	if name == "" || strings.Contains(name, "/") {
		return nil, fmt.Errorf("chain database %q: a name without a slash is needed", name)
	}
	return &named{d, []byte(name + "/"), []byte(name + "0")}, nil // 0 comes after /
}

// Close waits for the operations and iterators in progress and closes all databases.
// Closing twice is an error.
func (d *Databases) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return ErrClosed
	}
	d.closed = true
	for d.busy > 0 {
		d.idle.Wait()
	}
	d.mu.Unlock()
	if err := d.db.Close(); err != nil {
		return fmt.Errorf("close CometBFT's databases: %w", err)
	}
	return nil
}

// enter begins an operation, which ends with leave.
func (d *Databases) enter() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return ErrClosed
	}
	d.busy++
	return nil
}

func (d *Databases) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy--
	if d.busy == 0 && d.closed {
		d.idle.Broadcast()
	}
}

// quiet drops Pebble's chatter. What Pebble calls fatal, a log that cannot be written,
// ends the process: Pebble does not expect its logger to return.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, args ...any) {
	panic("chain database: pebble: " + fmt.Sprintf(format, args...))
}
