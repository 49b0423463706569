package generate

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"github.com/caryaledger/carya/types/ceb"
)

// pullAnswer is what a platform answers when customs asks for the original data of a payment: the message
// realTimeDataUpload of GACC announcement 2018-179. "inital" is the announcement's spelling.
type pullAnswer struct {
	SessionID   string     `json:"sessionID"`
	Head        pullHead   `json:"payExchangeInfoHead"`
	Lists       []pullList `json:"payExchangeInfoLists"`
	ServiceTime string     `json:"serviceTime"` // Unix milliseconds
	CertNo      string     `json:"certNo"`
	SignValue   string     `json:"signValue"`
}

type pullHead struct {
	GUID             string      `json:"guid"`
	InitalRequest    string      `json:"initalRequest"`
	InitalResponse   string      `json:"initalResponse"`
	EbpCode          string      `json:"ebpCode"`
	PayCode          string      `json:"payCode"`
	PayTransactionID string      `json:"payTransactionId"`
	TotalAmount      json.Number `json:"totalAmount"`
	Currency         string      `json:"currency"`
	VerDept          string      `json:"verDept"` // who verified: 3, neither UnionPay nor NetsUnion
	PayType          string      `json:"payType"` // 1, in an app
	TradingTime      string      `json:"tradingTime"`
	Note             string      `json:"note"`
}

type pullList struct {
	OrderNo     string      `json:"orderNo"`
	GoodsInfo   []pullGoods `json:"goodsInfo"`
	RecpAccount string      `json:"recpAccount"`
	RecpCode    string      `json:"recpCode"`
	RecpName    string      `json:"recpName"`
}

type pullGoods struct {
	GName    string `json:"gname"`
	ItemLink string `json:"itemLink"`
}

// PullAnswer returns the platform's answer to customs asking for the payment's original data, as JSON: what order and
// payment say, and invented texts of the request to the payment company and its response. It is not signed. Exports, and
// sets without order or payment, have none: nil.
func (s *Set) PullAnswer() []byte {
	if !s.Import || s.Order.Kind == "" || s.Payment.Kind == "" {
		return nil
	}
	order, paid := &s.Order, &s.Payment
	guid := paid.Get("guid")
	answer := pullAnswer{
		SessionID: "ask-" + guid,
		Head: pullHead{
			GUID:             guid,
			InitalRequest:    "https://pay.example.com/gateway?out_trade_no=" + s.Number + "&total_amount=" + paid.Get("amountPaid"),
			InitalResponse:   "code=10000&msg=Success&trade_no=" + paid.Get("payTransactionId"),
			EbpCode:          s.Platform,
			PayCode:          paid.Get("payCode"),
			PayTransactionID: paid.Get("payTransactionId"),
			TotalAmount:      json.Number(paid.Get("amountPaid")),
			Currency:         paid.Get("currency"),
			VerDept:          "3",
			PayType:          "1",
			TradingTime:      paid.Get("payTime"),
		},
		Lists: []pullList{{
			OrderNo:     s.Number,
			GoodsInfo:   pulledGoods(order),
			RecpAccount: "OSA" + order.Get("ebcCode"),
			RecpName:    order.Get("ebcName"),
		}},
		ServiceTime: served(paid),
		CertNo:      "unsigned",
	}
	return encoded(answer)
}

func pulledGoods(order *ceb.Document) []pullGoods {
	var goods []pullGoods
	for i := range order.Lines {
		path := indexed("OrderList", i)
		goods = append(goods, pullGoods{
			GName:    value(order, path+"/itemName"),
			ItemLink: "https://shop.example.com/item/" + order.Get("orderNo") + "/" + strconv.Itoa(i+1),
		})
	}
	return goods
}

// served is a minute after the payment was reported. The generator writes times that exist.
func served(paid *ceb.Document) string {
	t, err := ceb.ParseTime(paid.Get("appTime"))
	if err != nil {
		panic("generate: " + err.Error())
	}
	return strconv.FormatInt(t+time.Minute.Milliseconds(), 10)
}

// encoded leaves & as it is.
func encoded(answer pullAnswer) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(answer); err != nil {
		panic("generate: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
