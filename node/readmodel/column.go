package readmodel

import (
	"encoding/binary"
	"fmt"

	"github.com/caryaledger/carya/types/epcis"
)

// Columns are what a term cannot say, numbers to compare: they stand in the postings under
// the empty term, a row for each segment. Event times are 8 bytes for each event in turn.
// Quantities are entries of slot, unit and amount, error declarations of slot and time.
const (
	timeSize     = 8
	quantitySize = 2 + unitSize + 8
	declaresSize = 2 + 8
	unitSize     = 3 // a code of Recommendation 20 has two or three characters
)

// columns enters what event n has in the columns.
func (x *index) columns(n int64, e *epcis.Event) {
	x.addTime(n, e.Time)
	x.append(n, columnTimes, binary.LittleEndian.AppendUint64(nil, uint64(e.Time)))
	slot := binary.LittleEndian.AppendUint16(nil, uint16(slotOf(n)))
	for _, list := range [][]epcis.Quantity{e.Quantities, e.ChildQuantities, e.InputQuantities, e.OutputQuantities} {
		for _, q := range list {
			if q.HasAmount {
				x.append(n, columnQuantities, slot, []byte(padded(q.Unit)), binary.LittleEndian.AppendUint64(nil, q.Amount))
			}
		}
	}
	if e.Error != nil {
		x.append(n, columnDeclares, slot, binary.LittleEndian.AppendUint64(nil, uint64(e.Error.Time)))
	}
}

func (x *index) append(n int64, column field, parts ...[]byte) {
	p := posting{term{column, ""}, segmentOf(n)}
	for _, part := range parts {
		x.slots[p] = append(x.slots[p], part...)
	}
}

// padded is a unit as a column holds it.
func padded(unit string) string { return fmt.Sprintf("%-*.*s", unitSize, unitSize, unit) }

// timeAt returns the event time of a slot.
func timeAt(column []byte, slot int) int64 {
	return int64(binary.LittleEndian.Uint64(column[slot*timeSize:]))
}

// span is a time from From, inclusive, to before Before; 0 is open.
type span struct{ from, before int64 }

func (s span) open() bool { return s == span{} }

func (s span) has(time int64) bool {
	return (s.from == 0 || time >= s.from) && (s.before == 0 || time < s.before)
}

// misses reports whether no event of a segment can lie in the span.
func (s span) misses(z zone) bool {
	return s.from != 0 && z.most < s.from || s.before != 0 && z.least >= s.before
}

// declaredIn returns the slots whose error declarations lie in a span.
func declaredIn(column []byte, s span) *slots {
	set := &slots{}
	for ; len(column) >= declaresSize; column = column[declaresSize:] {
		if s.has(int64(binary.LittleEndian.Uint64(column[2:]))) {
			set.add(column[:2])
		}
	}
	return set
}

// measured returns the slots that have a quantity as asked for.
func measured(column []byte, q EventQuantity) *slots {
	set, unit := &slots{}, padded(q.Unit)
	for ; len(column) >= quantitySize; column = column[quantitySize:] {
		amount := binary.LittleEndian.Uint64(column[2+unitSize:])
		if (q.Unit == "" || string(column[2:2+unitSize]) == unit) && q.holds(amount) {
			set.add(column[:2])
		}
	}
	return set
}
