package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// The exit codes of the commands.
const (
	ExitOK          = 0
	ExitFailed      = 1 // refused, or failed
	ExitUsage       = 2 // the command line, or a file named on it, is not usable
	ExitUnreachable = 3 // the node gives no answer, or is busy
	ExitNotProven   = 4 // the evidence does not prove its claim
)

// Failure is a command's error with its exit code and, where there is something to do, a hint to the person.
type Failure struct {
	Exit int
	Err  error
	Hint string
}

func (f *Failure) Error() string { return f.Err.Error() }
func (f *Failure) Unwrap() error { return f.Err }

// ExitCode returns the exit code that an error of a command stands for.
func ExitCode(err error) int {
	var failure *Failure
	var silent *Unreachable
	var unproven *evidence.Refusal
	code, coded := types.CodeOf(err)
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &failure):
		return failure.Exit
	case errors.As(err, &unproven):
		return ExitNotProven
	case errors.As(err, &silent), coded && code >= types.Retryable:
		return ExitUnreachable
	case strings.HasPrefix(err.Error(), "unknown command "): // cobra has no type for it
		return ExitUsage
	}
	return ExitFailed
}

// Explain returns what a person reads of a command's error: one line, or several, and hints. It is empty for nil.
func Explain(err error) string {
	if err == nil {
		return ""
	}
	text := "error: " + err.Error()
	if errors.Is(err, context.Canceled) {
		text = "interrupted: " + err.Error()
	}
	if h := hint(err); h != "" {
		text += "\nhint: " + h
	}
	return plain(text)
}

// Report prints what a person reads of a command's error and returns its exit code: what main does with the root command's
// error.
func Report(w io.Writer, err error) int {
	if err != nil {
		fmt.Fprintln(w, Explain(err))
	}
	return ExitCode(err)
}

// hint returns what there is to do about an error, "" if nothing is known.
func hint(err error) string {
	var failure *Failure
	var silent *Unreachable
	if errors.As(err, &failure) && failure.Hint != "" {
		return failure.Hint
	}
	if errors.As(err, &silent) {
		return "is a node running there? Another one is named with --node or CARYA_NODE"
	}
	if errors.Is(err, ErrPassphrase) {
		return "the passphrase comes from --password-file, else from CARYA_PASSWORD, else from the terminal"
	}
	if code, coded := types.CodeOf(err); coded {
		return hints[code]
	}
	return ""
}

// hints are what to do about refusals that do not say it themselves.
var hints = map[types.Code]string{
	types.Busy:           "the node is full; send the same again in a moment",
	types.KeyUnknown:     "look at the member's keys with `carya get member/<id>`; another key is named with --key",
	types.MemberUnknown:  "the members stand in the genesis; --member takes a member's id, not its name",
	types.Threshold:      "the member needs several signatures: name --key once for each key",
	types.WrongChain:     "the node belongs to another chain than the signature",
	types.TxExpired:      "send it again; if this repeats, compare this machine's clock with `carya status`",
	types.ExpiresTooLate: "an expiry lies at most ten minutes ahead; compare this machine's clock with `carya status`",
}

// usage is an error of the command line.
func usage(hint string, err error) error { return &Failure{ExitUsage, err, hint} }
