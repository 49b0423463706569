package app

import (
	"fmt"

	"github.com/caryaledger/carya/app/store"
	"github.com/caryaledger/carya/types"
)

// Every table of the state, one line each. Keys are printable paths below the prefix.
var (
	members        = table[string, types.Member](types.PrefixMember)
	keys           = table[string, types.KeyOwner](types.PrefixKey)
	prefixes       = table[string, types.Prefix](types.PrefixPrefix)
	ranges         = table[string, types.Ranges](types.PrefixRange)
	events         = table[types.EventID, types.CapturedEvent](types.PrefixEvent)
	lots           = table[types.LotID, types.Lot](types.PrefixLot)
	units          = table[types.UnitID, types.Unit](types.PrefixUnit)
	processings    = table[string, types.Transformation](types.PrefixTransformation)
	products       = table[string, types.Product](types.PrefixProduct)
	plots          = table[string, types.Plot](types.PrefixPlot)
	processes      = table[string, types.Process](types.PrefixProcess)
	credits        = table[string, types.Credit](types.PrefixCredit)
	accreditations = table[string, types.Accreditation](types.PrefixAccreditation)
	certificates   = table[types.CertificateID, types.Certificate](types.PrefixCertificate)
	recalls        = table[types.RecallID, types.Recall](types.PrefixRecall)
	reports        = table[string, types.RecallReport](types.PrefixReport)
	spreads        = table[string, types.Spread](types.PrefixMark)
	orders         = table[types.OrderID, types.Order](types.PrefixOrder)
	payments       = table[types.DocumentID, types.Document](types.PrefixPayment)
	waybills       = table[types.DocumentID, types.Document](types.PrefixWaybill)
	declarations   = table[types.DocumentID, types.Document](types.PrefixDeclaration)
	books          = table[types.BookID, types.Book](types.PrefixBook)
	tariffs        = table[string, types.Tariff](types.PrefixTariff)
	limits         = single[types.Limits](types.KeyLimits)
	params         = single[types.ChainParams](types.KeyParams)
	blocks         = single[types.Blocks](types.KeyBlocks)
)

// Table is a family of records of type V with keys of type K.
type Table[K ~string, V any] struct{ prefix string }

// Single is one record under a fixed key.
type Single[V any] struct{ key string }

func table[K ~string, V any](prefix string) Table[K, V] { return Table[K, V]{prefix} }
func single[V any](key string) Single[V]                { return Single[V]{key} }

// Key returns the record's key in the state.
func (t Table[K, V]) Key(k K) string { return t.prefix + "/" + string(k) }

// Get returns the record, nil when there is none.
func (t Table[K, V]) Get(r store.Reader, k K) (*V, error) { return get[V](r, t.Key(k)) }

// Get returns the record, nil when there is none.
func (s Single[V]) Get(r store.Reader) (*V, error) { return get[V](r, s.key) }

// Put writes the record and appends the current event to its history.
func (t Table[K, V]) Put(c *Call, k K, v *V) error { return c.put(t.Key(k), v) }

// Put writes the record and appends the current event to its history.
func (s Single[V]) Put(c *Call, v *V) error { return c.put(s.key, v) }

func get[V any](r store.Reader, key string) (*V, error) {
	data, err := r.Get(key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	if data == nil {
		return nil, nil
	}
	v := new(V)
	if err := types.DecodeState(data, v); err != nil {
		return nil, fmt.Errorf("record %s: %w", key, err)
	}
	return v, nil
}
