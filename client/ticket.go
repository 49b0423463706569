package client

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/caryaledger/carya/types"
)

// tickets is a folder of ticket files, one for each order, named by the order number.
type tickets struct{ dir string }

// path returns where the ticket of an order number lies.
func (t tickets) path(number string) string { return filepath.Join(t.dir, fileName(number)+".json") }

// find returns the ticket of an order number on a chain. That there is none is fs.ErrNotExist.
func (t tickets) find(chain, number string) (*types.Ticket, error) {
	ticket, err := t.load(number)
	if err != nil {
		return nil, err
	}
	if ticket.Number != number || ticket.Chain != chain {
		return nil, fmt.Errorf("%s is the ticket of order %.60q on the chain %.60q, not of %q on %q", t.path(number), ticket.Number, ticket.Chain, number, chain)
	}
	return ticket, nil
}

// load reads the ticket file of an order number.
func (t tickets) load(number string) (*types.Ticket, error) {
	path := t.path(number)
	file, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	ticket, err := types.ParseTicket(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return ticket, nil
}

// write stores a ticket unless it lies there already.
func (t tickets) write(ticket *types.Ticket) error {
	had, err := t.find(ticket.Chain, ticket.Number)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case *had != *ticket:
		return fmt.Errorf("%s is the ticket of another order, %s", t.path(ticket.Number), had.Order)
	default:
		return nil
	}
	data, err := json.MarshalIndent(ticket, "", " ")
	if err != nil {
		return err
	}
	err = writeNew(t.path(ticket.Number), append(data, '\n'))
	if errors.Is(err, fs.ErrExist) { // another version of the order was faster
		return t.write(ticket)
	}
	return err
}

// list returns the numbers' tickets that lie in the folder, in the order of their file names; what is no ticket of the
// chain is passed over.
func (t tickets) list(chain string) ([]*types.Ticket, error) {
	entries, err := os.ReadDir(t.dir)
	if err != nil {
		return nil, err
	}
	var all []*types.Ticket
	for _, e := range entries {
		file, err := readSmall(filepath.Join(t.dir, e.Name()))
		if err != nil {
			continue
		}
		if ticket, err := types.ParseTicket(file); err == nil && ticket.Chain == chain {
			all = append(all, ticket)
		}
	}
	return all, nil
}

// longestName leaves room for an ending within the 255 bytes that file systems allow.
const longestName = 200

// fileName turns a number into a file name that is safe everywhere: letters, digits, - and _ stay, all else is written
// %XX. A name that would be too long is a hash.
func fileName(number string) string {
	var b strings.Builder
	for _, c := range []byte(number) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	if b.Len() == 0 || b.Len() > longestName {
		sum := sha256.Sum256([]byte(number))
		return "%" + hex.EncodeToString(sum[:])
	}
	return b.String()
}
