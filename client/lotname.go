package client

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/caryaledger/carya/types/gs1"
)

// newLot finds the identifier of a lot that the row makes.
func (c *conversion) newLot(e *lotEvent, name string) (string, error) {
	if !isNumberAlone(name, e.cells["gtin"]) {
		return c.fullLot(name)
	}
	gtin, err := c.gtinOf(e)
	if err != nil {
		return "", err
	}
	return c.numberedLot(gtin, name)
}

// knownLot finds the identifier of a lot that is there: a lot number alone is that of a row before, unless the row names
// its product.
func (c *conversion) knownLot(e *lotEvent, name string) (string, error) {
	if e.cells["gtin"] != "" {
		return c.newLot(e, name)
	}
	return c.inputLot(e, name)
}

// inputLot finds the identifier of a lot that goes into another. The row's product is that of the other.
func (c *conversion) inputLot(_ *lotEvent, name string) (string, error) {
	if !isNumberAlone(name, "") {
		return c.fullLot(name)
	}
	switch known := c.numbers[name]; {
	case len(known) == 1:
		return known[0], nil
	case len(known) > 1:
		return "", fmt.Errorf("the rows before make %d lots with this number; write the GTIN too: 06901234000016.%s", len(known), name)
	case c.gtin.IsZero():
		return "", errors.New("no row before makes a lot with this number; write 06901234000016.L2026A")
	}
	return c.numberedLot(c.gtin, name)
}

// isNumberAlone reports whether a lot is named by its number alone. An eight-digit number with a full stop is a GTIN-8
// unless the row names its product.
func isNumberAlone(name, gtin string) bool {
	if strings.HasPrefix(name, "(") || isURI(name) {
		return false
	}
	item, _, dotted := strings.Cut(name, ".")
	numeric := strings.Trim(item, "0123456789") == ""
	return !dotted || !numeric || !slices.Contains([]int{8, 12, 13, 14}, len(item)) || len(item) == 8 && gtin != ""
}

// gtinOf returns the product that a row, or else the command, names.
func (c *conversion) gtinOf(e *lotEvent) (gs1.Key, error) {
	if e.cells["gtin"] != "" {
		key, err := gs1.Read(e.cells["gtin"], "GTIN")
		if err != nil {
			return gs1.Key{}, fmt.Errorf("column gtin: %w", err)
		}
		return key, nil
	}
	if c.gtin.IsZero() {
		return gs1.Key{}, errors.New("a lot number alone needs its product: write 06901234000016.L2026A, or fill the column gtin")
	}
	return c.gtin, nil
}

func (c *conversion) numberedLot(gtin gs1.Key, number string) (string, error) {
	key, err := gs1.New("LGTIN", gtin.Primary, number)
	if err != nil {
		return "", err
	}
	return c.know(key.DigitalLink(), key), nil
}

// fullLot reads a lot that is named in full.
func (c *conversion) fullLot(name string) (string, error) {
	uri, key, err := readID(name, "", "LGTIN", "LITIP")
	if err != nil {
		return "", err
	}
	return c.know(uri, key), nil
}

// know remembers a lot under its number.
func (c *conversion) know(uri string, key gs1.Key) string {
	if key.Type == "LGTIN" {
		c.gtins[uri] = key.GTIN()
		if !slices.Contains(c.numbers[key.Qualifier], uri) {
			c.numbers[key.Qualifier] = append(c.numbers[key.Qualifier], uri)
		}
	}
	return uri
}

// children reads single things: full identifiers, SSCCs, or serial numbers of the row's product.
func (c *conversion) children(e *lotEvent, lots []lotMeasure) []string {
	var all []string
	for _, s := range list(e.cells["children"]) {
		uri, err := c.child(e, s, lots)
		if err != nil {
			e.faultIn("children", s, "%v", err)
			continue
		}
		all = append(all, uri)
	}
	return all
}

func (c *conversion) child(e *lotEvent, s string, lots []lotMeasure) (string, error) {
	sscc := len(s) == 18 && strings.Trim(s, "0123456789") == ""
	if isURI(s) || sscc || strings.HasPrefix(s, "(") {
		uri, _, err := readID(s, "SSCC", "SGTIN", "SSCC", "GRAI", "GIAI")
		return uri, err
	}
	gtin, err := c.gtinOf(e)
	if e.cells["gtin"] == "" && len(lots) == 1 && !c.gtins[lots[0].uri].IsZero() {
		gtin, err = c.gtins[lots[0].uri], nil
	}
	if err != nil {
		return "", errors.New("a serial number needs its product; fill the column gtin")
	}
	key, err := gs1.New("SGTIN", gtin.Primary, s)
	return key.DigitalLink(), err
}
