package types

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// Schema describes the whole vocabulary for clients in other languages: every kind of
// transaction with its EIP-712 types and JSON Schema, every family of records, every
// code. It is generated from the catalogue; testdata/schema.json is its golden file.
type Schema struct {
	Format   string         `json:"format"`
	Domain   []FieldType    `json:"eip712Domain"`
	Name     string         `json:"domainName"`
	Version  string         `json:"domainVersion"`
	MaxTx    int            `json:"maxTxBytes"`
	MaxBody  int            `json:"maxBodies"`
	MaxLife  int64          `json:"maxLifeMs"`
	Kinds    []KindSchema   `json:"kinds"`
	Families []FamilySchema `json:"records"`
	Codes    []CodeSchema   `json:"codes"`
}

// KindSchema is one kind of transaction.
type KindSchema struct {
	Name       string                 `json:"name"`
	Area       string                 `json:"area"`
	Says       string                 `json:"says"`
	Primary    string                 `json:"primaryType"`
	Types      map[string][]FieldType `json:"eip712Types"` // struct name → fields, Transaction included
	EncodeType string                 `json:"encodeType"`
	JSON       json.RawMessage        `json:"jsonSchema"` // of one body
}

// FamilySchema is one family of records.
type FamilySchema struct {
	Prefix string `json:"prefix"`
	Record string `json:"record"`
	Says   string `json:"says"`
}

// CodeSchema is one code.
type CodeSchema struct {
	Code Code   `json:"name"`
	N    uint32 `json:"number"`
	Says string `json:"says"`
}

// SchemaFormat names the schema's format.
const SchemaFormat = "carya-schema/1"

// DomainFields are the fields of the EIP-712 domain.
var DomainFields = []FieldType{{"name", "string"}, {"version", "string"}, {"verifyingContract", "address"}}

// NewSchema builds the schema from the catalogue.
func NewSchema() (*Schema, error) {
	s := &Schema{
		Format: SchemaFormat, Domain: DomainFields, Name: DomainName, Version: DomainVersion,
		MaxTx: MaxTxBytes, MaxBody: MaxBodies, MaxLife: MaxLife,
	}
	for _, k := range Catalogue {
		js, err := json.Marshal(k.body.jsonSchema())
		if err != nil {
			return nil, err
		}
		s.Kinds = append(s.Kinds, KindSchema{
			Name: k.Name, Area: k.Area, Says: k.Says, Primary: k.tx.name,
			Types: k.EIP712Types(), EncodeType: k.tx.encodeType(), JSON: js,
		})
	}
	for _, f := range Families {
		s.Families = append(s.Families, FamilySchema{f.Prefix, typeName(f.new()), f.Says})
	}
	for _, c := range codes {
		s.Codes = append(s.Codes, CodeSchema{c.Code, uint32(c.Code), c.Says})
	}
	return s, nil
}

// EIP712Types returns what a wallet needs beside the message: every struct type of a
// transaction of this kind and the domain's.
func (k *Kind) EIP712Types() map[string][]FieldType {
	all := map[string][]FieldType{"EIP712Domain": DomainFields, k.tx.name: k.tx.fieldTypes()}
	for _, d := range k.tx.deps {
		all[d.name] = d.fieldTypes()
	}
	return all
}

// Fields returns the body's fields in order.
func (k *Kind) Fields() []FieldType { return k.body.fieldTypes() }

func (l *layout) fieldTypes() []FieldType {
	list := make([]FieldType, len(l.fields))
	for i, f := range l.fields {
		list[i] = f.FieldType
	}
	return list
}

// jsonSchema describes the struct in JSON Schema 2020-12. Every field is required: one
// value has one form.
func (l *layout) jsonSchema() map[string]any {
	properties := map[string]any{}
	required := []string{}
	for _, f := range l.fields {
		properties[f.Name] = f.value.schema()
		required = append(required, f.Name)
	}
	return map[string]any{
		"type": "object", "properties": properties, "required": required, "additionalProperties": false,
	}
}

func plainSchema(kind string) func() map[string]any {
	return func() map[string]any { return map[string]any{"type": kind} }
}

func integerSchema(least int64) func() map[string]any {
	return func() map[string]any {
		return map[string]any{"type": "integer", "minimum": least, "maximum": int64(MaxInteger)}
	}
}

// hexSchema describes n bytes in hexadecimal, any number for n < 0.
func hexSchema(n int) func() map[string]any {
	pattern := "^0x([0-9a-f]{2})*$"
	if n >= 0 {
		pattern = fmt.Sprintf("^0x[0-9a-f]{%d}$", 2*n)
	}
	return func() map[string]any { return map[string]any{"type": "string", "pattern": pattern} }
}

func typeName(v any) string { return reflect.TypeOf(v).Elem().Name() }
