package evidence

import (
	"bytes"
	"encoding/binary"

	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"

	"github.com/caryaledger/carya/types"
)

// The fields of a CometBFT header, in the order in which it hashes them.
const (
	fieldChain      = 1
	fieldHeight     = 2
	fieldTime       = 3
	fieldData       = 6
	fieldValidators = 7
	fieldApp        = 10
	fieldResults    = 11
	headerFields    = 14
)

// header is a header that was read.
type header struct {
	height int64
	hash   types.Hash
	time   int64 // Unix milliseconds
	app    types.Hash
	fields [][]byte
}

// readHeader splits a header and reads what is needed of it.
func readHeader(p *Header, chain string) (*header, error) {
	h := &header{height: p.Height}
	r := reader{data: p.Header}
	for range headerFields {
		n := r.byte()
		if n > 127 {
			r.bad = true
		}
		h.fields = append(h.fields, r.bytes(uint64(n)))
	}
	if r.bad || len(r.data) > 0 {
		return nil, refuse(HeaderInvalid, "header of block %d: not 14 fields", p.Height)
	}
	var ok bool
	switch {
	case !bytes.Equal(h.fields[fieldChain], append([]byte{0x0a, byte(len(chain))}, chain...)):
		return nil, refuse(HeaderInvalid, "header of block %d: of another chain than %q", p.Height, chain)
	case !bytes.Equal(h.fields[fieldHeight], binary.AppendUvarint([]byte{0x08}, uint64(p.Height))):
		return nil, refuse(HeaderInvalid, "header of block %d: of another height", p.Height)
	}
	if h.time, ok = readTime(h.fields[fieldTime]); !ok {
		return nil, refuse(HeaderInvalid, "header of block %d: its time is none", p.Height)
	}
	if h.app, ok = readHash(h.fields[fieldApp]); !ok {
		return nil, refuse(HeaderInvalid, "header of block %d: its AppHash is none", p.Height)
	}
	h.hash = merkle(h.fields)
	return h, nil
}

// readTime reads a protobuf Timestamp: Unix seconds and nanoseconds.
func readTime(field []byte) (ms int64, ok bool) {
	r := reader{data: field}
	var seconds, nanos uint64
	if len(r.data) > 0 && r.data[0] == 0x08 {
		r.byte()
		if seconds = r.uvarint(); seconds == 0 {
			return 0, false
		}
	}
	if len(r.data) > 0 && r.data[0] == 0x10 {
		r.byte()
		if nanos = r.uvarint(); nanos == 0 {
			return 0, false
		}
	}
	if r.bad || len(r.data) > 0 || seconds > maxSeconds || nanos >= 1_000_000_000 {
		return 0, false
	}
	return int64(seconds*1000 + nanos/1_000_000), true
}

// maxSeconds is the end of the year 9999.
const maxSeconds = 253_402_300_799

// readHash reads a protobuf BytesValue of 32 bytes.
func readHash(field []byte) (types.Hash, bool) {
	if len(field) != 34 || field[0] != 0x0a || field[1] != 32 {
		return types.Hash{}, false
	}
	return types.Hash(field[2:]), true
}

// The flags of a vote.
const (
	voteAbsent = 1 // the validator did not vote, or its vote came too late
	voteFor    = 2
	voteNil    = 3 // for no block
)

// Signature is one validator and what it said to the signed header.
type Signature struct {
	Validator
	Signed bool  `json:"signed"`         // voted for the header
	Time   int64 `json:"time,omitempty"` // of the vote, by the validator's clock, Unix milliseconds
}

// commit is the votes for a header.
type commit struct {
	round, parts uint64
	partsHash    types.Hash
}

// verifyCommit checks every vote, not only as many as two thirds need: a reader is told who signed.
func verifyCommit(data []byte, h *header, t *Trust) ([]Signature, error) {
	r := reader{data: data}
	c := commit{round: r.uvarint(), parts: r.uvarint(), partsHash: r.hash()}
	type vote struct {
		flag           byte
		seconds, nanos uint64
		signature      []byte
	}
	validators := t.Ordered()
	votes := make([]vote, len(validators))
	for i := range votes {
		v := &votes[i]
		switch v.flag = r.byte(); v.flag {
		case voteAbsent:
		case voteFor, voteNil:
			v.seconds, v.nanos, v.signature = r.uvarint(), r.uvarint(), r.bytes(64)
			if v.seconds > maxSeconds || v.nanos >= 1_000_000_000 {
				r.bad = true
			}
		default:
			r.bad = true
		}
	}
	if r.bad || len(r.data) > 0 || c.round > 1<<31-1 || c.parts > 1<<32-1 {
		return nil, refuse(CommitInvalid, "not one vote for each of %d validators", len(validators))
	}
	signatures := make([]Signature, len(validators))
	for i, v := range votes {
		signatures[i] = Signature{Validator: validators[i], Signed: v.flag == voteFor}
		if v.flag == voteAbsent {
			continue
		}
		signed := c.signBytes(t.Chain, h, v.flag == voteFor, v.seconds, v.nanos)
		if !ed25519.VerifyWithOptions(ed25519.PublicKey(validators[i].Key), signed, v.signature, zip215) {
			return nil, refuse(SignatureInvalid, "the vote of %s is not signed by it", validators[i].Member)
		}
		signatures[i].Time = int64(v.seconds*1000 + v.nanos/1_000_000)
	}
	return signatures, checkPower(signatures)
}

// zip215 is how CometBFT verifies: https://zips.z.cash/zip-0215.
var zip215 = &ed25519.Options{Verify: ed25519.VerifyOptionsZIP_215}

func checkPower(signatures []Signature) error {
	signed, total := Power(signatures)
	if signed*3 <= total*2 {
		return refuse(PowerShort, "%d of %d voting power signed, which is not more than two thirds", signed, total)
	}
	return nil
}

// Power adds up the power of those who signed and of all.
func Power(list []Signature) (signed, total uint64) {
	for _, s := range list {
		if total += s.Power; s.Signed {
			signed += s.Power
		}
	}
	return signed, total
}

// signBytes is what a validator signs: CometBFT's CanonicalVote of a precommit, after its length.
func (c *commit) signBytes(chain string, h *header, forBlock bool, seconds, nanos uint64) []byte {
	b := []byte{0x08, 0x02}
	b = binary.LittleEndian.AppendUint64(append(b, 0x11), uint64(h.height))
	if c.round > 0 {
		b = binary.LittleEndian.AppendUint64(append(b, 0x19), c.round)
	}
	if forBlock {
		parts := appendNumber(nil, 0x08, c.parts)
		parts = append(append(parts, 0x12, 32), c.partsHash[:]...)
		id := append([]byte{0x0a, 32}, h.hash[:]...)
		id = append(append(id, 0x12, byte(len(parts))), parts...)
		b = append(append(b, 0x22, byte(len(id))), id...)
	}
	time := appendNumber(appendNumber(nil, 0x08, seconds), 0x10, nanos)
	b = append(append(b, 0x2a, byte(len(time))), time...)
	b = append(append(b, 0x32, byte(len(chain))), chain...)
	return append(binary.AppendUvarint(nil, uint64(len(b))), b...)
}

// appendNumber appends a protobuf field, unless it is zero.
func appendNumber(b []byte, tag byte, n uint64) []byte {
	if n == 0 {
		return b
	}
	return binary.AppendUvarint(append(b, tag), n)
}
