package client

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
	"github.com/caryaledger/carya/types/ceb/review"
)

// review keeps back what customs would reject for what stands in the document itself.
func (m *form) review(context.Context) error {
	if m.filing.unchecked {
		return nil
	}
	r := review.New(review.Options{Alone: true, Now: time.UnixMilli(m.filing.now())})
	r.AddMessage(m.File, &ceb.Message{Kind: m.doc.Kind, Documents: []ceb.Document{*m.doc}})
	for _, finding := range r.Findings() {
		switch finding.Severity {
		case review.Fault:
			m.reject(&finding)
		case review.Warning:
			m.Notes = append(m.Notes, finding.Fault+": "+finding.English)
		}
	}
	return nil
}

// reject faults a document by a finding.
func (m *form) reject(f *review.Finding) {
	m.code = f.Official
	m.chinese = f.Chinese
	detail := f.Fault + ": " + f.English
	if f.Official != 0 {
		detail = fmt.Sprintf("%d, %s", f.Official, detail)
	}
	m.fault(types.FieldInvalid, m.At+"/"+f.Field, "%s", detail)
}

// signatureWord is the fault of a signature among the findings.
const signatureWord = "SIGNATURE"

// cebPolicy is what the node's configuration says about messages.
type cebPolicy struct {
	Unsigned bool `json:"unsigned"` // accepted
}

// askPolicy asks the node how it judges signatures. A node that cannot say leaves them to the person.
func (f *filing) askPolicy(ctx context.Context) error {
	if f.ledger.node == nil {
		f.policy = &cebPolicy{Unsigned: true}
		return nil
	}
	p, err := get[cebPolicy](ctx, f.ledger.node, "/v1/ceb/policy", nil)
	if isMissing(err) {
		f.note("the node does not judge signatures")
		if !f.unsigned {
			return usage("--unsigned goes on without it", errors.New("the node has no /v1/ceb/policy: nobody would check the signatures of the messages"))
		}
		f.policy = &cebPolicy{Unsigned: true}
		return nil
	}
	f.policy, f.judges = p, err == nil
	return err
}

// isMissing reports an answer of a node that does not have the route.
func isMissing(err error) bool {
	if code, _ := types.CodeOf(err); code == types.NotFound {
		return true
	}
	var odd *HTTPError
	return errors.As(err, &odd) && (odd.Status == http.StatusNotFound || odd.Status == http.StatusMethodNotAllowed)
}

// checkBytes is how much of message files goes into one question about signatures.
const checkBytes = 8 << 20

// checkSignatures keeps back files without a signature where the node wants one, and files with one that does not hold.
func (f *filing) checkSignatures(ctx context.Context, letters []*letter) error {
	var signed []*letter
	size := 0
	for _, l := range letters {
		switch {
		case l.message == nil:
		case l.message.SignatureMethod == "" && !f.policy.Unsigned:
			l.reject(officialUnsigned, "the message is not signed, and the node accepts none that is not")
		case l.message.SignatureMethod != "" && f.judges:
			signed, size = append(signed, l), size+len(l.data)
		}
		if size > checkBytes {
			if err := f.judgeSignatures(ctx, signed); err != nil {
				return err
			}
			signed, size = nil, 0
		}
	}
	return f.judgeSignatures(ctx, signed)
}

// judgeSignatures asks the node about the signatures of files.
func (f *filing) judgeSignatures(ctx context.Context, signed []*letter) error {
	if len(signed) == 0 {
		return nil
	}
	type file struct {
		Name string `json:"name"`
		Data []byte `json:"data"`
	}
	question := struct {
		Files      []file `json:"files"`
		Signatures bool   `json:"signatures"`
	}{Signatures: true}
	byName := map[string]*letter{}
	for i, l := range signed {
		name := fmt.Sprintf("%d.xml", i)
		question.Files, byName[name] = append(question.Files, file{name, l.data}), l
	}
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	const path = "/v1/ceb/check"
	a, err := f.ledger.node.do(ctx, request{
		method: http.MethodPost, path: path, body: body, contentType: "application/json", accept: "application/json",
	})
	if err != nil {
		return err
	}
	answer, err := decode[struct {
		Findings []review.Finding `json:"findings"`
	}](f.ledger.node, path, a)
	if err != nil {
		return err
	}
	for _, finding := range answer.Findings {
		if l := byName[finding.File]; l != nil && finding.Fault == signatureWord && finding.Severity == review.Fault {
			l.reject(cmp.Or(finding.Official, officialUnsigned), finding.English)
		}
	}
	return nil
}
