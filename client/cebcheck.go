package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types/ceb"
	"github.com/caryaledger/carya/types/ceb/review"
	"github.com/caryaledger/carya/types/ceb/xmldsig"
)

// cebCheck is one run of `carya ceb check`.
type cebCheck struct {
	*session
	options      review.Options
	rates        string // file
	positiveList string // file
	certificates string // folder
	party        string
	language     string
	most         int
	score        string // file of planted faults, "" for none

	review   *review.Review
	base     string // of the names in findings, when a set is scored
	files    int    // that were given to the review
	receipts int    // answers of customs among them, and left out
}

// scoreDefault stands for faults.json in the folder that is checked.
const scoreDefault = "faults.json"

func cebCheckCommand(s *session) *cobra.Command {
	c := &cebCheck{session: s}
	cmd := &cobra.Command{
		Use:   "check FILE|DIR…",
		Short: "Say what customs will say about messages, before customs says it",
		Long: `Read the customs messages of all companies that serve an order, and find what customs would
reject: faults of the form (the 202205 schemas) and of the business, in each document and
across the documents of an order. No node is needed and nothing leaves this machine.

Each finding names the rule, the official code where there is one, the field, the two values
that disagree, and who has to put it right. ✗ customs would reject it, ! customs may look at
it, · worth knowing. Folders are read with their sub-folders: *.xml, and parcels.csv, which
says of which order an export waybill is. Answers of customs (CEB312, 622 …) are not checked;
a list that customs rejected may be sent again.

With --party only what that party has to put right is shown and counted.

--score compares the findings with faults.json, which "carya ceb generate --faults" writes.

Exit codes: 0 customs would take everything, 1 it would reject something (or, with --score,
a fault was missed or a false alarm given), 2 a file cannot be read.`,
		Example: `  carya ceb check orders/ payments/ waybills/ lists/
  carya ceb check incoming/ --alone --party platform --json
  carya ceb check set/ --score`,
		Args: takes(1, -1, "customs messages"),
	}
	f := cmd.Flags()
	f.StringVar(&c.rates, "rates", "", "tax rates, CSV with gcode,vat,consumption,from,until: check taxTotal")
	f.StringVar(&c.positiveList, "positive-list", "", "tariff codes that may be imported, or their beginnings, one a line")
	f.StringVar(&c.certificates, "signatures", "", "folder of certificates, <customs code>.pem and roots/*.pem: check signatures, and want them")
	f.BoolVar(&c.options.Alone, "alone", false, "do not report documents that are missing from the set")
	f.StringVar(&c.party, "party", "", "only what this party has to put right: platform, payment, logistics, declarant or warehouse")
	f.StringVar(&c.language, "lang", systemLanguage(), "language of the findings: en, zh or both")
	f.IntVar(&c.most, "max", 0, "print at most so many findings; 0 is all")
	f.StringVar(&c.score, "score", "", "compare with planted faults (default DIR/"+scoreDefault+")")
	f.Lookup("score").NoOptDefVal = scoreDefault
	cmd.RunE = s.run(c.check)
	return cmd
}

// systemLanguage reads the language from the environment as POSIX says: zh for Chinese, else en.
func systemLanguage() string {
	if strings.HasPrefix(first(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG")), "zh") {
		return "zh"
	}
	return "en"
}

var parties = []string{review.Platform, review.Payer, review.Carrier, review.Declarant, review.Warehouse}

func (c *cebCheck) check(ctx context.Context, args []string) error {
	if c.score != "" && len(args) == 2 && filepath.Ext(args[1]) == ".json" {
		c.score, args = args[1], args[:1] // `--score faults.json`: the flag's value is optional, so that it stands apart
	}
	if err := c.prepare(args); err != nil {
		return err
	}
	c.review = review.New(c.options)
	for _, arg := range args {
		if err := c.walk(ctx, arg); err != nil {
			return err
		}
	}
	if c.files+c.receipts == 0 {
		return usage("", errors.New("no files with the ending .xml"))
	}
	findings := c.judged()
	if c.score != "" {
		return c.compare(args[0], findings)
	}
	return c.tell(findings)
}

// prepare finds what is wrong with the flags and reads the files that they name.
func (c *cebCheck) prepare(args []string) (err error) {
	switch {
	case !slices.Contains([]string{"en", "zh", "both"}, c.language):
		return usage("", fmt.Errorf("--lang %q: en, zh or both", c.language))
	case c.party != "" && !slices.Contains(parties, c.party):
		return usage("", fmt.Errorf("--party %q: one of %s", c.party, strings.Join(parties, ", ")))
	case c.most < 0:
		return usage("", fmt.Errorf("--max %d: at least 0", c.most))
	case c.score != "" && (len(args) != 1 || c.party != ""):
		return usage("", errors.New("--score takes one folder, and no --party"))
	}
	c.options.Now = time.Now()
	if c.score != "" {
		c.base = args[0]
	}
	for _, read := range []func() error{c.readRates, c.readPositiveList, c.readCertificates} {
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

func (c *cebCheck) readRates() error {
	if c.rates == "" {
		return nil
	}
	data, err := readFile(c.rates, maxInput)
	if err == nil {
		c.options.Rates, err = review.ReadRates(data)
	}
	if err != nil {
		return usage("", fmt.Errorf("--rates %s: %w", c.rates, err))
	}
	return nil
}

func (c *cebCheck) readPositiveList() error {
	if c.positiveList == "" {
		return nil
	}
	data, err := readFile(c.positiveList, maxInput)
	if err != nil {
		return usage("", err)
	}
	for i, line := range strings.Split(string(data), "\n") {
		code := strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if code == "" || strings.HasPrefix(code, "#") {
			continue
		}
		if strings.Trim(code, "0123456789") != "" {
			return usage("", fmt.Errorf("--positive-list %s, line %d: %.40q is no tariff code", c.positiveList, i+1, code))
		}
		c.options.PositiveList = append(c.options.PositiveList, code)
	}
	if len(c.options.PositiveList) == 0 {
		return usage("", fmt.Errorf("--positive-list %s holds no tariff codes", c.positiveList))
	}
	return nil
}

// readCertificates makes signatures a matter of the check.
func (c *cebCheck) readCertificates() error {
	if c.certificates == "" {
		return nil
	}
	trust, err := readTrust(c.certificates)
	if err != nil {
		return usage("a certificate's file is <customs code>.pem, an authority's roots/<name>.pem", err)
	}
	c.options.Signatures = review.Signatures{Severity: review.Fault, Verify: func(message []byte) (int, error) {
		return verifySignature(trust, message)
	}}
	return nil
}

// readTrust reads a folder of certificates.
func readTrust(dir string) (*xmldsig.Trust, error) {
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(name)], err = readSmall(path)
		return err
	})
	if err != nil {
		return nil, err
	}
	return xmldsig.ReadTrust(files)
}

// verifySignature checks the signature of a message and that its certificate speaks for the company that sends it, at the
// time of the first document.
func verifySignature(trust *xmldsig.Trust, message []byte) (official int, err error) {
	var signature *xmldsig.Signature
	m, err := ceb.ParseUnsigned(message)
	if err == nil {
		signature, err = xmldsig.Verify(message)
	}
	if err == nil {
		_, ms := ceb.Version(&m.Documents[0])
		err = trust.Check(signature, first(m.Transfer.CopCode, ceb.Issuer(&m.Documents[0])), time.UnixMilli(ms))
	}
	if bad := (*xmldsig.Error)(nil); errors.As(err, &bad) {
		return int(bad.Code), bad
	}
	return 0, err
}

// walk gives the review a file, or those of a folder.
func (c *cebCheck) walk(ctx context.Context, arg string) error {
	return filepath.WalkDir(arg, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return usage("", err)
		case ctx.Err() != nil:
			return ctx.Err()
		case e.IsDir() || path != arg && !strings.EqualFold(filepath.Ext(path), ".xml") && e.Name() != "parcels.csv":
			return nil
		}
		data, err := readFile(path, ceb.MaxSize)
		if err != nil {
			return usage("", err)
		}
		return c.add(path, data)
	})
}

// answerRoot finds the kind of a message in its root element. Messages of customs have even numbers, beside 711 and 816
// to 818, and 900.
var answerRoot = regexp.MustCompile(`<(?:\w+:)?CEB(\d\d[02468])Message[\s>]`)

// Answers that say that a list was rejected: it may be sent again.
var listAnswers = []string{"622", "604"}

func (c *cebCheck) add(path string, data []byte) error {
	if kind := answerRoot.FindSubmatch(data[:min(len(data), 2000)]); kind != nil {
		c.receipts++
		if !slices.Contains(listAnswers, string(kind[1])) {
			return nil
		}
	} else {
		c.files++
	}
	name, err := path, error(nil)
	if c.base != "" {
		name, err = filepath.Rel(c.base, path)
	}
	c.review.Add(filepath.ToSlash(name), data)
	return err
}

// judged returns what was found about messages that are not customs' own.
func (c *cebCheck) judged() []review.Finding {
	return slices.DeleteFunc(c.review.Findings(), func(f review.Finding) bool {
		return f.Party == review.Customs || c.party != "" && f.Party != c.party
	})
}
