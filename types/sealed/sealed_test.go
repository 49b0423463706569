package sealed

import (
	"bytes"
	"slices"
	"testing"

	"filippo.io/age"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/caryaledger/carya/types"
)

func delivery() *types.Delivery {
	return &types.Delivery{
		Format: types.DeliveryFormat, Chain: "carya-test-1", From: "lantu", Message: []byte("<order>王小山 330106199001011230</order>"),
		Documents: []types.DeliveredDocument{
			{Index: 1, Record: "order/lantu/01KB0Q8YDRN7DPSEYSB6DNYX4Q", Seed: types.Secret{1}, Root: types.Hash{2}, MatchKey: types.Secret{3}},
			{Index: 0, Record: "order/lantu/01KB0Q7Z40N7DPSEYSB6DNYX4Q", Seed: types.Secret{4}},
		},
	}
}

func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestSealed: each reader opens it, nobody else does, and the carrier sees only the cover.
func TestSealed(t *testing.T) {
	customs, port, thief := identity(t), identity(t), identity(t)
	d := delivery()
	s, err := Seal(d, []Reader{{"nb-customs", port.Recipient().String()}, {"hz-customs", customs.Recipient().String()}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.To, []string{"hz-customs", "nb-customs"}) || !slices.IsSorted(s.Records) || len(s.Records) != 2 {
		t.Errorf("cover %v %v", s.To, s.Records)
	}
	for _, secret := range [][]byte{d.Message, []byte("王小山"), []byte("330106199001011230")} {
		if bytes.Contains(s.Body, secret) {
			t.Errorf("%q can be read", secret)
		}
	}
	for _, reader := range []age.Identity{customs, port} {
		opened, err := Open(s, reader)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(opened.Message, d.Message) || opened.Documents[0] != d.Documents[0] {
			t.Errorf("opened %+v", opened)
		}
	}
	if _, err := Open(s, thief); err == nil {
		t.Error("somebody else opened it")
	}
	changed := *s
	changed.From = "qianjiang-express"
	if _, err := Open(&changed, customs); err == nil {
		t.Error("another sender stands on the cover")
	}
}

func TestSignature(t *testing.T) {
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Seal(delivery(), []Reader{{"hz-customs", identity(t).Recipient().String()}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Sign(key); err != nil {
		t.Fatal(err)
	}
	by := types.AddressOf(crypto.FromECDSAPub(&key.PublicKey))
	if got, err := s.Check("carya-test-1"); err != nil || got != by {
		t.Fatalf("signed by %s, %v", got, err)
	}
	for name, change := range map[string]func(s *types.Sealed){
		"sender":  func(s *types.Sealed) { s.From = "x" },
		"readers": func(s *types.Sealed) { s.To = []string{"nb-customs"} },
		"records": func(s *types.Sealed) { s.Records = s.Records[:1] },
		"body":    func(s *types.Sealed) { s.Body = slices.Concat(s.Body, []byte{0}) },
	} {
		other := *s
		change(&other)
		if got, err := other.Check("carya-test-1"); err == nil && got == by {
			t.Errorf("another %s has the same signature", name)
		}
	}
	for name, change := range map[string]func(s *types.Sealed){
		"format":          func(s *types.Sealed) { s.Format = "carya-sealed/9" },
		"chain":           func(s *types.Sealed) { s.Chain = "another" },
		"no reader":       func(s *types.Sealed) { s.To = nil },
		"no record":       func(s *types.Sealed) { s.Records = nil },
		"unsorted":        func(s *types.Sealed) { s.To = []string{"b", "a"} },
		"empty":           func(s *types.Sealed) { s.Body = nil },
		"no signature":    func(s *types.Sealed) { s.Signature = nil },
		"short signature": func(s *types.Sealed) { s.Signature = s.Signature[:60] },
	} {
		other := *s
		change(&other)
		if _, err := other.Check("carya-test-1"); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestBadReader(t *testing.T) {
	if _, err := Seal(delivery(), []Reader{{"hz-customs", "age1nonsense"}}); err == nil {
		t.Error("sealed to nobody")
	}
}

func FuzzOpen(f *testing.F) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	s, err := Seal(delivery(), []Reader{{"hz-customs", id.Recipient().String()}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.Body)
	f.Fuzz(func(t *testing.T, body []byte) {
		other := *s
		other.Body = body
		if d, err := Open(&other, id); err == nil && d.From != s.From {
			t.Errorf("opened %+v", d)
		}
	})
}
