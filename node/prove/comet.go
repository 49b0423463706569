package prove

import (
	"encoding/binary"
	"fmt"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmt "github.com/cometbft/cometbft/types"
	gogotypes "github.com/cosmos/gogoproto/types"
)

// FromComet turns CometBFT's SignedHeader, in protobuf, into the header and the commit of an evidence file.
func FromComet(signedHeader []byte) (header, commit []byte, err error) {
	signed, err := readSigned(signedHeader)
	if err != nil {
		return nil, nil, err
	}
	if header, err = Fields(signed.Header); err != nil {
		return nil, nil, err
	}
	return header, votes(signed.Commit), nil
}

func readSigned(signedHeader []byte) (*cmt.SignedHeader, error) {
	var p cmtproto.SignedHeader
	if err := p.Unmarshal(signedHeader); err != nil {
		return nil, err
	}
	return cmt.SignedHeaderFromProto(&p)
}

// Fields writes the 14 fields of a header as CometBFT hashes them (types.Header.Hash), each after its length in one byte.
func Fields(h *cmt.Header) ([]byte, error) {
	version, err := h.Version.Marshal()
	if err != nil {
		return nil, err
	}
	time, err := gogotypes.StdTimeMarshal(h.Time)
	if err != nil {
		return nil, err
	}
	id := h.LastBlockID.ToProto()
	last, err := id.Marshal()
	if err != nil {
		return nil, err
	}
	var out []byte
	for _, field := range [][]byte{
		version, wrapped([]byte(h.ChainID)), binary.AppendUvarint([]byte{0x08}, uint64(h.Height)), time, last,
		wrapped(h.LastCommitHash), wrapped(h.DataHash), wrapped(h.ValidatorsHash), wrapped(h.NextValidatorsHash),
		wrapped(h.ConsensusHash), wrapped(h.AppHash), wrapped(h.LastResultsHash), wrapped(h.EvidenceHash), wrapped(h.ProposerAddress),
	} {
		if len(field) > 127 {
			return nil, fmt.Errorf("a header field of %d bytes", len(field))
		}
		out = append(append(out, byte(len(field))), field...)
	}
	return out, nil
}

// wrapped is a protobuf StringValue or BytesValue.
func wrapped(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return append(binary.AppendUvarint([]byte{0x0a}, uint64(len(b))), b...)
}

// votes writes a commit: round, part set, then each validator's vote in the order of the set. The flags are CometBFT's.
func votes(c *cmt.Commit) []byte {
	b := binary.AppendUvarint(nil, uint64(c.Round))
	b = binary.AppendUvarint(b, uint64(c.BlockID.PartSetHeader.Total))
	b = append(b, c.BlockID.PartSetHeader.Hash...)
	for _, s := range c.Signatures {
		b = append(b, byte(s.BlockIDFlag))
		if s.BlockIDFlag == cmt.BlockIDFlagAbsent {
			continue
		}
		b = binary.AppendUvarint(b, uint64(s.Timestamp.Unix()))
		b = binary.AppendUvarint(b, uint64(s.Timestamp.Nanosecond()))
		b = append(b, s.Signature...)
	}
	return b
}
