package client

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
)

// parcelsFile is the name that the table of parcels has in a drop folder.
const parcelsFile = "parcels.csv"

// parcelTable says of which order a parcel is: export waybills do not. The platform or the carrier's booking system writes it.
type parcelTable map[[2]string]string

// order is the number of the order of a carrier's parcel, "" if it is not known.
func (p parcelTable) order(carrier, number string) string {
	return p[[2]string{cleanNumber(carrier), cleanNumber(number)}]
}

// read adds a table: CSV with a header that names logisticsCode, logisticsNo, ebpCode and orderNo.
func (p parcelTable) read(path string) error {
	data, err := readFile(path, maxInput)
	if err != nil {
		return err
	}
	if err := p.parse(data); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (p parcelTable) parse(data []byte) error {
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))).ReadAll()
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return errors.New("the table is empty")
	}
	at := map[string]int{}
	for _, name := range []string{"logisticsCode", "logisticsNo", "ebpCode", "orderNo"} {
		if at[name] = slices.Index(rows[0], name); at[name] < 0 {
			return fmt.Errorf("the header has no column %s", name)
		}
	}
	for _, row := range rows[1:] {
		p[[2]string{cleanNumber(row[at["logisticsCode"]]), cleanNumber(row[at["logisticsNo"]])}] = row[at["orderNo"]]
	}
	return nil
}
