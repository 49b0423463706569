package readmodel

import (
	"context"
	"database/sql"
	"strings"

	"github.com/caryaledger/carya/types"
)

// Member is a row of the list of members.
type Member struct {
	ID         string      `json:"id"`
	Name       string      `json:"name"`
	Controller string      `json:"controller" doc:"the organisation that controls it; its own id if independent"`
	Roles      []string    `json:"roles"`
	Keys       int64       `json:"keys" doc:"keys that can sign"`
	Threshold  int64       `json:"threshold" doc:"distinct signatures a transaction needs"`
	Validator  types.Bytes `json:"validator" doc:"ed25519 consensus key, empty if it runs no validator"`
	Height     int64       `json:"height" doc:"last block that touched it; 0 for the genesis, or when this node does not have that block"`
}

func (w *writer) member(id string, value []byte, height int64) error {
	var r types.Member
	if err := types.DecodeState(value, &r); err != nil {
		return err
	}
	return w.add(tableMembers, id, r.Name, r.Controller, strings.Join(r.Roles, " "), int64(r.ActiveKeys()),
		int64(r.Threshold), []byte(r.Validator), height)
}

// Members lists the members, by id.
func (m *Model) Members(ctx context.Context, p Page) ([]Member, string, error) {
	after, err := p.key()
	if err != nil {
		return nil, "", err
	}
	q := ask("SELECT id, name, controller, roles, keys, threshold, validator, height FROM members")
	q.where("id > ?", after)
	return list(ctx, m, q, "id", p, scanMember, func(r *Member) string { return r.ID })
}

func scanMember(rows *sql.Rows, r *Member) error {
	var roles string
	err := rows.Scan(&r.ID, &r.Name, &r.Controller, &roles, &r.Keys, &r.Threshold, (*[]byte)(&r.Validator), &r.Height)
	r.Roles = strings.Fields(roles)
	return err
}
