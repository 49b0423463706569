package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// Prove returns evidence of what is asked for, in one file under one signed header. It checks that the claims are those that
// were asked for, and verifies nothing: see [Verify]. Asked for a record that is not there, a node proves its absence.
func (c *Client) Prove(ctx context.Context, asked *evidence.Asked) (*evidence.Evidence, error) {
	const path = "/v1/evidence"
	body, err := json.Marshal(asked)
	if err != nil {
		return nil, err
	}
	a, err := c.do(ctx, request{method: http.MethodPost, path: path, body: body, contentType: "application/json", accept: "application/json"})
	if err != nil {
		return nil, err
	}
	e, err := evidence.Parse(a.data)
	if err != nil {
		return nil, fmt.Errorf("node %s: answer to %s: %w", c.Node(), path, err)
	}
	if err := answers(e, asked); err != nil {
		return nil, fmt.Errorf("node %s did not prove what it was asked for: %w", c.Node(), err)
	}
	return e, nil
}

// answers checks that evidence has the claims that were asked for.
func answers(e *evidence.Evidence, asked *evidence.Asked) error {
	if got, want := len(e.Claims), len(asked.Claims); got != want {
		return fmt.Errorf("%s, asked for were %d", count(got, "claim"), want)
	}
	for i := range asked.Claims {
		ask := asked.Claims[i]
		if ask.Height == 0 {
			ask.Height = asked.Height
		}
		if err := answersOne(&e.Claims[i], &ask); err != nil {
			return fmt.Errorf("claims[%d]: %w", i, err)
		}
	}
	return nil
}

func answersOne(c *evidence.Claim, ask *evidence.Ask) error {
	claim := ask.Claim
	if claim == evidence.ClaimRecord && c.Claim == evidence.ClaimAbsence {
		claim = evidence.ClaimAbsence
	}
	switch {
	case c.Claim != claim:
		return fmt.Errorf("it is a %.40q, asked for was a %q", c.Claim, ask.Claim)
	case c.Claim == evidence.ClaimTransaction: // it stands in a block of its own
		return same("digest", c.Digest.String(), ask.Digest.String())
	case ask.Height != 0 && c.Height != ask.Height:
		return fmt.Errorf("it is about block %d, asked for was %d", c.Height, ask.Height)
	case c.Since != ask.Since:
		return fmt.Errorf("it is about the history since block %d, asked for was %d", c.Since, ask.Since)
	}
	if err := errors.Join(same("key", c.Key, ask.Key), same("from", c.From, ask.From), same("to", c.To, ask.To)); err != nil {
		return err
	}
	if c.Claim == evidence.ClaimEvent {
		return answersEvent(c, ask)
	}
	return nil
}

func same(member, got, want string) error {
	if got != want {
		return fmt.Errorf("its %s is %.200q, asked for was %q", member, got, want)
	}
	return nil
}

// answersEvent checks that an event is the one that was asked for: by its place, its transaction or its document.
func answersEvent(c *evidence.Claim, ask *evidence.Ask) error {
	if len(ask.Root) == 0 && len(ask.Digest) == 0 {
		if c.Index != ask.Index {
			return fmt.Errorf("it is event %d, asked for was %d", c.Index, ask.Index)
		}
		return nil
	}
	if len(c.Events) != 1 {
		return errors.New("it is not one event")
	}
	e, err := types.DecodeEvent(c.Events[0])
	if err != nil {
		return err
	}
	if len(ask.Digest) > 0 && !bytes.Equal(e.Tx[:], ask.Digest) {
		return fmt.Errorf("it is of the transaction %s, asked for was %s", e.Tx, ask.Digest)
	}
	if len(ask.Root) != len(types.Hash{}) {
		return nil
	}
	if _, ok, err := e.CommitsTo(types.Hash(ask.Root)); err != nil || !ok {
		return errors.Join(err, fmt.Errorf("it does not commit to the document %s", ask.Root))
	}
	return nil
}
