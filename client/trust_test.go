package client

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	cmt "github.com/cometbft/cometbft/types"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

// TestTrustOfNode: what a node says is read as a trust file of a genesis, or not at all.
func TestTrustOfNode(t *testing.T) {
	c := newLightChain(t, lightStart).commit(3)
	genesis, err := c.trust(0).Encode()
	c.must(err)
	later, err := c.trust(2).Encode()
	c.must(err)
	tests := []struct {
		name, answer, says string
	}{
		{"of the genesis", string(genesis), ""},
		{"of a later block", string(later), "it is not of a genesis"},
		{"not a trust file", `{"format":"carya-trust/1"}`, "trust: no chain, height or time"},
		{"of another version", `{"format":"carya-trust/2"}`, "neither a trust file (carya-trust/1) nor a genesis"},
		{"unknown members", strings.Replace(string(genesis), "{", `{"more":1,`, 1), `unknown field "more"`},
		{"not JSON", "<html>", "invalid character"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v1/trust" {
					t.Errorf("asked for %s", r.URL.Path)
				}
				w.Write([]byte(tt.answer))
			}))
			defer node.Close()
			var notes strings.Builder
			got, err := (&session{err: &notes}).trustOf(t.Context(), node.URL)
			if tt.says != "" {
				if err == nil || !strings.Contains(err.Error(), tt.says) || notes.Len() > 0 {
					t.Errorf("got %v, %s; want an error that says %q", err, notes.String(), tt.says)
				}
				return
			}
			if err != nil || got.Genesis != c.hash || len(got.Validators) != 4 || !strings.Contains(notes.String(), "as node "+node.URL+" says") {
				t.Errorf("got %+v, %v, %s", got, err, notes.String())
			}
		})
	}
}

// TestTrustBlock: the auditor's hash is believed, and nothing that the node says beside it. Blocks are of today, because older
// ones are not gone on from.
func TestTrustBlock(t *testing.T) {
	c := newLightChain(t, time.Now().Add(-time.Minute).UnixMilli()).commit(20)
	hash := types.Hash(c.block(12).Hash()).String()
	s := c.serve()
	s.says = c.trust(0)
	for i := range s.says.Validators {
		s.says.Validators[i].Member, s.says.Validators[i].Name = "lantu", "a false name"
	}
	got, err := (&session{}).trustBlock(t.Context(), s.URL, 12, hash)
	if err != nil || got.Height != 12 || got.Block.String() != hash || got.Genesis != c.hash || got.ValidatorsHash() != c.trust(0).ValidatorsHash() {
		t.Fatalf("got %+v, %v", got, err)
	}
	for _, v := range got.Validators {
		if !bytes.Equal(v.Key, lightKey(v.Member).PubKey().Bytes()) || v.Name == "a false name" {
			t.Errorf("got %+v", v)
		}
	}
	s.says.Genesis[0]++
	if _, err := (&session{}).trustBlock(t.Context(), s.URL, 12, hash); ExitCode(err) != ExitNotProven {
		t.Errorf("of a false genesis: %v", err)
	}
	s.says = nil
	s.lie = forge
	if _, err := (&session{}).trustBlock(t.Context(), s.URL, 12, hash); ExitCode(err) != ExitNotProven || !strings.Contains(err.Error(), "shows another block 12") {
		t.Errorf("of a forged header: %v", err)
	}
	// A hash that is right and votes that are not: the hash alone is not enough to be signed under.
	s.lie = func(b *cmt.LightBlock) {
		for i := range b.Commit.Signatures {
			b.Commit.Signatures[i].Signature = make([]byte, 64)
		}
	}
	if _, err := (&session{}).trustBlock(t.Context(), s.URL, 12, hash); ExitCode(err) != ExitFailed || !strings.Contains(err.Error(), "is not signed by them") {
		t.Errorf("of a header without signatures: %v", err)
	}
}

func TestTrustOfBusyNode(t *testing.T) {
	c := newLightChain(t, lightStart).commit(1)
	s := c.serve()
	s.setDown(true)
	if _, err := (&session{}).trustOf(t.Context(), s.URL); ExitCode(err) != ExitUnreachable {
		t.Errorf("got %v", err)
	}
}

// TestShowTrust: names are others' words, which must not steer a terminal, and an unknown organisation is called so.
func TestShowTrust(t *testing.T) {
	trust := newLightChain(t, lightStart).trust(0)
	trust.Validators[0].Name = "\x1b[31mred\nline"
	trust.Validators[1] = evidence.Validator{Name: "abcd", Key: trust.Validators[1].Key, Power: 1}
	var out strings.Builder
	if err := (&session{out: &out}).showTrust(trust); err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{`\u001b[31mred\nline`, "an unknown validator (key abcd)", "power 1 ", "1.2 %"} {
		if !strings.Contains(out.String(), says) {
			t.Errorf("%q is missing in\n%s", says, out.String())
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("an escape sequence was printed")
	}
	err := (&session{out: failing{}, json: true}).showTrust(trust)
	if !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

var errFull = errors.New("the disk is full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }
