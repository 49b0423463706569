package evidence

import "github.com/caryaledger/carya/types"

// Asked is a request for evidence: the body of POST /v1/evidence.
type Asked struct {
	Height int64 `json:"height,omitempty" doc:"the state after this block, for every claim without a height of its own; 0 = the newest that can be proven"`
	Claims []Ask `json:"claims"`
	Newest bool  `json:"newest,omitempty" doc:"put everything under the newest signed header, also when an older one would do"`
}

// Ask asks for one claim. A node answers a record claim with an absence claim where there is no record.
type Ask struct {
	Claim  string      `json:"claim" enum:"record,history,event,prefix,range,block,transaction"`
	Height int64       `json:"height,omitempty" doc:"of the state, or of the block; 0 = the request's"`
	Key    string      `json:"key,omitempty"`
	Since  int64       `json:"since,omitempty" doc:"prefix: the older height"`
	From   string      `json:"from,omitempty" doc:"range: the first key"`
	To     string      `json:"to,omitempty" doc:"range: the first key beyond it, none for no end"`
	Index  uint64      `json:"index,omitempty" doc:"event: its place in the history, unless one of the next two names it"`
	Root   types.Bytes `json:"root,omitempty" doc:"event: the first that commits to this document"`
	Digest types.Bytes `json:"digest,omitempty" doc:"transaction: which; event: the first of this transaction"`
}

// Prefixed returns the range of the keys that begin with a prefix.
func Prefixed(prefix string) (from, to string) {
	for end := []byte(prefix); len(end) > 0; end = end[:len(end)-1] {
		if last := len(end) - 1; end[last] < '~' {
			end[last]++
			return prefix, string(end)
		}
	}
	return prefix, ""
}
