package localnet

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/client"
	"github.com/caryaledger/carya/localnet/demo"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// showing is one run of `carya demo`.
type showing struct {
	*session
	spec     Spec
	exit     bool
	commands bool
	folder   string // folder that stays
	begin    time.Time
	chapter  string
	refused  int
	wait     *waiting
}

func demoCommand() *cobra.Command {
	d := &showing{session: &session{}}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See it all: four validators on this machine, a story, a proof",
		Long: `Start four validators on this machine (a customs office, a platform, a cooperative, a carrier)
and play a story with them: certified hickory nuts from the grove to the shop in EPCIS events, a
recall, and three purchases from abroad, from the companies' own customs messages: one is released and
signed for, one is detained, one comes back. Some steps must be refused. Every step is a command that you could type; --commands prints them.

At the end there is an evidence file, which is verified offline, and a QR code of what a shopper
sees. The network stays up until Ctrl-C, with --exit it ends by itself, before the verification.
What stays is the folder of the evidence, the trust file, the genesis and the documents.`,
		Example: "  carya demo\n  carya demo --commands\n  carya demo --exit --json",
		Args:    cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
	}
	cmd.SetFlagErrorFunc(flagError)
	f := cmd.Flags()
	f.BoolVar(&d.exit, "exit", false, "end when the story is told")
	f.BoolVar(&d.json, "json", false, "print one JSON object for each step")
	f.BoolVar(&d.commands, "commands", false, "print the command of each step")
	f.StringVarP(&d.folder, "output", "o", "", "folder for the evidence, the trust file and the documents (default a new one among the temporary files)")
	f.IntVar(&d.spec.BasePort, "base-port", DefaultBasePort, "where the ports begin; the next free hundred is taken")
	f.DurationVar(&d.spec.TimeoutCommit, "timeout-commit", defaultTimeoutCommit, "pause between two blocks")
	d.spec.Validators = storyValidators
	cmd.RunE = d.run(func(ctx context.Context, _ []string) error { return d.show(ctx) })
	return cmd
}

func (d *showing) show(ctx context.Context) (err error) {
	d.begin = time.Now()
	if err := d.makeFolder(); err != nil {
		return err
	}
	d.say("Four validators are starting on this machine. Everything about them is invented.\n")
	n, err := d.temporary(ctx, d.spec, "carya-demo")
	if err != nil {
		return err
	}
	stopped := false
	defer func() {
		if !stopped {
			err = errors.Join(err, n.Remove(context.WithoutCancel(ctx)))
		}
	}()
	if err := d.introduce(ctx, n); err != nil {
		return err
	}
	proof, err := d.play(ctx, n)
	if err != nil {
		return d.diagnose(ctx, n, err)
	}
	if d.exit {
		stopped = true
		if err := n.Remove(context.WithoutCancel(ctx)); err != nil {
			return err
		}
	}
	if err := d.conclude(n, proof); err != nil || d.exit {
		return err
	}
	if err := d.invite(n, proof); err != nil {
		return err
	}
	<-ctx.Done()
	d.say("\nThe network ends.")
	return nil
}

func (d *showing) makeFolder() (err error) {
	if d.folder == "" {
		d.folder, err = os.MkdirTemp("", "carya-demo-")
		return err
	}
	if d.folder, err = filepath.Abs(d.folder); err != nil {
		return err
	}
	return os.MkdirAll(d.folder, 0o700)
}

// say prints a line for people; nothing with --json.
func (d *showing) say(format string, args ...any) {
	if !d.json {
		fmt.Fprintf(d.session.out, format+"\n", args...)
	}
}

// introduce tells who is there.
func (d *showing) introduce(ctx context.Context, n *Network) error {
	if d.json {
		return d.emit(map[string]any{"kind": "network", "chain": n.Chain, "nodes": n.Statuses(ctx), "elapsed_ms": time.Since(d.begin).Milliseconds()})
	}
	for _, m := range n.Members {
		where := "a member without a node"
		if m.Node != nil {
			where = m.Node.API
		}
		d.say("  %-18s %-13s %-24s %s", m.ID, strings.Join(m.Roles, ", "), where, m.Name)
	}
	d.say("\nup after %.1f s", time.Since(d.begin).Seconds())
	return nil
}

func (d *showing) play(ctx context.Context, n *Network) (*demo.Proof, error) {
	cast, err := n.cast()
	if err != nil {
		return nil, err
	}
	if err := copyFile(filepath.Join(d.folder, "genesis.json"), n.Genesis()); err != nil {
		return nil, err
	}
	trust := filepath.Join(d.folder, "trust.json")
	if err := writeTrust(trust, n.Genesis()); err != nil {
		return nil, err
	}
	stage := &demo.Stage{
		Cast: cast, Trust: trust, Documents: d.folder, Password: n.PasswordFile(),
		Home:     func(id string) string { return filepath.Join(n.Home, id) },
		Register: func(file string, certificate []byte) error { return n.register(file, certificate) },
		Node:     n.nodeOf,
		Begin:    d.expect, Tell: d.tell,
	}
	proof, err := stage.Play(ctx)
	d.expected()
	return proof, err
}

// cast gives the members their parts in the story.
func (n *Network) cast() (c demo.Cast, err error) {
	for id, part := range map[string]*demo.Organisation{
		customsOffice: &c.Customs, platform: &c.Platform, cooperative: &c.Cooperative,
		carrier: &c.Carrier, paymentFirm: &c.Payment, broker: &c.Broker, authority: &c.Authority, certifier: &c.Certifier,
	} {
		m, err := n.Member(id)
		if err != nil {
			return c, err
		}
		*part = demo.Organisation{ID: m.ID, Name: m.Name}
		if len(m.Customs) > 0 {
			part.Code = m.Customs[0]
		}
		if len(m.Prefixes) > 0 {
			part.Prefix = m.Prefixes[0]
		}
	}
	return c, nil
}

// register gives every node a company's certificate.
func (n *Network) register(file string, certificate []byte) error {
	for _, m := range n.Nodes() {
		folder := filepath.Join(n.Home, m.ID, "certificates")
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, file), certificate, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// nodeOf is the address of the node that a member speaks to: its own, or the platform's
// where it has none.
func (n *Network) nodeOf(id string) string {
	for _, m := range n.Nodes() {
		if m.ID == id {
			return m.Node.API
		}
	}
	return n.Nodes()[min(1, len(n.Nodes())-1)].Node.API
}

func copyFile(to, from string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

// writeTrust writes the trust in a genesis file.
func writeTrust(to, genesis string) error {
	data, err := os.ReadFile(genesis)
	if err != nil {
		return err
	}
	trust, err := evidence.ReadTrust(data)
	if err != nil {
		return err
	}
	if data, err = trust.Encode(); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

// expect shows that a step is under way.
func (d *showing) expect(s demo.Step) {
	if s.Chapter != d.chapter {
		d.chapter = s.Chapter
		d.say("\n%s", s.Chapter)
	}
	d.wait = d.session.wait("%s signs", s.Organisation)
}

func (d *showing) expected() {
	if d.wait != nil {
		d.wait.done()
		d.wait = nil
	}
}

// tell prints a step that was played.
func (d *showing) tell(s demo.Step) {
	d.expected()
	if s.Code != types.OK {
		d.refused++
	}
	if d.json {
		d.emit(struct {
			Kind string `json:"kind"`
			demo.Step
		}{"step", s})
		return
	}
	mark := "✓"
	if s.Code != types.OK {
		mark = "✗"
	}
	d.say(" %s %2d  block %-4d %4.1f s  %s %s", mark, s.Number, s.Height, float64(s.Elapsed)/1000, s.Organisation, s.Says)
	const below = "                          "
	switch {
	case !s.OK:
		d.say("%snot what was expected (%s): %s %s", below, s.Expected, s.Code, s.Reason)
	case s.Code != types.OK:
		d.say("%srefused, as it must be: %s (%s)", below, s.Code, s.Rule)
	case s.State != "":
		d.say("%s%s; the order is now %s", below, s.Rule, s.State)
	default:
		d.say("%s%s", below, s.Rule)
	}
	if d.commands {
		d.say("%s$ %s", below, s.Command)
	}
}

// diagnose adds to an error what the nodes that ended have last said.
func (d *showing) diagnose(ctx context.Context, n *Network, err error) error {
	for _, s := range n.Statuses(ctx) {
		if s.PID == 0 {
			err = errors.Join(err, n.crash(s.member))
		}
	}
	return err
}

// conclude verifies the evidence and prints the verifier's words.
func (d *showing) conclude(n *Network, proof *demo.Proof) error {
	running, err := n.Running()
	if err != nil {
		return err
	}
	verdict, err := proof.Verify()
	if err != nil {
		return fmt.Errorf("verify %s: %w", proof.File, err)
	}
	if d.json {
		return d.emit(concluded{"proof", proof.File, proof.Orders, proof.Trust, len(running), d.refused, verdict, time.Since(d.begin).Milliseconds()})
	}
	info, err := os.Stat(proof.File)
	if err != nil {
		return err
	}
	d.say("\nThe proof")
	d.say("  The whole history of the bags is in one file of %d bytes: %s", info.Size(), proof.File)
	if len(running) == 0 {
		d.say("  All nodes are off now. The verifier needs none:")
	} else {
		d.say("  The verifier asks no node; switch them off and try again:")
	}
	d.say("  $ %s\n", verifyCommand(proof))
	d.say("%s", verdict)
	d.say("A second file proves that a list of all orders of the platform of this day is complete:")
	d.say("  $ %s verify %s --trust %s\n", os.Args[0], proof.Orders, proof.Trust)
	d.say("The story took %.1f s, with %d refusals that had to be.", time.Since(d.begin).Seconds(), d.refused)
	return nil
}

// concluded is the last object of --json.
type concluded struct {
	Kind    string          `json:"kind"`
	File    string          `json:"evidence"`
	Orders  string          `json:"orders"`
	Trust   string          `json:"trust"`
	Running int             `json:"nodes_running"` // while the evidence was verified
	Refused int             `json:"refused"`
	Verdict *client.Verdict `json:"verdict"`
	Elapsed int64           `json:"elapsed_ms"` // since the start
}

func verifyCommand(p *demo.Proof) string {
	return fmt.Sprintf("%s verify %s --trust %s", os.Args[0], p.File, p.Trust)
}

// invite says what to try while the network is up.
func (d *showing) invite(n *Network, proof *demo.Proof) error {
	if d.json {
		return nil
	}
	api := n.Nodes()[0].Node.API
	lot := strings.TrimPrefix(proof.Key, types.PrefixLot+"/")
	d.say("\nThe network is up until Ctrl-C:")
	for _, m := range n.Nodes() {
		d.say("  %-18s %s", m.ID, m.Node.API)
	}
	d.say("\nTry in another terminal:")
	d.say("  %s status --node %s", os.Args[0], api)
	d.say("  %s history %s --node %s", os.Args[0], proof.Key, api)
	d.say("  %s prove %s --node %s --trust %s -o record.json", os.Args[0], proof.Key, api, proof.Trust)
	d.say("  %s trace %s --node %s", os.Args[0], lot, api)
	d.say("  curl '%s/epcis/events?EQ_bizStep=shipping'", api)
	d.say("\nTo verify, without any node, also when the network is gone:")
	d.say("  %s verify %s --trust %s", os.Args[0], filepath.Dir(proof.File), proof.Trust)
	d.say("\nTo speak as %s in another terminal (docs/cooperative.md goes on from there):", cooperative)
	d.say("  export CARYA_HOME=%s CARYA_PASSWORD=%s CARYA_NODE=%s", filepath.Join(n.Home, cooperative), n.Password, n.nodeOf(cooperative))
	return d.showCode(n.nodeOf(cooperative) + "/l/" + url.PathEscape(lot))
}

// showCode draws the QR code of the page that a shopper sees.
func (d *showing) showCode(page string) error {
	code, err := client.TerminalQR(page)
	if err != nil {
		return err
	}
	d.say("\nWhat a shopper sees who scans a bag; here it opens on this machine:\n\n%s\n\n  %s", code, page)
	return nil
}
