package prove_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/caryaledger/carya/types/evidence"
)

var update = flag.Bool("update", false, "write the vectors that are not there yet; one that is there is never written again")

const (
	vectorsFolder = "../../types/testdata/evidence"
	vectorsFormat = "carya-evidence-vectors/1"
	maxVectors    = 2 << 20 // bytes of all of them
)

// vectorIndex is index.json.
type vectorIndex struct {
	Format  string   `json:"format"`
	Vectors []vector `json:"vectors"`
}

// vector is a file and what a verifier says of it.
type vector struct {
	File   string          `json:"file"`
	Trust  string          `json:"trust"`
	Reason evidence.Reason `json:"reason"` // "" if it is proven
	Claim  int             `json:"claim"`  // -1 if it is about the whole file, or proven
	Why    string          `json:"why"`
	SHA256 string          `json:"sha256"`

	data []byte
}

// verdict is what a verifier says of a file.
type verdict struct {
	Reason evidence.Reason
	Claim  int
}

// judge verifies a file; any error but a refusal ends the test.
func judge(t testing.TB, file []byte, trust *evidence.Trust) verdict {
	t.Helper()
	_, err := evidence.Verify(file, trust)
	if err == nil {
		return verdict{"", -1}
	}
	refusal, ok := err.(*evidence.Refusal)
	if !ok {
		t.Fatalf("not a refusal: %v", err)
	}
	return verdict{refusal.Reason, refusal.Claim}
}

func readVectors(t testing.TB) *vectorIndex {
	t.Helper()
	index := &vectorIndex{Format: vectorsFormat}
	data, err := os.ReadFile(filepath.Join(vectorsFolder, "index.json"))
	if *update && errors.Is(err, fs.ErrNotExist) {
		return index
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, index); err != nil {
		t.Fatal(err)
	}
	for i := range index.Vectors {
		v := &index.Vectors[i]
		if v.data, err = os.ReadFile(filepath.Join(vectorsFolder, v.File)); err != nil {
			t.Fatal(err)
		}
	}
	return index
}

func readTrust(t testing.TB, name string) *evidence.Trust {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(vectorsFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	trust, err := evidence.ReadTrust(data)
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

// TestVectors: the verifier says of every vector what its index says. With -update it first writes those that are new.
func TestVectors(t *testing.T) {
	index := readVectors(t)
	if *update {
		addVectors(t, index)
	}
	size, reasons := 0, map[evidence.Reason]int{}
	for i := range index.Vectors {
		v := &index.Vectors[i]
		size += len(v.data)
		reasons[v.Reason]++
		if sum := sha256.Sum256(v.data); hex.EncodeToString(sum[:]) != v.SHA256 {
			t.Errorf("%s is not what it was: vectors are never changed", v.File)
		}
		if got := judge(t, v.data, readTrust(t, v.Trust)); got != (verdict{v.Reason, v.Claim}) {
			_, err := evidence.Verify(v.data, readTrust(t, v.Trust))
			t.Errorf("%s (%s): want %q of claim %d, got %v", v.File, v.Why, v.Reason, v.Claim, err)
		}
	}
	if index.Format != vectorsFormat || size > maxVectors {
		t.Errorf("format %q, %d bytes, at most %d", index.Format, size, maxVectors)
	}
	// A file that is too large is too large for a vector.
	for _, r := range evidence.Reasons {
		if reasons[r] == 0 && r != evidence.TooLarge {
			t.Errorf("no vector for %s", r)
		}
	}
	t.Logf("%d vectors, %d bytes, %v", len(index.Vectors), size, reasons)
}

// addVectors writes what is missing. What is there stays as it is, also when the chains that vectors are made of change.
func addVectors(t *testing.T, index *vectorIndex) {
	t.Helper()
	there := map[string]bool{}
	for i := range index.Vectors {
		there[index.Vectors[i].File] = true
	}
	w := newVectors(t)
	for name, trust := range w.trusts {
		data, err := trust.Encode()
		if err != nil {
			t.Fatal(err)
		}
		writeNew(t, name, data)
	}
	for _, v := range w.list {
		if there[v.File] {
			continue
		}
		if got := judge(t, v.data, w.trusts[v.Trust]); got != (verdict{v.Reason, v.Claim}) {
			_, err := evidence.Verify(v.data, w.trusts[v.Trust])
			t.Errorf("%s (%s): want %q of claim %d, got %v: not written", v.File, v.Why, v.Reason, v.Claim, err)
			continue
		}
		sum := sha256.Sum256(v.data)
		v.SHA256 = hex.EncodeToString(sum[:])
		writeNew(t, v.File, v.data)
		index.Vectors = append(index.Vectors, v)
	}
	data, err := json.MarshalIndent(index, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(vectorsFolder, "index.json"), append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// writeNew writes a file that is not there; one that is stays.
func writeNew(t *testing.T, name string, data []byte) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(vectorsFolder, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
