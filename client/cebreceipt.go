package client

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
)

// receiptForm says how the documents of a kind are answered: with which kind of message, and which fields it repeats.
type receiptForm struct {
	kind   string
	fields []string // of the answered document, in the order of the schema
}

var receiptForms = map[string]receiptForm{
	"CEB311": {"CEB312", []string{"ebpCode", "ebcCode", "orderNo"}},
	"CEB303": {"CEB304", []string{"ebpCode", "ebcCode", "orderNo"}},
	"CEB411": {"CEB412", []string{"payCode", "payTransactionId"}},
	"CEB403": {"CEB404", []string{"ebcCode", "orderNo", "payNo"}},
	"CEB511": {"CEB512", []string{"logisticsCode", "logisticsNo"}},
	"CEB505": {"CEB506", []string{"logisticsCode", "logisticsNo"}},
	"CEB513": {"CEB514", []string{"logisticsCode", "logisticsNo", "logisticsStatus"}},
	"CEB621": {"CEB622", []string{"customsCode", "ebpCode", "ebcCode", "agentCode", "copNo", "preNo", "invtNo"}},
	"CEB603": {"CEB604", []string{"agentCode", "copNo", "preNo", "invtNo", "ebcCode", "ebpCode", "orderNo", "statisticsFlag"}},
	"CEB623": {"CEB624", []string{"customsCode", "agentCode", "ebpCode", "ebcCode", "copNo", "preNo", "invtNo"}},
	"CEB605": {"CEB606", []string{"agentCode", "copNo", "preNo", "invtNo"}},
	"CEB625": {"CEB626", []string{"customsCode", "agentCode", "ebpCode", "ebcCode", "copNo", "preNo", "invtNo"}},
	"CEB213": {"CEB214", []string{"ebpCode", "ebcCode", "agentCode", "coElNo", "preNo", "invtNo"}},
}

// formatKind is the kind of the receipt for what is no message.
const formatKind = "CEB900"

// receiptName knows the files that this program writes beside messages.
var receiptName = regexp.MustCompile(`\.CEB(312|304|412|404|512|506|514|622|604|624|606|626|214|900)(-\d{1,3})?\.xml$`)

// receiptPath is where a receipt of a message lies: order.xml has order.CEB312.xml; a later decision of customs stands in a
// file of its own, list.CEB622-399.xml.
func receiptPath(message, kind string, decision uint64) string {
	base := strings.TrimSuffix(message, filepath.Ext(message)) + "." + kind
	if decision != 0 {
		base += fmt.Sprintf("-%d", decision)
	}
	return base + ".xml"
}

// reply is what a receipt says of one document.
type reply struct {
	doc    *ceb.Document
	name   string // the document's ULID, "" where it has none
	status int    // official return status: 4, 100, 120, and those of customs' decisions
	time   int64  // Unix milliseconds
	info   string
}

// statusUnsent is the official return status of what could not be sent to customs.
const statusUnsent = 4

// preNoLength is the length of preNo, the number that the electronic port gives a list.
const preNoLength = 18

// receiptMark ends what a receipt of this program says: the chain, and the beginning of the SHA-256 of the message that it
// answers. By it the program knows its own receipts again, and whether the message is still the same.
func receiptMark(chain string, message []byte) string {
	sum := sha256.Sum256(message)
	return fmt.Sprintf("[%s %x]", chain, sum[:8])
}

// receiptOf makes a receipt of replies about documents of one kind, with its mark.
func receiptOf(kind string, replies []reply, mark string) *ceb.Message {
	m := &ceb.Message{Kind: kind, GUID: newGUID(), Version: "1.0"}
	for _, r := range replies {
		d := ceb.Document{Kind: kind}
		add := func(name, value string) { d.Head = append(d.Head, ceb.Field{Path: name, Value: value}) }
		add("guid", r.doc.Get("guid"))
		for _, name := range receiptForms[r.doc.Kind].fields {
			if value, needed := r.field(kind, name); needed {
				add(name, value)
			}
		}
		add("returnStatus", strconv.Itoa(r.status))
		add("returnTime", receiptTime(r.time))
		add("returnInfo", shorten(strings.TrimSuffix(r.info, " "+mark), infoLength-len(mark)-1)+" "+mark)
		m.Documents = append(m.Documents, d)
	}
	return m
}

// field returns what a receipt repeats of a document, and whether it is there. A receipt must have copNo and preNo, and a
// list need not: then the document's name on the ledger stands for them, its last 18 characters.
func (r *reply) field(kind, name string) (value string, needed bool) {
	value = r.doc.Get(name)
	instead := (r.name + strings.Repeat("0", nameLength))[:nameLength][nameLength-preNoLength:]
	export := kind == "CEB604" || kind == "CEB606" || kind == "CEB214"
	switch {
	case name == "preNo" && kind != "CEB214" && len([]rune(value)) != preNoLength:
		return instead, true
	case name == "copNo" && value == "":
		return instead, true
	case name == "statisticsFlag" && value == "":
		return "A", true
	}
	return value, value != "" || export && name == "invtNo"
}

// chinaTime is China standard time, in which receipts tell the time.
var chinaTime = time.FixedZone("CST", 8*60*60)

func receiptTime(ms int64) string {
	return strings.Replace(time.UnixMilli(ms).In(chinaTime).Format("20060102150405.000"), ".", "", 1)
}

func newGUID() string { return strings.ToUpper(uuid.NewString()) }

// formatReceipt answers a file that is no message, or none that can be read to its end (CEB900).
func formatReceipt(faults []string, malformed bool, now int64) *ceb.Message {
	code := officialFormat
	if malformed {
		code = officialMessage
	}
	info := fmt.Sprintf("[Code:%04d;Desc:报文格式校验不通过 %s]", code, strings.Join(faults, "; "))
	return &ceb.Message{Kind: formatKind, GUID: newGUID(), Version: "1.0", Documents: []ceb.Document{{Kind: formatKind, Head: []ceb.Field{
		{Path: "guid", Value: newGUID()}, {Path: "returnStatus", Value: fmt.Sprintf("%04d", code)}, {Path: "returnInfo", Value: shorten(info, 5000)},
		{Path: "returnTime", Value: receiptTime(now)}, {Path: "oriCopMsgId", Value: ""}, {Path: "oriMessageType", Value: ""}, {Path: "oriBizMessage", Value: ""},
	}}}}
}

// infoLength is the most characters of returnInfo.
const infoLength = 1000

// shorten keeps a text to so many characters, and to those that XML admits.
func shorten(text string, most int) string {
	runes := []rune(plain(strings.Join(strings.Fields(text), " ")))
	return string(runes[:min(len(runes), most)])
}

// writeReceipt puts a receipt beside its message, unless one that says the same lies there.
func writeReceipt(path string, m *ceb.Message) error {
	if had, err := readReceipt(path); err == nil && saysTheSame(had, m) {
		return nil
	}
	data, err := ceb.Write(m)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return replaceReceipt(path, data)
}

// readReceipt reads a receipt.
func readReceipt(path string) (*ceb.Message, error) {
	data, err := readFile(path, ceb.MaxSize)
	if err != nil {
		return nil, err
	}
	return ceb.Parse(data)
}

// saysTheSame reports whether two receipts give the same documents the same status.
func saysTheSame(a, b *ceb.Message) bool {
	if a.Kind != b.Kind || len(a.Documents) != len(b.Documents) {
		return false
	}
	for i := range a.Documents {
		for _, name := range []string{"guid", "orderNo", "payTransactionId", "logisticsNo", "copNo", "returnStatus", "returnInfo"} {
			if a.Documents[i].Get(name) != b.Documents[i].Get(name) {
				return false
			}
		}
	}
	return true
}

// replaceReceipt writes a file as a whole: whoever reads it sees the old content or the new one.
func replaceReceipt(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// readMarked reads a receipt of this program, nil if there is none with that mark.
func readMarked(path, mark string) *ceb.Message {
	m, err := readReceipt(path)
	if err != nil || len(m.Documents) == 0 {
		return nil
	}
	for i := range m.Documents {
		if !strings.HasSuffix(m.Documents[i].Get("returnInfo"), mark) {
			return nil
		}
	}
	return m
}

// removeReceipt takes away a receipt that is no longer true.
func removeReceipt(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// reply says what became of a document, nil as long as nothing is final.
func (m *form) reply(cut bool) *reply {
	if m.old != nil {
		return m.old
	}
	r := &reply{doc: m.doc, time: m.filing.now()}
	if m.stored != nil {
		r.name = m.stored.ulid()
	}
	switch m.State {
	case pieceRecorded, pieceSettled:
		if m.Height == 0 {
			r.status, r.info = types.StatusAccept, "账本不记录 nothing to record: "+strings.Join(m.Notes, "; ")
			break
		}
		r.status, r.info = types.StatusAccept, fmt.Sprintf("新增申报成功 账本区块%d recorded in block %d: %s", m.Height, m.Height, m.Record)
	case pieceRefused:
		if m.away {
			return nil
		}
		r.status, r.info = types.StatusReject, m.why(m.Code, m.Notes)
	case pieceFaulty:
		r.status, r.info = types.StatusReject, m.why(m.Faults[0].Code, faultTexts(m.Faults))
	case pieceUnsent:
		if !cut {
			return nil
		}
		r.status, r.info = statusUnsent, "发送账本失败，请重新提交 could not be sent to the ledger; submit it again"
	default:
		return nil
	}
	return r
}

// why is the text of a refusal: [Code:-621004;Desc:…] with Chinese and English words.
func (m *form) why(code types.Code, texts []string) string {
	stream := ""
	if m.entry != nil {
		stream = m.entry.stream
	}
	number, chinese := officialOf(code, stream)
	if m.code != 0 {
		number = m.code
	}
	if m.chinese != "" {
		chinese = m.chinese
	}
	name := code.String()
	if number != 0 {
		name = strconv.Itoa(number)
	}
	english := first(strings.Join(texts, "; "), code.Says())
	return fmt.Sprintf("[Code:%s;Desc:%s %s: %s]", name, chinese, code, english)
}

func faultTexts(faults []*types.Refusal) []string {
	texts := make([]string, len(faults))
	for i, f := range faults {
		texts[i] = f.Field + ": " + f.Detail
	}
	return texts
}
