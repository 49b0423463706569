//go:build !js

package store

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The benchmarks share one store of a million order records (a hundred thousand with -short) under the keys that orders have:
// a hundred streams, appended to in time order, committed in blocks of a thousand.
const streams = 100

type orders struct {
	s    *Store
	n    int // records
	r    *rand.ChaCha8
	rand *rand.Rand
}

var (
	benchOnce  sync.Once
	benchStore *orders
	benchDir   string
)

func TestMain(m *testing.M) {
	code := m.Run()
	if benchStore != nil {
		_ = benchStore.s.Close()
	}
	_ = os.RemoveAll(benchDir)
	os.Exit(code)
}

func bench(b *testing.B) *orders {
	benchOnce.Do(func() {
		var err error
		if benchDir, err = os.MkdirTemp("", "carya-store-"); err != nil {
			b.Fatal(err)
		}
		n := 1_000_000
		if testing.Short() {
			n = 100_000
		}
		benchStore = newOrders(b, benchDir, Options{}, n)
	})
	if benchStore == nil {
		b.Fatal("no store")
	}
	return benchStore
}

func newOrders(b *testing.B, dir string, o Options, n int) *orders {
	s, err := Open(dir, o)
	if err != nil {
		b.Fatal(err)
	}
	r := rand.NewChaCha8([32]byte{1})
	d := &orders{s: s, r: r, rand: rand.New(r)}
	s.opts.NoSync = true
	for d.n < n {
		d.commit(b, 1000)
	}
	s.opts.NoSync = o.NoSync
	return d
}

// key is the key of the i-th record ever: its time is i, its random part a function of i.
func (d *orders) key(i int) string {
	return fmt.Sprintf("order/platform-%03d/%010d%016x", i%streams, i/streams, uint64(i)*0x9e3779b97f4a7c15)
}

func (d *orders) absent(i int) string { return d.key(i)[:36] + "x" }

// commit appends a block of new records and moves the heads of all streams.
func (d *orders) commit(b *testing.B, records int) {
	var writes []Write
	for range records {
		writes = append(writes, Write{d.key(d.n), d.value()})
		d.n++
	}
	slices.SortFunc(writes, func(a, b Write) int { return strings.Compare(a.Key, b.Key) })
	height := d.s.next()
	if _, err := d.s.Apply(height, writes); err != nil {
		b.Fatal(err)
	}
	side := []Write{{fmt.Sprintf("digests/%012d", height), make([]byte, 32)}}
	if err := d.s.Commit(side); err != nil {
		b.Fatal(err)
	}
}

// value is 200 bytes, half of them random, as a record of numbers, names and hashes is.
func (d *orders) value() []byte {
	v := []byte(strings.Repeat("amount currency ", 13))[:200]
	for i := 0; i < 100; i += 8 {
		binary.LittleEndian.PutUint64(v[i:], d.r.Uint64())
	}
	return v
}

// resident is the process's memory in MB.
func resident() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	var kb float64
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			_, _ = fmt.Sscan(rest, &kb)
		}
	}
	return kb / 1000
}

// cpu is what the process has used so far, in seconds; background work included, so it tells more than the clock does on a
// machine shared with others.
func cpu() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// BenchmarkCommit appends 1000 records to 100 streams and prunes what is older than 100 blocks, fsync included.
func BenchmarkCommit(b *testing.B) {
	d := bench(b)
	b.ReportAllocs()
	before := cpu()
	for b.Loop() {
		d.commit(b, 1000)
		if _, err := d.s.Prune(100, 2); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "µs/record")
	b.ReportMetric(resident(), "MB-RSS")
	b.ReportMetric((cpu()-before)/float64(b.N)*1000, "cpu-ms/op")
}

func BenchmarkProve(b *testing.B) {
	d := bench(b)
	v := view(b, d.s, 0)
	defer v.Close()
	size := 0
	for b.Loop() {
		proof, err := v.Prove(d.key(d.rand.IntN(d.n)))
		if err != nil {
			b.Fatal(err)
		}
		size += len(proof)
	}
	b.ReportMetric(float64(size)/float64(b.N), "B/proof")
}

func BenchmarkProveAbsent(b *testing.B) {
	d := bench(b)
	v := view(b, d.s, 0)
	defer v.Close()
	for b.Loop() {
		if _, err := v.Prove(d.absent(d.rand.IntN(d.n))); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	d := bench(b)
	v := view(b, d.s, 0)
	defer v.Close()
	key := d.key(d.n / 3)
	value, err := v.Get(key)
	if err != nil {
		b.Fatal(err)
	}
	proof, err := v.Prove(key)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := verifyMembership(v.root, key, value, proof); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGetAbsent and BenchmarkGetPresent compare the flat latest state with the walk down the writer's own tree.
func BenchmarkGetAbsent(b *testing.B) {
	d := bench(b)
	b.Run("next", func(b *testing.B) {
		benchGet(b, d, false, func() string { return d.key(d.n + d.rand.IntN(5000)) })
	})
	b.Run("any", func(b *testing.B) {
		benchGet(b, d, false, func() string { return d.absent(d.rand.IntN(d.n)) })
	})
}

func BenchmarkGetPresent(b *testing.B) {
	d := bench(b)
	b.Run("recent", func(b *testing.B) {
		benchGet(b, d, true, func() string { return d.key(d.n - 1 - d.rand.IntN(5000)) })
	})
	b.Run("any", func(b *testing.B) {
		benchGet(b, d, true, func() string { return d.key(d.rand.IntN(d.n)) })
	})
}

func benchGet(b *testing.B, d *orders, present bool, key func() string) {
	for _, way := range []struct {
		name string
		get  func(string) ([]byte, error)
	}{
		{"flat", d.s.Get},
		{"tree", func(key string) ([]byte, error) { return d.s.tree.Get([]byte(key)) }},
	} {
		b.Run(way.name, func(b *testing.B) {
			for b.Loop() {
				value, err := way.get(key())
				if err != nil || (value != nil) != present {
					b.Fatalf("%d bytes, %v", len(value), err)
				}
			}
		})
	}
}
