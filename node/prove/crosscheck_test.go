package prove_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// typescript is the folder of the other verifier.
const typescript = "../../client/js"

// built builds the other verifier, once in a process, if it is older than its source.
var built = sync.OnceValue(func() error {
	made, err := os.Stat(filepath.Join(typescript, "dist", "cli.js"))
	if err == nil && newest(filepath.Join(typescript, "src")).Before(made.ModTime()) {
		return nil
	}
	build := exec.Command("npm", "run", "build")
	build.Dir = typescript
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("npm run build: %w\n%s", err, out)
	}
	return nil
})

// newest is when a file in a folder was written last.
func newest(folder string) (last time.Time) {
	filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if info, err := d.Info(); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
		return nil
	})
	return last
}

// other is the other verifier, a process that has a trust file and answers one file after another.
type other struct {
	trust   *evidence.Trust
	in      io.Writer
	answers *bufio.Reader
}

// startOther starts the other verifier, or skips the test where it cannot run. It ends when its input does: with the test, or
// with the process that tests.
func startOther(t testing.TB, trust string) *other {
	t.Helper()
	needOther(t)
	if err := built(); err != nil {
		t.Fatal(err)
	}
	node := exec.Command("node", filepath.Join(typescript, "dist", "cli.js"), "--batch", "--trust", filepath.Join(vectorsFolder, trust))
	node.Stderr = os.Stderr
	in, err := node.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := node.Wait(); err != nil {
			t.Errorf("the other verifier: %v", err)
		}
	})
	return &other{readTrust(t, trust), in, bufio.NewReader(out)}
}

func needOther(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("the other verifier takes its time")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed: the TypeScript verifier is not compared")
	}
	if _, err := os.Stat(filepath.Join(typescript, "node_modules")); err != nil {
		t.Skip("npm ci was not run in client/js: the TypeScript verifier is not compared")
	}
}

// ask sends a file.
func (o *other) ask(file []byte) error {
	_, err := o.in.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(file))), file...))
	return err
}

// answer reads the verdict on the file that was sent first of those that have none yet.
func (o *other) answer() (verdict, error) {
	line, err := o.answers.ReadString('\n')
	if err != nil {
		return verdict{}, err
	}
	if line == "OK\n" {
		return proven, nil
	}
	var v verdict
	_, err = fmt.Sscanf(line, "%s %d\n", &v.Reason, &v.Claim)
	return v, err
}

// compare has files judged by both verifiers.
func (o *other) compare(t *testing.T, files []mutation) {
	t.Helper()
	sent := make(chan error, 1)
	go func() {
		for i := range files {
			if err := o.ask(files[i].file); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	reasons := map[evidence.Reason]int{}
	for _, m := range files {
		theirs, err := o.answer()
		if err != nil {
			t.Fatalf("%s: %v", m.name, err)
		}
		ours := judge(t, m.file, o.trust)
		if reasons[ours.Reason]++; ours != theirs {
			t.Errorf("%s: Go says %v, TypeScript %v of %s", m.name, ours, theirs, kept(t, m.file))
		}
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	t.Logf("%d files: %v", len(files), reasons)
}

// mutation is a file that somebody changed.
type mutation struct {
	name string
	file []byte
}

// kept keeps a file for whoever looks into it.
func kept(t *testing.T, file []byte) string {
	t.Helper()
	f, err := os.CreateTemp("", "crosscheck-*.evidence")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(file); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

// byTrust are the vectors of each trust file.
func byTrust(t testing.TB) map[string][]vector {
	t.Helper()
	list := map[string][]vector{}
	for _, v := range readVectors(t).Vectors {
		list[v.Trust] = append(list[v.Trust], v)
	}
	return list
}

// TestCrossCheck: the verifiers say the same of all vectors, and of files made of them by chance: with bytes, members and nodes
// of trees that are others, in both forms.
func TestCrossCheck(t *testing.T) {
	needOther(t)
	const mutations = 12 // for each vector
	for trust, vectors := range byTrust(t) {
		t.Run(strings.TrimSuffix(trust, ".json"), func(t *testing.T) {
			t.Parallel()
			var files []mutation
			var data [][]byte
			for _, v := range vectors {
				if files = append(files, mutation{v.File, v.data}); v.Reason != evidence.Malformed {
					data = append(data, v.data) // what is malformed seldom becomes anything else
				}
			}
			seed := int64(len(vectors))
			m := newMutator(seed, data)
			for i := range mutations * len(vectors) {
				files = append(files, mutation{fmt.Sprintf("mutation %d of seed %d", i, seed), m.next()})
			}
			startOther(t, trust).compare(t, files)
		})
	}
}

// FuzzCrossCheck: the verifiers say the same of every file.
func FuzzCrossCheck(f *testing.F) {
	needOther(f)
	trusts := []string{trustOne, trustTown, trustThirds, trustSeven}
	list := byTrust(f)
	others := make([]*other, len(trusts))
	for i, trust := range trusts {
		others[i] = startOther(f, trust)
		for _, v := range list[trust] {
			if len(v.data) < 1200 {
				f.Add(uint8(i), v.data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, file []byte) {
		if len(file) > 16<<10 {
			return
		}
		o := others[int(which)%len(others)]
		if err := o.ask(file); err != nil {
			t.Fatal(err)
		}
		theirs, err := o.answer()
		if err != nil {
			t.Fatal(err)
		}
		if ours := judge(t, file, o.trust); ours != theirs {
			t.Errorf("Go says %v, TypeScript %v", ours, theirs)
		}
	})
}

// agreed are files whose validators agreed upon what is changed: parameters, logs, records, events and transactions that the
// rules would never have made. A mutation of a file stops at a hash; these reach what is read below it.
func agreed(t *testing.T, n int) (files []mutation) {
	t.Helper()
	m := newMutator(int64(n), nil)
	for i := range n {
		f := forge(t, 1)
		var e *evidence.Evidence
		switch name := []string{"params", "blocks", "record", "event", "field", "transaction"}[i%6]; name {
		case "params":
			f.put(types.KeyParams, m.content(f.state[types.KeyParams]))
			e = f.proveAfter(claimOf(evidence.ClaimRecord, types.KeyParams, 1))
		case "blocks":
			f.commit()
			f.put(types.KeyBlocks, m.content(f.encode(&types.Blocks{History: f.log})))
			f.commit()
			f.commit()
			e = f.prove([]evidence.Claim{claimOf(evidence.ClaimBlock, "", 1)}, show{3: {}, 1: {}})
		case "record":
			list, record := f.events(1 + m.Intn(3))
			f.put("lot/x", m.content(f.encode(record)))
			c := claimOf(evidence.ClaimHistory, "lot/x", 1)
			c.Events = list
			e = f.proveAfter(c)
		case "event", "field":
			e = f.agreedEvent(m, name == "field")
		case "transaction":
			e = f.agreedTransaction(m)
		}
		files = append(files, mutation{fmt.Sprintf("agreed %d", i), compact(t, e)})
	}
	return files
}

// content changes CBOR a little.
func (m *mutator) content(raw []byte) []byte {
	raw = slices.Clone(raw)
	for range 1 + m.Intn(2) {
		if m.Intn(3) == 0 {
			raw = m.bytes(raw)
		} else {
			raw = m.item(raw)
		}
	}
	return raw
}

// proveAfter makes evidence about a record that was put in the first block.
func (f *forged) proveAfter(c evidence.Claim) *evidence.Evidence {
	f.t.Helper()
	f.commit()
	f.commit()
	return f.prove([]evidence.Claim{c}, show{2: {c.Key}})
}

// agreedEvent makes evidence of an event: that it happened, or that it commits to a document.
func (f *forged) agreedEvent(m *mutator, field bool) *evidence.Evidence {
	f.t.Helper()
	kind := types.Catalogue[m.Intn(len(types.Catalogue))]
	d := chaintest.PrivateDocument
	part, err := types.Disclose(d.Kind, d.Fields, d.Seed, []int{m.Intn(len(d.Fields))})
	f.must(err)
	body := kind.Example()
	if at := reflect.ValueOf(body).Elem().FieldByName("Document"); field && at.IsValid() {
		body = reflect.New(reflect.TypeOf(body).Elem()).Interface().(types.Body)
		reflect.ValueOf(body).Elem().Set(reflect.ValueOf(kind.Example()).Elem())
		reflect.ValueOf(body).Elem().FieldByName("Document").Set(reflect.ValueOf(part.Root))
	}
	data, err := types.EncodeBody(body)
	f.must(err)
	if m.Intn(2) == 0 {
		data = m.content(data)
	}
	event := &types.Event{Height: 1, Time: chaintest.Start, Member: "m", Kind: kind.Name, Body: data}
	raw, err := event.Encode()
	if err != nil || m.Intn(2) == 0 {
		event.Body = []byte{0xa0}
		if err == nil {
			raw = m.content(raw)
		} else {
			raw, err = event.Encode()
			f.must(err)
		}
	}
	f.put("order/x", logOf(f.t, [][]byte{raw}))
	c := evidence.Claim{Claim: evidence.ClaimEvent, Key: "order/x", Height: 1, Events: [][]byte{raw}}
	if field {
		part.Record, _, _ = event.CommitsTo(part.Root)
		c.Claim, c.Document = evidence.ClaimField, part
	}
	return f.proveAfter(c)
}

// agreedTransaction makes evidence of a transaction.
func (f *forged) agreedTransaction(m *mutator) *evidence.Evidence {
	f.t.Helper()
	raw := f.transaction(types.Catalogue[m.Intn(len(types.Catalogue))].Example())
	result := types.Result{Code: types.Code(m.Intn(3)), Codes: make([]types.Code, m.Intn(3))}
	x := f.execute([][]byte{m.content(raw), raw}, []types.Result{result, {}})
	f.commit()
	return f.prove([]evidence.Claim{x.claimAt(1, 0)}, show{3: {}, 2: {}, 1: {}})
}

// TestCrossCheckAgreed: the verifiers say the same of what is authentic and strange.
func TestCrossCheckAgreed(t *testing.T) {
	needOther(t)
	t.Parallel()
	startOther(t, trustOne).compare(t, agreed(t, 3000))
}

// TestCrossCheckBounds: the verifiers say the same of what is too long for a vector, and of names that look like something else.
func TestCrossCheckBounds(t *testing.T) {
	needOther(t)
	b := newBases(t)
	var files []mutation
	add := func(name string, base *evidence.Evidence, change func(e *evidence.Evidence)) {
		e := copyOf(base)
		change(e)
		files = append(files, mutation{name, compact(t, e)}, mutation{name + ", JSON", encode(t, e)})
	}
	for _, n := range []int{1 << 17, 1<<17 + 1} {
		add(fmt.Sprint(n, " events"), b.history, func(e *evidence.Evidence) { e.Claims[0].Events = slices.Repeat([][]byte{{0xa0}}, n) })
		add(fmt.Sprint(n, " codes"), b.partly, func(e *evidence.Evidence) { e.Claims[0].Codes = make([]uint32, n) })
		add(fmt.Sprint(n, " hashes"), b.field, func(e *evidence.Evidence) { e.Claims[0].Document.Fields[0].Proof = make([]types.Hash, n) })
	}
	for _, text := range []string{"0x", "0", "0x00", "null", "false", "[]"} {
		add("the key "+text, b.record, func(e *evidence.Evidence) { e.Claims[0].Key = text })
		add("from "+text, b.keyRange, func(e *evidence.Evidence) { e.Claims[0].From = text })
		add("the record "+text, b.field, func(e *evidence.Evidence) { e.Claims[0].Document.Record = text })
	}
	startOther(t, trustTown).compare(t, files)
}
