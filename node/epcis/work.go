package epcisrest

import (
	"context"
	"errors"
	"time"

	"github.com/caryaledger/carya/types"
)

const (
	// life is how long after its signing a transaction of a job expires.
	life = 3 * time.Minute
	// patience is how long POST /events waits for a block.
	patience = 30 * time.Second
	// maxTries is how often a parcel is signed anew because no block took it in time.
	maxTries = 5
)

// expiry is when a transaction that is signed now expires. It never is the same twice: two
// documents with the same events are two transactions, of which the second is refused.
func (s *Service) expiry() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expires = max(s.expires+1, s.Now().Add(life).UnixMilli())
	return s.expires
}

// captureJobs submits the jobs in their order, because one document may build on the one
// before. What blocks make of them is waited for beside that.
func (s *Service) captureJobs(ctx context.Context) {
	for {
		select {
		case j := <-s.jobs.queue:
			s.work(ctx, j)
		case <-ctx.Done():
			return
		}
	}
}

// work submits a job's transactions and leaves the rest to a goroutine of its own.
func (s *Service) work(ctx context.Context, j *job) {
	if s.Signer == nil {
		s.Logger.Warn("a capture job waits: the key that captures are signed with is not configured any more", "job", j.ID)
		return
	}
	for i := range j.Parcels {
		if err := s.submit(ctx, j, i); err != nil {
			s.stop(ctx, j, err)
			return
		}
	}
	s.task(func(ctx context.Context) {
		for i := range j.Parcels {
			if err := s.settle(ctx, j, i); err != nil {
				s.stop(ctx, j, err)
				return
			}
		}
		s.end(j)
	})
}

// stop gives a job up, unless the node only stops: then it goes on with the next start.
func (s *Service) stop(ctx context.Context, j *job, err error) {
	if ctx.Err() != nil {
		return
	}
	s.Logger.Error("capture job failed", "job", j.ID, "error", err)
	p := implementation.about("", "the node failed and its log says more; events of this job may have been captured")
	if err := s.jobs.change(j, func(j *job) { j.fail(p) }); err != nil {
		s.Logger.Error("capture job cannot be written down", "job", j.ID, "error", err)
	}
	s.end(j)
}

func (s *Service) end(j *job) {
	s.metrics.jobs.Dec()
	if err := s.jobs.finish(j, s.Now()); err != nil {
		s.Logger.Error("capture job cannot be written down", "job", j.ID, "error", err)
	}
}

// submit hands a parcel to the pool. The transaction's expiry is written down before it
// is sent, so that after a crash the same bytes can be made again: the ledger then
// executes them once. An error is the node's fault, or the end of ctx.
func (s *Service) submit(ctx context.Context, j *job, i int) error {
	p := &j.Parcels[i]
	if p.Done {
		return nil
	}
	if p.Expires == 0 {
		if err := s.jobs.change(j, func(j *job) { p.Expires = s.expiry(); p.Tries++ }); err != nil {
			return err
		}
	}
	raw, digest, err := s.transaction(j, i)
	if err != nil {
		return s.refuse(j, i, err)
	}
	if _, _, _, ok, err := s.Blocks.Transaction(digest); ok || err != nil {
		return err // a run before this one has sent it; settle finds it
	}
	for {
		_, err := s.Pool.Submit(raw)
		code, refused := types.CodeOf(err)
		switch {
		case err == nil || code == types.Replayed || code == types.TxExpired:
			return nil // settle looks at what became of it
		case !refused:
			return err
		case code < types.Retryable && code != types.ExpiresTooLate:
			return s.refuse(j, i, err)
		}
		// The pool is full, or this node's blocks lag far behind the clock.
		if err := pause(ctx, s.Pool.RetryAfter()); err != nil {
			return err
		}
	}
}

// transaction makes the transaction that a parcel was last made into.
func (s *Service) transaction(j *job, i int) (raw []byte, digest types.Hash, err error) {
	bodies, err := j.bodies(i)
	if err != nil {
		return nil, digest, err
	}
	return s.Signer.sign(s.Domain, bodies, j.OnError, j.Parcels[i].Expires)
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// refuse notes that a parcel was turned away as a whole before any block. What is no
// refusal is returned.
func (s *Service) refuse(j *job, i int, err error) error {
	r, ok := errors.AsType[*types.Refusal](err)
	if !ok {
		return err
	}
	s.metrics.events.WithLabelValues(r.Code.String()).Add(float64(j.Parcels[i].Events))
	return s.settled(j, i, refusal(r.Code, r.Field, r.Detail))
}

// settled ends a parcel with these errors.
func (s *Service) settled(j *job, i int, problems ...*problem) error {
	err := s.jobs.change(j, func(j *job) {
		for _, p := range problems {
			j.fail(p)
		}
		j.Parcels[i].Done = true
	})
	if err != nil {
		return err
	}
	return remove(j.parcelFile(i))
}

// settle waits for what blocks make of a parcel. When its transaction has expired without
// a block, no block can take it any more, and it is signed anew.
func (s *Service) settle(ctx context.Context, j *job, i int) error {
	for !j.Parcels[i].Done {
		_, digest, err := s.transaction(j, i)
		if err != nil {
			return s.refuse(j, i, err)
		}
		height, tx, err := s.decided(ctx, digest, j.Parcels[i].Expires)
		if err != nil {
			return err
		}
		if tx != nil {
			if err := s.jobs.change(j, func(j *job) { j.Parcels[i].Digest, j.Parcels[i].Height = digest, height }); err != nil {
				return err
			}
			return s.settled(j, i, s.errorsOf(j, &j.Parcels[i], tx)...)
		}
		if err := s.again(ctx, j, i); err != nil {
			return err
		}
	}
	return nil
}

// again signs a parcel anew, or gives it up.
func (s *Service) again(ctx context.Context, j *job, i int) error {
	if j.Parcels[i].Tries >= maxTries {
		p := notNow.about("", "no block took the events from number %d on, %d times in %s each", j.Parcels[i].First, maxTries, life)
		return s.settled(j, i, p)
	}
	if err := s.jobs.change(j, func(j *job) { j.Parcels[i].Expires = 0 }); err != nil {
		return err
	}
	return s.submit(ctx, j, i)
}

// decided waits until a block holds a transaction, or none can any more: nil.
func (s *Service) decided(ctx context.Context, digest types.Hash, expires int64) (height int64, tx *types.BlockTx, err error) {
	for {
		last := s.Blocks.Last()
		height, _, tx, ok, err := s.Blocks.Transaction(digest)
		if ok || err != nil {
			return height, tx, err
		}
		if last >= 0 {
			b, err := s.Blocks.Block(last)
			if err != nil {
				return 0, nil, err
			}
			if b.Time > expires {
				return 0, nil, nil
			}
		}
		if err := s.Blocks.Wait(ctx, last+1); err != nil {
			return 0, nil, err
		}
	}
}

// errorsOf lists what was refused of a parcel. Bodies that were only undone because of
// another one are not at fault.
func (s *Service) errorsOf(j *job, p *parcel, tx *types.BlockTx) []*problem {
	var problems []*problem
	culprit, _ := bodyOf(tx.Log)
	field, detail := splitLog(tx.Log)
	if tx.Code != types.OK && culprit < 0 {
		s.metrics.events.WithLabelValues(tx.Code.String()).Add(float64(p.Events))
		return []*problem{refusal(tx.Code, field, detail)}
	}
	for i := range p.Events {
		code := tx.Code
		if len(tx.Codes) == p.Events {
			code = tx.Codes[i]
		}
		s.metrics.events.WithLabelValues(code.String()).Inc()
		if code == types.OK || code == types.RolledBack {
			continue
		}
		event := p.First + i
		problem := refusal(code, j.pointer(event), code.Says())
		if i == culprit {
			problem = refusal(code, pointerOf(j.pointer(event), field), detail)
		}
		problem.Event = &event
		problems = append(problems, problem)
	}
	return problems
}
