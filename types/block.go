package types

import "fmt"

// Block is what one block did, in the words of the journal: every transaction with
// its result and every event with the records it was appended to. It is derived from
// the chain's block alone, so that all nodes' journals are equal byte for byte. The
// genesis stands in the journal as the block before the initial height.
type Block struct {
	Height int64         `json:"height"`
	Time   int64         `json:"time"` // Unix milliseconds
	Hash   Hash          `json:"hash"` // CometBFT's block hash
	Txs    []BlockTx     `json:"txs"`
	Events []RecordEvent `json:"events"`
}

// BlockTx is a transaction's fate.
type BlockTx struct {
	Digest Hash   `json:"digest"`
	Member string `json:"member"`
	Kind   string `json:"kind"`
	Bodies uint64 `json:"bodies"`
	Code   Code   `json:"code"`
	Codes  []Code `json:"codes"` // one for each body, or none when all share Code
	Log    string `json:"log"`   // text of the first refusal
}

// RecordEvent is an event and the keys of the records whose histories it entered, in
// the order in which it entered them.
type RecordEvent struct {
	Event Event    `json:"event"`
	Keys  []string `json:"keys"`
}

// DecodeBlock reads a block's one encoding.
func DecodeBlock(data []byte) (*Block, error) {
	var b Block
	if err := Decode(data, &b); err != nil {
		return nil, fmt.Errorf("journal block: %w", err)
	}
	return &b, nil
}
