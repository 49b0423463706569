package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types/gs1"
)

func gs1Command() *cobra.Command {
	cmd := &cobra.Command{Use: "gs1", Short: "Check and translate GS1 identifiers"}
	s := newSession(cmd)
	return group(cmd, checkCommand(s), linkCommand(s))
}

const spellingsHelp = `An ID is an EPC URN (urn:epc:…), a GS1 Digital Link on any domain, an element string such as
"(01)06901234000016(10)L2026A", a path such as 06901234000016.L2026A, or bare digits. Without
an ID, or with -, they are read from standard input, one a line.

Bare digits are taken for a GTIN (8, 12, 13 or 14), a GSIN (17) or an SSCC (18). Thirteen digits
may also be a GLN: --type GLN says so. Other types: `

func checkCommand(s *session) *cobra.Command {
	c := &checking{session: s}
	cmd := &cobra.Command{
		Use:   "check [ID…]",
		Short: "Say what GS1 identifiers are, or what is wrong with them",
		Long: `Say of each identifier what kind of key it is, its parts and its canonical Digital Link, or
why it is refused: its length, a character, a check digit, its grammar. No node is asked.

` + spellingsHelp + strings.Join(typeNames(), ", ") + `.

Exit codes: 0 all are right, 1 one is refused.`,
		Example: `  carya gs1 check 06901234000016.L2026A urn:epc:id:sscc:6901234.0000000001
  carya gs1 check --type GLN 6901234000009
  carya gs1 check --json < ids.txt`,
		Args: cobra.ArbitraryArgs,
	}
	c.flags(cmd)
	cmd.RunE = s.run(func(_ context.Context, args []string) error { return c.each(args, c.check) })
	return cmd
}

func linkCommand(s *session) *cobra.Command {
	l := &linking{checking: checking{session: s}}
	cmd := &cobra.Command{
		Use:   "link [ID…]",
		Short: "Print the canonical Digital Link of GS1 identifiers, or their EPC URN",
		Long: `Print the canonical Digital Link of each identifier, https://id.gs1.org/…, with the most
specific identification in it: of a lot and a serial number the serial number, and neither
variant nor query. What is refused is named on standard error.

A wrong check digit in an identifier that is printed already cannot be mended: the link keeps
it, with a warning. --strict refuses it, as "carya gs1 check" and the ledger do.

An EPC URN splits the company prefix from the rest, and the identifier does not say how long
it is: --urn needs --prefix-length.

` + spellingsHelp + strings.Join(typeNames(), ", ") + ".",
		Example: `  carya gs1 link urn:epc:class:lgtin:6901234.000001.L2026A
  carya gs1 link "https://example.com/gtin/6901234000016/lot/L2026A?s=7"
  carya gs1 link --urn --prefix-length 7 06901234000016.L2026A`,
		Args: cobra.ArbitraryArgs,
	}
	l.flags(cmd)
	f := cmd.Flags()
	f.BoolVar(&l.strict, "strict", false, "refuse a wrong check digit")
	f.BoolVar(&l.urn, "urn", false, "print the EPC URN instead")
	f.IntVar(&l.prefix, "prefix-length", 0, "digits of the company prefix, 6 to 12, for --urn")
	cmd.RunE = s.run(func(_ context.Context, args []string) error {
		if l.urn != (l.prefix != 0) {
			return usage("for instance --urn --prefix-length 7", errors.New("--urn and --prefix-length go together"))
		}
		return l.each(args, l.link)
	})
	return cmd
}

// checking is one run of `carya gs1 check`.
type checking struct {
	*session
	typeName string
	kind     string // of gs1.Types; "" as each identifier says
	digits   int    // that --type GTIN-13 asks for; 0 = any number
}

func (c *checking) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.typeName, "type", "", "type of key that the identifiers must be")
}

// typeNames are the types that --type takes: GLN is what people call a location's number.
func typeNames() []string { return append([]string{"GLN"}, gs1.Types()...) }

// gtins are the lengths of a GTIN that --type can ask for.
var gtins = map[string]int{"GTIN-8": 8, "GTIN-12": 12, "GTIN-13": 13, "GTIN-14": 14}

func (c *checking) chooseType() error {
	name := strings.ToUpper(c.typeName)
	c.kind, c.digits = name, gtins[name]
	switch {
	case c.digits > 0:
		c.kind = "GTIN"
	case name == "GLN":
		c.kind = "SGLN"
	case name != "" && !slices.Contains(gs1.Types(), name):
		return usage("one of "+strings.Join(typeNames(), ", "), fmt.Errorf("--type %q", c.typeName))
	}
	return nil
}

// each judges every identifier and says at the end how many were refused.
func (c *checking) each(args []string, judge func(*judged) error) error {
	if err := c.chooseType(); err != nil {
		return err
	}
	total, refused := 0, 0
	for id, err := range c.identifiers(args) {
		if err != nil {
			return err
		}
		j := c.read(id)
		if err := judge(j); err != nil {
			return err
		}
		if total++; j.Reason != "" {
			refused++
		}
	}
	if refused > 0 {
		return &Failure{ExitFailed, fmt.Errorf("%d of %s refused", refused, count(total, "identifier")), ""}
	}
	return nil
}

// identifiers are the arguments, with the lines of standard input in place of -.
func (c *checking) identifiers(args []string) func(yield func(string, error) bool) {
	if len(args) == 0 {
		args = []string{"-"}
	}
	return func(yield func(string, error) bool) {
		for _, arg := range args {
			if arg != "-" {
				if !yield(arg, nil) {
					return
				}
				continue
			}
			lines := bufio.NewScanner(c.in)
			for lines.Scan() {
				line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
				if line != "" && !yield(line, nil) {
					return
				}
			}
			if err := lines.Err(); err != nil && !yield("", usage("", fmt.Errorf("read standard input: %w", err))) {
				return
			}
		}
	}
}

// judged is what is known of one identifier.
type judged struct {
	ID        string   `json:"id"`
	OK        bool     `json:"ok"`
	Type      string   `json:"type,omitempty"`
	Primary   string   `json:"primary,omitempty"`
	Qualifier string   `json:"qualifier,omitempty"`
	Elements  string   `json:"elements,omitempty"` // as it stands under a barcode
	Link      string   `json:"link,omitempty"`
	Path      string   `json:"path,omitempty"` // in keys of the ledger
	URN       string   `json:"urn,omitempty"`
	Code      gs1.Code `json:"code,omitempty"` // of the reason
	Reason    string   `json:"reason,omitempty"`
	Notes     []string `json:"notes,omitempty"` // worth knowing, no fault
	key       gs1.Key
}

// read finds out what an identifier is. Beside a wrong check digit it is known all the same.
func (c *checking) read(id string) *judged {
	j := &judged{ID: id}
	key, err := gs1.Read(id, c.kind)
	j.key = key
	digits := strings.NewReplacer(" ", "", "-", "").Replace(id)
	bare := strings.Trim(digits, "0123456789") == ""
	switch {
	case bare && c.digits > 0 && len(digits) != c.digits:
		err = &gs1.Error{Code: gs1.CodeLength, Input: c.typeName + " " + id, Detail: fmt.Sprintf("%d digits, expected %d", len(digits), c.digits)}
		j.key = gs1.Key{}
	case bare && len(digits) == 13 && c.kind == "" && !key.IsZero():
		j.Notes = append(j.Notes, "13 digits may be a GTIN-13 or a GLN; taken for a GTIN, --type GLN takes them for a GLN")
	}
	j.describe()
	j.refuse(err)
	return j
}

func (j *judged) describe() {
	if j.key.IsZero() {
		return
	}
	j.OK, j.Type, j.Primary, j.Qualifier = true, j.key.Type, j.key.Primary, j.key.Qualifier
	j.Link, j.Path = j.key.DigitalLink(), j.key.Path()
	for _, e := range j.key.Elements() {
		j.Elements += e.String()
	}
}

// refuse writes down what is wrong with an identifier, if anything is.
func (j *judged) refuse(err error) {
	if err == nil {
		return
	}
	j.OK, j.Reason = false, err.Error()
	var e *gs1.Error
	if errors.As(err, &e) {
		j.Code = e.Code
	}
}

// check prints one line about an identifier.
func (c *checking) check(j *judged) error {
	if !j.OK { // what a refused identifier might have meant is nobody's business
		*j = judged{ID: j.ID, Code: j.Code, Reason: j.Reason}
		c.say("✗ %s: %s", oneLine(j.ID), oneLine(j.Reason))
		return c.emit(j)
	}
	label, further := j.key.Labels()
	line := fmt.Sprintf("✓ %s: %s, %s %s", oneLine(j.ID), j.Type, label, j.Primary)
	if further != "" {
		line += fmt.Sprintf(", %s %s", further, j.Qualifier)
	}
	line += ", " + j.Link
	for _, note := range j.Notes {
		line += "; " + note
	}
	c.say("%s", line)
	return c.emit(j)
}

// linking is one run of `carya gs1 link`.
type linking struct {
	checking
	strict bool
	urn    bool
	prefix int
}

// link prints the link or URN of an identifier.
func (l *linking) link(j *judged) error {
	if j.Code == gs1.CodeCheckDigit && !l.strict && !j.key.IsZero() {
		j.Notes = append(j.Notes, j.Reason+"; the link keeps it")
		j.OK, j.Code, j.Reason = true, "", ""
	}
	printed := j.Link
	if l.urn && j.OK {
		var err error
		j.URN, err = j.key.URN(l.prefix)
		j.refuse(err)
		printed = j.URN
	}
	if !j.OK {
		*j = judged{ID: j.ID, Code: j.Code, Reason: j.Reason}
		l.note("%s: %s", oneLine(j.ID), oneLine(j.Reason))
		return l.emit(j)
	}
	for _, note := range j.Notes {
		l.note("warning: %s: %s", oneLine(j.ID), oneLine(note))
	}
	l.say("%s", printed)
	return l.emit(j)
}
