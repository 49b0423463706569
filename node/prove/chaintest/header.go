package chaintest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	cmt "github.com/cometbft/cometbft/types"

	"github.com/caryaledger/carya/types"
)

// ValidatorKey is what a member's validator signs with.
func ValidatorKey(member string) ed25519.PrivKey {
	return ed25519.GenPrivKeyFromSecret(Seed("validator " + member))
}

// NewHeader makes the header of a block: its transactions, the results of those of the block
// before, and the root of the state that it left. before is nil in the first.
func NewHeader(g *types.Genesis, height int64, before *cmt.Header, txs [][]byte, results []types.Result, root []byte) (*cmt.Header, error) {
	outcomes, err := execResults(results)
	if err != nil {
		return nil, err
	}
	set := validatorSet(g)
	h := &cmt.Header{
		Version: cmtversion.Consensus{Block: 11, App: 3}, ChainID: g.Chain, Height: height,
		Time:          time.UnixMilli(g.Time + 1000*height).UTC(),
		DataHash:      cmt.ToTxs(txs).Hash(),
		AppHash:       root,
		ConsensusHash: Seed("consensus"), EvidenceHash: Seed("no evidence"), LastCommitHash: Seed(fmt.Sprint("commit ", height-1)),
		ValidatorsHash: set.Hash(), NextValidatorsHash: set.Hash(), ProposerAddress: set.Validators[0].Address,
		LastResultsHash: cmt.NewResults(outcomes).Hash(),
	}
	if before != nil {
		h.LastBlockID = blockID(before)
	}
	return h, nil
}

func execResults(results []types.Result) ([]*abci.ExecTxResult, error) {
	list := make([]*abci.ExecTxResult, len(results))
	for i := range results {
		list[i] = &abci.ExecTxResult{Code: uint32(results[i].Code)}
		if codes := results[i].Codes; len(codes) > 0 {
			var err error
			if list[i].Data, err = types.Encode(codes); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

func blockID(h *cmt.Header) cmt.BlockID {
	return cmt.BlockID{Hash: h.Hash(), PartSetHeader: cmt.PartSetHeader{Total: 1, Hash: Seed(fmt.Sprint("parts ", h.Height))}}
}

// validatorSet is the validator set of a genesis, which never changes.
func validatorSet(g *types.Genesis) *cmt.ValidatorSet {
	var list []*cmt.Validator
	for i := range g.Members {
		if m := &g.Members[i]; m.Power > 0 {
			list = append(list, cmt.NewValidator(ed25519.PubKey(m.Validator), int64(m.Power)))
		}
	}
	return cmt.NewValidatorSet(list)
}

// SignHeader returns CometBFT's SignedHeader in protobuf, with the votes of the validators
// of a genesis whose keys are ValidatorKey's. absent are those who do not sign: a member's
// id, or "id votes nil".
func SignHeader(g *types.Genesis, h *cmt.Header, absent ...string) ([]byte, error) {
	set := validatorSet(g)
	commit := &cmt.Commit{Height: h.Height, BlockID: blockID(h), Signatures: make([]cmt.CommitSig, len(set.Validators))}
	for i, one := range set.Validators {
		id := memberWith(g, one.PubKey.Bytes())
		if slices.Contains(absent, id) {
			commit.Signatures[i] = cmt.NewCommitSigAbsent()
			continue
		}
		commit.Signatures[i] = cmt.CommitSig{
			BlockIDFlag: cmt.BlockIDFlagCommit, ValidatorAddress: one.Address, Timestamp: h.Time.Add(time.Duration(i+1) * time.Millisecond),
		}
		if slices.Contains(absent, id+" votes nil") {
			commit.Signatures[i].BlockIDFlag = cmt.BlockIDFlagNil
		}
		signature, err := ValidatorKey(id).Sign(commit.VoteSignBytes(h.ChainID, int32(i)))
		if err != nil {
			return nil, err
		}
		commit.Signatures[i].Signature = signature
	}
	return (&cmt.SignedHeader{Header: h, Commit: commit}).ToProto().Marshal()
}

func memberWith(g *types.Genesis, validator []byte) string {
	for i := range g.Members {
		if string(g.Members[i].Validator) == string(validator) {
			return g.Members[i].ID
		}
	}
	return ""
}

// Blocks are the blocks of a chain that a test executes itself, as CometBFT would keep them:
// their headers are signed. The first has height 1.
type Blocks struct {
	Genesis *types.Genesis

	mu   sync.Mutex
	list []kept
}

type kept struct {
	header  *cmt.Header
	txs     [][]byte
	results []types.Result
}

// Begin makes the header of the next block and returns its hash; root is that of the state
// before it.
func (b *Blocks) Begin(txs [][]byte, root []byte) (types.Hash, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var before kept
	if n := len(b.list); n > 0 {
		before = b.list[n-1]
	}
	h, err := NewHeader(b.Genesis, int64(len(b.list)+1), before.header, txs, before.results, root)
	if err != nil {
		return types.Hash{}, err
	}
	b.list = append(b.list, kept{header: h, txs: txs})
	return types.Hash(h.Hash()), nil
}

// End takes the results of the last block.
func (b *Blocks) End(results []types.Result) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list[len(b.list)-1].results = results
}

// LightBlock returns CometBFT's SignedHeader and ValidatorSet in protobuf.
func (b *Blocks) LightBlock(height int64) (header, validators []byte, err error) {
	k, err := b.at(height)
	if err != nil {
		return nil, nil, err
	}
	if header, err = SignHeader(b.Genesis, k.header); err != nil {
		return nil, nil, err
	}
	set, err := validatorSet(b.Genesis).ToProto()
	if err != nil {
		return nil, nil, err
	}
	validators, err = set.Marshal()
	return header, validators, err
}

// Transactions returns a block's transactions.
func (b *Blocks) Transactions(height int64) ([][]byte, error) {
	k, err := b.at(height)
	return k.txs, err
}

func (b *Blocks) at(height int64) (kept, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if height < 1 || height > int64(len(b.list)) {
		return kept{}, fmt.Errorf("there is no block %d", height)
	}
	return b.list[height-1], nil
}
