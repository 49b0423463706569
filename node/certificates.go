package node

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"strings"
	"sync"

	"github.com/caryaledger/carya/types/ceb/xmldsig"
)

// certificates are those of a folder. They are read again when its files have changed.
type certificates struct {
	folder fs.FS

	mu    sync.Mutex // guards the fields below
	seen  map[string]stamp
	trust *xmldsig.Trust
}

// stamp tells a file from what it was before.
type stamp struct {
	size     int64
	modified int64 // Unix nanoseconds
}

// openCertificates reads the folder once, so that a mistake in it shows when the node
// starts.
func (n *Node) openCertificates() error {
	n.trust = &certificates{folder: os.DirFS(n.beside(n.cfg.CEB.Certificates))}
	if _, err := n.trust.read(); err != nil {
		return fmt.Errorf("ceb.certificates: %w", err)
	}
	return nil
}

// read returns what the folder says now. A folder that is not there is empty; a file in it
// that is no certificate is an error, because a trust without it would judge differently.
func (c *certificates) read() (*xmldsig.Trust, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, err := c.list()
	if err != nil {
		return nil, err
	}
	if c.trust != nil && maps.Equal(now, c.seen) {
		return c.trust, nil
	}
	files := map[string][]byte{}
	for name := range now {
		if files[name], err = fs.ReadFile(c.folder, name); err != nil {
			return nil, err
		}
	}
	trust, err := xmldsig.ReadTrust(files)
	if err != nil {
		return nil, err
	}
	c.seen, c.trust = now, trust
	return trust, nil
}

// list names the files, without those and the folders that begin with a dot: an editor's,
// and what is still being copied.
func (c *certificates) list() (map[string]stamp, error) {
	files := map[string]stamp{}
	err := fs.WalkDir(c.folder, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case name == "." && errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		}
		info, err := fs.Stat(c.folder, name) // of what a symbolic link leads to
		if err == nil {
			files[name] = stamp{info.Size(), info.ModTime().UnixNano()}
		}
		return err
	})
	return files, err
}
