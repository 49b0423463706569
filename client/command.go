package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// Commands returns the commands of those who run no node, to be hung on the program's root command. Their errors are read
// with ExitCode and Explain.
func Commands() []*cobra.Command {
	return []*cobra.Command{
		keysCommand(), txCommand(), receiptCommand(), getCommand(), historyCommand(), proveCommand(), verifyCommand(), evidenceCommand(),
		trustCommand(), lightCommand(),
		statusCommand(), epcisCommand(), cebCommand(), gs1Command(), lotCommand(), vocabularyCommand(),
		traceCommand(), certificateCommand(), recallCommand(), unitCommand(), productCommand(), plotCommand(), processCommand(), rangeCommand(),
		customsCommand(), bookCommand(), tariffCommand(),
		documentCommand(), readerCommand(), pullCommand(),
	}
}

// The environment variables that stand in for flags.
const (
	envNode     = "CARYA_NODE"
	envHome     = "CARYA_HOME"
	envMember   = "CARYA_MEMBER"
	envPassword = "CARYA_PASSWORD"
	envTrust    = "CARYA_TRUST"
)

const defaultNode = "http://127.0.0.1:26680"

// session is one run of a command: what its flags say and where it speaks.
type session struct {
	node, home string
	json       bool
	out, err   io.Writer
	in         io.Reader
}

// newSession gives a top-level command the flags that all of them have.
func newSession(cmd *cobra.Command) *session {
	s := &session{}
	f := cmd.PersistentFlags()
	f.StringVar(&s.node, "node", first(os.Getenv(envNode), defaultNode), "address of a node; also "+envNode)
	f.StringVar(&s.home, "home", defaultHome(), "folder of keys, documents and tickets; also "+envHome)
	f.BoolVar(&s.json, "json", false, "print JSON, one object a line")
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("see `"+cmd.CommandPath()+" --help`", err)
	})
	return s
}

func defaultHome() string {
	home, _ := os.UserHomeDir()
	return first(os.Getenv(envHome), filepath.Join(home, ".carya"))
}

// run makes a command's function: it binds the streams. The context is the root command's, which ends on Ctrl-C.
func (s *session) run(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		s.out, s.err, s.in = cmd.OutOrStdout(), cmd.ErrOrStderr(), cmd.InOrStdin()
		return f(cmd.Context(), args)
	}
}

// takes admits so many arguments; what names them in the error.
func takes(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || most >= 0 && len(args) > most {
			return usage("see `"+cmd.CommandPath()+" --help`", fmt.Errorf("%s: %d arguments, want %s", cmd.CommandPath(), len(args), what))
		}
		return nil
	}
}

// group makes a command that only holds others say which, also when it is asked for one that it does not hold.
func group(cmd *cobra.Command, members ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(members...)
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		names := make([]string, len(members))
		for i, m := range members {
			names[i] = m.Name()
		}
		return usage("one of "+strings.Join(names, ", "), fmt.Errorf("%s: there is no %q", cmd.CommandPath(), args[0]))
	}
	return cmd
}

// dial returns a client of the node that the flags name.
func (s *session) dial() (*Client, error) {
	c, err := New(s.node)
	if err != nil {
		return nil, usage("for instance --node "+defaultNode, err)
	}
	return c, nil
}

func (s *session) keyring() Keyring { return Keyring{filepath.Join(s.home, "keys")} }

// say prints a line for people; nothing with --json.
func (s *session) say(format string, args ...any) {
	if !s.json {
		fmt.Fprintln(s.out, plain(fmt.Sprintf(format, args...)))
	}
}

// note prints a line beside the answer, so that the answer can be piped on.
func (s *session) note(format string, args ...any) {
	fmt.Fprintln(s.err, plain(fmt.Sprintf(format, args...)))
}

// emit prints a value as one line of JSON; nothing without --json.
func (s *session) emit(v any) error {
	if !s.json {
		return nil
	}
	return json.NewEncoder(s.out).Encode(v)
}

// table prints rows of cells in columns. An ideograph takes two places on a terminal.
func (s *session) table(rows [][]string) {
	if s.json {
		return
	}
	var widths []int
	for _, row := range rows {
		for i := range row {
			row[i] = plain(row[i])
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(row[i]))
		}
	}
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			line += cell + strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell)+2)
		}
		fmt.Fprintln(s.out, strings.TrimRight(line, " "))
	}
}

// plain makes a text safe to print: what others put into a record or an answer must not steer the terminal, nor look like
// something else. Line feeds and tabs stay.
func plain(text string) string {
	safe := func(r rune) bool { return r == '\n' || r == '\t' || unicode.IsPrint(r) }
	if utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool { return !safe(r) }) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if safe(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "\\u%04x", r)
		}
	}
	return b.String()
}

// oneLine makes a text safe to print within a line.
func oneLine(text string) string {
	return plain(strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(text))
}

// moment writes Unix milliseconds for people, in UTC.
func moment(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04:05.000 UTC") }

// trusted reads a trust file, or the trust in a genesis file.
func trusted(path string) (*evidence.Trust, error) {
	data, err := readFile(path, maxGenesis)
	if err != nil {
		return nil, usage(trustHint, err)
	}
	t, err := evidence.ReadTrust(data)
	if err != nil {
		return nil, usage(trustHint, fmt.Errorf("%s: %w", path, err))
	}
	return t, nil
}

const trustHint = "the trust file, or the genesis file, comes from a member that you trust"

// genesisFile reads a genesis file.
func genesisFile(path string) (*types.Genesis, error) {
	data, err := readFile(path, maxGenesis)
	if err != nil {
		return nil, usage("the genesis file comes from a member that you trust", err)
	}
	g, err := types.ReadGenesis(data)
	if err != nil {
		return nil, usage("the genesis file comes from a member that you trust", fmt.Errorf("%s: %w", path, err))
	}
	return g, nil
}

// maxGenesis bounds a genesis file, in bytes.
const maxGenesis = 64 << 20
