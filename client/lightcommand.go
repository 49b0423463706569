package client

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	lightdb "github.com/cometbft/cometbft/light/store/db"
	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// ExitDiverged is the exit code of a light client that was shown two chains, or another than it knows.
const ExitDiverged = 5

// lightRun is one run of `carya light`.
type lightRun struct {
	*session
	nodes         []string
	trust, to     string
	period, every time.Duration
	alone, follow bool
	folder        string // of the state
	noted         string // the last trouble that was told
	now           func() time.Time
}

func lightCommand() *cobra.Command {
	r := &lightRun{now: time.Now, every: 5 * time.Second}
	cmd := &cobra.Command{
		Use:   "light --trust TRUST --node URL --node URL… [-o FRESH]",
		Short: "Follow the chain's headers without running a node, and keep the trust file fresh",
		Long: `Follow the headers of a chain from a trust file (or genesis) to the newest block, as a light
client does: no node is believed. Each header must be signed by validators that were trusted
before; the nodes must show the same header; and the state below it must name the genesis.
With -o the validators as they are now are written into a fresh trust file.

Name nodes of several members: that one of them shows another chain than the others is the
only sign there is when validators with more than two thirds of the power lie together.

What was accepted is kept in <home>/light, and the next run goes on from there.

Exit codes: 0 followed, 1 the nodes do not agree, 2 the trust file is too old or unusable,
3 too few nodes answer, 4 not proven to be of the genesis, 5 DIVERGENCE: the validators
signed two chains; the trust file stays as it was and the proof is kept in <home>/light, where
"carya light check" verifies it.`,
		Example: `  carya light --trust trust.json --node https://node.customs.example --node https://node.lantu.example -o trust.json
  carya light --trust trust.json --node https://node.customs.example --node https://node.lantu.example --follow`,
		Args: takes(0, 0, "none"),
	}
	r.session = newSession(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&r.nodes, "node", nil, "address of a node; once for each")
	f.StringVar(&r.trust, "trust", os.Getenv(envTrust), trustHelp)
	f.StringVarP(&r.to, "output", "o", "", "write a fresh trust file; one of this chain may be there, also the old one")
	f.DurationVar(&r.period, "period", 2160*time.Hour, "for so long after a block its validators are believed")
	f.BoolVar(&r.alone, "alone", false, "one node is enough; then nothing is compared")
	f.BoolVar(&r.follow, "follow", false, "go on until it is interrupted")
	cmd.RunE = r.run(func(ctx context.Context, _ []string) error { return r.start(ctx) })
	cmd.AddCommand(checkDivergenceCommand(r.session))
	return cmd
}

func (r *lightRun) start(ctx context.Context) error {
	l, err := r.prepare()
	if err != nil {
		return err
	}
	defer func() {
		for _, n := range l.nodes {
			n.Close()
		}
	}()
	r.folder = filepath.Join(r.home, "light", hex.EncodeToString(l.trust.Genesis[:]))
	if err := os.MkdirAll(r.folder, 0o700); err != nil {
		return err
	}
	l.folder = r.folder
	db, err := dbm.NewDB(lightHeaders, dbm.GoLevelDBBackend, r.folder)
	if errors.Is(err, syscall.EAGAIN) {
		return &Failure{ExitFailed, fmt.Errorf("the state in %s is in use", r.folder), "another `carya light` of this chain runs on this --home; give this one another"}
	}
	if err != nil {
		return l.damaged(err)
	}
	l.state = lightdb.New(db, "")
	r.remind()
	return errors.Join(r.steps(ctx, l), db.Close())
}

// lightHeaders is the name of the database of the headers that were accepted.
const lightHeaders = "headers"

// remind names the divergences that were seen before: that the nodes agree again does not undo them.
func (r *lightRun) remind() {
	seen, _ := filepath.Glob(filepath.Join(r.folder, "divergence-*.json")) // the pattern is valid
	for _, path := range seen {
		r.note("! two chains were seen before: %s. Move it away when the members have said which is theirs", path)
	}
}

// prepare checks the command line.
func (r *lightRun) prepare() (*light, error) {
	if r.trust == "" {
		return nil, usage(trustHint, errors.New("--trust TRUST is missing"))
	}
	trust, err := trusted(r.trust)
	if err != nil {
		return nil, err
	}
	if len(r.nodes) == 0 {
		r.nodes = []string{r.node}
	}
	if len(r.nodes) < 2 && !r.alone {
		return nil, usage("name another member's node too; --alone believes that one node shows you the chain that it shows the others",
			errors.New("with one node nothing can be compared"))
	}
	if r.period <= 0 {
		return nil, usage("for instance --period 2160h, 90 days", errors.New("--period must be positive"))
	}
	if err := r.mayWrite(trust); err != nil {
		return nil, err
	}
	l := &light{trust: trust, period: r.period, alone: r.alone, now: r.now}
	for _, address := range r.nodes {
		c, err := New(strings.TrimSuffix(address, "/"))
		if err != nil {
			return nil, usage("for instance --node "+defaultNode, err)
		}
		if slices.ContainsFunc(l.nodes, func(n *lightNode) bool { return n.Node() == c.Node() }) {
			return nil, usage("name nodes of different members", fmt.Errorf("--node %s is named twice", address))
		}
		l.nodes = append(l.nodes, newLightNode(c, trust.Chain))
	}
	return l, nil
}

// mayWrite sees to it that nothing but a trust file of the same chain is overwritten.
func (r *lightRun) mayWrite(trust *evidence.Trust) error {
	if r.to == "" {
		return nil
	}
	data, err := readFile(r.to, maxGenesis)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var head struct {
		Format  string     `json:"format"`
		Genesis types.Hash `json:"genesis"`
	}
	if json.Unmarshal(data, &head) != nil || head.Format != evidence.TrustFormat || head.Genesis != trust.Genesis {
		return usage("name a new file", fmt.Errorf("%s is there, and is not a trust file of %s", r.to, oneLine(trust.Chain)))
	}
	return nil
}

// steps takes one step, or follows until the context ends. A divergence, a failed proof and an expired header end it; that
// nodes are away for a while does not.
func (r *lightRun) steps(ctx context.Context, l *light) error {
	var before *lightStep
	for {
		s, err := l.step(ctx)
		err = r.kept(err)
		switch {
		case err == nil:
			if err := r.tell(s, before); err != nil {
				return err
			}
			before, r.noted = s, ""
		case r.follow && ctx.Err() != nil:
			return nil
		case r.follow && before != nil && (ExitCode(err) == ExitUnreachable || ExitCode(err) == ExitFailed):
			if text := Explain(err); text != r.noted {
				r.note("%s", text)
				r.noted = text
			}
		default:
			return err
		}
		if !r.follow || pause(ctx, r.every) != nil {
			return nil
		}
	}
}

// kept keeps the proof of a divergence, before the error of it ends the program. It returns other errors as they are.
func (r *lightRun) kept(err error) error {
	d, ok := errors.AsType[*Divergence](err)
	if !ok {
		return err
	}
	file, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return err
	}
	path := filepath.Join(r.folder, fmt.Sprintf("divergence-%d-%s.json", d.Height, hex.EncodeToString(d.B.Hash[:4])))
	if err := writeNew(path, append(file, '\n')); err != nil && !errors.Is(err, fs.ErrExist) {
		return errors.Join(d, err)
	}
	if err := r.emit(d); err != nil {
		return err
	}
	return &Failure{ExitDiverged, d, "trust neither chain, and accept nothing until the members have said which is theirs. The trust file is as it was. " +
		"The proof is in " + path + ": give it to every member, who checks it with `carya light check`. See docs/light.md"}
}

// tell says what a step found and writes the fresh trust file. Of the steps after the first it says only what is new.
func (r *lightRun) tell(s, before *lightStep) error {
	if before != nil && before.To.Height == s.To.Height {
		if s.Stale && !before.Stale {
			r.tellStale(s)
			return r.emit(s)
		}
		return nil
	}
	if r.to != "" {
		file, err := s.Trust.Encode()
		if err != nil {
			return err
		}
		if err := replaceFile(r.to, file); err != nil {
			return err
		}
	}
	if before == nil || before.Trust.ValidatorsHash() != s.Trust.ValidatorsHash() {
		r.tellAll(s)
	} else {
		r.say("✓ block %d, %s: %d of %s agree; %s signed", s.To.Height, moment(s.To.Time), s.Agree, count(len(s.Nodes), "node"), percent(s.Power, s.Total))
		r.tellSilent(s)
	}
	return r.emit(s)
}

func (r *lightRun) tellAll(s *lightStep) {
	now := r.now()
	from := "the trust file " + r.trust
	if s.From.Source == lightFromState {
		from = "the state of the last run"
	}
	if s.To.Height == s.From.Height {
		r.say("✓ %s has no newer block than block %d", oneLine(s.Chain), s.To.Height)
	} else {
		r.say("✓ followed %s from block %d to block %d", oneLine(s.Chain), s.From.Height, s.To.Height)
	}
	r.say("  from  block %d, %s, %s: %s", s.From.Height, moment(s.From.Time), ago(now.Sub(time.UnixMilli(s.From.Time))), from)
	r.say("  to    block %d, %s, %s\n        block hash %s", s.To.Height, moment(s.To.Time), ago(now.Sub(time.UnixMilli(s.To.Time))), s.To.Hash)
	r.say("        its state names the genesis %s", s.Genesis)
	if s.Extends {
		r.say("        and block %d as one of the blocks before it", s.From.Height)
	} else if s.To.Height > s.From.Height {
		r.say("  ! that block %d is one of the blocks before it, no node shows: name one that keeps all blocks", s.From.Height)
	}
	if s.Stale {
		r.tellStale(s)
	}
	r.say("\nnodes: %d of %d agree", s.Agree, len(s.Nodes))
	for _, n := range s.Nodes {
		if n.Agrees {
			r.say("  ✓ %s", n.Node)
		}
	}
	r.tellSilent(s)
	if len(s.Nodes) == 1 {
		r.say("  ! one node alone: nothing was compared")
	}
	r.say("\nsigned by")
	for _, v := range s.Signers {
		mark := "✗ did not sign:"
		if v.Signed {
			mark = "✓"
		}
		r.say("  %s %s, power %d, %s", mark, organisation(v.Validator), v.Power, percent(v.Power, s.Total))
	}
	r.say("  together %d of %d voting power, %s; more than two thirds are needed", s.Power, s.Total, percent(s.Power, s.Total))
	r.say("\ntrust file\n  %s dates from %s; its validators are believed for %s", r.trust, ago(time.Duration(s.TrustAge)*time.Second), days(r.period))
	if r.to != "" {
		r.say("  %s written: the validators as of block %d", r.to, s.To.Height)
	}
}

// tellStale says that there is nothing new: the one lie that needs no validator.
func (r *lightRun) tellStale(s *lightStep) {
	r.say("  ! no newer block since %s: the chain stands still, or the nodes hold its newer blocks back. Ask nodes of others", moment(s.To.Time))
}

// tellSilent says which nodes do not agree, and why.
func (r *lightRun) tellSilent(s *lightStep) {
	for _, n := range s.Nodes {
		if !n.Agrees {
			r.say("  ✗ %s: %s", n.Node, oneLine(n.Why))
		}
	}
}
