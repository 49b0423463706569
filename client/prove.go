package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// proof is what the commands that write evidence files have in common.
type proof struct {
	*session
	to, trust       string
	height          int64
	newest, compact bool
}

const trustHelp = "trust file, or genesis file; also " + envTrust

func (p *proof) flags(f *pflag.FlagSet) {
	p.outputFlags(f)
	f.Int64Var(&p.height, "height", 0, "about the state after this block; 0 is the last that can be proven")
	f.BoolVar(&p.newest, "newest", false, "under the newest signed header, also where an older one would do")
}

func (p *proof) outputFlags(f *pflag.FlagSet) {
	f.StringVarP(&p.to, "output", "o", "", "evidence file to write, which must not exist; - for standard output")
	f.BoolVar(&p.compact, "compact", false, "write the compact form (CBOR) instead of JSON")
	f.StringVar(&p.trust, "trust", os.Getenv(envTrust), trustHelp+": verify the evidence before it is written")
}

func proveCommand() *cobra.Command {
	p := &proof{}
	cmd := &cobra.Command{
		Use:   "prove KEY… -o FILE",
		Short: "Write proofs to a file that anybody can check, years later, without a node",
		Long: `Write a small file that proves to anybody what the record under a key is, or that there
is none. "carya verify" checks it years later, without any node. The subcommands prove other
things: a whole history, one event of it, that a history was not rewritten, that a list of
records is complete, a block, a transaction.

Several keys, heights or digests make several claims in one file, under one signed header;
"carya prove claims" puts claims of different kinds into one.

` + keysHelp,
		Example: `  carya prove lot/06901234000016.L2026A -o lot.json
  carya prove order/lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q member/lantu -o order.json --trust trust.json
  carya prove history lot/06901234000016.L2026A -o story.json
  carya prove list order/lantu/ --day 2026-11-23 -o orders.json`,
		Args: takes(1, -1, "keys, or a subcommand"),
	}
	p.session = newSession(cmd)
	p.flags(cmd.PersistentFlags())
	cmd.RunE = p.ofKeys(evidence.ClaimRecord)
	cmd.AddCommand(proveHistoryCommand(p), proveEventCommand(p), provePrefixCommand(p), proveListCommand(p), proveBlockCommand(p),
		proveTransactionCommand(p), proveClaimsCommand(p))
	return cmd
}

// prove makes a command's function from one that says what to ask for.
func (p *proof) prove(asks func(args []string) ([]evidence.Ask, error)) func(*cobra.Command, []string) error {
	return p.run(func(ctx context.Context, args []string) error {
		list, err := asks(args)
		if err != nil {
			return err
		}
		return p.write(ctx, &evidence.Asked{Height: p.height, Claims: list, Newest: p.newest})
	})
}

// ofKeys makes the function of a command that claims the same of each key.
func (p *proof) ofKeys(claim string) func(*cobra.Command, []string) error {
	return p.prove(func(keys []string) ([]evidence.Ask, error) {
		var list []evidence.Ask
		for _, key := range keys {
			if err := checkKey(key); err != nil {
				return nil, usage(keyHint, err)
			}
			list = append(list, evidence.Ask{Claim: claim, Key: key})
		}
		return list, nil
	})
}

// write fetches evidence and stores it. Without trust it says that nothing was checked.
func (p *proof) write(ctx context.Context, asked *evidence.Asked) error {
	if err := p.checkOutput(); err != nil {
		return err
	}
	trust, err := p.trustGiven()
	if err != nil {
		return err
	}
	node, err := p.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	e, err := node.Prove(ctx, asked)
	if err != nil {
		return fmt.Errorf("prove: %w", err)
	}
	return p.store(e, trust, "node "+node.Node()+" sent evidence that proves nothing")
}

// checkOutput finds out before a node is asked that nothing could be written.
func (p *proof) checkOutput() error {
	if p.to == "" {
		return usage("for instance -o lot.json", errors.New("the file to write is missing"))
	}
	return nil
}

// trustGiven reads the trust file, if one is named.
func (p *proof) trustGiven() (*evidence.Trust, error) {
	if p.trust == "" {
		return nil, nil
	}
	return trusted(p.trust)
}

// store verifies evidence, if there is trust, and writes it. failed is what to say of evidence that is not proven.
func (p *proof) store(e *evidence.Evidence, trust *evidence.Trust, failed string) error {
	file, err := p.form(e)
	if err != nil {
		return err
	}
	checked := fmt.Sprintf("not checked yet: carya verify %s --trust TRUST", p.to)
	if trust != nil {
		if _, err := evidence.Verify(file, trust); err != nil {
			return fmt.Errorf("%s: %w", failed, err)
		}
		checked = "verified against " + p.trust
	}
	if p.to == "-" {
		_, err := p.out.Write(file)
		return err
	}
	if err := p.deliver(p.to, file); err != nil {
		return err
	}
	p.say("✓ %s: %s; %d bytes; %s", p.to, briefly(e.Claims), len(file), checked)
	return p.emit(stored{p.to, len(file), trust != nil, e.Headers[0].Height, claimsOf(e)})
}

func (p *proof) form(e *evidence.Evidence) ([]byte, error) {
	if p.compact {
		return e.Compact()
	}
	return e.Encode()
}

// stored is what --json says of an evidence file that was written.
type stored struct {
	File     string        `json:"file"`
	Bytes    int           `json:"bytes"`
	Verified bool          `json:"verified"`
	Signed   int64         `json:"signed"` // height of the signed header
	Claims   []storedClaim `json:"claims"`
}

type storedClaim struct {
	Claim  string `json:"claim"`
	Height int64  `json:"height"`
	Key    string `json:"key,omitempty"`
	Brief  string `json:"brief"`
}

func claimsOf(e *evidence.Evidence) []storedClaim {
	list := make([]storedClaim, len(e.Claims))
	for i := range e.Claims {
		c := &e.Claims[i]
		list[i] = storedClaim{c.Claim, c.Height, c.Key, brief(c)}
	}
	return list
}

func proveHistoryCommand(p *proof) *cobra.Command {
	return &cobra.Command{
		Use:     "history KEY… -o FILE",
		Short:   "Prove everything that ever happened to a record",
		Long:    "Write the whole history of each record, with the proof that nothing is missing and nothing is invented.",
		Example: "  carya prove history lot/06901234000016.L2026A -o story.json",
		Args:    takes(1, -1, "keys"),
		RunE:    p.ofKeys(evidence.ClaimHistory),
	}
}

func proveEventCommand(p *proof) *cobra.Command {
	var index int64
	var tx, root string
	cmd := &cobra.Command{
		Use:   "event KEY (--index N | --tx DIGEST | --root HASH) -o FILE",
		Short: "Prove one event of a record's history",
		Long: `Write one event of a record's history, with the proof that it stands there. The file stays
small however long the history is.

The event is named by its place, 0 being the first, by the transaction that caused it, or by
the root of a private document that it committed to.`,
		Example: "  carya prove event order/lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q --index 0 -o ordered.json",
		Args:    takes(1, 1, "a key"),
	}
	f := cmd.Flags()
	f.Int64Var(&index, "index", -1, "place of the event in the history, 0 for the first")
	f.StringVar(&tx, "tx", "", "the first event of the transaction with this digest")
	f.StringVar(&root, "root", "", "the first event that commits to the document with this root")
	cmd.RunE = p.prove(func(args []string) ([]evidence.Ask, error) {
		if err := checkKey(args[0]); err != nil {
			return nil, usage(keyHint, err)
		}
		a, err := evidence.Ask{Claim: evidence.ClaimEvent, Key: args[0]}, error(nil)
		switch {
		case index >= 0 && tx+root == "":
			a.Index = uint64(index)
		case index < 0 && tx != "" && root == "":
			a.Digest, err = hashFlag("tx", tx)
		case index < 0 && root != "" && tx == "":
			a.Root, err = hashFlag("root", root)
		default:
			err = usage("", errors.New("one of --index, --tx and --root names the event"))
		}
		if err != nil {
			return nil, err
		}
		return []evidence.Ask{a}, nil
	})
	return cmd
}

// hashFlag reads a hash that a flag names.
func hashFlag(flag, text string) (types.Bytes, error) {
	hash, err := types.ParseHash(text)
	if err != nil {
		return nil, usage("", fmt.Errorf("--%s: %w", flag, err))
	}
	return hash[:], nil
}

func provePrefixCommand(p *proof) *cobra.Command {
	var since int64
	cmd := &cobra.Command{
		Use:   "prefix KEY --since HEIGHT -o FILE",
		Short: "Prove that a history was only added to since an earlier block",
		Long: `Write a file that proves that a record's history as it was after an earlier block is the
beginning of its history now: nothing was taken out, changed or put between. Who kept an
old evidence file of the record sees with it that it is still true.

The node must have the state of the earlier block (see "carya status": proofs).`,
		Example: "  carya prove prefix lot/06901234000016.L2026A --since 1200 -o same.json",
		Args:    takes(1, 1, "a key"),
	}
	cmd.Flags().Int64Var(&since, "since", 0, "the earlier block")
	cmd.RunE = p.prove(func(args []string) ([]evidence.Ask, error) {
		if since < 1 {
			return nil, usage("for instance --since 1200", errors.New("the earlier block is missing"))
		}
		if err := checkKey(args[0]); err != nil {
			return nil, usage(keyHint, err)
		}
		return []evidence.Ask{{Claim: evidence.ClaimPrefix, Key: args[0], Since: since}}, nil
	})
	return cmd
}

func proveBlockCommand(p *proof) *cobra.Command {
	return &cobra.Command{
		Use:     "block HEIGHT… -o FILE",
		Short:   "Prove that blocks are of the chain",
		Example: "  carya prove block 1 1200 -o blocks.json",
		Args:    takes(1, -1, "heights"),
		RunE: p.prove(func(heights []string) ([]evidence.Ask, error) {
			var list []evidence.Ask
			for _, text := range heights {
				height, err := strconv.ParseInt(text, 10, 64)
				if err != nil || height < 1 {
					return nil, usage("for instance 1200", fmt.Errorf("%q is not a height", text))
				}
				list = append(list, evidence.Ask{Claim: evidence.ClaimBlock, Height: height})
			}
			return list, nil
		}),
	}
}

func proveTransactionCommand(p *proof) *cobra.Command {
	return &cobra.Command{
		Use:     "transaction DIGEST… -o FILE",
		Short:   "Prove what a transaction said, and what became of it",
		Example: "  carya prove transaction 0x5d0f7c… -o tx.json",
		Args:    takes(1, -1, "digests of transactions"),
		RunE: p.prove(func(digests []string) ([]evidence.Ask, error) {
			var list []evidence.Ask
			for _, text := range digests {
				digest, err := types.ParseHash(text)
				if err != nil {
					return nil, usage("", fmt.Errorf("digest: %w", err))
				}
				list = append(list, evidence.Ask{Claim: evidence.ClaimTransaction, Digest: digest[:]})
			}
			return list, nil
		}),
	}
}

func proveClaimsCommand(p *proof) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "claims FILE.json -o FILE",
		Short: "Prove claims of several kinds in one file",
		Long: `Write the proof of everything that a JSON file asks for into one evidence file, under one
signed header. The file is the body of POST /v1/evidence:

  {"claims": [
    {"claim": "history", "key": "lot/06901234000016.L2026A"},
    {"claim": "record", "key": "certificate/gdti.6901234000047.GI-2026"},
    {"claim": "range", "from": "recall/", "to": "recall0"},
    {"claim": "block", "height": 1}
  ]}

--height and --newest count where the file does not say them.`,
		Example: "  carya prove claims audit.json -o audit.evidence.json --trust trust.json",
		Args:    takes(1, 1, "a file of claims, or - for standard input"),
	}
	cmd.RunE = p.run(func(ctx context.Context, args []string) error {
		data, err := p.input(args[0], maxInput)
		if err != nil {
			return err
		}
		asked, err := readAsked(data)
		if err != nil {
			return usage("see `carya prove claims --help`", fmt.Errorf("%s: %w", args[0], err))
		}
		if asked.Height == 0 {
			asked.Height = p.height
		}
		asked.Newest = asked.Newest || p.newest
		return p.write(ctx, asked)
	})
	return cmd
}

// readAsked reads a request for evidence; a misspelt member is an error, because it would ask for something else.
func readAsked(data []byte) (*evidence.Asked, error) {
	var asked evidence.Asked
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&asked); err != nil {
		return nil, err
	}
	if len(asked.Claims) == 0 {
		return nil, errors.New("it asks for no claims")
	}
	for i := range asked.Claims {
		if key := asked.Claims[i].Key; key != "" {
			if err := checkKey(key); err != nil {
				return nil, fmt.Errorf("claims[%d]: %w", i, err)
			}
		}
	}
	return &asked, nil
}
