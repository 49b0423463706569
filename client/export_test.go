package client

import (
	"context"
	"time"

	"github.com/caryaledger/carya/types/evidence"
)

// CheckKey is checkKey.
var CheckKey = checkKey

// FileName is fileName.
var FileName = fileName

// Plain is plain.
var Plain = plain

// WithPause makes a client pause and look at the clock as a test wants.
func WithPause(pause func(ctx context.Context, d time.Duration) error, now func() time.Time) Option {
	return func(c *Client) { c.pause, c.now = pause, now }
}

// VaultCost returns how much work opening a key file is, for files that are tried at all.
func VaultCost(file []byte) (cost float64, ok bool) {
	v, err := parseVault(file)
	if err != nil {
		return 0, false
	}
	p := v.Crypto.KDFParams
	if v.Crypto.KDF == "pbkdf2" {
		return p["c"].(float64), true
	}
	return p["n"].(float64) * p["r"].(float64) * p["p"].(float64), true
}

// Meanings are the words for each reason: what it means, and what there is to do.
func Meanings() map[evidence.Reason][2]string {
	all := map[evidence.Reason][2]string{}
	for reason, m := range meanings {
		all[reason] = [2]string{m.is, m.do}
	}
	return all
}
