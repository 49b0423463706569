package client

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
)

// vocabularyCommand prints what implementations in other languages need.
func vocabularyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "vocabulary",
		Short: "Print the codes, the schema and the test vectors for other languages",
		Example: `  carya vocabulary codes
  carya vocabulary schema  > schema.json
  carya vocabulary vectors > vectors.json`,
	}
	s := newSession(cmd)
	return group(cmd,
		&cobra.Command{
			Use: "codes", Short: "Every code of a refusal, with a sentence",
			Args: takes(0, 0, "none"), RunE: s.run(func(context.Context, []string) error { return s.codes() }),
		},
		&cobra.Command{
			Use: "schema", Short: "Every kind, field, record and code: EIP-712 types and JSON Schema",
			Args: takes(0, 0, "none"), RunE: s.run(func(context.Context, []string) error {
				schema, err := types.NewSchema()
				return s.indent(schema, err)
			}),
		},
		&cobra.Command{
			Use: "vectors", Short: "Test vectors: transactions with bytes, digests and signatures, and what must be refused",
			Args: takes(0, 0, "none"), RunE: s.run(func(context.Context, []string) error {
				vectors, err := types.NewVectors()
				return s.indent(vectors, err)
			}),
		},
	)
}

func (s *session) codes() error {
	var rows [][]string
	for _, c := range types.Codes() {
		rows = append(rows, []string{strconv.Itoa(int(c)), c.String(), c.Says()})
		if err := s.emit(types.CodeSchema{Code: c, N: uint32(c), Says: c.Says()}); err != nil {
			return err
		}
	}
	s.table(rows)
	return nil
}

func (s *session) indent(v any, err error) error {
	if err != nil {
		return err
	}
	e := json.NewEncoder(s.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(v)
}
