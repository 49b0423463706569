package app

import (
	"fmt"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// RulesVersion names the rules in force. A change that makes any recorded block give
// another app hash gets a new number here and a paragraph about it:
//
//	1  members and their keys, lots (R1 F1 F2 F4 F5 F6, R3), orders (R7, R8)
//	2  an EPCIS event is captured whole, in its canonical form; lots are held in parts by
//	   several members; units and what is in them; products, plots, yields, claims (R1 F3
//	   F7 F8), certificates (R5), recalls (R6); ranges under a company prefix. Chains of
//	   version 1 end there: it never left the workshop.
//	3  orders have flows, deadlines, quota grants and their way through customs (R7 to R9);
//	   bonded books (R2), tariffs, returns; a payment's number is used once whatever its
//	   time, a waybill's once in six months. Chains of version 2 end there like those of 1.
const RulesVersion = 3

// MaxBlockTxs bounds a block's transactions; a proposal with more is refused. A node
// that has seen none of them verifies them all (about 60 µs each) well within a
// timeout_propose of one second, even on half a core.
const MaxBlockTxs = 2500

// Block executes the transactions of one block over the state before it.
type Block struct {
	header  Header
	live    *Live
	params  types.Params
	state   *store.Overlay // the block's writes
	tx      *store.Overlay // the current transaction's, over state
	body    *store.Overlay // the current body's, over tx
	log     types.Block
	members map[string]knownMember
	seen    map[types.Hash]struct{} // digests executed in this block
	done    []LiveDigest            // the same, in order
	work    int                     // what is left of MaxWork
}

// NewBlock begins a block over the committed state. It appends the block's hash to the
// chain's history and drops what has expired of the live digests.
func NewBlock(under store.Reader, live *Live, h Header) (*Block, error) {
	b := newBlock(under, live, h)
	p, err := params.Get(b.state)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, fmt.Errorf("block %d: the state has no %s: it was never given a genesis", h.Height, types.KeyParams)
	}
	b.params = p.Params
	if err := b.appendHash(); err != nil {
		return nil, err
	}
	for _, height := range live.expired(h.Time) {
		b.state.Delete(LiveKey(height))
	}
	return b, nil
}

func newBlock(under store.Reader, live *Live, h Header) *Block {
	b := &Block{header: h, live: live, state: store.NewOverlay(under), seen: map[types.Hash]struct{}{}, members: map[string]knownMember{}, work: MaxWork}
	b.tx = store.NewOverlay(b.state)
	b.body = store.NewOverlay(b.tx)
	b.log = types.Block{Height: h.Height, Time: h.Time, Hash: h.Hash}
	return b
}

// appendHash enters the block into chain/blocks, whose leaves are block hashes and not
// events.
func (b *Block) appendHash() error {
	all, err := blocks.Get(b.state)
	if err != nil {
		return err
	}
	if all == nil {
		all = new(types.Blocks)
	}
	if err := all.History.Append(types.LeafHash(b.header.Hash[:])); err != nil {
		return fmt.Errorf("block %d: %w", b.header.Height, err)
	}
	data, err := types.Encode(all)
	if err != nil {
		return err
	}
	return b.state.Set(types.KeyBlocks, data)
}

// Execute runs a transaction whose signatures were verified. The error is nil unless
// the node itself cannot go on.
func (b *Block) Execute(v *types.Verified) (types.Result, error) {
	member, err := b.admit(v)
	if err != nil {
		return b.refuseAll(v, err)
	}
	b.seen[v.Digest] = struct{}{}
	b.done = append(b.done, LiveDigest{v.Digest, v.Transaction.Expires})
	r := ruleOf(v.Transaction.Kind)
	if r == nil {
		return types.Result{}, fmt.Errorf("kind %s has no rule", v.Transaction.Kind)
	}
	if r.role != "" && !member.Holds(r.role) {
		return b.refuseAll(v, types.Refuse(types.Role, "member", "%s is not a %s: %s needs that role", member.ID, r.role, r.kind.Name))
	}
	return b.runBodies(r, member, v)
}

// Refused notes a transaction of the block that could not even be read or verified.
func (b *Block) Refused(err error) (types.Result, error) {
	return b.refuseAll(nil, err)
}

// admit decides whether a transaction may be executed at all in this block.
func (b *Block) admit(v *types.Verified) (*types.Member, error) {
	if _, twice := b.seen[v.Digest]; twice {
		return nil, types.Refuse(types.Replayed, "", "transaction %s stands twice in block %d", v.Digest, b.header.Height)
	}
	m, err := b.member(v.Transaction.Member)
	if err != nil {
		return nil, err
	}
	return m, Admit(m, b.live, v, b.header.Time)
}

// member reads a member as the transactions before left it. Most transactions of a
// block are by few members, so the decoded record is kept for as long as its bytes
// stay the same.
func (b *Block) member(id string) (*types.Member, error) {
	raw, err := b.state.Get(members.Key(id))
	if err != nil || raw == nil {
		return nil, err
	}
	if c, ok := b.members[id]; ok && &c.raw[0] == &raw[0] {
		return c.member, nil
	}
	m, err := members.Get(b.state, id)
	if err != nil {
		return nil, err
	}
	b.members[id] = knownMember{raw, m}
	return m, nil
}

// knownMember is a decoded record and the bytes it was decoded from.
type knownMember struct {
	raw    []byte
	member *types.Member
}

// runBodies executes the bodies in order, each over its own overlay.
func (b *Block) runBodies(r *rule, m *types.Member, v *types.Verified) (types.Result, error) {
	t := &v.Transaction
	codes := make([]types.Code, len(t.Bodies))
	events := make([]types.RecordEvent, 0, len(t.Bodies))
	var result types.Result
	failed := 0
	for i, body := range t.Bodies {
		event, err := b.runBody(r, m, v, i, body)
		code, isRefusal := types.CodeOf(err)
		if !isRefusal {
			return types.Result{}, fmt.Errorf("block %d, transaction %s, body %d: %w", b.header.Height, v.Digest, i, err)
		}
		codes[i] = code
		if err == nil {
			events = append(events, event)
			continue
		}
		failed++
		if result.Log == "" {
			result.Log = fmt.Sprintf("bodies[%d]: %v", i, err)
			result.Code = code
		}
		if t.OnError == types.OnErrorRollback {
			markRolledBack(codes, i)
			events = nil
			break
		}
	}
	b.settle(t, failed, &result)
	result.Codes = collapse(codes, result.Code)
	b.log.Events = append(b.log.Events, events...)
	b.note(v, result)
	return result, nil
}

// settle keeps or undoes the transaction's writes and decides its code.
func (b *Block) settle(t *types.Transaction, failed int, result *types.Result) {
	if failed > 0 && t.OnError == types.OnErrorRollback {
		b.tx.Reset()
		return
	}
	b.tx.MergeDown()
	if failed > 0 && failed < len(t.Bodies) {
		result.Code = types.Partial
	}
}

// markRolledBack says of all bodies but the refused one that they were undone.
func markRolledBack(codes []types.Code, refused int) {
	for i := range codes {
		if i != refused {
			codes[i] = types.RolledBack
		}
	}
}

// collapse leaves the list out when every body has the transaction's own code.
func collapse(codes []types.Code, all types.Code) []types.Code {
	for _, c := range codes {
		if c != all {
			return codes
		}
	}
	return nil
}

func (b *Block) runBody(r *rule, m *types.Member, v *types.Verified, i int, body types.Body) (types.RecordEvent, error) {
	encoded, err := types.EncodeBody(body)
	if err != nil {
		return types.RecordEvent{}, err
	}
	c := b.call(m, types.Event{
		Tx: v.Digest, Index: uint64(i), Height: b.header.Height, Time: b.header.Time,
		Member: m.ID, Kind: r.kind.Name, Body: encoded,
	})
	if err := r.run(c, body); err != nil {
		b.body.Reset()
		return types.RecordEvent{}, err
	}
	b.body.MergeDown()
	return c.event, nil
}

func (b *Block) call(m *types.Member, e types.Event) *Call {
	return &Call{
		Reader: b.body, Header: b.header, Member: m, Params: b.params,
		writes: b.body, event: types.RecordEvent{Event: e}, work: &b.work,
	}
}

// refuseAll gives every body of a transaction that was not executed the same code.
func (b *Block) refuseAll(v *types.Verified, err error) (types.Result, error) {
	code, ok := types.CodeOf(err)
	if !ok {
		return types.Result{}, err
	}
	result := types.Result{Code: code, Log: err.Error()}
	if v != nil {
		b.note(v, result)
	}
	return result, nil
}

func (b *Block) note(v *types.Verified, r types.Result) {
	t := &v.Transaction
	b.log.Txs = append(b.log.Txs, types.BlockTx{
		Digest: v.Digest, Member: t.Member, Kind: t.Kind, Bodies: uint64(len(t.Bodies)),
		Code: r.Code, Codes: r.Codes, Log: r.Log,
	})
}

// Done is what a block leaves behind.
type Done struct {
	Writes []store.Write // sorted by key, one for each
	Block  *types.Block  // for the journal
	Live   LiveBlock     // the digests that this block executed
}

// Finish ends the block: it commits to the digests executed in it and returns all
// writes.
func (b *Block) Finish() (*Done, error) {
	live := newLiveBlock(b.header.Height, b.done)
	if len(live.Digests) > 0 {
		data, err := types.Encode(live.leaf())
		if err != nil {
			return nil, err
		}
		if err := b.state.Set(LiveKey(live.Height), data); err != nil {
			return nil, err
		}
	}
	writes, err := b.state.Writes()
	if err != nil {
		return nil, fmt.Errorf("block %d: %w", b.header.Height, err)
	}
	return &Done{writes, &b.log, live}, nil
}
