// Package journal keeps what every block did: the node's append-only record, derived
// from blocks, from which histories are answered, the read model is rebuilt and other
// nodes are served.
//
// The state commits to it (every record has the Merkle history of its events), so the
// journal needs no proof of its own and can be fetched from any peer and checked. It is
// written before the state commits and shown after: it is never behind the state, and
// nobody reads a block of which a crash could still change the outcome.
package journal

import "fmt"

// None stands for a height where there is no block: First and Last of a journal that has
// nothing to show. The block that stands for the genesis may have height 0.
const None = -1

// ErrNoBlock is the error for a height that the journal does not show. First and Last
// are None when it shows nothing.
type ErrNoBlock struct{ Asked, First, Last int64 }

func (e ErrNoBlock) Error() string {
	if e.Last == None {
		return fmt.Sprintf("block %d: the journal of this node is empty", e.Asked)
	}
	return fmt.Sprintf("block %d: the journal of this node has blocks %d to %d", e.Asked, e.First, e.Last)
}
