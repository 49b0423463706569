package client

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
)

// drop is a run over a drop folder, or over files.
type drop struct {
	*filing
	args  []string
	fates map[string]*fate // by path
	live  []*followed      // lists, cancellations and returns that customs has not closed
	table fileStamp        // of parcels.csv
	line  int              // length of the progress line on the terminal

	known   map[followedKey]bool // everything that is or was among live
	noVault bool                 // the node takes no documents
	refused map[string]bool      // deliveries that it does not take, by path
}

// fate is what became of a file, so far.
type fate struct {
	stamp fileStamp
	state string // pieceRecorded, pieceRefused, pieceWaiting, or "" for one that is not looked at yet or not ours
	told  uint64 // what was last said of it, as a hash; 0 before anything was
	next  time.Time
	pause time.Duration
}

// fileStamp tells a file's versions apart.
type fileStamp struct {
	size int64
	time time.Time
}

const (
	// batchDocuments and batchBytes bound what is in memory of a folder at once.
	batchDocuments, batchBytes = types.MaxBodies, 32 << 20
	// pollPause is how often a folder is looked through; a large folder is looked through less often.
	pollPause = time.Second
	// quietTime is for how long a file must not have changed to be taken for complete.
	quietTime = time.Second
	// longestPause is the longest pause between two looks at what waits.
	longestPause = 10 * time.Second
)

// watch takes what appears in the folder until the context ends.
func (d *drop) watch(ctx context.Context) error {
	for {
		began := time.Now()
		err := d.round(ctx)
		d.progress()
		switch {
		case ctx.Err() != nil:
			d.endProgress()
			return nil
		case isPassing(err):
			d.endProgress()
			d.note("%v; it goes on when the node answers", err)
		case err != nil:
			d.endProgress()
			return err
		}
		if pause(ctx, max(pollPause, 10*time.Since(began))) != nil {
			d.endProgress()
			return nil
		}
	}
}

// isPassing reports an error that another try may not meet.
func isPassing(err error) bool {
	var silent *Unreachable
	var odd *HTTPError
	code, coded := types.CodeOf(err)
	return errors.As(err, &silent) || errors.As(err, &odd) || err != nil && coded && code >= types.Retryable
}

// onceOver does what can be done now, and what becomes possible within the time that the person has.
func (d *drop) onceOver(ctx context.Context) error {
	deadline := time.Now().Add(d.patience)
	if err := d.untilQuiet(ctx); err != nil {
		return err
	}
	for {
		before := d.count(pieceRecorded)
		if err := d.round(ctx); err != nil {
			return err
		}
		waiting := d.count(pieceWaiting) > 0 && !d.dry
		if !waiting || d.count(pieceRecorded) == before && time.Now().After(deadline) {
			d.endProgress()
			return d.verdict()
		}
		if d.count(pieceRecorded) == before {
			if err := pause(ctx, min(pollPause, time.Until(deadline))); err != nil {
				return err
			}
		}
		for _, f := range d.fates {
			f.next = time.Time{}
		}
	}
}

// untilQuiet gives files that have just changed a moment to change again: they may still be being written.
func (d *drop) untilQuiet(ctx context.Context) error {
	if !d.folder {
		return nil
	}
	files, err := d.scan()
	if err != nil {
		return err
	}
	young := false
	for _, f := range files {
		if time.Since(f.time) < quietTime {
			young = true
			d.fates[f.path] = &fate{stamp: f.fileStamp}
		}
	}
	if !young {
		return nil
	}
	return pause(ctx, quietTime/4)
}

// verdict is the command's error once everything was told.
func (d *drop) verdict() error {
	refused, waiting, total := d.count(pieceRefused), d.count(pieceWaiting), 0
	for _, f := range d.fates {
		if f.state != "" {
			total++
		}
	}
	if d.dry {
		d.say("dry run: nothing was sent")
	}
	switch {
	case total == 0 && !d.folder:
		return usage("", errors.New("no customs message is among the files"))
	case refused > 0:
		hint := ""
		if d.onError == types.OnErrorRollback {
			hint = "with --on-error rollback one fault keeps everything back; with proceed the others are sent"
		}
		return &Failure{ExitFailed, fmt.Errorf("%d of %d cannot be recorded", refused, total), hint}
	case waiting > 0:
		return &Failure{ExitFailed, fmt.Errorf("%d of %d wait", waiting, total), "run it again when the others have acted, or with --patience"}
	}
	return nil
}

func (d *drop) count(state string) (n int) {
	for _, f := range d.fates {
		if f.state == state {
			n++
		}
	}
	return n
}

// round looks through the folder once and takes what is due; then it looks after what customs has decided and what could
// not be delivered.
func (d *drop) round(ctx context.Context) error {
	files, err := d.scan()
	if err != nil {
		return err
	}
	if err := d.readTable(); err != nil {
		return err
	}
	if err := d.takeDue(ctx, files); err != nil || d.dry {
		return err
	}
	if err := d.follow(ctx); err != nil {
		return err
	}
	return d.flush(ctx)
}

// takeDue submits the files that are due, in batches; with rollback in one, because everything is looked at before
// anything is sent.
func (d *drop) takeDue(ctx context.Context, files []dropFile) error {
	var letters []*letter
	documents, size := 0, 0
	for _, file := range files {
		if !d.due(file.path, file.fileStamp) {
			continue
		}
		l, err := d.open(file.path)
		switch {
		case errors.Is(err, fs.ErrNotExist) && d.folder: // taken away since
			delete(d.fates, file.path)
			continue
		case err != nil:
			return err
		case l.foreign:
			d.fates[file.path].told = 1
			continue
		}
		letters, documents, size = append(letters, l), documents+len(l.forms), size+len(l.data)
		if d.onError == types.OnErrorProceed && (documents >= batchDocuments || size >= batchBytes) {
			if err := d.settle(ctx, letters); err != nil {
				return err
			}
			letters, documents, size = nil, 0, 0
		}
	}
	return d.settle(ctx, letters)
}

// dropFile is a file that may be a message.
type dropFile struct {
	path string
	fileStamp
}

// scan lists the files that may be messages, in the order of the arguments and of their names.
func (d *drop) scan() ([]dropFile, error) {
	var files []dropFile
	for _, arg := range d.args {
		err := filepath.WalkDir(arg, func(path string, e fs.DirEntry, err error) error {
			hidden := strings.HasPrefix(e.Name(), ".") && path != arg
			switch {
			case err != nil && path != arg:
				return nil // taken away meanwhile, or not ours to read
			case err != nil:
				return usage("", err)
			case hidden && e.IsDir():
				return fs.SkipDir
			case e.IsDir(), hidden, path != arg && !isMessageName(path):
				return nil
			}
			if info, err := e.Info(); err == nil {
				files = append(files, dropFile{path, fileStamp{info.Size(), info.ModTime()}})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// isMessageName knows what may be a message: XML that is none of the receipts that are written here. What is not finished
// has another ending.
func isMessageName(path string) bool {
	return strings.EqualFold(filepath.Ext(path), ".xml") && !receiptName.MatchString(path)
}

// due says whether a file is taken now, and begins or renews its fate. A file of a folder is taken when it has not
// changed between two looks.
func (d *drop) due(path string, s fileStamp) bool {
	now := time.Now()
	f := d.fates[path]
	switch {
	case f == nil || f.stamp != s:
		d.fates[path] = &fate{stamp: s}
		if d.folder && now.Sub(s.time) < quietTime {
			if d.once || d.dry {
				d.fates[path].state = pieceWaiting // it changes from moment to moment
			}
			return false
		}
		return true
	case f.state == "":
		return f.told == 0
	}
	return f.state == pieceWaiting && !now.Before(f.next)
}

// readTable reads the folder's table of parcels when it has changed.
func (d *drop) readTable() error {
	for _, arg := range d.args {
		path := filepath.Join(arg, parcelsFile)
		info, err := os.Stat(path)
		if err != nil || d.table == (fileStamp{info.Size(), info.ModTime()}) {
			continue
		}
		if err := d.parcels.read(path); err != nil {
			return usage("", err)
		}
		d.table = fileStamp{info.Size(), info.ModTime()}
	}
	return nil
}

// settle submits a batch, tells what became of it, and answers it.
func (d *drop) settle(ctx context.Context, letters []*letter) error {
	failure := d.submitBatch(ctx, letters)
	var silent *Unreachable
	cut := (d.once || !d.folder) && errors.As(failure, &silent)
	err := d.tellAll(letters)
	if err == nil && !d.dry {
		err = d.handAll(ctx, letters)
	}
	for _, l := range letters {
		if err == nil && !d.dry {
			err = d.answer(l, cut)
		}
		if d.folder && !d.dry {
			d.track(l)
		}
	}
	return errors.Join(failure, err)
}

// tellAll tells what became of files, and when those that wait are looked at again.
func (d *drop) tellAll(letters []*letter) error {
	for _, l := range letters {
		if err := d.tell(l); err != nil {
			return err
		}
	}
	return nil
}

func (d *drop) tell(l *letter) error {
	f := d.fates[l.path]
	f.state = l.state()
	f.pause = min(max(2*f.pause, pollPause), longestPause)
	f.next = time.Now().Add(f.pause)
	told := l.summary()
	if told == f.told {
		return nil
	}
	f.told = told
	d.endProgress()
	return (&shipment{author: d.author}).tellFile(&l.submission, false)
}

// state is the state of a file as a whole.
func (l *letter) state() string {
	state := pieceRecorded
	for _, p := range l.pieces {
		switch p.State {
		case pieceWaiting, pieceUnsent, pieceUnknown:
			return pieceWaiting
		case pieceFaulty, pieceRefused:
			state = pieceRefused
		}
	}
	if len(l.faults) > 0 {
		return pieceRefused
	}
	return state
}

// summary stands for what is told of a file, to tell it once; never 0.
func (l *letter) summary() uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, l.faults)
	for _, p := range l.pieces {
		fmt.Fprint(h, "\n", p.State, p.Waits, p.Faults)
	}
	return h.Sum64() | 1
}

// answer writes the receipt of a file. What cut says was lost is told as unsent.
func (d *drop) answer(l *letter, cut bool) error {
	format := receiptPath(l.path, formatKind, 0)
	if l.message == nil {
		var texts []string
		for _, fault := range l.faults {
			texts = append(texts, fault.Error())
		}
		return writeReceipt(format, formatReceipt(texts, l.broken, d.now()))
	}
	if err := removeReceipt(format); err != nil {
		return err
	}
	form, there := receiptForms[l.message.Kind]
	if !there {
		return nil
	}
	var replies []reply
	for _, m := range l.forms {
		if r := m.reply(cut); r != nil {
			replies = append(replies, *r)
		}
	}
	if len(replies) == 0 {
		return nil
	}
	return writeReceipt(receiptPath(l.path, form.kind, 0), receiptOf(form.kind, replies, l.mark))
}

// answered reads what the receipt beside a message says, of an earlier run for the same chain and the same message.
func (f *filing) answered(l *letter) map[string]reply {
	r := readMarked(receiptPath(l.path, receiptForms[l.message.Kind].kind, 0), l.mark)
	if r == nil {
		return nil
	}
	before := map[string]reply{}
	for i := range r.Documents {
		d := &r.Documents[i]
		guid, text := d.Get("guid"), d.Get("returnInfo")
		status, err1 := strconv.Atoi(d.Get("returnStatus"))
		at, err2 := ceb.ParseMoment(d.Get("returnTime"))
		if _, twice := before[guid]; twice || err1 != nil || err2 != nil {
			return nil // it does not tell the documents apart
		}
		before[guid] = reply{status: status, time: at, info: text}
	}
	return before
}

// takeAnswer takes a document's fate from the receipt of an earlier run. What customs still decides on is asked for again.
func (m *form) takeAnswer(old *reply) {
	switch {
	case len(m.Faults) > 0:
	case old.status == types.StatusReject:
		m.State = pieceRefused
		m.Notes = append(m.Notes, "refused before; its receipt says why, and without the receipt it is tried again")
		m.old = old
	case old.status == types.StatusAccept && !m.followed():
		m.settle("recorded before, as its receipt says")
		m.old = old
	}
	if m.old != nil {
		m.old.doc = m.doc
	}
}

// progress keeps a line of counts on the terminal.
func (d *drop) progress() {
	file, ok := d.err.(*os.File)
	if !ok || d.json || !term.IsTerminal(int(file.Fd())) {
		return
	}
	line := fmt.Sprintf("%d recorded, %d waiting, %d refused", d.count(pieceRecorded), d.count(pieceWaiting), d.count(pieceRefused))
	fmt.Fprintf(d.err, "\r%-*s", d.line, line)
	d.line = len(line)
}

// endProgress takes the line away before something else is said.
func (d *drop) endProgress() {
	if d.line > 0 {
		fmt.Fprintf(d.err, "\r%*s\r", d.line, "")
		d.line = 0
	}
}
