package app

import "github.com/caryaledger/carya/types"

// grantQuota binds customs' word about the buyer's quota to one version of an order that
// is not declared. A newer word replaces an unused one, whichever office it is of; grants
// ascend, so that none is ever given again.
func grantQuota(c *Call, b *types.GrantQuota) error {
	o, err := orderOf(c, b.Order)
	if err != nil {
		return err
	}
	if o == nil || o.Slot(types.SlotOrder) == nil {
		return types.Refuse(types.OrderUnknown, "order", "order %s", b.Order)
	}
	switch order := o.Slot(types.SlotOrder); {
	case o.Flow != types.FlowImport:
		return types.Refuse(types.ModeDiffers, "order", "order %s is an %s: quota is for imports", b.Order, o.Flow)
	case o.Slot(types.SlotDeclaration) != nil:
		return types.Refuse(types.Locked, "order", "order %s is %s", b.Order, o.State)
	case order.Document != b.Document:
		return types.Refuse(types.StaleMessage, "document", "order %s has another version, of %d", b.Order, order.Seq)
	case len(o.Quota) > 0 && b.Grant <= o.Quota[0].Grant:
		return types.Refuse(types.GrantReused, "grant", "%s is not after %s", b.Grant, o.Quota[0].Grant)
	case b.Reason == 0 && (b.Expires <= c.Time || b.Expires > c.Time+c.Params.GrantLife):
		return types.Refuse(types.GrantExpired, "expires", "%d: after the block's time, %d, and at most %d s after it", b.Expires, c.Time, c.Params.GrantLife/1000)
	}
	if err := timely(c, "grant", b.Grant); err != nil {
		return err
	}
	q := types.Quota{Grant: b.Grant, By: c.Member.ID, Document: b.Document, Expires: b.Expires, Reason: b.Reason, State: types.QuotaReserved}
	if b.Reason != 0 {
		q.State = types.QuotaRefused
	}
	o.Quota = []types.Quota{q}
	return orders.Put(c, b.Order, o)
}

// useQuota takes an import order's grant for its declaration.
func useQuota(c *Call, o *types.Order, grant string) error {
	if o.Flow != types.FlowImport {
		if grant != "" {
			return types.Refuse(types.ModeDiffers, "grant", "quota is for imports")
		}
		return nil
	}
	if len(o.Quota) == 0 {
		return types.Refuse(types.GrantMissing, "grant", "customs has not said yet whether the buyer has the quota")
	}
	q := &o.Quota[0]
	switch {
	case q.Document != o.Slot(types.SlotOrder).Document:
		return types.Refuse(types.GrantMissing, "grant", "%s was given for another version of the order", q.Grant)
	case q.Reason == types.ReasonSingle:
		return types.Refuse(types.QuotaSingle, "grant", "%s said so", q.By)
	case q.Reason == types.ReasonAnnual:
		return types.Refuse(types.QuotaAnnual, "grant", "%s said so", q.By)
	case q.Grant != grant:
		return types.Refuse(types.GrantMissing, "grant", "%q: the order's grant is %s", grant, q.Grant)
	case q.State != types.QuotaReserved:
		return types.Refuse(types.GrantReused, "grant", "%s is %s", grant, q.State)
	case q.Expires < c.Time:
		return types.Refuse(types.GrantExpired, "grant", "%s expired at %d", grant, q.Expires)
	}
	q.State = types.QuotaUsed
	return nil
}

func turnQuota(o *types.Order, state string) {
	if len(o.Quota) > 0 {
		o.Quota[0].State = state
	}
}
