package app

import "github.com/caryaledger/carya/types"

// maxVersions bounds a record of rates that every tax is computed with and a short body
// reads, and maxAhead how far ahead a version begins: one at the end of time would be the
// last for ever.
const (
	maxVersions = 200
	maxAhead    = 2 * 365 * 24 * 60 * 60 * 1000
)

func setTariff(c *Call, b *types.SetTariff) error {
	t, err := tariffs.Get(c, b.Code)
	if err != nil {
		return err
	}
	if t == nil {
		t = new(types.Tariff)
	}
	last := int64(0)
	if n := len(t.Versions); n > 0 {
		last = t.Versions[n-1].From
	}
	taxed, err := hasRate(c, b.Code)
	if err != nil {
		return err
	}
	earliest := int64(1) // goods that had no rate may get one for the past: nothing that held is changed
	if taxed {
		earliest = c.Time - c.Params.Skew
	}
	if err := mayBegin(c, b.From, earliest, last, len(t.Versions)); err != nil {
		return err
	}
	t.Versions = append(t.Versions, types.TariffVersion{From: b.From, VAT: b.VAT, Consumption: b.Consumption, Barred: b.Barred})
	return tariffs.Put(c, b.Code, t)
}

// hasRate reports whether goods of a code have a rate already, by their own code or by the
// beginning of it.
func hasRate(c *Call, code string) (bool, error) {
	for n := 2; n <= len(code); n++ {
		t, err := tariffs.Get(c, code[:n])
		if err != nil || t != nil {
			return t != nil, err
		}
	}
	return false, nil
}

func setLimits(c *Call, b *types.SetLimits) error {
	l, err := limits.Get(c)
	if err != nil {
		return err
	}
	if l == nil {
		l = new(types.Limits)
	}
	last := int64(0)
	if n := len(l.Versions); n > 0 {
		last = l.Versions[n-1].From
	}
	if err := mayBegin(c, b.From, c.Time-c.Params.Skew, last, len(l.Versions)); err != nil {
		return err
	}
	l.Versions = append(l.Versions, types.LimitsVersion{From: b.From, Single: b.Single, Annual: b.Annual, Share: b.Share, Tolerance: b.Tolerance})
	return limits.Put(c, l)
}

// mayBegin: what holds now or held before is never changed.
func mayBegin(c *Call, from, earliest, last int64, versions int) error {
	if from < earliest || from <= last {
		return types.Refuse(types.TariffPast, "from", "%d: the block's time is %d, the last version begins at %d", from, c.Time, last)
	}
	if from > c.Time+maxAhead {
		return types.Refuse(types.FieldInvalid, "from", "%d: at most two years after the block's time, %d", from, c.Time)
	}
	if versions >= maxVersions {
		return types.Refuse(types.FieldInvalid, "from", "there are %d versions, which is all there can be", versions)
	}
	return nil
}
