package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// maxSources bounds what a recall with Source goes back to.
const maxSources = 5_000

func openRecall(c *Call, b *types.OpenRecall) error {
	id := types.RecallID(c.Member.ID + "/" + b.Recall)
	have, err := recalls.Get(c, id)
	if err != nil {
		return err
	}
	if have != nil {
		return refuse(types.IDTaken, "recall", "recall %s was opened at %d", id, have.Opened)
	}
	if err := mayRecall(c, b.Things); err != nil {
		return err
	}
	var sources []types.ThingKey
	if b.Source {
		if sources, err = sourcesOf(c, b.Things); err != nil {
			return err
		}
	}
	err = recalls.Put(c, id, &types.Recall{Things: b.Things, Source: b.Source, Class: b.Class, Reason: b.Reason, Opened: c.Time})
	if err != nil {
		return err
	}
	return spread(c, types.Mark{Kind: types.MarkRecall, Ref: string(id)}, "", points(b.Things), points(sources))
}

// maxRecallBytes bounds the identifiers in a recall, which is read for every thing under
// it that somebody wants to hand over.
const maxRecallBytes = 64 << 10

// mayRecall is R6: who commissioned things recalls them, an authority any.
func mayRecall(c *Call, things []types.ThingKey) error {
	size := 0
	for i, key := range things {
		at := fmt.Sprintf("things[%d]", i)
		if size += len(key); size > maxRecallBytes {
			return refuse(types.TooLarge, at, "a recall names things in %d bytes; open another for the others", maxRecallBytes)
		}
		t, err := thingAt(c, key)
		if err != nil {
			return err
		}
		if t == nil {
			return refuse(unknownCode(key), at, "%s", key)
		}
		owner, err := ownerOf(c, t)
		if err != nil {
			return err
		}
		if owner != c.Member.ID && !c.Member.Holds(types.RoleAuthority) {
			return refuse(types.NotOwner, at, "%s was commissioned by %q; its owner or an authority recalls it", key, owner)
		}
	}
	return nil
}

func unknownCode(key types.ThingKey) types.Code {
	if family, _ := key.Cut(); family == types.PrefixUnit {
		return types.UnitUnknown
	}
	return types.LotUnknown
}

// ownerOf is who commissioned a thing. A unit that nobody commissioned is its holder's.
func ownerOf(c *Call, t thing) (string, error) {
	switch t := t.(type) {
	case lotThing:
		return t.Owner, nil
	case unitThing:
		if t.Owner != "" {
			return t.Owner, nil
		}
		top, err := outer(t.Unit, func(id types.UnitID) (*types.Unit, error) { return units.Get(c, id) })
		if err != nil {
			return "", err
		}
		return top.Custodian, nil
	}
	return "", nil
}

// sourcesOf are the things that others, and the units inside them, were made from, back
// to where nothing is known.
func sourcesOf(c *Call, things []types.ThingKey) ([]types.ThingKey, error) {
	list := slices.Clone(things)
	seen := map[types.ThingKey]bool{}
	for _, k := range list {
		seen[k] = true
	}
	for i := 0; i < len(list); i++ {
		behind, err := behind(c, list[i])
		if err != nil {
			return nil, err
		}
		for _, k := range behind {
			if !seen[k] {
				seen[k] = true
				list = append(list, k)
			}
		}
		if len(list) > len(things)+maxSources {
			return nil, tooManySources()
		}
	}
	return list[len(things):], nil
}

func tooManySources() error {
	return refuse(types.TooLarge, "source", "they were made from more than %d things; recall those that are suspect", maxSources)
}

// behind are the units inside a thing and the things that went into the event which made
// it, or into all the events that feed a transformation which several events tell.
func behind(c *Call, key types.ThingKey) ([]types.ThingKey, error) {
	t, err := thingAt(c, key)
	if err != nil || t == nil {
		return nil, err
	}
	var list []types.ThingKey
	if u, ok := t.(unitThing); ok {
		list = keysOf(u.Children)
	}
	for at := t.trace().Made; at != ""; {
		e, err := events.Get(c, at)
		if err != nil || e == nil {
			return list, err
		}
		if err := c.spend("source", marked+len(e.Links)/8); err != nil {
			return nil, err
		}
		if len(list) > maxSources {
			return nil, tooManySources()
		}
		at = ""
		for _, l := range e.Links {
			switch family, _ := l.Thing.Cut(); {
			case l.Out && l.Thing == key:
				at = l.Before
			case !l.Out && family != types.PrefixCertificate && l.Thing != key:
				list = append(list, l.Thing)
			}
		}
	}
	return list, nil
}

func reportRecall(c *Call, b *types.ReportRecall) error {
	if _, err := openRecallAt(c, b.Recall); err != nil {
		return err
	}
	t, err := thingAt(c, b.Thing)
	if err != nil {
		return err
	}
	if t == nil || !slices.Contains(t.trace().Marks, types.Mark{Kind: types.MarkRecall, Ref: string(b.Recall)}) {
		return refuse(types.NotFound, "thing", "%s is not under recall %s", b.Thing, b.Recall)
	}
	if err := plausible(t, b); err != nil {
		return err
	}
	key := string(b.Recall) + "/" + c.Member.ID + "/" + string(b.Thing)
	r, err := reports.Get(c, key)
	if err != nil {
		return err
	}
	if r == nil {
		r = new(types.RecallReport)
	}
	r.Located, r.Notified, r.Time = b.Located, b.Notified, c.Time
	return reports.Put(c, key, r)
}

// plausible refuses reports of more than there can be.
func plausible(t thing, b *types.ReportRecall) error {
	left, sold := uint64(100_000), uint64(100_000)
	if l, ok := t.(lotThing); ok {
		left, sold = l.Left(), l.Sold
	}
	if b.Located > left || b.Notified > sold {
		return refuse(types.Overdraw, "located", "%s: %s are left and %s sold", b.Thing, gs1.FormatAmount(left), gs1.FormatAmount(sold))
	}
	return nil
}

// openRecallAt returns a recall that is open.
func openRecallAt(c *Call, id types.RecallID) (*types.Recall, error) {
	r, err := recalls.Get(c, id)
	switch {
	case err != nil:
		return nil, err
	case r == nil:
		return nil, refuse(types.RecallUnknown, "recall", "%s", id)
	case r.Closed != 0:
		return nil, refuse(types.RecallClosed, "recall", "%s was closed at %d", id, r.Closed)
	}
	return r, nil
}

func closeRecall(c *Call, b *types.CloseRecall) error {
	r, err := openRecallAt(c, b.Recall)
	if err != nil {
		return err
	}
	if opener, _, _ := strings.Cut(string(b.Recall), "/"); opener != c.Member.ID && !c.Member.Holds(types.RoleAuthority) {
		return refuse(types.NotOwner, "recall", "%s was opened by %s", b.Recall, opener)
	}
	r.Closed, r.Note = c.Time, b.Note
	return recalls.Put(c, b.Recall, r)
}
