package epcisrest

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/caryaledger/carya/types"
)

// job is a document that was taken over: jobs/<id>/job.json. Beside it lies, until the
// ledger has decided about it, each transaction's events: parcel-0 and so on.
type job struct {
	ID         string     `json:"captureID"`
	CreatedAt  time.Time  `json:"createdAt"`
	FinishedAt *time.Time `json:"finishedAt,omitempty"`
	OnError    string     `json:"captureErrorBehaviour"`
	Errors     []*problem `json:"errors"`
	Unlisted   int        `json:"unlisted,omitempty"` // errors beyond those in the list
	Pointers   string     `json:"pointers"`           // what stands before an event's number in pointers, "" for a single event
	Parcels    []parcel   `json:"parcels"`

	dir string
}

// parcel is one transaction of a job.
type parcel struct {
	First   int   `json:"first"` // number of its first event in the document
	Events  int   `json:"events"`
	Expires int64 `json:"expires,omitempty"` // of the transaction that was made of it last; 0 = none was
	Tries   int   `json:"tries,omitempty"`
	Done    bool  `json:"done,omitempty"`

	// The block that decided about it and the transaction, once one has.
	Height int64      `json:"height,omitempty"`
	Digest types.Hash `json:"digest"`
}

// jobDocument is a capture job as the standard shows it.
type jobDocument struct {
	ID         string     `json:"captureID"`
	CreatedAt  time.Time  `json:"createdAt"`
	FinishedAt *time.Time `json:"finishedAt,omitempty"`
	Running    bool       `json:"running"`
	Success    bool       `json:"success"`
	OnError    string     `json:"captureErrorBehaviour"`
	Errors     []*problem `json:"errors"`

	Transactions []jobTransaction `json:"carya:transactions"`
}

// jobTransaction is a transaction that a block decided about for a job: what receipts and
// proofs are asked for with. Clients of EPCIS pass over it.
type jobTransaction struct {
	Digest types.Hash `json:"digest"`
	Height int64      `json:"height"`
}

// The bounds of jobs.
const (
	maxRunning   = 64
	maxFinished  = 1000
	maxJobErrors = 1000
	jobFile      = "job.json"
)

// jobs are all that are remembered. Changes to a job are made under the lock and written
// down before anybody else can see that they were.
type jobs struct {
	dir   string
	queue chan *job // those that wait for captureJobs, in the order of their acceptance

	mu     sync.Mutex
	all    map[string]*job
	chance *ulid.MonotonicEntropy // so that IDs ascend within a millisecond, too
}

// openJobs reads the jobs of earlier runs; those that are not finished go on.
func (s *Service) openJobs() (*jobs, error) {
	js := &jobs{dir: s.file(dirJobs), all: map[string]*job{}, chance: ulid.Monotonic(rand.Reader, 0)}
	names, err := entries(js.dir)
	if err != nil {
		return nil, err
	}
	js.queue = make(chan *job, maxRunning+len(names))
	for _, name := range names { // ULIDs: in the order of their acceptance
		j := &job{dir: filepath.Join(js.dir, name)}
		if err := readJSON(filepath.Join(j.dir, jobFile), j); err != nil {
			// Its caller was never answered: the file is written last.
			s.Logger.Warn("a capture job cannot be read and is dropped", "job", name, "error", err)
			if err := remove(j.dir); err != nil {
				return nil, err
			}
			continue
		}
		js.all[j.ID] = j
		if j.FinishedAt == nil {
			s.metrics.jobs.Inc()
			js.queue <- j
		}
	}
	return js, nil
}

// addJob keeps a document and puts it into the queue.
func (s *Service) addJob(onError string, c *captured, sizes []int) (*job, error) {
	s.jobs.mu.Lock()
	defer s.jobs.mu.Unlock()
	id, err := ulid.New(ulid.Timestamp(s.Now()), s.jobs.chance)
	if err != nil {
		return nil, err
	}
	j := &job{
		ID: id.String(), CreatedAt: s.Now().UTC().Truncate(time.Millisecond), OnError: onError,
		dir: filepath.Join(s.jobs.dir, id.String()),
	}
	if pointer := c.pointers[0]; pointer != "" {
		j.Pointers = pointer[:len(pointer)-1] // the first event's number is 0
	}
	if s.jobs.running() >= maxRunning {
		return nil, s.later("%d capture jobs are running; send the document again when one has finished", maxRunning)
	}
	if err := j.create(c, sizes); err != nil {
		return nil, fmt.Errorf("keep capture job: %w", err)
	}
	s.jobs.all[j.ID] = j
	s.metrics.jobs.Inc()
	s.jobs.queue <- j // there is room for all that are running
	return j, nil
}

// running counts the jobs that have not finished.
func (js *jobs) running() (n int) {
	for _, j := range js.all {
		if j.FinishedAt == nil {
			n++
		}
	}
	return n
}

// create writes the job's files, the one that makes it a job last.
func (j *job) create(c *captured, sizes []int) error {
	if err := os.Mkdir(j.dir, 0o700); err != nil {
		return err
	}
	first := 0
	for i, n := range sizes {
		events := make([]string, n)
		for k := range events {
			events[k] = c.bodies[first+k].(*types.CaptureEvent).Event
		}
		data, err := types.Encode(events)
		if err != nil {
			return err
		}
		if err := writeFile(j.parcelFile(i), data); err != nil {
			return err
		}
		j.Parcels = append(j.Parcels, parcel{First: first, Events: n})
		first += n
	}
	return j.save()
}

func (j *job) save() error { return writeJSON(filepath.Join(j.dir, jobFile), j) }

func (j *job) parcelFile(i int) string { return filepath.Join(j.dir, fmt.Sprintf("parcel-%d", i)) }

// bodies reads the events of a parcel.
func (j *job) bodies(i int) ([]types.Body, error) {
	data, err := os.ReadFile(j.parcelFile(i))
	if err != nil {
		return nil, err
	}
	var events []string
	if err := types.Decode(data, &events); err != nil {
		return nil, fmt.Errorf("%s: %w", j.parcelFile(i), err)
	}
	bodies := make([]types.Body, len(events))
	for k, e := range events {
		bodies[k] = &types.CaptureEvent{Event: e}
	}
	return bodies, nil
}

// pointer is the place of an event in the job's document.
func (j *job) pointer(event int) string {
	if j.Pointers == "" {
		return ""
	}
	return fmt.Sprintf("%s%d", j.Pointers, event)
}

// fail notes an error.
func (j *job) fail(p *problem) {
	if len(j.Errors) >= maxJobErrors {
		j.Unlisted++
		return
	}
	j.Errors = append(j.Errors, p)
}

// change changes a job and writes it down.
func (js *jobs) change(j *job, f func(*job)) error {
	js.mu.Lock()
	defer js.mu.Unlock()
	f(j)
	return j.save()
}

// finish ends a job, and forgets the oldest of those that have ended.
func (js *jobs) finish(j *job, at time.Time) error {
	at = at.UTC().Truncate(time.Millisecond)
	if err := js.change(j, func(j *job) { j.FinishedAt = &at }); err != nil {
		return err
	}
	js.mu.Lock()
	defer js.mu.Unlock()
	var ended []*job
	for _, j := range js.all {
		if j.FinishedAt != nil {
			ended = append(ended, j)
		}
	}
	slices.SortFunc(ended, func(a, b *job) int { return cmp.Compare(a.ID, b.ID) })
	for len(ended) > maxFinished {
		delete(js.all, ended[0].ID)
		if err := remove(ended[0].dir); err != nil {
			return err
		}
		ended = ended[1:]
	}
	return nil
}

// document is the job as the standard shows it: running and success make its table of
// four rows.
func (j *job) document() jobDocument {
	d := jobDocument{
		ID: j.ID, CreatedAt: j.CreatedAt, FinishedAt: j.FinishedAt, Running: j.FinishedAt == nil,
		Success: len(j.Errors) == 0, OnError: j.OnError, Errors: append([]*problem{}, j.Errors...),
		Transactions: []jobTransaction{},
	}
	for _, p := range j.Parcels {
		if p.Height > 0 {
			d.Transactions = append(d.Transactions, jobTransaction{p.Digest, p.Height})
		}
	}
	if j.Unlisted > 0 {
		d.Errors = append(d.Errors, captureLimit.about("", "%d more errors are not listed", j.Unlisted))
	}
	return d
}

// show returns the document of a job.
func (js *jobs) show(id string) (jobDocument, bool) {
	js.mu.Lock()
	defer js.mu.Unlock()
	j, ok := js.all[id]
	if !ok {
		return jobDocument{}, false
	}
	return j.document(), true
}

// list returns a page of jobs, the newest first.
func (js *jobs) list(after string, limit int) (page []jobDocument, next string) {
	js.mu.Lock()
	defer js.mu.Unlock()
	ids := make([]string, 0, len(js.all))
	for id := range js.all {
		if after == "" || id < after {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	if len(ids) > limit {
		ids, next = ids[:limit], ids[limit-1]
	}
	page = []jobDocument{}
	for _, id := range ids {
		page = append(page, js.all[id].document())
	}
	return page, next
}

func (s *Service) showJob(w http.ResponseWriter, r *http.Request) error {
	d, ok := s.jobs.show(r.PathValue("captureID"))
	if !ok {
		return noSuchResource.about("captureID", "no capture job has the ID %.60q; of those that finished, the last %d are kept",
			r.PathValue("captureID"), maxFinished)
	}
	return writeAs(w, r, http.StatusOK, d)
}

func (s *Service) listJobs(w http.ResponseWriter, r *http.Request) error {
	p, err := s.onlyPaging(r)
	if err != nil {
		return err
	}
	jobs, next := s.jobs.list(p.After, p.perPage)
	if err := s.link(w.Header(), p, next, 0); err != nil {
		return err
	}
	return writeAs(w, r, http.StatusOK, jobs)
}

// onlyPaging reads the parameters of a list that has no others.
func (s *Service) onlyPaging(r *http.Request) (*paging, error) {
	given := r.URL.Query()
	p, err := s.paging(r, given)
	if err != nil {
		return nil, err
	}
	return p, refuseParameters(given)
}

func refuseParameters(given url.Values) error {
	for name := range given {
		return queryParameter.about(name, "%.80q is not a parameter of this resource", name)
	}
	return nil
}
