package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/caryaledger/carya/types"
)

// job is what the EPCIS interface says of a document that was posted.
type job struct {
	Running bool `json:"running"`
	Success bool `json:"success"`
	Errors  []struct {
		Code   types.Code `json:"code"`
		Detail string     `json:"detail"`
	} `json:"errors"`
	Transactions []struct {
		Digest types.Hash `json:"digest"`
		Height int64      `json:"height"`
	} `json:"carya:transactions"`
}

// patience is how long a document may take into a block.
const patience = 30 * time.Second

// capture posts a document as any EPCIS 2.0 software does, and asks for its job until it
// is done. The node signs for its member.
func (s *Stage) capture(ctx context.Context, t *step, told *Step) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	address := s.Node(t.by.ID) + "/epcis/capture"
	told.Command = fmt.Sprintf("curl -H 'Content-Type: application/ld+json' --data-binary @%s %s", t.post, address)
	document, err := os.ReadFile(t.post)
	if err != nil {
		return err
	}
	answer, err := ask(ctx, http.MethodPost, address, document, http.StatusAccepted, nil)
	if err != nil {
		return err
	}
	location, err := answer.Location()
	if err != nil {
		return fmt.Errorf("%s: %w", told.Command, err)
	}
	for {
		var j job
		if _, err := ask(ctx, http.MethodGet, location.String(), nil, http.StatusOK, &j); err != nil {
			return err
		}
		if !j.Running {
			return told.readJob(&j)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%s: not done after %s", told.Command, patience)
		}
	}
}

func (told *Step) readJob(j *job) error {
	if len(j.Transactions) == 0 {
		return fmt.Errorf("%s: the job names no transaction: %+v", told.Command, j.Errors)
	}
	told.Digest, told.Height = j.Transactions[0].Digest, j.Transactions[0].Height
	if !j.Success && len(j.Errors) > 0 {
		told.Code, told.Reason = j.Errors[0].Code, j.Errors[0].Detail
	}
	return nil
}

// ask sends a request and reads a JSON answer with the wanted status.
func ask(ctx context.Context, method, address string, body []byte, status int, into any) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/ld+json")
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != status {
		return nil, fmt.Errorf("%s %s: %s: %s", method, address, answer.Status, bytes.TrimSpace(data))
	}
	if into == nil {
		return answer, nil
	}
	return answer, json.Unmarshal(data, into)
}
