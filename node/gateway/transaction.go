package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// maxJSON bounds a transaction in JSON, whose hexadecimal and names take more room than
// its CBOR.
const maxJSON = 4 * types.MaxTxBytes

type submission struct {
	Type    string `header:"Content-Type" hidden:"true"`
	Wait    string `query:"wait" enum:"commit" doc:"commit: answer when a block holds the transaction"`
	Timeout string `query:"timeout" default:"30s" doc:"how long to wait for that block, at most 1m"`
	RawBody []byte `contentType:"application/cbor"`
}

type receipt struct {
	Status int
	Body   types.Receipt
}

func (g *gateway) submitRoute() {
	op := huma.Operation{
		Method: http.MethodPost, Path: "/v1/transactions", OperationID: "submit",
		Summary: "submit a signed transaction",
		Description: "Sending the same transaction again is always safe: it is executed once. " +
			"With wait=commit a committed transaction is answered with 200 also when the block refused it; result.code tells.",
		DefaultStatus:    http.StatusAccepted,
		MaxBodyBytes:     maxJSON,
		SkipValidateBody: true,
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			mediaCBOR: {Schema: binary("the transaction's one encoding")},
			mediaJSON: {Schema: schemaOf[types.Signed](g)},
		}},
		Responses: answers(http.StatusOK, mediaJSON, schemaOf[types.Receipt](g)),
	}
	register(g, op, g.submit)
}

func (g *gateway) submit(ctx context.Context, in *submission) (*receipt, error) {
	patience, err := readWait("timeout", in.Timeout)
	if err != nil {
		return nil, err
	}
	raw, err := in.transaction()
	if err != nil {
		return nil, err
	}
	v, err := g.take(raw)
	if code, _ := types.CodeOf(err); code == types.Replayed {
		return g.replayed(v, raw, err)
	}
	if err != nil {
		return nil, err
	}
	r := types.Receipt{Digest: v.Digest, State: types.TxAccepted}
	if in.Wait != "" {
		if r, err = g.settled(ctx, v.Digest, r, patience); err != nil {
			return nil, err
		}
	}
	return &receipt{receiptStatus(r), r}, nil
}

func receiptStatus(r types.Receipt) int {
	if r.State == types.TxAccepted {
		return http.StatusAccepted
	}
	return http.StatusOK
}

// transaction returns the one encoding of what was sent. It copies, because the pool
// keeps it and the body's memory is used again.
func (in *submission) transaction() ([]byte, error) {
	media, _, _ := mime.ParseMediaType(in.Type)
	switch media {
	case mediaCBOR:
		return append([]byte(nil), in.RawBody...), nil
	case mediaJSON:
		return encodeJSON(in.RawBody)
	}
	return nil, unsupported(in.Type, mediaCBOR+" or "+mediaJSON)
}

func unsupported(got, want string) error {
	return newProblem(http.StatusUnsupportedMediaType, types.Malformed, "Content-Type", fmt.Sprintf("%.60q: send %s", got, want))
}

// encodeJSON reads a signed transaction from JSON and gives it its one encoding, which is
// what the pool and the blocks hold. The signatures do not depend on it.
func encodeJSON(data []byte) ([]byte, error) {
	var s types.Signed
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	err := d.Decode(&s)
	if err == nil && d.More() {
		err = fmt.Errorf("more than one JSON value")
	}
	if errors.As(err, new(*types.Refusal)) {
		return nil, err
	}
	if err != nil {
		return nil, types.Refuse(types.Malformed, "", "%v", err)
	}
	return s.Encode()
}

// take submits one transaction and counts the outcome.
func (g *gateway) take(raw []byte) (*types.Verified, error) {
	v, err := g.Submit(raw)
	o := outcomeOf(v, err)
	g.metrics.submitted(o, 1)
	return v, err
}

// replayed answers for a transaction that was executed before: with its receipt if the
// journal has it, because sending again is always safe.
func (g *gateway) replayed(v *types.Verified, raw []byte, refusal error) (*receipt, error) {
	digest, err := g.digest(v, raw)
	if err != nil {
		return nil, err
	}
	r, ok, err := g.committed(digest)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, refusal
	}
	return &receipt{http.StatusOK, r}, nil
}

// digest identifies a transaction that was refused after its verification.
func (g *gateway) digest(v *types.Verified, raw []byte) (types.Hash, error) {
	if v != nil {
		return v.Digest, nil
	}
	d, err := g.chain()
	if err != nil {
		return types.Hash{}, err
	}
	s, err := types.DecodeSigned(raw)
	if err != nil {
		return types.Hash{}, err
	}
	return d.Digest(&s.Transaction)
}

// committed looks a transaction up in the journal.
func (g *gateway) committed(digest types.Hash) (types.Receipt, bool, error) {
	height, index, tx, ok, err := g.Journal().Transaction(digest)
	if err != nil || !ok {
		return types.Receipt{}, false, err
	}
	h, err := g.head(height)
	if err != nil {
		return types.Receipt{}, false, err
	}
	return types.Receipt{
		Digest: digest, State: types.TxCommitted, Height: height, Index: int64(index), Time: h.Time,
		Result: &types.Result{Code: tx.Code, Codes: tx.Codes, Log: tx.Log},
	}, true, nil
}

// settled waits for the block that holds a transaction. If none does in time, the answer
// is the receipt there was before.
func (g *gateway) settled(ctx context.Context, digest types.Hash, before types.Receipt, patience time.Duration) (types.Receipt, error) {
	end := time.Now().Add(patience)
	for {
		next := g.Journal().Last() + 1 // before the look-up, so that no block falls between
		r, ok, err := g.committed(digest)
		if ok || err != nil {
			return r, err
		}
		came, err := g.await(ctx, next, time.Until(end))
		if err != nil {
			return before, err
		}
		if !came {
			return before, nil
		}
	}
}

type transactionQuery struct {
	Proof
	Digest types.Hash `path:"digest" doc:"the transaction's digest"`
	Wait   string     `query:"wait" doc:"how long to wait for a block that holds it, at most 1m" example:"5s"`
}

func (g *gateway) transactionRoute() {
	op := get("/v1/transactions/{digest}", "transaction", "what became of a transaction")
	op.Description = "State unknown means that no block which this node has holds it; it may be in a pool. " +
		"With proof=1: evidence that a block holds it, and of its result; NOT_FOUND where none does."
	op.Responses = g.evidenceAnswers(schemaOf[types.Receipt](g))
	register(g, op, func(ctx context.Context, in *transactionQuery) (*fileAnswer, error) {
		patience, err := readWait("wait", in.Wait)
		if err != nil {
			return nil, err
		}
		unknown := types.Receipt{Digest: in.Digest, State: types.TxUnknown}
		r, err := g.settled(ctx, in.Digest, unknown, patience)
		if err == nil && in.Proof.Proof {
			return g.proof(ctx, &in.EvidenceForm, evidence.Ask{Claim: evidence.ClaimTransaction, Digest: in.Digest[:]})
		}
		return &fileAnswer{mediaJSON, r}, err
	})
}
