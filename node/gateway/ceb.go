package gateway

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
	"github.com/caryaledger/carya/types/ceb/review"
	"github.com/caryaledger/carya/types/ceb/xmldsig"
)

// CEB says how the node judges customs messages. The zero value accepts none without a
// signature and trusts no certificate.
type CEB struct {
	Unsigned bool // whether messages without a signature are accepted

	// Trust says which certificates speak for whom. It is asked for every question, so that
	// a certificate that is registered counts at once. nil means that none does.
	Trust func() (*xmldsig.Trust, error)
}

// The limits of a question about messages.
const (
	maxCheckFiles = 1000
	maxCheckBytes = ceb.MaxSize
	maxCheckBody  = maxCheckBytes/3*4 + piece // in base64
	maxFileName   = 255
	checkPatience = 25 * time.Second
)

type cebFile struct {
	Name string `json:"name" maxLength:"255" example:"list.xml"`
	Data []byte `json:"data" doc:"the message file; or the carriers' table of export parcels, CSV"`
}

type cebQuestion struct {
	Files      []cebFile `json:"files" minItems:"1" maxItems:"1000"`
	Signatures bool      `json:"signatures,omitempty" doc:"judge the signatures, too, by this node's certificates"`
}

type cebPosted struct {
	Type       string `header:"Content-Type" hidden:"true"`
	Signatures bool   `query:"signatures" doc:"with a message in XML: judge its signature, too"`
	RawBody    []byte `contentType:"application/xml"`
}

type cebFindings struct {
	Findings []review.Finding `json:"findings" doc:"by file and order"`
	Summary  review.Summary   `json:"summary"`
}

type cebAnswer struct{ Body cebFindings }

type cebPolicy struct {
	Unsigned bool `json:"unsigned" doc:"messages without a signature are accepted"`
}

// cebRoutes adds what the node says of customs messages before anybody commits to them.
func (g *gateway) cebRoutes() {
	op := huma.Operation{
		Method: http.MethodPost, Path: "/v1/ceb/check", OperationID: "check-ceb",
		Summary: "what customs will say of messages",
		Description: fmt.Sprintf("Up to %d files of together at most %d MiB, in JSON, or one message in XML. Documents that are missing from a set of "+
			"several files are reported. Nothing of the messages is kept or logged.", maxCheckFiles, maxCheckBytes>>20),
		MaxBodyBytes:     maxCheckBody,
		BodyReadTimeout:  bodyTimeout,
		SkipValidateBody: true,
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			mediaJSON: {Schema: schemaOf[cebQuestion](g)},
			mediaXML:  {Schema: binary("one message")},
		}},
	}
	register(g, op, g.checkCEB)
	policy := get("/v1/ceb/policy", "ceb-policy", "how this node judges customs messages")
	register(g, policy, func(context.Context, *struct{}) (*listed[cebPolicy], error) {
		return &listed[cebPolicy]{cebPolicy{g.opts.CEB.Unsigned}}, nil
	})
}

func (g *gateway) checkCEB(ctx context.Context, in *cebPosted) (*cebAnswer, error) {
	q, err := in.question()
	if err != nil {
		return nil, err
	}
	o := review.Options{Now: g.opts.Now(), Alone: len(q.Files) == 1}
	if q.Signatures {
		verify, err := g.opts.CEB.verifier(o.Now)
		if err != nil {
			return nil, fmt.Errorf("certificates: %w", err)
		}
		o.Signatures = review.Signatures{Severity: review.Fault, Verify: verify}
	}
	answer, err := g.patiently(ctx, func(ctx context.Context) (*cebFindings, error) { return g.opts.CEB.review(ctx, q, o) })
	if err != nil {
		return nil, err
	}
	return &cebAnswer{*answer}, nil
}

// question reads what was posted. It copies, because the body's memory is used again.
func (in *cebPosted) question() (*cebQuestion, error) {
	switch media, _, _ := mime.ParseMediaType(in.Type); media {
	case mediaXML, "text/xml":
		if len(in.RawBody) > maxCheckBytes {
			return nil, types.Refuse(types.TooLarge, "", "%d bytes, at most %d", len(in.RawBody), maxCheckBytes)
		}
		return &cebQuestion{Files: []cebFile{{"message.xml", bytes.Clone(in.RawBody)}}, Signatures: in.Signatures}, nil
	case mediaJSON:
		return readQuestion(in.RawBody)
	}
	return nil, unsupported(in.Type, mediaJSON+" or "+mediaXML)
}

func readQuestion(body []byte) (*cebQuestion, error) {
	q := new(cebQuestion)
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(q)
	if err == nil && d.More() {
		err = errors.New("more than one JSON value")
	}
	if err != nil {
		return nil, types.Refuse(types.Malformed, "", "%v", err)
	}
	if len(q.Files) == 0 || len(q.Files) > maxCheckFiles {
		return nil, types.Refuse(types.FieldInvalid, "files", "%d files: 1 to %d", len(q.Files), maxCheckFiles)
	}
	total, names := 0, map[string]bool{}
	for i := range q.Files {
		f := &q.Files[i]
		if f.Name == "" || len(f.Name) > maxFileName || names[f.Name] {
			return nil, types.Refuse(types.FieldInvalid, fmt.Sprintf("files[%d].name", i), "%.60q: findings name files, so each has another name of 1 to %d bytes", f.Name, maxFileName)
		}
		names[f.Name] = true
		total += len(f.Data)
	}
	if total > maxCheckBytes {
		return nil, types.Refuse(types.TooLarge, "files", "%d bytes together, at most %d", total, maxCheckBytes)
	}
	return q, nil
}

// patiently runs one review at a time, because it takes a processor and memory that
// consensus needs, and leaves it to itself when the caller has waited long enough: a review
// cannot be stopped between two files. That panics there must not end the node.
func (g *gateway) patiently(ctx context.Context, work func(context.Context) (*cebFindings, error)) (*cebFindings, error) {
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	select {
	case g.reviewing <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	type outcome struct {
		answer *cebFindings
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		defer func() { <-g.reviewing }()
		defer func() {
			if fault := recover(); fault != nil {
				done <- outcome{nil, fmt.Errorf("review panicked: %v\n%s", fault, debug.Stack())}
			}
		}()
		answer, err := work(ctx)
		done <- outcome{answer, err}
	}()
	select {
	case o := <-done:
		return o.answer, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// review answers a question.
func (c *CEB) review(ctx context.Context, q *cebQuestion, o review.Options) (*cebFindings, error) {
	r := review.New(o)
	for _, f := range q.Files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r.Add(f.Name, f.Data)
	}
	answer := &cebFindings{r.Findings(), r.Summary()}
	if q.Signatures {
		c.judgeUnsigned(q, answer)
	}
	if answer.Findings == nil {
		answer.Findings = []review.Finding{}
	}
	return answer, nil
}

// verifier judges signatures at a time by the certificates of that moment.
func (c *CEB) verifier(now time.Time) (func(message []byte) (official int, err error), error) {
	read := c.Trust
	if read == nil {
		read = func() (*xmldsig.Trust, error) { return xmldsig.ReadTrust(nil) }
	}
	trust, err := read()
	if err != nil {
		return nil, err
	}
	return func(message []byte) (official int, err error) {
		err = holds(message, trust, now)
		e, ok := errors.AsType[*xmldsig.Error](err)
		switch {
		case ok && e.Kind == xmldsig.Unsigned && c.Unsigned: // a signature where the schema wants one, which says that it is none
			return 0, nil
		case ok:
			official = int(e.Code)
		}
		return official, err
	}, nil
}

// holds says whether a message is signed by the company that transmits it.
func holds(message []byte, trust *xmldsig.Trust, now time.Time) error {
	s, err := xmldsig.Verify(message)
	if err != nil {
		return err
	}
	m, err := ceb.Parse(message)
	if err != nil {
		return err
	}
	return trust.Check(s, m.Transfer.CopCode, now)
}

// signatureWord is the fault of a signature, and officialUnsigned what customs answers when
// there is none (202205 specification, table 7-1).
const (
	signatureWord    = "SIGNATURE"
	officialUnsigned = -621026
)

// judgeUnsigned applies the node's own rule to messages without a signature: all are
// accepted, or none is. Customs asks for signatures of declarations only, and the review
// with it. A bad signature, which has an official code, is a fault in any case.
func (c *CEB) judgeUnsigned(q *cebQuestion, a *cebFindings) {
	absent := func(f review.Finding) bool { return f.Fault == signatureWord && f.Official == 0 }
	if c.Unsigned {
		before := len(a.Findings)
		a.Findings = slices.DeleteFunc(a.Findings, absent)
		a.Summary.Faults -= before - len(a.Findings)
		return
	}
	told := map[string]bool{}
	for i := range a.Findings {
		if f := &a.Findings[i]; absent(*f) {
			f.Official, told[f.File] = officialUnsigned, true
		}
	}
	for i := range q.Files {
		if f, ok := unsigned(&q.Files[i]); ok && !told[f.File] {
			a.Findings = append(a.Findings, f)
			a.Summary.Faults++
		}
	}
	slices.SortStableFunc(a.Findings, func(a, b review.Finding) int { return cmp.Compare(a.File, b.File) })
}

// unsigned is the finding for a file that can be read, is no answer of customs, and has no
// signature.
func unsigned(file *cebFile) (f review.Finding, ok bool) {
	m, err := ceb.ParseUnsigned(file.Data)
	if err != nil || m.SignatureMethod != "" || m.Transfer.CopCode == "" {
		return f, false
	}
	return review.Finding{
		Severity: review.Fault, Rule: "M12", Fault: signatureWord, Official: officialUnsigned, File: file.Name, Kind: m.Kind,
		Field: "Signature", Company: m.Transfer.CopCode + " " + m.Transfer.CopName,
		English: "The message is not signed, and this node accepts none that is not. " + m.Transfer.CopName + ": sign the message.",
		Chinese: "报文未加签，本节点不接收未加签的报文。" + m.Transfer.CopName + "：请加签。",
	}, true
}
