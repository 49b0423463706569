package evidence

import (
	"slices"
	"strings"

	"github.com/caryaledger/carya/types"
)

// maxKey bounds a key, in bytes, as the store does.
const maxKey = 1024

// keysValid admits the keys that the ledger could hold. To the state a key is any string, and whatever is misspelt is
// absent from it: a proof that there is no lot/6901234000016.L1 says nothing about the lot 06901234000016.L1.
func (c *Claim) keysValid() bool {
	switch c.Claim {
	case ClaimRange:
		return visible(c.From, 0) && visible(c.To, 0) && (c.To == "" || c.From < c.To)
	case ClaimBlock, ClaimTransaction:
		return true
	case ClaimAbsence:
		return visible(c.Key, 1) && spelt(c.Key)
	}
	return visible(c.Key, 1)
}

// visible admits visible ASCII characters.
func visible(key string, least int) bool {
	return len(key) >= least && len(key) <= maxKey && strings.IndexFunc(key, func(r rune) bool { return r < '!' || r > '~' }) < 0
}

// spelt reports whether a key is written as keys of its family are: lot/<GTIN of 14 digits>.<lot>,
// order/<member>/<ULID> and so on, and anything but a slash at the end in the other families.
func spelt(key string) bool {
	family, err := types.FamilyOf(key)
	if err != nil || key == family.Prefix {
		return err == nil && slices.Contains([]string{types.KeyParams, types.KeyBlocks, types.KeyLimits}, key)
	}
	rest := key[len(family.Prefix)+1:]
	switch family.Prefix {
	case types.PrefixLot:
		gtin, lot, _ := strings.Cut(rest, ".")
		return len(gtin) == 14 && only(gtin, "0123456789") && lot != ""
	case types.PrefixEvent, types.PrefixOrder, types.PrefixPayment, types.PrefixWaybill, types.PrefixDeclaration:
		member, ulid, _ := strings.Cut(rest, "/")
		return member != "" && len(ulid) == 26 && ulid[0] <= '7' && only(ulid, "0123456789ABCDEFGHJKMNPQRSTVWXYZ")
	}
	return rest != "" && !strings.HasSuffix(rest, "/")
}

func only(s, set string) bool { return strings.Trim(s, set) == "" }
