package client

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
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
	path := t.path(number)
	file, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	ticket, err := types.ParseTicket(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if ticket.Number != number || ticket.Chain != chain {
		return nil, fmt.Errorf("%s is the ticket of order %.60q on the chain %.60q, not of %q on %q", path, ticket.Number, ticket.Chain, number, chain)
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
	return writeNew(t.path(ticket.Number), append(data, '\n'))
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
