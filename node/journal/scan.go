package journal

import (
	"encoding/binary"
	"fmt"

	"github.com/caryaledger/carya/types"
)

// layout is where the transactions and events stand within a block's encoding, in their
// order. It is found by walking the bytes, because encoding every event a second time
// would cost the consensus path more than writing the block does.
type layout struct {
	txs    []span
	events []span
}

// layoutOf walks the one encoding of a block.
func layoutOf(raw []byte) (l layout, err error) {
	c := cursor{data: raw}
	err = c.eachField(func(name string) error {
		switch name {
		case "txs":
			l.txs, err = c.items()
			return err
		case "events":
			l.events, err = c.events()
			return err
		}
		return c.skip()
	})
	if err == nil && c.pos != len(raw) {
		err = fmt.Errorf("%d bytes after the end", len(raw)-c.pos)
	}
	if err != nil {
		return layout{}, fmt.Errorf("walk a block's encoding: %w", err)
	}
	return l, nil
}

// check compares the layout with the block that was encoded.
func (l layout) check(b *types.Block) error {
	if len(l.txs) != len(b.Txs) || len(l.events) != len(b.Events) {
		return fmt.Errorf("block %d: found %d transactions and %d events in its encoding, it has %d and %d",
			b.Height, len(l.txs), len(l.events), len(b.Txs), len(b.Events))
	}
	return nil
}

// cursor walks deterministic CBOR (RFC 8949 §4.2.1) whose validity was checked before;
// on anything else it fails without reading outside.
type cursor struct {
	data []byte
	pos  int
}

// The major types of CBOR, RFC 8949 §3.1.
const (
	majorBytes = 2
	majorText  = 3
	majorArray = 4
	majorMap   = 5
	majorTag   = 6
)

// head reads one item's head: its major type and its argument.
func (c *cursor) head() (major byte, arg uint64, err error) {
	if c.pos >= len(c.data) {
		return 0, 0, fmt.Errorf("the bytes end at %d", c.pos)
	}
	b := c.data[c.pos]
	c.pos++
	major, arg = b>>5, uint64(b&31)
	if arg < 24 {
		return major, arg, nil
	}
	if arg > 27 {
		return 0, 0, fmt.Errorf("byte %#x at %d is no head", b, c.pos-1)
	}
	size := 1 << (arg - 24)
	if len(c.data)-c.pos < size {
		return 0, 0, fmt.Errorf("the bytes end within the head at %d", c.pos-1)
	}
	var wide [8]byte
	copy(wide[8-size:], c.data[c.pos:c.pos+size])
	c.pos += size
	return major, binary.BigEndian.Uint64(wide[:]), nil
}

// skip moves past one item with everything in it.
func (c *cursor) skip() error {
	for left := uint64(1); left > 0; left-- {
		major, arg, err := c.head()
		if err != nil {
			return err
		}
		switch major {
		case majorBytes, majorText:
			err = c.advance(arg)
		case majorArray:
			left, err = c.more(left, arg)
		case majorMap:
			if left, err = c.more(left, arg); err == nil {
				left, err = c.more(left, arg)
			}
		case majorTag:
			err = fmt.Errorf("a tag before byte %d", c.pos)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// more adds items that are still to be skipped; each takes a byte at least.
func (c *cursor) more(left, items uint64) (uint64, error) {
	if items > uint64(len(c.data)-c.pos) {
		return 0, fmt.Errorf("%d items announced at %d, %d bytes left", items, c.pos, len(c.data)-c.pos)
	}
	return left + items, nil
}

func (c *cursor) advance(n uint64) error {
	if n > uint64(len(c.data)-c.pos) {
		return fmt.Errorf("%d bytes announced at %d, %d left", n, c.pos, len(c.data)-c.pos)
	}
	c.pos += int(n)
	return nil
}

// expect reads the head of an item that must be of that type.
func (c *cursor) expect(major byte) (arg uint64, err error) {
	at := c.pos
	got, arg, err := c.head()
	if err == nil && got != major {
		err = fmt.Errorf("type %d at %d, want %d", got, at, major)
	}
	return arg, err
}

// eachField walks a map with text keys; f moves past the value.
func (c *cursor) eachField(f func(name string) error) error {
	fields, err := c.expect(majorMap)
	if err != nil {
		return err
	}
	for ; fields > 0; fields-- {
		length, err := c.expect(majorText)
		if err != nil {
			return err
		}
		start := c.pos
		if err := c.advance(length); err != nil {
			return err
		}
		if err := f(string(c.data[start:c.pos])); err != nil {
			return err
		}
	}
	return nil
}

// item moves past one item and says where it stands.
func (c *cursor) item() (span, error) {
	start := c.pos
	err := c.skip()
	return span{uint32(start), uint32(c.pos - start)}, err
}

// items walks an array.
func (c *cursor) items() ([]span, error) {
	return c.each(c.item)
}

// events walks an array of types.RecordEvent and says where their events stand.
func (c *cursor) events() ([]span, error) {
	return c.each(func() (event span, err error) {
		err = c.eachField(func(name string) error {
			s, err := c.item()
			if name == "event" {
				event = s
			}
			return err
		})
		return event, err
	})
}

func (c *cursor) each(item func() (span, error)) ([]span, error) {
	n, err := c.expect(majorArray)
	if err != nil {
		return nil, err
	}
	if _, err := c.more(0, n); err != nil {
		return nil, err
	}
	spans := make([]span, n)
	for i := range spans {
		if spans[i], err = item(); err != nil {
			return nil, err
		}
	}
	return spans, nil
}
