package epcisrest

import (
	"net/http"

	"github.com/caryaledger/carya/node/bearer"
)

// authorize admits whoever may write.
func (s *Service) authorize(r *http.Request) error {
	gate := bearer.Gate{Tokens: s.Tokens, Local: s.Local, Setting: "epcis.token_file"}
	switch status, field, why := gate.Admit(bearer.CallerOf(r)); status {
	case 0:
		return nil
	case http.StatusUnauthorized:
		return unauthorized.about(field, "%s", why)
	default:
		return forbidden.about(field, "%s", why)
	}
}
