package evidence

import (
	"bytes"
	"fmt"

	"github.com/caryaledger/carya/types"
)

// Verdict says what an evidence file proves. Only Verify makes one.
type Verdict struct {
	Chain   string      `json:"chain"`
	Genesis types.Hash  `json:"genesis"`
	Signed  Block       `json:"signed"`     // the header that the validators signed
	Signers []Signature `json:"validators"` // every validator of the trust file
	Power   uint64      `json:"powerSigned"`
	Total   uint64      `json:"powerTotal"`
	Claims  []Proven    `json:"claims"` // in the order of the file
}

// Block is a header that is proven to be of the chain.
type Block struct {
	Height  int64      `json:"height"`
	Time    int64      `json:"time"` // Unix milliseconds
	Hash    types.Hash `json:"hash"`
	AppHash types.Hash `json:"appHash"` // root of the state after the block before
}

// Proven is a claim that is true, and what it is about.
type Proven struct {
	*Claim
	Block  Block          // the header that commits to what is claimed; of ClaimBlock: the claimed one
	Value  []byte         // ClaimRecord, ClaimHistory, ClaimEvent, ClaimField, ClaimPrefix: the record's CBOR at Height
	Events []*types.Event // ClaimHistory, ClaimEvent, ClaimField
	Log    types.History  // ClaimHistory, ClaimEvent, ClaimField, ClaimPrefix: of the record at Height
	Before types.History  // ClaimPrefix: at Since
	Leaves []Leaf         // ClaimRange
}

// Verify checks an evidence file against the trust that the caller has: that validators with more than two thirds of the
// power signed a header of that chain, that the header commits to the states and blocks that the claims are about, and
// that these say what is claimed. It believes nothing in the file, reads no clock and uses no network.
//
// The error of a file that does not prove its claims is a *Refusal; any other means that the trust is not valid.
func Verify(file []byte, trust *Trust) (*Verdict, error) {
	e, err := Parse(file)
	if err != nil {
		return nil, err
	}
	return e.Verify(trust)
}

// Verify checks evidence that Parse has read.
func (e *Evidence) Verify(trust *Trust) (*Verdict, error) {
	if err := trust.Check(); err != nil {
		return nil, err
	}
	v := &verifier{Evidence: e, trust: trust}
	if err := v.chain(); err != nil {
		return nil, err
	}
	verdict := &Verdict{Chain: e.Chain, Genesis: e.Genesis, Signed: v.blocks[0].proven(), Signers: v.signers}
	verdict.Power, verdict.Total = Power(v.signers)
	for i := range e.Claims {
		p, err := v.claim(&e.Claims[i])
		if err != nil {
			return nil, in(i, err)
		}
		verdict.Claims = append(verdict.Claims, *p)
	}
	return verdict, nil
}

type verifier struct {
	*Evidence
	trust   *Trust
	signers []Signature
	blocks  []block // of Headers
}

// block is a header that is proven to be of the chain, and what it shows of the state before it.
type block struct {
	*header
	tree *Tree // nil where there is none
}

func (b *block) proven() Block { return Block{b.height, b.time, b.hash, b.app} }

// chain checks everything above the claims.
func (v *verifier) chain() error {
	if v.Chain != v.trust.Chain || v.Genesis != v.trust.Genesis {
		return refuse(ChainDiffers, "it is of the chain %.60q with the genesis %s, the trust file of %q with %s",
			v.Chain, v.Genesis, v.trust.Chain, v.trust.Genesis)
	}
	signed, err := readHeader(&v.Headers[0], v.Chain)
	if err != nil {
		return err
	}
	hash := v.trust.ValidatorsHash()
	if !bytes.Equal(signed.fields[fieldValidators], append([]byte{0x0a, 32}, hash[:]...)) {
		return refuse(ValidatorsDiffer, "the validators of block %d are not those of the trust file; it may be too old", signed.height)
	}
	if v.signers, err = verifyCommit(v.Headers[0].Commit, signed, v.trust); err != nil {
		return err
	}
	if err := v.enter(signed, v.Headers[0].Tree); err != nil {
		return err
	}
	if err := v.genesis(); err != nil {
		return err
	}
	for i := range v.Headers[1:] {
		if err := v.older(&v.Headers[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// enter takes a header that is proven, and reads its tree.
func (v *verifier) enter(h *header, tree []byte) error {
	b := block{header: h}
	if len(tree) > 0 {
		var err error
		if b.tree, err = ReadTree(tree); err != nil {
			return err
		}
		if b.tree.Root != h.app {
			return refuse(RootDiffers, "the tree of block %d has the root %s, the header %s", h.height, b.tree.Root, h.app)
		}
	}
	v.blocks = append(v.blocks, b)
	return nil
}

// genesis checks that the state is of the genesis: chain id and validators alone would not tell a chain from one that was
// begun anew with the same keys.
func (v *verifier) genesis() error {
	value, _ := v.blocks[0].value(types.KeyParams)
	params := readMap(value)
	if genesis, ok := params["genesis"].([]byte); !ok || !bytes.Equal(genesis, v.Genesis[:]) || params["chain"] != v.Chain {
		return refuse(GenesisDiffers, "the state before block %d does not say that it is of this genesis", v.blocks[0].height)
	}
	return nil
}

// older checks that a header is in chain/blocks of the signed one.
func (v *verifier) older(p *Header) error {
	h, err := readHeader(p, v.Chain)
	if err != nil {
		return err
	}
	signed := &v.blocks[0]
	value, _ := signed.value(types.KeyBlocks)
	log, ok := readHistory(readMap(value))
	// The last leaf is the block before the signed one.
	index := int64(log.Size) - (signed.height - h.height)
	if !ok || index < 0 || !included(&log, uint64(index), types.LeafHash(h.hash[:]), p.Path) {
		return refuse(BlockUnproven, "block %d with the hash %s is not shown to be of this chain", h.height, h.hash)
	}
	return v.enter(h, p.Tree)
}

// value returns a record that the block's tree shows.
func (b *block) value(key string) ([]byte, bool) {
	if b.tree == nil {
		return nil, false
	}
	return b.tree.Value(key)
}

// at returns the header of a height.
func (v *verifier) at(height int64) (*block, error) {
	for i := range v.blocks {
		if v.blocks[i].height == height {
			return &v.blocks[i], nil
		}
	}
	return nil, refuse(BlockUnproven, "the header of block %d is not there", height)
}

// state returns the header that commits to the state after the block at a height, with its tree.
func (v *verifier) state(height int64) (*block, error) {
	if b, err := v.at(height + 1); err == nil && b.tree != nil {
		return b, nil
	}
	return nil, refuse(StateMissing, "the state after block %d is not there", height)
}

func (v *verifier) record(key string, height int64) (*block, []byte, error) {
	b, err := v.state(height)
	if err != nil {
		return nil, nil, err
	}
	value, ok := b.tree.Value(key)
	if !ok {
		return nil, nil, refuse(KeyUnproven, "the record %.200q after block %d is not shown", key, height)
	}
	return b, value, nil
}

func (v *verifier) logged(key string, height int64) (*block, []byte, types.History, error) {
	b, value, err := v.record(key, height)
	if err != nil {
		return nil, nil, types.History{}, err
	}
	log, ok := readHistory(readMap(value))
	if !ok {
		return nil, nil, log, refuse(HistoryDiffers, "the record %s has no history", key)
	}
	return b, value, log, nil
}

// claim checks one claim.
func (v *verifier) claim(c *Claim) (*Proven, error) {
	check := map[string]func(*verifier, *Claim) (*Proven, error){
		ClaimRecord: (*verifier).claimRecord, ClaimAbsence: (*verifier).claimAbsence, ClaimHistory: (*verifier).claimHistory,
		ClaimEvent: (*verifier).claimEvent, ClaimPrefix: (*verifier).claimPrefix, ClaimRange: (*verifier).claimRange,
		ClaimBlock: (*verifier).claimBlock, ClaimField: (*verifier).claimField, ClaimTransaction: (*verifier).claimTransaction,
	}[c.Claim]
	if check == nil {
		return nil, refuse(ClaimUnknown, "claim %.40q is not known", c.Claim)
	}
	if !c.only() {
		return nil, refuse(ClaimUnknown, "a %s claim with members of another", c.Claim)
	}
	if !c.keysValid() {
		return nil, refuse(KeyInvalid, "%.200q is not a key", c.Key+c.From+c.To)
	}
	p, err := check(v, c)
	if err != nil {
		return nil, err
	}
	p.Claim = c
	return p, nil
}

// only reports whether the claim has no members but those of its kind: what a reader sees in the file is what is proven.
func (c *Claim) only() bool {
	rest := *c
	rest.Claim, rest.Height = "", 0
	switch c.Claim {
	case ClaimRecord, ClaimAbsence:
		rest.Key = ""
	case ClaimHistory:
		rest.Key, rest.Events = "", nil
	case ClaimEvent:
		rest.Key, rest.Index, rest.Events, rest.Path = "", 0, nil, nil
	case ClaimPrefix:
		rest.Key, rest.Since, rest.Path = "", 0, nil
	case ClaimRange:
		rest.From, rest.To, rest.Count = "", "", 0
	case ClaimField:
		rest.Key, rest.Index, rest.Events, rest.Path, rest.Document = "", 0, nil, nil, nil
	case ClaimTransaction:
		rest.Index, rest.Size, rest.Digest, rest.Code, rest.Codes = 0, 0, nil, 0, nil
		rest.Path, rest.Transaction, rest.Results = nil, nil, nil
	}
	return rest.Key == "" && rest.Since == 0 && rest.From == "" && rest.To == "" && rest.Count == 0 && rest.Index == 0 &&
		rest.Size == 0 && rest.Digest == nil && rest.Code == 0 && rest.Codes == nil && rest.Events == nil && rest.Path == nil &&
		rest.Transaction == nil && rest.Results == nil && rest.Document == nil
}

// root is the root of a log whose peaks were checked.
func root(log *types.History) []byte {
	r, err := log.Root()
	if err != nil {
		panic(fmt.Sprintf("a checked history of %d: %v", log.Size, err))
	}
	return r[:]
}
