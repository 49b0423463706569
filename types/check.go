package types

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"

	"github.com/caryaledger/carya/types/gs1"
)

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func oneOf(s string, allowed ...string) bool {
	for _, a := range allowed {
		if s == a {
			return true
		}
	}
	return false
}

func index(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }

func checkHash(field string, h Hash) error {
	if h.IsZero() {
		return Refuse(FieldInvalid, field, "must not be zero")
	}
	return nil
}

func checkAddress(field string, a Address) error {
	if a == (Address{}) {
		return Refuse(FieldInvalid, field, "must not be zero")
	}
	return nil
}

// checkTime admits Unix milliseconds from 1970 on.
func checkTime(field string, ms int64) error {
	if ms <= 0 || ms > MaxInteger {
		return Refuse(FieldInvalid, field, "%d is not a time in Unix milliseconds", ms)
	}
	return nil
}

func checkText(field, s string, least, most int) error {
	if n := utf8.RuneCountInString(s); n < least || n > most {
		return Refuse(FieldInvalid, field, "%d characters, must be %d to %d", n, least, most)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return Refuse(FieldInvalid, field, "holds a control character")
	}
	return nil
}

// checkMember admits a member's id: 2 to 32 of a-z, 0-9 and -, beginning with a letter.
func checkMember(field, id string) error {
	ok := len(id) >= 2 && len(id) <= 32 && id[0] >= 'a' && id[0] <= 'z'
	for i := 0; ok && i < len(id); i++ {
		c := id[i]
		ok = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-'
	}
	if !ok {
		return Refuse(FieldInvalid, field, "%.40q is not a member's id (2 to 32 of a-z, 0-9, -; a letter first)", id)
	}
	return nil
}

func checkUnit(field, unit string) error {
	if _, _, ok := gs1.Unit(unit); !ok {
		return Refuse(UnitInvalid, field, "%.8q is not a unit that can be converted", unit)
	}
	return nil
}

// checkULID admits the one spelling of a ULID: 26 upper-case characters.
func checkULID(field, s string) error {
	id, err := ulid.ParseStrict(s)
	if err != nil || id.String() != s {
		return Refuse(FieldInvalid, field, "%.40q is not a ULID in upper case", s)
	}
	return nil
}

func checkOrder(field string, id OrderID) error {
	platform, u, ok := strings.Cut(string(id), "/")
	if !ok {
		return Refuse(FieldInvalid, field, "%.80q is not <platform>/<ULID>", string(id))
	}
	return first(checkMember(field, platform), checkULID(field, u))
}

// ULIDTime returns the time of a ULID in Unix milliseconds.
func ULIDTime(s string) (int64, error) {
	id, err := ulid.ParseStrict(s)
	if err != nil {
		return 0, fmt.Errorf("ULID %.40q: %w", s, err)
	}
	return int64(id.Time()), nil
}
