package client

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
)

// pullKind is the kind of a document that is the original record of a payment: what a platform opens to customs when it
// is asked (GACC announcements 2018-165 and 2018-179).
const pullKind = "GACC179"

// pullRecord is a platform's answer to customs' pull, realTimeDataUpload, as far as the payment company commits to it.
type pullRecord struct {
	Head struct {
		Request       *string  `json:"initalRequest"` // so spelt in the announcement
		Response      *string  `json:"initalResponse"`
		Platform      jsonText `json:"ebpCode"`
		Company       jsonText `json:"payCode"`
		TransactionID jsonText `json:"payTransactionId"`
		Total         jsonText `json:"totalAmount"`
		Currency      jsonText `json:"currency"`
		Verifier      jsonText `json:"verDept"`
		PayType       jsonText `json:"payType"`
		Time          jsonText `json:"tradingTime"`
	} `json:"payExchangeInfoHead"`
	Lists []struct {
		OrderNo jsonText `json:"orderNo"`
	} `json:"payExchangeInfoLists"`
}

// jsonText is text that some platforms write as a JSON string and others as a number: both mean the same.
type jsonText string

func (t *jsonText) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, (*string)(t))
	}
	var n json.Number
	if err := json.Unmarshal(data, &n); err != nil {
		return err
	}
	*t = jsonText(n)
	return nil
}

// readPull reads the original record of a payment: the fields that the payment company commits to, in the order of the
// announcement and with their paths in it, and the payment's number. The amount is written without zeros at its ends, so
// that 100 and 100.00 are one amount. What changes from pull to pull (session, times, signature) is no part of it.
func readPull(data []byte) (fields []types.DocumentField, payTransactionId string, err error) {
	var r pullRecord
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, "", fmt.Errorf("original record of a payment: %w", err)
	}
	h := &r.Head
	switch {
	case h.Request == nil || h.Response == nil:
		return nil, "", errors.New("original record of a payment: payExchangeInfoHead has no initalRequest or no initalResponse")
	case h.TransactionID == "":
		return nil, "", errors.New("original record of a payment: payExchangeInfoHead has no payTransactionId")
	case len(r.Lists) == 0:
		return nil, "", errors.New("original record of a payment: payExchangeInfoLists names no order")
	}
	total, err := ceb.ParseDecimal(string(h.Total))
	if err != nil {
		return nil, "", fmt.Errorf("original record of payment %.60q: totalAmount: %w", h.TransactionID, err)
	}
	add := func(path string, value jsonText) {
		fields = append(fields, types.DocumentField{Path: path, Value: string(value)})
	}
	for _, f := range []struct {
		name  string
		value jsonText
	}{
		{"initalRequest", jsonText(*h.Request)}, {"initalResponse", jsonText(*h.Response)}, {"ebpCode", h.Platform}, {"payCode", h.Company},
		{"payTransactionId", h.TransactionID}, {"totalAmount", jsonText(total.String())}, {"currency", h.Currency},
		{"verDept", h.Verifier}, {"payType", h.PayType}, {"tradingTime", h.Time},
	} {
		add("payExchangeInfoHead/"+f.name, f.value)
	}
	for i, list := range r.Lists {
		add(fmt.Sprintf("payExchangeInfoLists[%d]/orderNo", i), list.OrderNo)
	}
	return fields, string(h.TransactionID), nil
}
