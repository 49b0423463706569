package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// String says in words what is proven, by whom, and what is not. It is safe to print: nothing that others wrote can steer a
// terminal.
func (v *Verdict) String() string {
	var b strings.Builder
	v.writeWarnings(&b)
	for i := range v.Claims {
		if i > 0 {
			b.WriteString("\n")
		}
		v.Claims[i].write(&b)
	}
	v.writeSigners(&b)
	b.WriteString("\nnot proven\n")
	for _, limit := range v.Unproven {
		fmt.Fprintf(&b, "  - %s\n", limit)
	}
	return plain(b.String())
}

func (v *Verdict) writeWarnings(b *strings.Builder) {
	for _, warning := range v.Warnings {
		fmt.Fprintf(b, "! warning: %s\n\n", warning)
	}
}

// says is the claim in one sentence.
func (c *Claim) says() string {
	after := fmt.Sprintf("after block %d of %s", c.Height, c.chain)
	switch c.Claim {
	case evidence.ClaimRecord:
		return fmt.Sprintf("this was the record %s %s", c.Key, after)
	case evidence.ClaimAbsence:
		return fmt.Sprintf("%s there was no record %s", after, c.Key)
	case evidence.ClaimHistory:
		return fmt.Sprintf("this is all that ever happened to %s until block %d of %s: %s", c.Key, c.Height, c.chain, count(len(c.Events), "event"))
	case evidence.ClaimEvent:
		return fmt.Sprintf("this is event %d of the %d that had happened to %s %s", *c.Index+1, c.Of, c.Key, after)
	case evidence.ClaimPrefix:
		return fmt.Sprintf("the history of %s %s, %s, begins with its whole history after block %d, %s: nothing was taken out, changed or put between",
			c.Key, after, count(int(c.Of), "event"), c.Since, count(int(c.Before), "event"))
	case evidence.ClaimRange:
		if len(c.Records) == 0 {
			return fmt.Sprintf("%s there was no record %s", after, oneOf(c.From, c.To))
		}
		if len(c.Records) == 1 {
			return fmt.Sprintf("%s this 1 record was all there was %s", after, oneOf(c.From, c.To))
		}
		return fmt.Sprintf("%s these %d records were all there were %s", after, len(c.Records), oneOf(c.From, c.To))
	case evidence.ClaimBlock:
		return fmt.Sprintf("block %d of %s has the hash %s", c.Height, c.chain, c.Block.Hash)
	case evidence.ClaimField:
		return c.saysField()
	case evidence.ClaimTransaction:
		return c.saysTransaction()
	}
	return c.Claim
}

func (c *Claim) saysField() string {
	d, e := c.Document, &c.Events[0]
	return fmt.Sprintf("%s in a document %s, to which %s committed in block %d of %s, %s, as %s (%s)",
		stand(len(d.Fields)-1), d.Kind, e.Member, e.Height, c.chain, moment(e.Time), d.Record, e.Kind)
}

func stand(n int) string {
	if n == 1 {
		return "this field stands"
	}
	return fmt.Sprintf("these %d fields stand", n)
}

func (c *Claim) saysTransaction() string {
	did := "executed it"
	if c.Result == types.Partial.String() {
		did = "executed a part of it"
	} else if c.refused() {
		code, _ := types.CodeNamed(c.Result)
		did = fmt.Sprintf("refused it: %s, %s", c.Result, code.Says())
	}
	return fmt.Sprintf("block %d of %s holds this transaction, and %s", c.Height, c.chain, did)
}

// refused reports whether no part of a transaction took effect. One that was undone whole has results of its bodies, too.
func (c *Claim) refused() bool {
	return c.Result != types.OK.String() && c.Result != types.Partial.String()
}

// oneOf says which keys a range has, after "record" or "records".
func oneOf(from, to string) string {
	if begin, end := evidence.Prefixed(from); from != "" && begin == from && end == to {
		return "with a key that begins with " + from
	}
	if under, first, last, ok := namedBetween(from, to); ok {
		return fmt.Sprintf("of %s… with a time in the name from %s to before %s", under, moment(first), moment(last))
	}
	switch {
	case from == "" && to == "":
		return "on the ledger"
	case to == "":
		return fmt.Sprintf("with a key from %s to the last", from)
	case from == "":
		return fmt.Sprintf("with a key before %s", to)
	}
	return fmt.Sprintf("with a key from %s to before %s", from, to)
}

// namedBetween recognises a range of ULIDs below one path, as `carya prove list --day` asks for it.
func namedBetween(from, to string) (under string, first, last int64, ok bool) {
	under = from[:strings.LastIndexByte(from, '/')+1]
	begin, fromULID := strings.CutSuffix(from[len(under):], noEntropy)
	rest, below := strings.CutPrefix(to, under)
	end, toULID := strings.CutSuffix(rest, noEntropy)
	if under == "" || !below || !fromULID || !toULID || len(begin) != 10 || len(end) != 10 {
		return "", 0, 0, false
	}
	first, err := types.ULIDTime(begin + noEntropy)
	if err != nil {
		return "", 0, 0, false
	}
	last, err = types.ULIDTime(end + noEntropy)
	return under, first, last, err == nil
}

// noEntropy is the end of the first ULID of a millisecond.
const noEntropy = "0000000000000000"

func (c *Claim) write(b *strings.Builder) {
	fmt.Fprintf(b, "✓ proven: %s\n", oneLine(c.Says))
	if c.Document != nil {
		c.writeDocument(b)
		return // the record holds nothing of it but hashes
	}
	if c.Record != nil {
		c.writeRecord(b)
	}
	if len(c.Events) > 0 {
		fmt.Fprintf(b, "\n%s\n", c.titleOfEvents())
		for i := range c.Events {
			at := i
			if c.Index != nil {
				at = int(*c.Index)
			}
			writeEvent(b, at, &c.Events[i])
		}
	}
	for i := range c.Records {
		l := &c.Records[i]
		fmt.Fprintf(b, "  %d. %s, written last in block %d\n     %s\n", i+1, oneLine(l.Key), l.Height, said(l.record, l.Record))
	}
	if c.transaction != nil {
		c.writeTransaction(b)
	}
}

func (c *Claim) titleOfEvents() string {
	if c.Claim == evidence.ClaimEvent {
		return "event"
	}
	return "events"
}

func (c *Claim) writeRecord(b *strings.Builder) {
	fmt.Fprintf(b, "\nrecord\n  %s\n", said(c.record, c.Record))
	if c.record != nil {
		writeFields(b, c.Record)
	}
}

// said is a record in one sentence, or in the notation of its bytes.
func said(record any, text json.RawMessage) string {
	if record != nil {
		return oneLine(describe(record))
	}
	var notation string
	json.Unmarshal(text, &notation)
	return "this program does not know what this says: " + oneLine(notation)
}

func (c *Claim) writeDocument(b *strings.Builder) {
	for _, f := range c.Document.Fields[1:] {
		fmt.Fprintf(b, "    %s  %s\n", oneLine(f.Path), oneLine(f.Value))
	}
	if c.Replaced {
		b.WriteString("  ! a newer version of the document has replaced this one\n")
	}
	fmt.Fprintf(b, "  document root %s, in event %d of %d of %s\n", c.Document.Root, *c.Index+1, c.Of, oneLine(c.Key))
}

func (c *Claim) writeTransaction(b *strings.Builder) {
	t := &c.transaction.Transaction
	fmt.Fprintf(b, "\ntransaction\n  digest %s\n  in the name of %s, %s, %s, to be executed before %s\n",
		c.Digest, oneLine(t.Member), oneLine(t.Kind), bodies(len(t.Bodies)), moment(t.Expires))
	for i, body := range t.Bodies {
		outcome := ""
		if i < len(c.Results) {
			code, _ := types.CodeNamed(c.Results[i])
			outcome = fmt.Sprintf(": %s, %s", c.Results[i], code.Says())
		}
		text, err := json.Marshal(body)
		if err != nil {
			text = []byte("?")
		}
		fmt.Fprintf(b, "  %d. %s%s\n", i+1, oneLine(first(describeBody(&types.HistoryEvent{Kind: t.Kind, Body: text}), string(text))), outcome)
	}
}

func bodies(n int) string {
	if n == 1 {
		return "1 body"
	}
	return fmt.Sprintf("%d bodies", n)
}

func writeEvent(b *strings.Builder, i int, e *types.HistoryEvent) {
	fmt.Fprintf(b, "  %d. block %d, %s: %s, %s\n", i+1, e.Height, moment(e.Time), oneLine(first(e.Member, "the genesis")), oneLine(e.Kind))
	if !e.Tx.IsZero() {
		fmt.Fprintf(b, "     transaction %s, body %d\n", e.Tx, e.Index)
	}
	fmt.Fprintf(b, "     %s\n", oneLine(first(describeBody(e), string(e.Body))))
}

func (v *Verdict) writeSigners(b *strings.Builder) {
	aged := func(seconds func(*Ages) int64) string {
		if v.Ages == nil {
			return ""
		}
		return ", " + ago(time.Duration(seconds(v.Ages))*time.Second)
	}
	fmt.Fprintf(b, "\nsigned\n  header of block %d, %s%s\n  block hash %s\n", v.Signed.Height, moment(v.Signed.Time),
		aged(func(a *Ages) int64 { return a.Header }), v.Signed.Hash)
	for _, a := range v.Signers {
		mark := "✗ did not sign:"
		if a.Signed {
			mark = "✓ signed by"
		}
		fmt.Fprintf(b, "  %s %s (%s), power %d (%s)\n", mark, oneLine(a.Member), oneLine(a.Name), a.Power, percent(a.Power, v.Total))
	}
	fmt.Fprintf(b, "  together %d of %d voting power, %s; more than two thirds are needed\n", v.Power, v.Total, percent(v.Power, v.Total))
	if older := v.older(); len(older) > 0 {
		fmt.Fprintf(b, "  its list of all block hashes names %s\n", strings.Join(older, ", "))
	}
	fmt.Fprintf(b, "  trusted are these validators as of block %d, %s%s; genesis %s\n", v.Trust.Height, moment(v.Trust.Time),
		aged(func(a *Ages) int64 { return a.Trust }), v.Genesis)
}

// older lists the blocks that the signed header vouches for, and that claims rest on.
func (v *Verdict) older() []string {
	var list []string
	for i := range v.Claims {
		if block := &v.Claims[i].Block; block.Height != v.Signed.Height {
			list = append(list, fmt.Sprintf("block %d, %s", block.Height, moment(block.Time)))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func percent(part, whole uint64) string {
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}

// limits are what a reader might take for proven and is not, each once.
func (v *Verdict) limits() []string {
	var list []string
	add := func(limits ...string) {
		for _, limit := range limits {
			if !slices.Contains(list, limit) {
				list = append(list, limit)
			}
		}
	}
	for i := range v.Claims {
		add(v.Claims[i].later()...)
	}
	for i := range v.Claims {
		add(v.Claims[i].limitsOfKind()...)
		add(v.Claims[i].limitsOfRecords()...)
	}
	add("anything, should validators with two thirds of the power have lied together, or others have got hold of their keys")
	return list
}

// later says up to when a claim looks. That a block is of the chain stays so.
func (c *Claim) later() []string {
	if c.Claim == evidence.ClaimBlock {
		return nil
	}
	return []string{fmt.Sprintf("what happened after block %d, which the validators had finished by %s", c.Height, moment(c.Block.Time))}
}

// limitsOfKind are what claims of a kind do not prove.
func (c *Claim) limitsOfKind() []string {
	const whole = "ask for the proof of its history"
	switch c.Claim {
	case evidence.ClaimRecord:
		return []string{"who recorded it and when, and what it was before: " + whole}
	case evidence.ClaimAbsence:
		return []string{
			"that there was no such record before: records are seldom deleted, but this looks at one block only",
			"that what is meant is not recorded under another key",
		}
	case evidence.ClaimEvent:
		return []string{"what else happened to the record, before and after: " + whole}
	case evidence.ClaimPrefix:
		return []string{"what the events say, and who signed them: only that what had happened was not rewritten"}
	case evidence.ClaimRange:
		return []string{
			"anything about records outside of the range, and under other keys",
			"who recorded them and when, and what was there and is not any more: this looks at one block only",
		}
	case evidence.ClaimBlock:
		return []string{"what the block says: only that it is of this chain"}
	case evidence.ClaimField:
		return []string{"what the other fields say", "that what the document says is true: who committed to it said so"}
	case evidence.ClaimTransaction:
		if c.refused() {
			return []string{"that it comes from the member in whose name it speaks: what is refused may name anybody"}
		}
		return []string{"that what it did still stands: later transactions may have changed it"}
	}
	return nil
}

// limitsOfRecords are what records do not prove, by what they are.
func (c *Claim) limitsOfRecords() []string {
	if c.Claim == evidence.ClaimField {
		return nil
	}
	var list []string
	if _, _, _, ok := namedBetween(c.From, c.To); ok && c.Claim == evidence.ClaimRange {
		list = append(list, "that these are all of that time: the time in a name is what its member said when it recorded, and a member may record late or never")
	}
	records := []any{c.record}
	for i := range c.Records {
		records = append(records, c.Records[i].record)
	}
	for _, record := range records {
		limit := limitOf(record)
		if limit != "" && !slices.Contains(list, limit) {
			list = append(list, limit)
		}
	}
	return list
}

func limitOf(record any) string {
	switch record.(type) {
	case *types.Order, *types.Document:
		return "what the documents say: the ledger holds salted hashes of them, which only their owners can open"
	case *types.Lot, *types.Unit, *types.CapturedEvent, *types.Transformation:
		return "that the goods exist and are what was recorded: the ledger keeps what members signed, and nobody weighs for it"
	case *types.Certificate, *types.Accreditation:
		return "that what the certificate attests is so: the ledger keeps who issued it and who had accredited them"
	}
	return ""
}

// writeFields prints a record's JSON one field a line, without what only machines compare.
func writeFields(b *strings.Builder, record json.RawMessage) {
	d := json.NewDecoder(strings.NewReader(string(record)))
	d.Token() // the opening brace
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return
		}
		if name == "history" {
			var h types.History
			json.Unmarshal(value, &h)
			value = json.RawMessage(count(int(h.Size), "event"))
		}
		writeField(b, name, value)
	}
}

// writeField prints a field, and a list of objects one a line.
func writeField(b *strings.Builder, name json.Token, value json.RawMessage) {
	var list []json.RawMessage
	if bytes.HasPrefix(value, []byte("[{")) && json.Unmarshal(value, &list) == nil {
		for _, one := range list {
			fmt.Fprintf(b, "    %-13s %s\n", name, one)
			name = ""
		}
		return
	}
	fmt.Fprintf(b, "    %-13s %s\n", name, value)
}
