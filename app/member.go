package app

import "github.com/caryaledger/carya/types"

// maxKeys bounds the keys that a member ever has: its record is read for every
// transaction. A new one each week lasts for nineteen years.
const maxKeys = 1000

func addKey(c *Call, b *types.AddKey) error {
	owner, err := keys.Get(c, b.Key.String())
	if err != nil {
		return err
	}
	if owner != nil {
		return types.Refuse(types.KeyTaken, "key", "%s belongs or belonged to %s", b.Key, owner.Member)
	}
	m, err := members.Get(c, c.Member.ID)
	if err != nil {
		return err
	}
	if len(m.Keys) >= maxKeys {
		return types.Refuse(types.FieldInvalid, "key", "%s has had %d keys, which is all it can have", m.ID, len(m.Keys))
	}
	m.Keys = append(m.Keys, types.Key{Address: b.Key, Added: c.Time})
	if err := keys.Put(c, b.Key.String(), &types.KeyOwner{Member: m.ID}); err != nil {
		return err
	}
	return members.Put(c, m.ID, m)
}

func retireKey(c *Call, b *types.RetireKey) error {
	m, err := members.Get(c, c.Member.ID)
	if err != nil {
		return err
	}
	key := m.Active(b.Key)
	if key == nil {
		return types.Refuse(types.KeyUnknown, "key", "%s is not an active key of %s", b.Key, m.ID)
	}
	if m.ActiveKeys() <= m.Threshold {
		return types.Refuse(types.KeyLast, "key", "%s has %d active keys and needs %d to sign; add one first", m.ID, m.ActiveKeys(), m.Threshold)
	}
	key.Retired = c.Time
	return members.Put(c, m.ID, m)
}

func setReader(c *Call, b *types.SetReader) error {
	m, err := members.Get(c, c.Member.ID)
	if err != nil {
		return err
	}
	m.Reader = b.Reader
	return members.Put(c, m.ID, m)
}
