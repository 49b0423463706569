package vault

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/caryaledger/carya/types"
)

// courier carries deliveries to other members' nodes, until each has taken them. Those for
// one member go one after the other, those for several at the same time, so that a node
// that is down or slow delays its own only.
type courier struct {
	v     *Vault
	http  *http.Client
	woken chan struct{} // holds one token

	mu       sync.Mutex // guards the fields below
	carrying map[string]bool
	down     map[string]outage

	asking sync.Mutex        // guards the fields below
	nodes  map[string]string // gateway by member
	asked  time.Time         // when the peers were last asked whose they are
}

// outage is what is remembered of a member's node that does not answer.
type outage struct {
	tries int
	until time.Time // of the next try
}

const (
	pace     = time.Second      // at least so often it looks what is due
	fault    = time.Minute      // pause when the vault cannot be read
	patience = 30 * time.Second // for one node's answer
	askPause = 2 * time.Second  // for a peer's answer, and between two rounds of asking
	longest  = 10 * time.Minute // between two tries
)

func newCourier(v *Vault) *courier {
	return &courier{
		v: v, http: &http.Client{Timeout: patience}, woken: make(chan struct{}, 1),
		carrying: map[string]bool{}, down: map[string]outage{}, nodes: map[string]string{},
	}
}

// backOff is the pause after a number of failures in a row.
func backOff(tries int) time.Duration { return min(longest, time.Second<<min(tries, 20)) }

// wake makes it look at once.
func (c *courier) wake() {
	select {
	case c.woken <- struct{}{}:
	default:
	}
}

func (c *courier) run(ctx context.Context) {
	var all sync.WaitGroup
	defer c.http.CloseIdleConnections()
	defer all.Wait()
	for ctx.Err() == nil {
		pause := pace
		members, err := c.waiting(ctx)
		if err != nil && ctx.Err() == nil {
			c.v.o.Logger.Error("read the vault", "error", err)
			pause = fault
		}
		for _, member := range members {
			if c.begin(member) {
				all.Go(func() { c.carryAll(ctx, member) })
			}
		}
		select {
		case <-c.woken:
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// waiting lists the members for whom something is due.
func (c *courier) waiting(ctx context.Context) (members []string, err error) {
	rows, err := c.v.db.QueryContext(ctx, "SELECT DISTINCT member FROM outbox WHERE next <= ?", time.Now().UnixMilli())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var member string
		if err := rows.Scan(&member); err != nil {
			return nil, err
		}
		members = append(members, member)
	}
	return members, rows.Err()
}

// begin reports whether a member's deliveries should be carried now, and nobody does.
func (c *courier) begin(member string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.carrying[member] || time.Now().Before(c.down[member].until) {
		return false
	}
	c.carrying[member] = true
	return true
}

func (c *courier) end(member string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.carrying, member)
}

// isDown reports whether the last try to reach a member's node failed.
func (c *courier) isDown(member string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.down[member].tries > 0
}

// carryAll carries what is due for a member, until nothing is or its node does not answer.
func (c *courier) carryAll(ctx context.Context, member string) {
	defer c.end(member)
	for ctx.Err() == nil {
		more, err := c.carryNext(ctx, member)
		if err != nil && ctx.Err() == nil {
			c.v.o.Logger.Error("carry deliveries", "member", member, "error", err)
		}
		if err != nil || !more {
			return
		}
	}
}

// due is a delivery that waits to be carried to a member.
type due struct {
	seq    int64
	member string
	tries  int
	body   []byte
}

// carryNext tries one delivery, and reports whether the next may be tried. The error is the
// vault's.
func (c *courier) carryNext(ctx context.Context, member string) (more bool, err error) {
	d, err := c.next(ctx, member)
	if err != nil || d == nil {
		return false, err
	}
	failure := c.post(ctx, d)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if failure == nil {
		c.reached(member)
		return true, c.arrived(ctx, d)
	}
	c.v.metrics.failed.Inc()
	if _, refused := errors.AsType[refusal](failure); refused {
		c.reached(member)
		c.v.o.Logger.Warn("a delivery is not taken; trying again", "member", member, "in", backOff(d.tries), "error", failure)
		return true, c.later(ctx, d)
	}
	c.missed(member, failure)
	return false, nil
}

// next is the delivery for a member that has been due for longest, nil if there is none.
func (c *courier) next(ctx context.Context, member string) (*due, error) {
	d := &due{member: member}
	err := c.v.db.QueryRowContext(ctx, "SELECT seq, tries, body FROM outbox JOIN documents USING (seq) WHERE member = ? AND next <= ? ORDER BY next, seq LIMIT 1",
		member, time.Now().UnixMilli()).Scan(&d.seq, &d.tries, &d.body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return d, err
}

// arrived takes a delivery out of the outbox. What was only carried is not kept.
func (c *courier) arrived(ctx context.Context, d *due) error {
	tx, err := c.v.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, "DELETE FROM outbox WHERE seq = ? AND member = ?", d.seq, d.member); err != nil {
		return err
	}
	var done bool
	err = tx.QueryRowContext(ctx, `SELECT NOT own AND body IS NOT NULL AND NOT EXISTS (SELECT * FROM outbox WHERE outbox.seq = documents.seq)
		FROM documents WHERE seq = ?`, d.seq).Scan(&done)
	if err == nil && done {
		err = empty(ctx, tx, d.seq)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err == nil {
		c.v.metrics.forwarded.Inc()
	}
	return err
}

// later puts off a delivery that the member's node refused: that node may lag behind the
// chain, or its vault may be full.
func (c *courier) later(ctx context.Context, d *due) error {
	_, err := c.v.db.ExecContext(ctx, "UPDATE outbox SET tries = tries + 1, next = ? WHERE seq = ? AND member = ?",
		time.Now().Add(backOff(d.tries)).UnixMilli(), d.seq, d.member)
	return err
}

func (c *courier) reached(member string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.down, member)
}

// missed notes that a member's node did not answer. It may have moved.
func (c *courier) missed(member string, why error) {
	c.asking.Lock()
	delete(c.nodes, member)
	c.asking.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.down[member]
	if o.tries == 0 {
		c.v.o.Logger.Warn("a member's node is not reached; its deliveries wait", "member", member, "error", why)
	}
	c.down[member] = outage{o.tries + 1, time.Now().Add(backOff(o.tries))}
}

// refusal is a node's answer that it does not take a delivery.
type refusal struct{ says string }

func (r refusal) Error() string { return r.says }

// post hands a delivery to a member's node, for that member alone: the other readers' nodes
// hear from this one.
func (c *courier) post(ctx context.Context, d *due) error {
	node, err := c.nodeOf(ctx, d.member)
	if err != nil {
		return err
	}
	where := node + "/v1/documents?for=" + url.QueryEscape(d.member)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, where, bytes.NewReader(d.body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // what it says is for the log
	switch answer.StatusCode {
	case http.StatusOK, http.StatusAccepted:
		return nil
	case http.StatusBadRequest, http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusTooManyRequests:
		return refusal{fmt.Sprintf("%s answers %s: %s", node, answer.Status, said)}
	}
	return fmt.Errorf("%s answers %s: %s", node, answer.Status, said)
}

// nodeOf is the gateway of a member's node, as the peers tell of themselves.
func (c *courier) nodeOf(ctx context.Context, member string) (string, error) {
	c.asking.Lock()
	defer c.asking.Unlock()
	if _, known := c.nodes[member]; !known && time.Since(c.asked) >= askPause {
		c.askPeers(ctx)
		c.asked = time.Now()
	}
	if node, known := c.nodes[member]; known {
		return node, nil
	}
	return "", fmt.Errorf("none of the gateways in api.peers says that it is that of %s", member)
}

// askPeers asks all peers at once whose they are.
func (c *courier) askPeers(ctx context.Context) {
	members := make([]string, len(c.v.o.Peers))
	var all sync.WaitGroup
	for i, peer := range c.v.o.Peers {
		all.Go(func() { members[i], _ = c.memberOf(ctx, peer) }) // one that does not say is nobody's
	}
	all.Wait()
	for i, member := range members {
		if member != "" {
			c.nodes[member] = strings.TrimSuffix(c.v.o.Peers[i], "/")
		}
	}
}

func (c *courier) memberOf(ctx context.Context, peer string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askPause)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(peer, "/")+"/v1/status", nil)
	if err != nil {
		return "", err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var s types.Status
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&s); err != nil {
		return "", err
	}
	if s.Chain != c.v.o.Chain {
		return "", fmt.Errorf("%s is on the chain %.60q", peer, s.Chain)
	}
	return s.Member, nil
}
