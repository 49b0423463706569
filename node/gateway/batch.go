package gateway

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/fxamacker/cbor/v2"

	"github.com/caryaledger/carya/types"
)

// The limits of a batch.
const (
	maxBatch      = 1000
	maxBatchBytes = 16 << 20
)

type batch struct {
	Type    string `header:"Content-Type" hidden:"true"`
	RawBody []byte `contentType:"application/cbor"`
}

// batchAnswer describes the answer, which appendReceipts writes.
type batchAnswer struct {
	Results []types.Receipt `json:"results" doc:"one for each transaction, in their order"`
}

type written struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	RetryAfter  string `header:"Retry-After"`
	Body        []byte
}

func (g *gateway) batchRoute() {
	op := huma.Operation{
		Method: http.MethodPost, Path: "/v1/transactions/batch", OperationID: "submit-batch",
		Summary: "submit many signed transactions",
		Description: fmt.Sprintf("A CBOR array of at most %d byte strings, each a transaction's one encoding, %d MiB in all. "+
			"They enter the pool in their order. When the pool is full, this transaction and all after it "+
			"are refused with BUSY and Retry-After says when to send them again.", maxBatch, maxBatchBytes>>20),
		MaxBodyBytes: maxBatchBytes + 1,
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			mediaCBOR: {Schema: binary("CBOR array of byte strings")},
		}},
		Responses: answers(http.StatusOK, mediaJSON, schemaOf[batchAnswer](g)),
	}
	register(g, op, g.submitBatch)
}

func (g *gateway) submitBatch(ctx context.Context, in *batch) (*written, error) {
	if media, _, _ := mime.ParseMediaType(in.Type); media != mediaCBOR {
		return nil, unsupported(in.Type, mediaCBOR)
	}
	raws, err := decodeBatch(in.RawBody)
	if err != nil {
		return nil, err
	}
	receipts := make([]types.Receipt, len(raws))
	busy, err := g.takeAll(ctx, raws, receipts)
	if err != nil {
		return nil, err
	}
	body, err := appendReceipts(receipts)
	if err != nil {
		return nil, err
	}
	out := &written{ContentType: mediaJSON, Body: body}
	if busy {
		out.RetryAfter = seconds(g.RetryAfter())
	}
	return out, nil
}

// batchDecoder reads an array of byte strings and copies each, because the pool keeps
// them and the body's memory is used again.
var batchDecoder = func() cbor.DecMode {
	m, err := cbor.DecOptions{
		MaxArrayElements: maxBatch,
		MaxNestedLevels:  4,
		IndefLength:      cbor.IndefLengthForbidden,
		TagsMd:           cbor.TagsForbidden,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return m
}()

func decodeBatch(body []byte) ([][]byte, error) {
	var raws [][]byte
	if err := batchDecoder.Unmarshal(body, &raws); err != nil {
		return nil, types.Refuse(types.Malformed, "", "not a CBOR array of at most %d byte strings: %v", maxBatch, err)
	}
	return raws, nil
}

// takeAll submits the transactions in their order and fills in the receipts. It stops at
// the first for which there is no room: those after it may build on it.
func (g *gateway) takeAll(ctx context.Context, raws [][]byte, receipts []types.Receipt) (busy bool, err error) {
	count := map[outcome]int{}
	defer func() {
		for o, n := range count {
			g.metrics.submitted(o, n)
		}
	}()
	for i, raw := range raws {
		if busy {
			receipts[i] = refused(noRoom)
			continue
		}
		if err := ctx.Err(); err != nil {
			return false, err // nobody reads the answer; sending again is safe
		}
		v, err := g.Submit(raw)
		count[outcomeOf(v, err)]++
		if receipts[i], err = g.receiptOf(v, raw, err); err != nil {
			return false, err
		}
		busy = receipts[i].Result != nil && receipts[i].Result.Code >= types.Retryable
	}
	return busy, nil
}

var noRoom = &types.Refusal{Code: types.Busy, Detail: "an earlier transaction of the batch found no room"}

// receiptOf turns the pool's verdict on one transaction into its receipt.
func (g *gateway) receiptOf(v *types.Verified, raw []byte, err error) (types.Receipt, error) {
	if err == nil {
		return types.Receipt{Digest: v.Digest, State: types.TxAccepted}, nil
	}
	r, ok := err.(*types.Refusal)
	if !ok {
		return types.Receipt{}, err
	}
	if r.Code == types.Replayed {
		found, err := g.replayed(v, raw, r)
		if err == nil {
			return found.Body, nil
		}
		if err != error(r) {
			return types.Receipt{}, err
		}
	}
	receipt := refused(r)
	if v != nil {
		receipt.Digest = v.Digest
	}
	return receipt, nil
}

func refused(r *types.Refusal) types.Receipt {
	return types.Receipt{State: types.TxRefused, Field: r.Field, Result: &types.Result{Code: r.Code, Log: r.Detail}}
}

// appendReceipts writes a batchAnswer. Nearly all receipts of a busy node are "accepted",
// and encoding/json takes ten times as long for them.
func appendReceipts(receipts []types.Receipt) ([]byte, error) {
	b := make([]byte, 0, 16+len(receipts)*128)
	b = append(b, `{"results":[`...)
	for i := range receipts {
		if i > 0 {
			b = append(b, ',')
		}
		r := &receipts[i]
		if *r == (types.Receipt{Digest: r.Digest, State: types.TxAccepted}) {
			b = append(b, `{"digest":"0x`...)
			b = hex.AppendEncode(b, r.Digest[:])
			b = append(b, `","state":"accepted","index":0}`...)
			continue
		}
		one, err := json.Marshal(r)
		if err != nil {
			return nil, err
		}
		b = append(b, one...)
	}
	return append(b, "]}\n"...), nil
}
