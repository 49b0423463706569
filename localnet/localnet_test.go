package localnet

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

// Networks of every size have all the roles, and a genesis that the chain accepts.
func TestMembersMakeAGenesis(t *testing.T) {
	for _, n := range []int{1, 2, 4, 7, mostNodes} {
		g := types.Genesis{Format: types.GenesisFormat, Chain: "test", Time: 1, InitialHeight: 1, Params: types.DefaultParams()}
		held := map[string]bool{}
		for i, m := range members(n) {
			m.Address = types.Address{byte(i + 1)}
			if i < n {
				m.Node = &Node{Validator: make(types.Bytes, 32)}
			}
			for _, r := range m.Roles {
				held[r] = true
			}
			g.Members = append(g.Members, m.genesis())
		}
		if err := g.Check(); err != nil {
			t.Errorf("%d validators: %v", n, err)
		}
		for _, r := range types.Roles {
			if !held[r] {
				t.Errorf("%d validators: nobody is %s", n, r)
			}
		}
	}
}

func TestMembersIssueUnderTheirPrefix(t *testing.T) {
	for _, m := range members(mostNodes) {
		gtin := m.gtin(9)
		if len(m.Prefixes) == 0 {
			if gtin != "" {
				t.Errorf("%s has no prefix and the GTIN %s", m.ID, gtin)
			}
			continue
		}
		if _, err := gs1.New("GTIN", gtin, ""); err != nil || !strings.HasPrefix(gtin[1:], m.Prefixes[0]) {
			t.Errorf("%s: GTIN %s under %s: %v", m.ID, gtin, m.Prefixes[0], err)
		}
	}
}

func TestPortsDoNotMeet(t *testing.T) {
	seen := map[int]string{}
	for i := range mostNodes {
		for k, p := range portsAt(20000, i).all() {
			if have, taken := seen[p]; taken || p < 20000 || p >= 20000+portBlock {
				t.Errorf("port %d of node %d, kind %d, is outside the block or that of %s", p, i, k, have)
			}
			seen[p] = fmt.Sprintf("node %d, kind %d", i, k)
		}
	}
}

func TestFreePortsPassOverATakenBlock(t *testing.T) {
	base, err := freePorts(31000, 4)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", portsAt(base, 3).API))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if again, err := freePorts(base, 4); err != nil || again == base || (again-base)%portBlock != 0 {
		t.Errorf("%d, %v: want another block than %d", again, err, base)
	}
	if _, err := freePorts(80, 4); err == nil {
		t.Error("a base port below 1024 is not refused")
	}
}

func testNetwork(t *testing.T) *Network {
	t.Helper()
	n := &Network{Home: t.TempDir(), Format: Format, Chain: "test", Members: members(2)}
	for i := range n.Members[:2] {
		n.Members[i].Node = &Node{API: "http://127.0.0.1:1", Ports: portsAt(20000, i)}
		if err := os.MkdirAll(n.home(&n.Members[i]), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func TestOpenReadsWhatWasSaved(t *testing.T) {
	n := testNetwork(t)
	if err := n.save(); err != nil {
		t.Fatal(err)
	}
	got, err := Open(n.Home)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Nodes()) != 2 || len(got.Members) != len(n.Members) || got.Members[0].Node.Ports != n.Members[0].Node.Ports {
		t.Errorf("%+v", got)
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), errNone.Error()) {
		t.Errorf("empty folder: %v", err)
	}
}

// A pid file that names a living process of somebody else ends nothing.
func TestStopSparesStrangers(t *testing.T) {
	n := testNetwork(t)
	stranger := fmt.Sprintf(`{"pid":%d,"start":"another boot/1"}`, os.Getpid())
	if err := os.WriteFile(n.pidFile(&n.Members[0]), []byte(stranger), 0o600); err != nil {
		t.Fatal(err)
	}
	if running, err := n.Running(); err != nil || len(running) != 0 {
		t.Errorf("running: %v, %v", running, err)
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWaitShowsTheLogOfANodeThatEnded(t *testing.T) {
	n := testNetwork(t)
	log := strings.Repeat("noise\n", 100) + "port 1 is taken\n"
	if err := os.WriteFile(n.logFile(&n.Members[0]), []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	err := n.Wait(t.Context(), 1, time.Second)
	if err == nil || !strings.Contains(err.Error(), "port 1 is taken") || strings.Count(err.Error(), "noise") > tailLines {
		t.Errorf("%v", err)
	}
}

func TestTail(t *testing.T) {
	n := testNetwork(t)
	m := &n.Members[0]
	os.WriteFile(n.logFile(m), []byte("one\ntwo\nthree\n"), 0o600)
	if got := n.tail(m, 2); !slices.Equal(got, []string{"two", "three"}) {
		t.Errorf("%q", got)
	}
	if got := n.tail(m, 20); len(got) != 3 {
		t.Errorf("%q", got)
	}
	if got := filepath.Base(n.logFile(m)); got != "node.log" {
		t.Errorf("log file %s", got)
	}
}
