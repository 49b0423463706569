package client

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/width"

	"github.com/caryaledger/carya/types"
)

// sheetColumn is a column that a spreadsheet of steps may have. aliases are other headings for it, in lower case.
type sheetColumn struct {
	name, says string
	aliases    []string
}

// sheetColumns are documented in docs/cooperative.md too.
var sheetColumns = []sheetColumn{
	{"time", "when: 2026-09-12 07:30, 2026/9/12 7:30 or RFC 3339", []string{"时间", "日期", "日期时间", "date"}},
	{"step", "harvest, process, pack, ship or receive", []string{"步骤", "环节", "操作"}},
	{"lot", "lot that is made, packed or moved: GTIN.lot, a Digital Link, an URN, a URI of your own, or a lot number alone; several with A=500;B=300", []string{"批号", "批次", "批次号"}},
	{"gtin", "product of a lot number that stands alone", []string{"产品编码", "商品条码", "条码"}},
	{"quantity", "how much: 350 or 350 kg", []string{"数量", "重量", "qty"}},
	{"unit", "kg, g, t, piece, 公斤, 千克, 斤 (500 g) … or a code of UNECE Recommendation 20", []string{"单位", "uom"}},
	{"from", "process: lots that went in, A=500;B=300 kg; without a quantity, all that the rows before leave of it", []string{"原料批次", "投入批次", "来源批次", "inputs"}},
	{"place", "GLN, GLN.extension, SGLN or a URI of your own; of a harvest the plot", []string{"地点", "地块", "场所", "plot"}},
	{"parent", "pack: SSCC or URI of the case or pallet; ship, receive: the one that moves", []string{"箱号", "托盘", "托盘号", "sscc"}},
	{"children", "pack: single things, as serial numbers, SSCCs or URIs, A1;A2", []string{"序列号", "子件", "serials"}},
	{"to", "ship: GLN or PGLN of who gets it", []string{"收货方", "接收方", "receiver"}},
	{"sender", "receive: GLN or PGLN of who had it", []string{"发货方", "供货方"}},
	{"certificate", "URI or GDTI; several with ;", []string{"证书", "证书号", "证书编号", "certificates"}},
	{"product", "name of the product", []string{"品名", "产品", "产品名称", "product name", "x:product"}},
	{"harvested", "harvest: the day, 2026-09-12", []string{"采收日期", "收获日期", "采摘日期", "harvest date"}},
	{"note", "anything", []string{"备注", "说明", "x:note"}},
}

// extraPrefix begins the headings of columns that are the cooperative's own.
const extraPrefix = "x:"

// sheet is a spreadsheet of steps.
type sheet struct {
	headings []heading
	rows     []*row
	faults   []*types.Refusal // of the sheet as a whole
	notes    []string
	unit     string // that the heading of the quantity names
}

// heading is what a column holds: one of the sheetColumns, an extra member x:…, or "" where it has no name.
type heading struct{ column, extra string }

// row is one step of the sheet.
type row struct {
	n      int               // as a spreadsheet counts: the headings are row 1
	cells  map[string]string // by column; none is empty
	extras members           // x:…
	faults []*types.Refusal
}

// cellName names a cell in what is said about it.
func cellName(n int, column string) string { return fmt.Sprintf("row %d, column %s", n, column) }

// fault records what is wrong with a cell, in the words of who typed it.
func (r *row) fault(column, format string, args ...any) {
	detail := fmt.Sprintf(format, args...)
	if text := r.cells[column]; text != "" {
		detail = fmt.Sprintf("“%s”: %s", clipped(text), detail)
	}
	r.faults = append(r.faults, &types.Refusal{Code: types.FieldInvalid, Field: cellName(r.n, column), Detail: detail})
}

// faultIn records what is wrong with one of the things in a cell.
func (r *row) faultIn(column, item, format string, args ...any) {
	if item != r.cells[column] {
		format, args = "%s: "+format, append([]any{item}, args...)
	}
	r.fault(column, format, args...)
}

// clipped shortens what a cell says to what an error may repeat.
func clipped(s string) string {
	const most = 80
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

func (s *sheet) fault(n int, column, format string, args ...any) {
	s.faults = append(s.faults, &types.Refusal{Code: types.FieldInvalid, Field: cellName(n, column), Detail: fmt.Sprintf(format, args...)})
}

// readSheet reads a table with headings. Cells are separated by commas, semicolons or tabs.
func readSheet(data []byte) *sheet {
	s := &sheet{}
	text, note, err := decodeText(data)
	if err != nil {
		s.faults = append(s.faults, &types.Refusal{Code: types.Malformed, Detail: err.Error()})
		return s
	}
	if note != "" {
		s.notes = append(s.notes, note)
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.Comment, r.FieldsPerRecord = separator(text), '#', -1
	r.TrimLeadingSpace = r.Comma != '\t' // it would trim empty cells
	s.read(r)
	return s
}

// decodeText returns the text of a file as spreadsheets write it: UTF-8, or GB 18030 as Chinese Windows does.
func decodeText(data []byte) (text, note string, err error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if utf8.Valid(data) {
		return string(data), "", nil
	}
	decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsRune(decoded, utf8.RuneError) || bytes.IndexByte(decoded, 0) >= 0 {
		return "", "", errors.New("neither UTF-8 nor GB 18030: save the spreadsheet as CSV UTF-8")
	}
	return string(decoded), "read as GB 18030; CSV UTF-8 is safer", nil
}

// separator returns what separates the cells of the first line that is no comment: the candidate it holds most of.
func separator(text string) rune {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		best := ','
		for _, candidate := range ";\t" {
			if strings.Count(line, string(candidate)) > strings.Count(line, string(best)) {
				best = candidate
			}
		}
		return best
	}
	return ','
}

// read reads headings and rows. A row's number is that of its line less the line breaks inside the cells before it.
func (s *sheet) read(r *csv.Reader) {
	breaks := 0
	for {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			s.malformed(err, breaks)
			return
		}
		line, _ := r.FieldPos(0)
		n := line - breaks
		breaks += strings.Count(strings.Join(record, ""), "\n")
		if s.headings == nil {
			s.head(n, record)
			continue
		}
		s.row(n, record)
	}
	if s.headings == nil {
		s.faults = append(s.faults, &types.Refusal{Code: types.Malformed, Detail: "the file is empty: the first row holds the headings"})
	} else if len(s.rows) == 0 && len(s.faults) == 0 {
		s.faults = append(s.faults, &types.Refusal{Code: types.Malformed, Detail: "there is no row below the headings"})
	}
}

func (s *sheet) malformed(err error, breaks int) {
	fault := &types.Refusal{Code: types.Malformed, Detail: err.Error()}
	var e *csv.ParseError
	if errors.As(err, &e) {
		fault.Field, fault.Detail = fmt.Sprintf("row %d", e.StartLine-breaks), e.Err.Error()
	}
	s.faults = append(s.faults, fault)
}

// head reads the headings.
func (s *sheet) head(n int, record []string) {
	seen := map[string]bool{}
	s.headings = make([]heading, len(record))
	for i, cell := range record {
		h := s.heading(n, tidy(cell))
		s.headings[i] = h
		name := h.column + h.extra
		if name != "" && seen[name] {
			s.fault(n, name, "there are two of this column")
		}
		seen[name] = true
	}
	for _, name := range []string{"time", "step"} {
		if !seen[name] {
			s.fault(n, name, "this column is missing")
		}
	}
}

// heading finds the column that a heading names. “重量(公斤)” names a unit too.
func (s *sheet) heading(n int, text string) heading {
	lower := strings.ToLower(text)
	if h := columnNamed(lower); h.column != "" || text == "" {
		return h
	}
	if name, ok := strings.CutPrefix(lower, extraPrefix); ok {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == ':' }) {
			s.fault(n, text, "a name without spaces and colons follows x:")
		}
		return heading{extra: extraPrefix + text[len(extraPrefix):]}
	}
	if outer, inner, ok := strings.Cut(strings.TrimSuffix(lower, ")"), "("); ok && columnNamed(tidy(outer)).column == "quantity" {
		s.unit = tidy(inner)
		return heading{column: "quantity"}
	}
	names := make([]string, len(sheetColumns))
	for i := range sheetColumns {
		names[i] = sheetColumns[i].name
	}
	s.fault(n, text, "not a column; there are %s, and your own begin with x:", strings.Join(names, ", "))
	return heading{}
}

func columnNamed(lower string) heading {
	for i := range sheetColumns {
		c := &sheetColumns[i]
		if c.name == lower || slices.Contains(c.aliases, lower) {
			return heading{column: c.name}
		}
	}
	return heading{}
}

// mangled is what spreadsheets make of long numbers.
var mangled = regexp.MustCompile(`^\d([.,]\d+)?E\+\d+$`)

// row reads the cells of a row; one without any is skipped.
func (s *sheet) row(n int, record []string) {
	r := &row{n: n, cells: map[string]string{}}
	for i, cell := range record {
		text := strings.TrimSpace(cell)
		switch {
		case text == "":
		case i >= len(s.headings) || s.headings[i] == (heading{}):
			r.fault(letters(i), "%q stands in a column without heading", clipped(text))
		case s.headings[i].extra != "":
			r.extras.add(s.headings[i].extra, text)
		case s.headings[i].column == "note" || s.headings[i].column == "product":
			r.cells[s.headings[i].column] = text
		default:
			r.cells[s.headings[i].column] = strings.TrimPrefix(tidy(text), "'")
			if mangled.MatchString(r.cells[s.headings[i].column]) {
				r.fault(s.headings[i].column, "the spreadsheet has shortened the number; give the column the format text and type it again")
			}
		}
	}
	if len(r.cells)+len(r.extras)+len(r.faults) > 0 {
		s.rows = append(s.rows, r)
	}
}

// tidy makes what a Chinese keyboard writes in full width the ASCII that identifiers and numbers consist of.
func tidy(s string) string { return strings.TrimSpace(width.Fold.String(s)) }

// letters names a column as spreadsheets do: A, B, … Z, AA.
func letters(i int) string {
	name := string(rune('A' + i%26))
	if i >= 26 {
		name = letters(i/26-1) + name
	}
	return name
}
