package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types/evidence"
)

// verifying is one run of `carya verify`.
type verifying struct {
	*session
	file   string // of the trust
	maxAge time.Duration
	trust  *evidence.Trust
	sum    verified
}

// verified counts the files of a run; it is what --json says at the end of several.
type verified struct {
	Files      int      `json:"files"`
	Proven     int      `json:"proven"`
	NotProven  int      `json:"notProven"`
	Unreadable int      `json:"unreadable"`
	Passed     []string `json:"passedOver,omitempty"` // trust files
	Warnings   []string `json:"warnings,omitempty"`
}

func verifyCommand() *cobra.Command {
	v := &verifying{}
	cmd := &cobra.Command{
		Use:   "verify FILE… --trust TRUST",
		Short: "Check evidence files, offline",
		Long: `Check evidence files against a trust file, and say in words what they prove: what, as of
which block and time, who signed it, and what they do not prove. No node and no network are
used. Of several files, and of a folder with all below it, there is a line each, and a sum.

The trust file is all that has to be trusted. It says which validators vouch for the chain;
a genesis file does, too. Take it from a member, or compare its genesis hash with several
members, once. "carya light" keeps it up to date.

Exit codes: 0 all proven, 4 one is not, 2 a file cannot be read.`,
		Example: `  carya verify lot.json --trust trust.json
  carya verify audit-2026/ --trust trust.json
  carya verify - --trust genesis.json --json < lot.json`,
		Args: takes(1, -1, "evidence files, folders, or - for standard input"),
	}
	v.session = newSession(cmd)
	f := cmd.Flags()
	f.StringVar(&v.file, "trust", os.Getenv(envTrust), trustHelp)
	f.DurationVar(&v.maxAge, "max-age", MaxAge, "warn of a trust file that is older")
	cmd.RunE = v.run(v.verify)
	return cmd
}

func (v *verifying) verify(_ context.Context, args []string) (err error) {
	if v.file == "" {
		return usage("it says which validators may vouch for the chain; members hand it out", errors.New("--trust TRUST is missing"))
	}
	if v.trust, err = trusted(v.file); err != nil {
		return err
	}
	if len(args) == 1 && !isFolder(args[0]) {
		return v.one(args[0])
	}
	for _, arg := range args {
		if err := v.each(arg); err != nil {
			return err
		}
	}
	return v.conclude()
}

// one tells everything about one file.
func (v *verifying) one(path string) error {
	file, err := v.input(path, MaxEvidence)
	if err != nil {
		return err
	}
	verdict, err := v.judge(file)
	if err != nil {
		return v.refute(path, err)
	}
	v.say("%s", strings.TrimSuffix(verdict.String(), "\n"))
	return v.emit(fileVerdict{path, verdict})
}

// fileVerdict is what --json says of a file that is proven.
type fileVerdict struct {
	File string `json:"file"`
	*Verdict
}

func (v *verifying) judge(file []byte) (*Verdict, error) {
	verdict, err := Verify(file, v.trust)
	if err == nil {
		verdict.Date(time.Now(), v.maxAge)
	}
	return verdict, err
}

// each tells a line about a file, or about every file of a folder. A trust file in a folder is passed over: auditors keep it
// with the evidence. Everything else there has to be evidence: what is left out unsaid would be taken for proven.
func (v *verifying) each(arg string) error {
	if !isFolder(arg) {
		return v.line(arg)
	}
	return filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return usage("", err)
		case d.Name() != "." && strings.HasPrefix(d.Name(), ".") && d.IsDir():
			return fs.SkipDir
		case d.IsDir() || strings.HasPrefix(d.Name(), "."):
			return nil
		}
		if _, err := trusted(path); err == nil {
			v.sum.Passed = append(v.sum.Passed, path)
			return nil
		}
		return v.line(path)
	})
}

func (v *verifying) line(path string) error {
	v.sum.Files++
	file, err := v.input(path, MaxEvidence)
	if err != nil {
		v.sum.Unreadable++
		v.say("✗ %s: cannot be read: %v", path, err)
		return v.emit(map[string]any{"file": path, "proven": false, "error": err.Error()})
	}
	verdict, err := v.judge(file)
	var refusal *evidence.Refusal
	switch {
	case errors.As(err, &refusal):
		v.sum.NotProven++
		r := newRefuted(path, refusal)
		v.say("✗ %s: NOT PROVEN: %s%s: %s", path, r.Reason, r.where(), r.Means)
		return v.emit(r)
	case err != nil:
		return err
	}
	v.sum.Proven++
	for _, warning := range verdict.Warnings {
		v.warn(warning)
	}
	v.say("✓ %s: %s; signed by %s of the power, %s", path, verdict.brief(), percent(verdict.Power, verdict.Total), moment(verdict.Signed.Time))
	return v.emit(fileVerdict{path, verdict})
}

// warn keeps a warning once.
func (v *verifying) warn(warning string) {
	for _, known := range v.sum.Warnings {
		if known == warning {
			return
		}
	}
	v.sum.Warnings = append(v.sum.Warnings, warning)
}

// brief names the claims in one line.
func (v *Verdict) brief() string {
	claims := make([]evidence.Claim, len(v.Claims))
	for i := range v.Claims {
		claims[i] = *v.Claims[i].source
	}
	return briefly(claims)
}

// conclude sums up several files.
func (v *verifying) conclude() error {
	s := &v.sum
	if s.Files == 0 {
		return usage("name evidence files, or a folder with some", errors.New("there is no evidence file to verify"))
	}
	for _, warning := range s.Warnings {
		v.say("! warning: %s", warning)
	}
	v.say("%s %s: %d proven, %d not proven, %d cannot be read; trusted are the validators as of block %d of %s",
		tick(s.Proven == s.Files), count(s.Files, "file"), s.Proven, s.NotProven, s.Unreadable, v.trust.Height, v.trust.Chain)
	if len(s.Passed) > 0 {
		v.say("  passed over: %s: %s", count(len(s.Passed), "trust file"), strings.Join(s.Passed, ", "))
	}
	if err := v.emit(s); err != nil {
		return err
	}
	switch {
	case s.NotProven > 0:
		return &Failure{ExitNotProven, fmt.Errorf("%d of %s not proven", s.NotProven, count(s.Files, "file")), "verify a file alone to read what is wrong with it"}
	case s.Unreadable > 0:
		return usage("", fmt.Errorf("%d of %s cannot be read", s.Unreadable, count(s.Files, "file")))
	}
	return nil
}
