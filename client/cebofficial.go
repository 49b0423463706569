package client

import "github.com/caryaledger/carya/types"

// Official error codes of the 202205 specification (section 7) that this program gives itself.
const (
	officialUnsigned = -621029 // the signature does not hold
	officialNoLine   = -625209 // the list has no such line
	officialTooMany  = -625014 // more than is left of a line
	officialFormat   = 2       // 0002: the message breaks its schema
	officialMessage  = 1       // 0001: no message
)

// official says for a refusal of the ledger which official code it is, by stream "" for all, and what a receipt says of
// it in Chinese. Where customs has no code of its own the number is 0.
type official struct {
	code    types.Code
	stream  string
	number  int
	chinese string
}

var officials = []official{
	{types.Locked, types.SlotOrder, -301011, "订单已申报清单，不能变更"},
	{types.Locked, types.SlotPayment, -401008, "订单已申报清单，支付单不能变更"},
	{types.Locked, types.SlotWaybill, -504016, "订单已申报清单，运单不能变更"},
	{types.StaleMessage, "", -301014, "旧报文：账本已有更新的版本"},
	{types.OrderUnknown, "", -301003, "订单不存在"},
	{types.PaymentReused, "", -401007, "支付单已用于其他订单"},
	{types.WaybillReused, "", -504015, "运单已用于其他订单"},
	{types.DuplicateList, "", -621004, "订单或清单已经申报，请勿重复申报"},
	{types.QuotaSingle, "", -621005, "超过单次交易限值"},
	{types.QuotaAnnual, "", -621018, "超过个人年度交易限值"},
	{types.GrantMissing, "", -621013, "订单当前版本没有额度批准"},
	{types.GrantExpired, "", -621013, "额度批准已过期"},
	{types.GrantReused, "", -621013, "额度批准已使用"},
	{types.StatusOrder, streamCancel, -623005, "清单当前状态不允许撤销"},
	{types.ReturnQuantity, "", officialTooMany, "退货数量超过可退数量，或清单无此商品项"},
	{types.NotIndependent, "", 0, "订单、支付、物流及申报企业须相互独立"},
	{types.KeyTime, "", 0, "单证时间不在账本接受的时间范围内"},
	{types.TimeOrder, "", 0, "单证时间先后矛盾"},
	{types.OrderMismatch, "", 0, "单证不属于该订单"},
	{types.NotMatched, "", 0, "三单尚未比对一致"},
	{types.Identity, "", 0, "订购人、支付人或收货人不一致"},
	{types.MerchantDiffer, "", 0, "电商企业与订单不一致"},
	{types.GoodsDiffer, "", 0, "清单商品与订单不一致"},
	{types.WaybillDiffers, "", 0, "清单运单号与运单不一致"},
	{types.ModeDiffers, "", 0, "监管方式与订单进出口标志不符"},
	{types.NotDeclared, "", 0, "订单没有有效的清单"},
	{types.NotReleased, "", 0, "货物尚未放行"},
	{types.ReturnLate, "", 0, "超过退货期限"},
	{types.BookUnknown, "", 0, "保税账册没有该项商品"},
	{types.BookOverdrawn, "", 0, "超过保税账册余额"},
	{types.OrderStale, "", 0, "订单等待单证超时，须由电商平台更新"},
	{types.OrderLapsed, "", 0, "订单未按时申报或已撤销，须由电商平台更新"},
	{types.Role, "", 0, "企业没有相应的角色"},
	{types.RolledBack, "", 0, "因同批其他单证被拒绝而撤回"},
	{types.NotCustodian, "", 0, "该包裹不由本企业承运"},
	{types.NotOwner, "", 0, "该清单不是本企业申报"},
	{types.EventUnsupported, "", 0, "账本不记录此类报文"},
}

// officialOf returns the official number of a refusal and what it says in Chinese.
func officialOf(code types.Code, stream string) (number int, chinese string) {
	for _, o := range officials {
		if o.code == code && (o.stream == "" || o.stream == stream) {
			return o.number, o.chinese
		}
	}
	return 0, "账本未予记录"
}
