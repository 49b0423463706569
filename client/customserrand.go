package client

import (
	"context"

	"github.com/caryaledger/carya/types"
)

// runErrands sends bodies, one kind after the other and in order, in as few transactions as hold them, and writes into
// each answer what became of its steps.
func (a *author) runErrands(ctx context.Context, kinds ...[]errand) error {
	l, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	var by *Signer
	for _, all := range kinds {
		for len(all) > 0 {
			part := all[:min(len(all), types.MaxBodies)]
			all = all[len(part):]
			if by == nil {
				if by, err = a.signer(ctx, l); err != nil {
					return err
				}
			}
			if err := a.runPart(ctx, l, by, part); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *author) runPart(ctx context.Context, l *ledger, by *Signer, part []errand) error {
	bodies := make([]types.Body, len(part))
	for i := range part {
		bodies[i] = part[i].body
	}
	t, err := a.send(ctx, l, by, bodies)
	if err != nil {
		return undecided(t, err)
	}
	codes := t.codes()
	for i, e := range part {
		step := stepOn{Status: e.status, Code: codes[i]}
		if t.Receipt != nil {
			step.Height = t.Receipt.Height
		}
		e.answer.enter(step, t.DryRun)
	}
	return nil
}

// enter takes over what became of a step. One that was refused is the answer: those after it are refused for it.
func (a *answerOn) enter(step stepOn, dry bool) {
	a.Steps = append(a.Steps, step)
	switch {
	case dry:
		a.Result = resultDry
	case a.Result == resultRefused:
	case step.Code != types.OK:
		a.Result, a.Why = resultRefused, step.Code.Says()
	default:
		a.Result = resultDecided
	}
}
