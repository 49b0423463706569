package client

import (
	"fmt"
	"strings"

	"github.com/oklog/ulid/v2"

	"github.com/caryaledger/carya/types"
)

// maxKey is the longest key that the state holds, in bytes.
const maxKey = 1 << 10

// checkKey admits the keys that the ledger could hold. To the state a key is any string, and whatever is misspelt is
// absent from it: a proof that there is no lot/6901234000016.L1 says nothing about the lot 06901234000016.L1.
func checkKey(key string) error {
	visible := func(r rune) bool { return r > ' ' && r < 0x7f }
	if key == "" || len(key) > maxKey || strings.IndexFunc(key, func(r rune) bool { return !visible(r) }) >= 0 {
		return fmt.Errorf("%.80q: a key is 1 to %d visible ASCII characters", key, maxKey)
	}
	family, err := types.FamilyOf(key)
	if err != nil {
		return fmt.Errorf("%q belongs to none of the families %s", key, strings.Join(families(), ", "))
	}
	rest := strings.TrimPrefix(strings.TrimPrefix(key, family.Prefix), "/")
	if err := checkRest(family.Prefix, rest); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

func checkRest(prefix, rest string) error {
	switch prefix {
	case types.KeyParams, types.KeyBlocks:
		if rest != "" {
			return fmt.Errorf("nothing stands below %s", prefix)
		}
		return nil
	case types.PrefixLot, types.PrefixUnit:
		return types.ThingKey(prefix + "/" + rest).Check()
	case types.PrefixEvent, types.PrefixOrder, types.PrefixPayment, types.PrefixWaybill, types.PrefixDeclaration:
		return checkDocumentID(rest)
	}
	if rest == "" || strings.HasSuffix(rest, "/") {
		return fmt.Errorf("the name after %s/ is missing", prefix)
	}
	return nil
}

// checkDocumentID admits <member>/<ULID>.
func checkDocumentID(id string) error {
	member, name, _ := strings.Cut(id, "/")
	parsed, err := ulid.ParseStrict(name)
	if err != nil || parsed.String() != name || member == "" {
		return fmt.Errorf("%q is not <member>/<ULID>, the ULID in upper case", id)
	}
	return nil
}

func families() []string {
	names := make([]string, len(types.Families))
	for i, f := range types.Families {
		names[i] = f.Prefix
	}
	return names
}
