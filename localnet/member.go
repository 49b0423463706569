package localnet

import (
	"fmt"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// Member is an organisation of a localnet. Everything about it is invented.
type Member struct {
	ID       string        `json:"id"`
	Name     string        `json:"name"`
	Roles    []string      `json:"roles"`
	Customs  []string      `json:"customs"`  // registration codes with customs
	Prefixes []string      `json:"prefixes"` // GS1 company prefixes
	Address  types.Address `json:"address"`  // of its signing key
	Node     *Node         `json:"node,omitempty"`
}

// Node is a member's node.
type Node struct {
	API       string      `json:"api"` // URL
	Ports     Ports       `json:"ports"`
	ID        string      `json:"id"`        // on CometBFT's network
	Validator types.Bytes `json:"validator"` // ed25519 key
}

// The organisations of the story, by their ids.
const (
	customsOffice = "hz-customs"
	platform      = "lantu"
	cooperative   = "linan-coop"
	carrier       = "qianjiang-express"
	paymentFirm   = "xihu-pay"
	broker        = "wulin-broker"
	authority     = "zj-agriculture"
	certifier     = "zj-certify"
	warehouse     = "xiasha-zone"
)

// cast lists the organisations of the story. The first ones run the validators; the
// others are members with keys and no servers, whatever the network's size.
var cast = []Member{
	{ID: customsOffice, Name: "杭州海关 Hangzhou Customs", Roles: []string{types.RoleCustoms}, Customs: []string{"2991"}, Prefixes: []string{"6909010"}},
	{ID: platform, Name: "览途商城 Lantu Mall", Roles: []string{types.RolePlatform}, Customs: []string{"330196LT01"}, Prefixes: []string{"6909020"}},
	{ID: cooperative, Name: "临安山核桃合作社 Lin'an Hickory Cooperative", Roles: []string{types.RoleCooperative}, Prefixes: []string{"6901234"}},
	{ID: carrier, Name: "钱江快运 Qianjiang Express", Roles: []string{types.RoleLogistics}, Customs: []string{"330196QJ04"}, Prefixes: []string{"6909040"}},
	{ID: paymentFirm, Name: "西湖支付 Xihu Pay", Roles: []string{types.RolePayment}, Customs: []string{"330196XH05"}},
	{ID: broker, Name: "武林报关行 Wulin Customs Brokers", Roles: []string{types.RoleDeclarant}, Customs: []string{"330196WL06"}},
	{ID: authority, Name: "浙江农业农村厅 Zhejiang Agriculture Authority", Roles: []string{types.RoleAuthority}, Prefixes: []string{"6909070"}},
	{ID: certifier, Name: "浙江认证中心 Zhejiang Certification", Roles: []string{types.RoleCertifier}, Prefixes: []string{"6909080"}},
	{ID: warehouse, Name: "下沙综合保税区 Xiasha Bonded Zone", Roles: []string{types.RoleWarehouse}, Customs: []string{"330196XS07"}},
}

// storyValidators is how many of the cast can run a validator.
const storyValidators = 4

// members returns the members of a network with so many validators: those that run one
// first. Beyond the cast there are cooperatives without a name.
func members(validators int) []Member {
	var all []Member
	for i := range validators {
		if i < storyValidators {
			all = append(all, cast[i])
			continue
		}
		all = append(all, Member{
			ID: fmt.Sprintf("coop-%d", i+1), Name: fmt.Sprintf("Cooperative %d", i+1),
			Roles: []string{types.RoleCooperative}, Prefixes: []string{fmt.Sprintf("69091%02d", i+1)},
		})
	}
	return append(all, cast[min(validators, storyValidators):]...)
}

// genesis is the member as the chain begins.
func (m *Member) genesis() types.GenesisMember {
	g := types.GenesisMember{
		ID: m.ID, Name: m.Name, Controller: m.ID, Roles: m.Roles, Customs: m.Customs, Prefixes: m.Prefixes,
		Keys: []types.Address{m.Address}, Threshold: 1,
	}
	if m.Node != nil {
		g.Validator, g.Power = m.Node.Validator, 1
	}
	return g
}

// gtin returns the GTIN-14 of the member's item with that number, "" for a member
// without a company prefix.
func (m *Member) gtin(item int) string {
	if len(m.Prefixes) == 0 {
		return ""
	}
	digits := fmt.Sprintf("0%s%0*d", m.Prefixes[0], 12-len(m.Prefixes[0]), item)
	check, err := gs1.CheckDigit(digits)
	if err != nil {
		return ""
	}
	return digits + string(check)
}
