package client

import (
	"fmt"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// brief names a claim in a few words. It says nothing about whether the claim is true.
func brief(c *evidence.Claim) string {
	switch c.Claim {
	case evidence.ClaimRecord:
		return fmt.Sprintf("record %s after block %d", c.Key, c.Height)
	case evidence.ClaimAbsence:
		return fmt.Sprintf("absence of %s after block %d", c.Key, c.Height)
	case evidence.ClaimHistory:
		return fmt.Sprintf("history of %s until block %d, %s", c.Key, c.Height, count(len(c.Events), "event"))
	case evidence.ClaimEvent:
		return fmt.Sprintf("event %d of %s", c.Index+1, c.Key)
	case evidence.ClaimPrefix:
		return fmt.Sprintf("history of %s after block %d as the beginning of that after block %d", c.Key, c.Since, c.Height)
	case evidence.ClaimRange:
		return fmt.Sprintf("list of %s %s, after block %d", count(int(c.Count), "record"), oneOf(c.From, c.To), c.Height)
	case evidence.ClaimBlock:
		return fmt.Sprintf("block %d", c.Height)
	case evidence.ClaimField:
		return briefField(c.Document)
	case evidence.ClaimTransaction:
		return fmt.Sprintf("transaction %s in block %d", c.Digest, c.Height)
	}
	return fmt.Sprintf("claim %.40q, which this program does not know", c.Claim)
}

func briefField(d *types.DocumentPart) string {
	if d == nil || len(d.Fields) == 0 {
		return "fields of no document"
	}
	return fmt.Sprintf("%s of %s", count(len(d.Fields)-1, "field"), d.Record)
}

// briefly names the claims of a file in one line.
func briefly(claims []evidence.Claim) string {
	text := brief(&claims[0])
	if n := len(claims) - 1; n > 0 {
		text += fmt.Sprintf(", and %s more", count(n, "claim"))
	}
	return text
}
