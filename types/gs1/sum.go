package gs1

import (
	"math/big"
)

// Sum is an exact total of quantities in any units of one dimension, for rules such as "the outputs weigh no more than the
// inputs". The zero Sum is the total of nothing and has no dimension yet. A Sum must not be copied.
type Sum struct {
	dimension Dimension
	base      big.Int // in 10^-17 of the dimension's base unit
}

// Add adds amount, in 10^-5 of the unit with this Recommendation 20 code. Errors are of type *[Error]: [CodeUnit],
// [CodeDimension] where earlier quantities had another dimension, and [CodeRange]; the total then stays as it was.
func (s *Sum) Add(amount uint64, unit string) error {
	dimension, factor, err := measure(amount, unit)
	if err != nil {
		return err
	}
	if s.dimension != "" && s.dimension != dimension {
		return fault(CodeDimension, "unit", unit, "measures %s, the other quantities are a %s", dimension, s.dimension)
	}
	s.dimension = dimension
	s.base.Add(&s.base, product(amount, factor))
	return nil
}

// Dimension returns what the quantities in s measure, "" as long as there are none.
func (s *Sum) Dimension() Dimension { return s.dimension }

// Base returns the total in 10^-17 of the dimension's base unit, for rules that scale it by a yield or a tolerance.
func (s *Sum) Base() *big.Int { return new(big.Int).Set(&s.base) }

// Cmp compares two totals: -1 where s is smaller than t, 0 where they are equal, +1 where s is larger. It fails with
// [CodeDimension] where both have a dimension and not the same.
func (s *Sum) Cmp(t *Sum) (int, error) {
	if s.dimension != t.dimension && s.dimension != "" && t.dimension != "" {
		return 0, fault(CodeDimension, "total", string(s.dimension), "cannot be compared with a %s", t.dimension)
	}
	return s.base.Cmp(&t.base), nil
}

// Convert returns amount, in 10^-5 of the unit from, in 10^-5 of the unit to, rounded up: what is taken from a lot is never
// recorded as less than it was. Errors are of type *[Error]: [CodeUnit], [CodeDimension], and [CodeRange] where amount or
// the result is over [MaxAmount].
func Convert(amount uint64, from, to string) (uint64, error) {
	dimension, factor, err := measure(amount, from)
	if err != nil {
		return 0, err
	}
	target, divisor, err := measure(0, to)
	if err != nil {
		return 0, err
	}
	if dimension != target {
		return 0, fault(CodeDimension, "unit", from, "measures %s, %s measures %s", dimension, to, target)
	}
	quotient, rest := new(big.Int).QuoRem(product(amount, factor), new(big.Int).SetUint64(divisor), new(big.Int))
	if rest.Sign() > 0 {
		quotient.Add(quotient, big.NewInt(1))
	}
	if !quotient.IsUint64() || quotient.Uint64() > MaxAmount {
		return 0, fault(CodeRange, "quantity", FormatAmount(amount)+" "+from, "is too large in %s", to)
	}
	return quotient.Uint64(), nil
}

// measure checks an amount and looks up its unit.
func measure(amount uint64, unit string) (Dimension, uint64, error) {
	dimension, factor, ok := Unit(unit)
	if !ok {
		return "", 0, &Error{CodeUnit, "unit " + unit, "not a current unit of UNECE Recommendation 20 that can be converted"}
	}
	if amount > MaxAmount {
		return "", 0, fault(CodeRange, "quantity", FormatAmount(amount)+" "+unit, "is over 2^53-1 units of 10^-5")
	}
	return dimension, factor, nil
}

func product(a, b uint64) *big.Int {
	return new(big.Int).Mul(new(big.Int).SetUint64(a), new(big.Int).SetUint64(b))
}
