package review

import (
	"math/big"
	"strings"

	"github.com/caryaledger/carya/types/ceb"
)

// unit is one in units of ceb.Decimal, cent a hundredth of it.
const (
	unit ceb.Decimal = 100_000
	cent             = unit / 100
)

// sum adds exactly. It reports false when a sum is out of range.
func sum(terms ...ceb.Decimal) (ceb.Decimal, bool) {
	var total ceb.Decimal
	for _, term := range terms {
		next := total + term
		if (next > total) != (term > 0) {
			return 0, false
		}
		total = next
	}
	return total, true
}

// product multiplies exactly, in units of 10^-10.
func product(a, b ceb.Decimal) *big.Int {
	return new(big.Int).Mul(big.NewInt(int64(a)), big.NewInt(int64(b)))
}

// wide returns a number in units of 10^-10.
func wide(d ceb.Decimal) *big.Int {
	return product(d, unit)
}

// makes reports whether quantity times price is the total. The total may be rounded to the fen. A price of three or more
// decimal places has been divided and rounded itself, and then the product is as uncertain as its last place.
func makes(quantity, price, total ceb.Decimal) bool {
	off := new(big.Int).Sub(product(quantity, price), wide(total))
	off.Abs(off)
	slack := new(big.Int)
	if total%cent == 0 {
		slack = wide(cent / 2)
	}
	if places := decimals(price); places >= 3 {
		half := ceb.Decimal(unit / 2)
		for range places {
			half /= 10
		}
		// A half of the last of five places is no whole unit: take the whole one.
		slack.Add(slack, new(big.Int).Abs(product(quantity, max(half, 1))))
	}
	return off.Cmp(slack) <= 0
}

// decimals counts the decimal places of a number.
func decimals(d ceb.Decimal) int {
	_, after, _ := strings.Cut(d.String(), ".")
	return len(after)
}

// far reports whether two weights differ by more than a tenth of the larger and more than 100 grams.
func far(a, b ceb.Decimal) bool {
	larger, smaller := max(a, b), min(a, b)
	return larger-smaller > larger/10 && larger-smaller > unit/10
}
