package review

import (
	"bytes"
	"encoding/csv"
	"slices"
)

// readParcels takes a carrier's table of export parcels, which says what the export waybill (CEB505) does not: the
// order. It is CSV with a header that names logisticsCode, logisticsNo, ebpCode and orderNo. It reports false when the
// file is something else.
func (r *Review) readParcels(data []byte) bool {
	header, _, _ := bytes.Cut(data, []byte("\n"))
	if bytes.ContainsRune(header, '<') || !bytes.Contains(header, []byte("logisticsNo")) {
		return false
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))).ReadAll()
	if err != nil || len(rows) == 0 {
		return false
	}
	var at [4]int
	for i, name := range []string{"logisticsCode", "logisticsNo", "ebpCode", "orderNo"} {
		if at[i] = slices.Index(rows[0], name); at[i] < 0 {
			return false
		}
	}
	for _, row := range rows[1:] {
		key := waybillKey{clean(row[at[0]]), clean(row[at[1]])}
		r.parcels[key] = orderKey{true, clean(row[at[2]]), clean(row[at[3]])}
	}
	return true
}
