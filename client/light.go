package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	cmtmath "github.com/cometbft/cometbft/libs/math"
	cometlight "github.com/cometbft/cometbft/light"
	"github.com/cometbft/cometbft/light/provider"
	lightstore "github.com/cometbft/cometbft/light/store"
	lightdb "github.com/cometbft/cometbft/light/store/db"
	cmt "github.com/cometbft/cometbft/types"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

const (
	// lightLag is how many blocks a node may be behind the others and still be compared with them.
	lightLag = 10
	// lightKept is how many headers are kept on the disk.
	lightKept = 20
	// lightDrift is how far ahead of this computer's clock a header may be dated.
	lightDrift = 10 * time.Second
	// lightStale is how old the newest block may be before a person is told.
	lightStale = 10 * time.Minute
)

// How much of the trusted power must have signed a header that is far ahead. CometBFT's default is a third, which reckons
// that of so many one is honest; but then a third could name new validators, themselves, and go on alone. With two thirds the
// light client can be deceived by nobody who could not make false evidence as well. A third is enough to accuse.
var (
	lightTrusted = cmtmath.Fraction{Numerator: 2, Denominator: 3}
	lightAccused = cmtmath.Fraction{Numerator: 1, Denominator: 3}
)

// light follows the headers of a chain from one that is trusted, with CometBFT's light client: see
// https://docs.cometbft.com/v0.38/spec/light-client/. What it adds is that every node is verified for itself, so that each
// has an answer of its own, and that a header counts only when its state names the genesis of the trust file.
type light struct {
	trust  *evidence.Trust
	nodes  []*lightNode
	state  lightstore.Store // headers that were accepted
	folder string           // of the state
	period time.Duration    // for so long after a header its validators are believed
	alone  bool             // one node is enough
	now    func() time.Time
}

// lightStep is what one step found.
type lightStep struct {
	Chain    string               `json:"chain"`
	Genesis  types.Hash           `json:"genesis"`
	From     lightPoint           `json:"from"`
	To       lightPoint           `json:"to"`
	Extends  bool                 `json:"extends"` // the header's own list of all blocks was seen to name From
	Nodes    []lightAnswer        `json:"nodes"`
	Agree    int                  `json:"agree"`
	Signers  []evidence.Signature `json:"validators"`
	Power    uint64               `json:"powerSigned"`
	Total    uint64               `json:"powerTotal"`
	TrustAge int64                `json:"trustAge"` // of the trust file, in seconds
	Stale    bool                 `json:"stale"`    // To is older than lightStale
	Trust    *evidence.Trust      `json:"trust"`    // the fresh one
}

// lightPoint is a block on the way.
type lightPoint struct {
	Source string     `json:"source,omitempty"` // where the trust in it comes from: lightFromTrust or lightFromState
	Height int64      `json:"height"`
	Time   int64      `json:"time"` // Unix milliseconds
	Hash   types.Hash `json:"hash"`
}

const (
	lightFromTrust = "trust file"
	lightFromState = "state"
)

func lightPointOf(b *cmt.LightBlock, source string) lightPoint {
	return lightPoint{source, b.Height, b.Time.UnixMilli(), types.Hash(b.Hash())}
}

// lightAnswer is what became of a node's answer.
type lightAnswer struct {
	Node   string `json:"node"`
	Newest int64  `json:"newest"` // height of the newest block that it has, 0 where it gave none
	Agrees bool   `json:"agrees"`
	Why    string `json:"why,omitempty"` // it does not
}

// lightVoice is a node in one step.
type lightVoice struct {
	*lightNode
	newest int64
	block  *cmt.LightBlock // its header of the step's block: verified, or signed by as many as can be accused
	fault  string          // why it is not heard any more
	behind bool            // because it is far behind the others
}

func (v *lightVoice) silence(format string, args ...any) { v.fault = fmt.Sprintf(format, args...) }

// why is what to say of an error: where a question to the node had no good answer, that, because CometBFT's error says less
// or is only a consequence of it.
func (v *lightVoice) why(err error) string {
	text := cmp.Or(v.trouble, err).Error()
	return strings.TrimPrefix(text, "node "+v.Node()+" ") // it is said beside the node's address
}

// heard returns the nodes that nothing is held against.
func heard(voices []*lightVoice) []*lightVoice {
	return slices.DeleteFunc(slices.Clone(voices), func(v *lightVoice) bool { return v.fault != "" })
}

// step moves the trust to the newest header that the nodes agree upon. The error is a *Divergence where validators signed
// two chains. The state changes only when everything was checked.
func (l *light) step(ctx context.Context) (*lightStep, error) {
	state, err := l.last()
	if err != nil {
		return nil, l.damaged(err)
	}
	if err := l.contradiction(); err != nil {
		return nil, err
	}
	if state == nil || state.Height < l.trust.Height {
		// Before any node is asked: an expired file is a fault of the command line. The header's own time is looked at later.
		if err := l.expired(lightFromTrust, l.trust.Height, time.UnixMilli(l.trust.Time)); err != nil {
			return nil, err
		}
	}
	voices, err := l.ask(ctx)
	if err != nil {
		return nil, err
	}
	target, err := l.target(voices)
	if err != nil {
		return nil, err
	}
	root, source, err := l.root(ctx, state, voices)
	if err != nil {
		return nil, err
	}
	if err := l.expired(source, root.Height, root.Time); err != nil {
		return nil, err
	}
	if target < root.Height {
		return nil, &Failure{ExitFailed, fmt.Errorf("the nodes have blocks until %d; block %d was trusted already (%s)", target, root.Height, source),
			"nodes that fall behind have been set up anew, or are catching up: try again, or name others"}
	}
	block, err := l.agreed(ctx, voices, root, target)
	if err != nil {
		return nil, err
	}
	if block.Height == root.Height && !bytes.Equal(block.Hash(), root.Hash()) {
		return nil, l.diverged(&Divergence{A: l.side(trustedBefore, root), B: l.side(heard(voices)[0].Node(), block)}, root, block)
	}
	if err := l.compareBehind(ctx, voices, root); err != nil {
		return nil, err
	}
	s := &lightStep{
		Chain: l.trust.Chain, Genesis: l.trust.Genesis, From: lightPointOf(root, source), To: lightPointOf(block, ""),
		TrustAge: int64(l.now().Sub(time.UnixMilli(l.trust.Time)) / time.Second),
		Stale:    l.now().Sub(block.Time) > lightStale, Trust: l.fresh(block),
	}
	if err := l.bind(ctx, s, voices, root, l.before(state, root, block)); err != nil {
		return nil, err
	}
	l.report(s, voices)
	return s, l.keep(root, block)
}

func (l *light) report(s *lightStep, voices []*lightVoice) {
	for _, v := range voices {
		a := lightAnswer{Node: v.Node(), Newest: v.newest, Agrees: v.fault == "", Why: v.fault}
		if a.Agrees {
			s.Agree++
		}
		s.Nodes = append(s.Nodes, a)
	}
}

// needed is how many nodes have to agree.
func (l *light) needed() int {
	if l.alone {
		return 1
	}
	return 2
}

// ask asks every node for its newest header, all at once.
func (l *light) ask(ctx context.Context) ([]*lightVoice, error) {
	voices := make([]*lightVoice, len(l.nodes))
	var all sync.WaitGroup
	for i, n := range l.nodes {
		n.begin()
		voices[i] = &lightVoice{lightNode: n}
		all.Go(func() {
			b, err := n.LightBlock(ctx, 0)
			if err != nil {
				voices[i].silence("%s", voices[i].why(err))
				return
			}
			voices[i].newest = b.Height
		})
	}
	all.Wait()
	return voices, ctx.Err()
}

// target chooses the block to go to: the newest that all have but those that are far behind. One node's word about how far
// the chain has come does not count, or it could silence the others by naming a block that nobody has.
func (l *light) target(voices []*lightVoice) (int64, error) {
	var heights []int64
	for _, v := range heard(voices) {
		heights = append(heights, v.newest)
	}
	if len(heights) < l.needed() {
		return 0, l.tooFew(voices, "answer", ExitUnreachable)
	}
	slices.Sort(heights)
	slices.Reverse(heights)
	front := heights[min(1, len(heights)-1)]
	target := front
	for _, v := range heard(voices) {
		if v.newest < front-lightLag {
			v.silence("it has blocks until %d only, the others until %d", v.newest, front)
			v.behind = true
			continue
		}
		target = min(target, v.newest)
	}
	return target, nil
}

// tooFew is the error of a step in which not enough nodes are heard.
func (l *light) tooFew(voices []*lightVoice, do string, exit int) error {
	err := fmt.Errorf("%d of %d nodes %s, and %d are needed", len(heard(voices)), len(voices), do, l.needed())
	for _, v := range voices {
		if v.fault != "" {
			err = fmt.Errorf("%w\n  %s: %s", err, v.Node(), oneLine(v.fault))
		}
	}
	return &Failure{exit, err, "name nodes of several members with --node; with --alone one is enough, and nothing is compared"}
}

// expired is the error of a header that is too old to go on from: its validators may have left since, and nothing would
// keep them from signing another chain.
func (l *light) expired(source string, height int64, at time.Time) error {
	age := l.now().Sub(at)
	if age < l.period {
		return nil
	}
	return &Failure{ExitUsage, fmt.Errorf("the %s knows the validators as of block %d, %s, %s; they are believed for %s",
		source, height, moment(at.UnixMilli()), ago(age), days(l.period)),
		"get a newer trust file from a member, who writes one with `carya light -o`; --period says for how long validators are believed"}
}

func days(d time.Duration) string {
	if d >= 48*time.Hour && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return d.String()
}

// last is the newest header in the state, nil if there is none.
func (l *light) last() (*cmt.LightBlock, error) {
	height, err := l.state.LastLightBlockHeight()
	if err != nil || height < 1 {
		return nil, err
	}
	return l.stored(height)
}

// stored returns a header of the state. CometBFT's store panics where its database fails.
func (l *light) stored(height int64) (b *cmt.LightBlock, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return l.state.LightBlock(height)
}

// damaged is the error of a state that cannot be read.
func (l *light) damaged(err error) error {
	return &Failure{ExitFailed, fmt.Errorf("the state in %s is damaged: %w", l.folder, err),
		"remove " + filepath.Join(l.folder, lightHeaders+".db") + "; the next run begins with the trust file"}
}

// contradiction compares the trust file with the state, where that has the same block.
func (l *light) contradiction() error {
	b, err := l.stored(l.trust.Height)
	if errors.Is(err, lightstore.ErrLightBlockNotFound) {
		return nil
	}
	if err != nil {
		return l.damaged(err)
	}
	hash := l.trust.ValidatorsHash()
	if !bytes.Equal(b.ValidatorsHash, hash[:]) || !l.trust.Block.IsZero() && !bytes.Equal(b.Hash(), l.trust.Block[:]) {
		return l.contradicted(b.Height)
	}
	return nil
}

func (l *light) contradicted(height int64) error {
	return &Failure{ExitDiverged, fmt.Errorf("the trust file and the state in %s are of two chains: they differ about block %d", l.folder, height),
		"compare the block's hash with several members. If the trust file is right, put the state aside; " +
			"if the state is right, ask who wrote the trust file"}
}

// root is the header to start from: of the state, or of the trust file where that is newer.
func (l *light) root(ctx context.Context, state *cmt.LightBlock, voices []*lightVoice) (*cmt.LightBlock, string, error) {
	if state != nil && state.Height >= l.trust.Height {
		return state, lightFromState, nil
	}
	var root *cmt.LightBlock
	var of *lightVoice
	var why error
	for _, v := range heard(voices) {
		b, err := v.LightBlock(ctx, l.trust.Height)
		if ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
		if err != nil {
			why = fmt.Errorf("node %s: %s", v.Node(), v.why(err)) // a node that does not keep old blocks may still be compared
			continue
		}
		switch err := l.signedByTrusted(b); {
		case err != nil:
			why = fmt.Errorf("node %s: its block %d %w", v.Node(), b.Height, err)
			v.silence("its block %d %s", b.Height, err)
		case root == nil:
			root, of = b, v
		case !bytes.Equal(b.Hash(), root.Hash()):
			return nil, "", l.diverged(&Divergence{A: l.side(of.Node(), root), B: l.side(v.Node(), b)}, root, b)
		}
	}
	if root == nil {
		return nil, "", &Failure{ExitFailed, fmt.Errorf("no node shows block %d, with which the trust file begins: %w", l.trust.Height, why),
			"a node that keeps all blocks has it; else get a newer trust file from a member. If the validators differ, the trust file is of another chain"}
	}
	if !l.trust.Block.IsZero() && !bytes.Equal(root.Hash(), l.trust.Block[:]) {
		return nil, "", &Failure{ExitDiverged, fmt.Errorf("node %s shows another block %d, %s, than the trust file, %s, and the trusted validators signed it",
			of.Node(), root.Height, types.Hash(root.Hash()), l.trust.Block), "compare the hash with several members: either the trust file is forged, or the validators signed two chains"}
	}
	return root, lightFromTrust, nil
}

// signedByTrusted checks that the validators of a block are those of the trust file, and that they signed it.
func (l *light) signedByTrusted(b *cmt.LightBlock) error {
	if hash := l.trust.ValidatorsHash(); !bytes.Equal(b.ValidatorsHash, hash[:]) {
		return errors.New("has other validators than the trust file")
	}
	if err := b.ValidatorSet.VerifyCommitLight(l.trust.Chain, b.Commit.BlockID, b.Height, b.Commit); err != nil {
		return fmt.Errorf("is not signed by them: %w", err)
	}
	return nil
}

// agreed verifies what every node shows as the target, each for itself, and returns the block if it is the same. What a
// node shows unproven is compared, too: of those who signed it many may have signed the other block as well.
func (l *light) agreed(ctx context.Context, voices []*lightVoice, root *cmt.LightBlock, target int64) (*cmt.LightBlock, error) {
	var first *lightVoice
	for _, v := range heard(voices) {
		var err error
		v.trouble = nil
		v.block, err = l.verify(ctx, v, root, target)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			v.silence("what it shows as block %d is not proven: %s", target, v.why(err))
			if target > root.Height {
				v.block, _ = l.comet(ctx, v.lightNode, v.lightNode, root, target, lightAccused)
			}
		case first == nil:
			first = v
		}
	}
	for _, v := range voices {
		if first != nil && v.block != nil && !bytes.Equal(v.block.Hash(), first.block.Hash()) {
			return nil, l.divergence(ctx, root, first, v)
		}
	}
	if len(heard(voices)) < l.needed() {
		return nil, l.tooFew(voices, fmt.Sprintf("show the same block %d", target), ExitFailed)
	}
	return first.block, nil
}

// compareBehind looks whether the nodes that are far behind are behind on the same chain: where validators went on with
// another block, a node that had the first one stands still.
func (l *light) compareBehind(ctx context.Context, voices []*lightVoice, root *cmt.LightBlock) error {
	for _, v := range voices {
		if !v.behind || v.newest < root.Height {
			continue
		}
		first := *heard(voices)[0]
		theirs, err := l.verify(ctx, v, root, v.newest)
		if err != nil {
			v.silence("it has blocks until %d only, and what it shows as that is not proven: %s", v.newest, v.why(err))
			continue
		}
		if first.block, err = l.verify(ctx, &first, root, v.newest); err == nil && !bytes.Equal(theirs.Hash(), first.block.Hash()) {
			v.block = theirs
			return l.divergence(ctx, root, &first, v)
		}
	}
	return ctx.Err()
}

// verify follows one node from the root to the target.
func (l *light) verify(ctx context.Context, v *lightVoice, root *cmt.LightBlock, target int64) (*cmt.LightBlock, error) {
	if target > root.Height {
		// The witness, which CometBFT wants, is the node itself: it is compared with the others afterwards.
		return l.comet(ctx, v.lightNode, v.lightNode, root, target, lightTrusted)
	}
	b, err := v.LightBlock(ctx, target)
	if err != nil || bytes.Equal(b.Hash(), root.Hash()) {
		return b, err
	}
	if !bytes.Equal(b.ValidatorsHash, root.ValidatorsHash) {
		return nil, errors.New("it has other validators than the block that is trusted")
	}
	if err := b.ValidatorSet.VerifyCommitLight(l.trust.Chain, b.Commit.BlockID, b.Height, b.Commit); err != nil {
		return nil, err
	}
	return b, nil
}

// comet runs CometBFT's light client, whose state is thrown away afterwards.
func (l *light) comet(ctx context.Context, primary, witness *lightNode, root *cmt.LightBlock, target int64, level cmtmath.Fraction) (*cmt.LightBlock, error) {
	trusted := lightdb.New(dbm.NewMemDB(), "")
	if err := trusted.SaveLightBlock(root); err != nil {
		return nil, err
	}
	c, err := cometlight.NewClientFromTrustedStore(l.trust.Chain, l.period, primary, []provider.Provider{witness}, trusted,
		cometlight.MaxClockDrift(lightDrift), cometlight.SkippingVerification(level))
	if err != nil {
		return nil, err
	}
	b, err := c.VerifyLightBlockAtHeight(ctx, target, l.now())
	if err != nil {
		return nil, err
	}
	return b, nil
}

// before lists the blocks that the new one has to come after.
func (l *light) before(state, root, block *cmt.LightBlock) []lightPoint {
	var list []lightPoint
	add := func(p lightPoint) {
		if p.Height < block.Height && !slices.ContainsFunc(list, func(q lightPoint) bool { return q.Height == p.Height }) {
			list = append(list, p)
		}
	}
	add(lightPointOf(root, ""))
	if state != nil {
		add(lightPointOf(state, lightFromState))
	}
	if !l.trust.Block.IsZero() {
		add(lightPoint{lightFromTrust, l.trust.Height, l.trust.Time, l.trust.Block})
	}
	return list
}

// bind proves that the state before the new block names the genesis and that the blocks trusted before are of its past:
// chain id and keys alone would not tell the chain from one that was begun anew. It fills in who signed.
func (l *light) bind(ctx context.Context, s *lightStep, voices []*lightVoice, root *cmt.LightBlock, before []lightPoint) error {
	if s.To.Height <= s.From.Height && s.From.Source == lightFromTrust && l.trust.Block.IsZero() {
		return &Failure{ExitUnreachable, fmt.Errorf("the chain has no block after block %d yet", s.To.Height), "try again in a moment"}
	}
	asked := &evidence.Asked{Height: s.To.Height - 1, Claims: []evidence.Ask{{Claim: evidence.ClaimRecord, Key: types.KeyParams}}}
	whole := *asked
	for _, p := range before {
		whole.Claims = append(slices.Clip(whole.Claims), evidence.Ask{Claim: evidence.ClaimBlock, Height: p.Height})
	}
	verdict, err := l.prove(ctx, s, voices, &whole)
	s.Extends = err == nil && len(before) > 0
	if err != nil && len(before) > 0 {
		// Perhaps no node keeps blocks as old as that.
		verdict, err = l.prove(ctx, s, voices, asked)
	}
	if err != nil {
		return err
	}
	for i, proven := range verdict.Claims[1:] {
		if p := before[i]; proven.Block.Hash != p.Hash {
			if p.Source != "" {
				return l.contradicted(p.Height)
			}
			if err := l.rewritten(ctx, voices, root, proven.Block.Hash); err != nil {
				return err
			}
			return &Failure{ExitDiverged, fmt.Errorf("block %d, which the validators signed, does not come after the block %d that was trusted, %s: it names %s as that block",
				s.To.Height, p.Height, p.Hash, proven.Block.Hash), "the validators signed two chains: trust neither, and tell the members"}
		}
	}
	s.Signers, s.Power, s.Total = verdict.Signers, verdict.Power, verdict.Total
	l.name(ctx, s, voices)
	return nil
}

// prove asks the nodes that agree for evidence under the new block, until one gives it.
func (l *light) prove(ctx context.Context, s *lightStep, voices []*lightVoice, asked *evidence.Asked) (*evidence.Verdict, error) {
	var failed error
	for _, v := range heard(voices) {
		e, err := v.Prove(ctx, asked)
		if err != nil {
			failed = err
			continue
		}
		verdict, err := e.Verify(s.Trust)
		if err == nil && verdict.Signed.Hash != s.To.Hash {
			err = fmt.Errorf("it is signed under block %d with the hash %s", verdict.Signed.Height, verdict.Signed.Hash)
		}
		if err == nil {
			return verdict, nil
		}
		failed = &Failure{ExitNotProven, fmt.Errorf("node %s does not prove that block %d is of the genesis %s: %w", v.Node(), s.To.Height, l.trust.Genesis, err),
			"a chain that was begun anew, with the same name and keys, is another chain"}
	}
	return nil, failed
}

// fresh is the trust in the validators of a block. Organisations are taken over by their keys.
func (l *light) fresh(b *cmt.LightBlock) *evidence.Trust {
	t := &evidence.Trust{
		Format: evidence.TrustFormat, Chain: l.trust.Chain, Genesis: l.trust.Genesis,
		Height: b.Height, Time: b.Time.UnixMilli(), Block: types.Hash(b.Hash()),
	}
	for _, one := range b.ValidatorSet.Validators {
		t.Validators = append(t.Validators, l.validator(one))
	}
	return t
}

// validator is a validator with the organisation that the trust file names; one that it does not name has its key as its
// name, and no member.
func (l *light) validator(one *cmt.Validator) evidence.Validator {
	key := one.PubKey.Bytes()
	v := evidence.Validator{Name: hex.EncodeToString(key), Key: key, Power: uint64(one.VotingPower)}
	if i := slices.IndexFunc(l.trust.Validators, func(old evidence.Validator) bool { return bytes.Equal(old.Key, key) }); i >= 0 {
		v.Member, v.Name = l.trust.Validators[i].Member, l.trust.Validators[i].Name
	}
	return v
}

// name finds the organisations of new validators in the state: the members' records, all of them, so that a node cannot
// leave one out. Who is not found there stays a key.
func (l *light) name(ctx context.Context, s *lightStep, voices []*lightVoice) {
	unknown := func(v evidence.Validator) bool { return v.Member == "" }
	if !slices.ContainsFunc(s.Trust.Validators, unknown) {
		return
	}
	from, to := evidence.Prefixed("member/")
	verdict, err := l.prove(ctx, s, voices, &evidence.Asked{Height: s.To.Height - 1, Claims: []evidence.Ask{{Claim: evidence.ClaimRange, From: from, To: to}}})
	if err != nil {
		return
	}
	for _, leaf := range verdict.Claims[0].Leaves {
		record, err := types.DecodeAny(leaf.Key, leaf.Value)
		m, ok := record.(*types.Member)
		if err != nil || !ok || len(m.Validator) == 0 {
			continue
		}
		for i := range s.Trust.Validators {
			if v := &s.Trust.Validators[i]; unknown(*v) && bytes.Equal(v.Key, m.Validator) {
				v.Member, v.Name = m.ID, m.Name
			}
		}
	}
	for i := range s.Signers {
		for _, v := range s.Trust.Validators {
			if bytes.Equal(v.Key, s.Signers[i].Key) {
				s.Signers[i].Validator = v
			}
		}
	}
}

// keep writes what was accepted to the disk.
func (l *light) keep(blocks ...*cmt.LightBlock) error {
	for _, b := range blocks {
		last, err := l.state.LastLightBlockHeight()
		if err != nil {
			return err
		}
		if b.Height > last {
			if err := l.state.SaveLightBlock(b); err != nil {
				return err
			}
		}
	}
	return l.state.Prune(lightKept)
}
