package abci

import (
	"crypto/sha256"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/caryaledger/carya/app"
	"github.com/caryaledger/carya/types"
)

// finalizeCeiling accepts every verified transaction and changes nothing: what
// consensus, gossip and signatures alone cost. The app hash follows from the block.
func (a *App) finalizeCeiling(h app.Header, verified []*types.Verified) *abci.ResponseFinalizeBlock {
	b := &types.Block{Height: h.Height, Time: h.Time, Hash: h.Hash}
	live := app.LiveBlock{Height: h.Height}
	r := &abci.ResponseFinalizeBlock{}
	for _, v := range verified {
		r.TxResults = append(r.TxResults, &abci.ExecTxResult{})
		if v == nil {
			continue
		}
		t := &v.Transaction
		live.Digests = append(live.Digests, v.Digest)
		live.Until = max(live.Until, t.Expires)
		b.Txs = append(b.Txs, types.BlockTx{Digest: v.Digest, Member: t.Member, Kind: t.Kind, Bodies: uint64(len(t.Bodies))})
	}
	appHash := types.Hash(sha256.Sum256(h.Hash[:]))
	a.pending = &pending{done: &app.Done{Block: b, Live: live}, info: BlockInfo{h.Height, h.Time, h.Hash, appHash}}
	r.AppHash = appHash[:]
	return r
}
