package app

import (
	"fmt"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// Header is what the rules may know of the block they execute in.
type Header struct {
	Height int64
	Time   int64 // Unix milliseconds
	Hash   types.Hash
}

// Call is one body being executed: who says it, when, and the state as the bodies
// before it left it. Rules read and write the state only through tables.
type Call struct {
	store.Reader // the state with everything that this call has written
	Header
	Member *types.Member // who signed
	Params types.Params

	writes *store.Overlay
	event  types.RecordEvent
	leaf   types.Hash // hash of the event's encoding, made at the first write
	work   *int       // what is left of the block's MaxWork
	marks  map[types.Mark]standing
	ranges map[string]*types.Ranges
}

// MaxWork bounds what all bodies of one block may make the rules read beyond what they
// name: a few bytes can recall a hundred thousand lots, or put a ship into a port. One
// is a record read.
const MaxWork = 100_000

// spend takes from the block's work and refuses when there is none left. What a refused
// body spent stays spent.
func (c *Call) spend(at string, n int) error {
	if *c.work <= 0 {
		return refuse(types.BlockFull, at, "the rules read no more than %d further records in one block; send it again", MaxWork)
	}
	*c.work -= n
	return nil
}

// put appends the event to the record's history and writes the record. A rule cannot
// forget to do it, and it happens once for each write of a record.
func (c *Call) put(key string, v any) error {
	record, ok := v.(types.Record)
	if !ok {
		return fmt.Errorf("write %s: %T has no history", key, v)
	}
	if c.leaf.IsZero() {
		data, err := c.event.Event.Encode()
		if err != nil {
			return fmt.Errorf("encode the event of %s: %w", key, err)
		}
		c.leaf = types.LeafHash(data)
	}
	if err := record.Log().Append(c.leaf); err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	data, err := types.Encode(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	c.event.Keys = append(c.event.Keys, key)
	return c.writes.Set(key, data)
}

// refuse makes a refusal about a field ("" for the whole).
func refuse(code types.Code, field, format string, args ...any) error {
	return types.Refuse(code, field, format, args...)
}

// rule is how one kind is executed.
type rule struct {
	kind *types.Kind
	role string // that the member must hold, "" for any member
	run  func(*Call, types.Body) error
}

// bind ties a rule to the kind of its parameter; needs is the role it takes, "" for none.
func bind[T any, P interface {
	*T
	types.Body
}](run func(*Call, P) error, needs string) rule {
	kind, ok := types.KindOf(P(new(T)))
	if !ok {
		panic(fmt.Sprintf("%T is not in the catalogue", new(T)))
	}
	return rule{kind, needs, func(c *Call, b types.Body) error { return run(c, b.(P)) }}
}

// rules lists what executes each kind, one line each.
var rules = []rule{
	bind(addKey, ""),
	bind(retireKey, ""),
	bind(setReader, ""),
	bind(grantRange, ""),
	bind(captureEvent, ""),
	bind(settleDispute, types.RoleAuthority),
	bind(continueMark, ""),
	bind(offerLot, ""),
	bind(acceptLot, ""),
	bind(rejectLot, ""),
	bind(settleLot, ""),
	bind(registerProduct, ""),
	bind(registerPlot, ""),
	bind(setProcess, types.RoleAuthority),
	bind(offerUnit, ""),
	bind(acceptUnit, ""),
	bind(rejectUnit, ""),
	bind(accredit, types.RoleAuthority),
	bind(changeAccreditation, types.RoleAuthority),
	bind(issueCertificate, ""),
	bind(changeCertificate, ""),
	bind(openRecall, ""),
	bind(reportRecall, ""),
	bind(closeRecall, ""),
	bind(recordOrder, types.RolePlatform),
	bind(recordPayment, types.RolePayment),
	bind(recordWaybill, types.RoleLogistics),
	bind(grantQuota, types.RoleCustoms),
	bind(declare, types.RoleDeclarant),
	bind(decide, types.RoleCustoms),
	bind(cancel, types.RoleDeclarant),
	bind(decideCancel, types.RoleCustoms),
	bind(signFor, types.RoleLogistics),
	bind(returnGoods, types.RoleDeclarant),
	bind(decideReturn, types.RoleCustoms),
	bind(creditBook, types.RoleWarehouse),
	bind(setTariff, types.RoleCustoms),
	bind(setLimits, types.RoleCustoms),
}

func ruleOf(kind string) *rule {
	for i := range rules {
		if rules[i].kind.Name == kind {
			return &rules[i]
		}
	}
	return nil
}
