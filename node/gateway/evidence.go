package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/node/journal"
	"github.com/caryaledger/carya/node/prove"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// Much evidence takes seconds and a hundred megabytes to make; little takes a millisecond.
const (
	maxProving   = 2  // requests for much evidence at the same time
	littleClaims = 16 // without a range among them
)

type evidenceRequest struct {
	EvidenceForm
	Body evidence.Asked
}

// EvidenceForm is the part of a request that says how evidence is written. It is exported
// because huma fills in no embedded struct that is not.
type EvidenceForm struct {
	Form   string `query:"form" enum:"json,compact" doc:"compact: evidence in CBOR, as small as it gets; the same as Accept: application/cbor"`
	Accept string `header:"Accept" hidden:"true"`
}

func (f *EvidenceForm) compact() bool {
	return f.Form == "compact" || f.Form == "" && strings.Contains(f.Accept, mediaCBOR)
}

// Proof is the part of a request that asks for evidence in place of the usual answer.
type Proof struct {
	EvidenceForm
	Proof bool `query:"proof" doc:"1: answer with evidence of it, a file that carya verify reads"`
}

// Resolve refuses a form of what is not asked for.
func (p *Proof) Resolve(huma.Context) []error {
	if p.Form != "" && !p.Proof {
		return []error{&huma.ErrorDetail{Location: "query.form", Message: "the form is that of evidence: add proof=1"}}
	}
	return nil
}

// fileAnswer is an answer whose encoding is the handler's, or any value as JSON.
type fileAnswer struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	Body        any
}

func (g *gateway) evidenceRoute() {
	op := huma.Operation{
		Method: http.MethodPost, Path: "/v1/evidence", OperationID: "evidence",
		Summary: "a file that proves everything that is asked for",
		Description: "The file can be checked without this node, and for as long as anybody knows who the validators were. " +
			"The root of a block's state stands in the next block's header. Without a height the answer is " +
			"about the last block but one, unless the last one changed a record that is asked for, or a range is: then it waits for the next. " +
			"Where a claim cannot be proven, the problem's field names it.",
		DefaultStatus: http.StatusOK,
		Responses:     g.evidenceAnswers(nil),
	}
	register(g, op, func(ctx context.Context, in *evidenceRequest) (*fileAnswer, error) {
		e, err := g.prove(ctx, &in.Body)
		if err != nil {
			return nil, err
		}
		return writeEvidence(e, &in.EvidenceForm)
	})
}

// evidenceAnswers describes answers that are evidence, or something else without proof=1.
func (g *gateway) evidenceAnswers(usual *huma.Schema) map[string]*huma.Response {
	schema := schemaOf[evidence.Evidence](g)
	if usual != nil {
		schema = &huma.Schema{OneOf: []*huma.Schema{usual, schema}}
	}
	list := answers(http.StatusOK, mediaJSON, schema)
	list["200"].Content[mediaCBOR] = &huma.MediaType{Schema: binary("evidence in its compact form")}
	return list
}

func writeEvidence(e *evidence.Evidence, form *EvidenceForm) (*fileAnswer, error) {
	media, encode := mediaJSON, e.Encode
	if form.compact() {
		media, encode = mediaCBOR, e.Compact
	}
	file, err := encode()
	if err == nil && len(file) > evidence.MaxBytes {
		err = types.Refuse(types.TooLarge, "", "the evidence has %d bytes, at most %d: ask for parts of it", len(file), evidence.MaxBytes)
	}
	return &fileAnswer{media, file}, err
}

// proof answers with evidence of one claim.
func (g *gateway) proof(ctx context.Context, form *EvidenceForm, ask evidence.Ask) (*fileAnswer, error) {
	e, err := g.proveOne(ctx, ask)
	if err != nil {
		return nil, err
	}
	return writeEvidence(e, form)
}

// proveOne makes evidence of one claim. Its errors do not say which.
func (g *gateway) proveOne(ctx context.Context, ask evidence.Ask) (*evidence.Evidence, error) {
	e, err := g.prove(ctx, &evidence.Asked{Claims: []evidence.Ask{ask}})
	if p, ok := errors.AsType[*problem](err); ok {
		p.Field = strings.TrimPrefix(strings.TrimPrefix(p.Field, "claims[0]"), ".")
	}
	return e, err
}

// prove makes evidence. A node hands out none that a stranger would refuse, whatever the
// size: the check takes 35 µs of a record, 1 ms of a history of 1,000 events, and of a range
// a tenth of its making (BenchmarkEvidence), each less than writing the file as JSON.
func (g *gateway) prove(ctx context.Context, asked *evidence.Asked) (*evidence.Evidence, error) {
	if isMuch(asked) {
		if !enterWithin(ctx, g.proving, largeWait) {
			return nil, notNow(g.RetryAfter(), "the node is making other large evidence")
		}
		defer func() { <-g.proving }()
	}
	e, err := prove.Evidence(ctx, provable{g}, asked)
	if err != nil {
		return nil, g.evidenceProblem(ctx, err)
	}
	d, err := g.chain()
	if err != nil {
		return nil, err
	}
	if _, err := e.Verify(d.trust); err != nil {
		return nil, g.evidenceProblem(ctx, refusedByItself(err))
	}
	return e, nil
}

// refusedByItself is the error of evidence that this node would refuse: because a key is
// asked for that no record can have, and else because something is wrong with the node.
func refusedByItself(err error) error {
	r, ok := errors.AsType[*evidence.Refusal](err)
	if !ok || r.Reason != evidence.KeyInvalid {
		return ours(fmt.Errorf("evidence that this node made does not verify: %w", err))
	}
	return &prove.ClaimError{Claim: r.Claim, Err: types.Refuse(types.FieldInvalid, "key",
		"%s as the ledger writes them, so nothing follows from its absence", r.Detail)}
}

func isMuch(asked *evidence.Asked) bool {
	for i := range asked.Claims {
		if asked.Claims[i].Claim == evidence.ClaimRange {
			return true
		}
	}
	return len(asked.Claims) > littleClaims
}

// evidenceProblem says which claim an error is about, and what to do about a state that is
// gone: nearly all nodes keep the newest only.
func (g *gateway) evidenceProblem(ctx context.Context, err error) *problem {
	p := g.problem(ctx, "evidence", err)
	if errors.As(err, new(store.ErrNoVersion)) && p.Status == http.StatusGone {
		p.Detail += ". Ask for a height that it has, or ask a node with a longer history: what a state was is proven with that state"
	}
	if errors.As(err, new(journal.ErrNoBlock)) && p.Status == http.StatusGone {
		p.Detail += ". Ask a node with a longer history"
	}
	if c, ok := errors.AsType[*prove.ClaimError](err); ok && p.Status < http.StatusInternalServerError {
		p.Field = strings.TrimSuffix(fmt.Sprintf("claims[%d].%s", c.Claim, p.Field), ".")
	}
	return p
}
