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

// TraceAnswer is the graph around a lot or unit: the things it came from, or those that
// came from it, and the events between them.
type TraceAnswer struct {
	Height    int64        `json:"height" doc:"last block that the answer knows"`
	Root      ThingKey     `json:"root"`
	Direction string       `json:"direction" enum:"back,forward"`
	Depth     int          `json:"depth" doc:"greatest number of events between the root and a thing"`
	Things    []TraceThing `json:"things" doc:"the root first, then by depth and key"`
	Events    []TraceEvent `json:"events" doc:"ascending by height and index"`
	More      bool         `json:"more" doc:"the graph is larger than the limit or the depth asked for"`
}

// TraceThing is a lot or unit of a trace.
type TraceThing struct {
	Thing    ThingKey `json:"thing"`
	URI      string   `json:"uri" doc:"GS1 Digital Link, or the URI outside GS1"`
	Depth    int      `json:"depth"`
	Product  string   `json:"product,omitempty" doc:"registered name of the trade item"`
	Quantity string   `json:"quantity,omitempty" doc:"produced, a decimal number"`
	Left     string   `json:"left,omitempty" doc:"of it, not consumed, destroyed or sold"`
	Unit     string   `json:"unit,omitempty"`
	Owner    string   `json:"owner"`
	Holders  []string `json:"holders" doc:"members that hold any of it"`
	Plot     string   `json:"plot,omitempty"`
	Claims   []string `json:"claims"`
	Marks    []Mark   `json:"marks"`
	Flags    []string `json:"flags"`
	Known    bool     `json:"known" doc:"whether the ledger follows it; false for what events name without its being commissioned"`
}

// TraceEvent is an event of a trace.
type TraceEvent struct {
	Event   EventID     `json:"event"`
	EventID string      `json:"eventID" doc:"EPCIS eventID, the CBV 2.0 hash where the event gives none"`
	Tx      Hash        `json:"tx"`
	Height  int64       `json:"height"`
	Time    int64       `json:"time" doc:"eventTime, Unix milliseconds"`
	Type    string      `json:"type"`
	Action  string      `json:"action,omitempty"`
	BizStep string      `json:"bizStep,omitempty"`
	Place   string      `json:"place,omitempty" doc:"bizLocation, else readPoint"`
	Member  string      `json:"member"`
	Error   bool        `json:"error,omitempty" doc:"it was declared an error since"`
	In      []TraceFlow `json:"in"`
	Out     []TraceFlow `json:"out"`
}

// TraceFlow is a thing's part in an event of a trace.
type TraceFlow struct {
	Thing    ThingKey `json:"thing"`
	Quantity string   `json:"quantity,omitempty" doc:"a decimal number"`
	Unit     string   `json:"unit,omitempty"`
}

// RecallProgress is how far a recall has come.
type RecallProgress struct {
	Recall   RecallID        `json:"recall"`
	Record   Recall          `json:"record"`
	Height   int64           `json:"height"`
	Done     bool            `json:"done" doc:"every thing is marked that came from those recalled"`
	Affected []RecalledThing `json:"affected" doc:"ascending by key"`
}

// RecalledThing is one lot or unit under a recall. Quantities are decimal numbers of the
// unit: Produced = Consumed + Destroyed + Sold + Held + Packed.
type RecalledThing struct {
	Thing     ThingKey       `json:"thing"`
	URI       string         `json:"uri"`
	Unit      string         `json:"unit"`
	Produced  string         `json:"produced"`
	Consumed  string         `json:"consumed" doc:"went into other things"`
	Destroyed string         `json:"destroyed"`
	Sold      string         `json:"sold"`
	Held      string         `json:"held"`
	Packed    string         `json:"packed"`
	Located   string         `json:"located" doc:"of Held and Packed, reported as found and set aside"`
	Notified  string         `json:"notified" doc:"of Sold, reported as told"`
	Holders   []string       `json:"holders"`
	Reports   []RecallNotice `json:"reports"`
}

// RecallNotice is one member's report.
type RecallNotice struct {
	Member   string `json:"member"`
	Located  string `json:"located"`
	Notified string `json:"notified"`
	Time     int64  `json:"time"`
}
