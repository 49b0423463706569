package types

import "encoding/json"

// The words of the HTTP interface, for the gateway and for clients.

// Receipt is the answer to a submitted transaction.
type Receipt struct {
	Digest Hash    `json:"digest" doc:"EIP-712 digest, the transaction's identity"`
	State  string  `json:"state" enum:"accepted,committed,refused,unknown" doc:"accepted: in this node's pool; committed: in a block; refused: turned away before any block"`
	Height int64   `json:"height,omitempty" doc:"block that holds it"`
	Index  int64   `json:"index" doc:"position within the block"`
	Time   int64   `json:"time,omitempty" doc:"time of the block, Unix milliseconds"`
	Result *Result `json:"result,omitempty" doc:"what became of it"`
	Field  string  `json:"field,omitempty" doc:"field that was refused"`
}

// The states of a Receipt.
const (
	TxAccepted  = "accepted"
	TxCommitted = "committed"
	TxRefused   = "refused"
	TxUnknown   = "unknown"
)

// RecordAnswer is a record as the API shows it.
type RecordAnswer struct {
	Key    string          `json:"key"`
	Height int64           `json:"height" doc:"state version that was read"`
	Value  Bytes           `json:"value" doc:"the record's CBOR, as proofs show it"`
	Record json.RawMessage `json:"record" doc:"the same, readable"`
}

// HistoryAnswer is a record's events as the API shows them.
type HistoryAnswer struct {
	Key    string         `json:"key"`
	Size   uint64         `json:"size" doc:"number of events that the record commits to"`
	Events []HistoryEvent `json:"events"`
}

// HistoryEvent is an Event with a readable body.
type HistoryEvent struct {
	Tx     Hash            `json:"tx"`
	Index  uint64          `json:"index"`
	Height int64           `json:"height"`
	Time   int64           `json:"time"`
	Member string          `json:"member"`
	Kind   string          `json:"kind"`
	Body   json.RawMessage `json:"body"`
	Raw    Bytes           `json:"raw" doc:"the event's CBOR, as histories hash it"`
}

// Status is how a node is doing.
type Status struct {
	Version    string     `json:"version"`
	Chain      string     `json:"chain"`
	Genesis    Hash       `json:"genesis" doc:"genesis hash; its first 20 bytes are EIP-712's verifyingContract"`
	Member     string     `json:"member" doc:"the member that runs this node"`
	Validator  bool       `json:"validator"`
	Height     int64      `json:"height"`
	Time       int64      `json:"time" doc:"time of the last block, Unix milliseconds"`
	AppHash    Hash       `json:"appHash" doc:"root of the state after the last block"`
	BlockHash  Hash       `json:"blockHash"`
	CatchingUp bool       `json:"catchingUp"`
	Peers      int        `json:"peers"`
	Pool       PoolStatus `json:"pool"`
	Journal    int64      `json:"journal" doc:"last height in the journal"`
	JournalOf  int64      `json:"journalOf" doc:"first height in the journal"`
	ReadModel  int64      `json:"readModel" doc:"last height in the read model"`
	Oldest     int64      `json:"oldest" doc:"oldest state version that can be read and proven"`
	RSS        int64      `json:"rss" doc:"resident memory, bytes"`
	CPU        int64      `json:"cpu" doc:"processor time used since start, milliseconds"`
}

// PoolStatus is how full the transaction pool is.
type PoolStatus struct {
	Transactions int `json:"transactions"`
	Bytes        int `json:"bytes"`
	Lanes        int `json:"lanes" doc:"members that have transactions waiting"`
	Capacity     int `json:"capacity"`
}

// Problem is an error answer (RFC 9457, application/problem+json).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   Code   `json:"code,omitempty" doc:"the refusal's code, where there is one"`
	Field  string `json:"field,omitempty"`
}
