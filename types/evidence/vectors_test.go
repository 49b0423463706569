package evidence_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/caryaledger/carya/types/evidence"
)

const vectorsFolder = "../testdata/evidence"

// vector is a file and what a verifier says of it; package node/prove makes them.
type vector struct {
	File   string          `json:"file"`
	Trust  string          `json:"trust"`
	Reason evidence.Reason `json:"reason"`
	Claim  int             `json:"claim"`
	Why    string          `json:"why"`
	SHA256 string          `json:"sha256"`

	data  []byte
	trust *evidence.Trust
}

func readVectors(t testing.TB) []vector {
	t.Helper()
	var index struct {
		Format  string   `json:"format"`
		Vectors []vector `json:"vectors"`
	}
	if err := json.Unmarshal(readVector(t, "index.json"), &index); err != nil {
		t.Fatal(err)
	}
	trusts := map[string]*evidence.Trust{}
	for i := range index.Vectors {
		v := &index.Vectors[i]
		v.data = readVector(t, v.File)
		if trusts[v.Trust] == nil {
			trust, err := evidence.ReadTrust(readVector(t, v.Trust))
			if err != nil {
				t.Fatalf("%s: %v", v.Trust, err)
			}
			trusts[v.Trust] = trust
		}
		v.trust = trusts[v.Trust]
	}
	return index.Vectors
}

func readVector(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(vectorsFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestVectors: every vector is what it was, and is judged as it was.
func TestVectors(t *testing.T) {
	list := readVectors(t)
	if len(list) < 650 {
		t.Errorf("%d vectors; none is ever removed", len(list))
	}
	for i := range list {
		v := &list[i]
		if sum := sha256.Sum256(v.data); hex.EncodeToString(sum[:]) != v.SHA256 {
			t.Errorf("%s is not what it was", v.File)
		}
		reason, claim := judge(t, v.data, v.trust)
		if reason != v.Reason || claim != v.Claim {
			t.Errorf("%s (%s): want %q of claim %d, got %q of %d", v.File, v.Why, v.Reason, v.Claim, reason, claim)
		}
	}
}

// judge verifies a file; any error but a refusal ends the test.
func judge(t testing.TB, file []byte, trust *evidence.Trust) (evidence.Reason, int) {
	t.Helper()
	_, err := evidence.Verify(file, trust)
	if err == nil {
		return "", -1
	}
	refusal, ok := err.(*evidence.Refusal)
	if !ok {
		t.Fatalf("not a refusal: %v", err)
	}
	return refusal.Reason, refusal.Claim
}
