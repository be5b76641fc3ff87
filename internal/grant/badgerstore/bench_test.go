//go:build linux

package badgerstore_test

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
)

// filled opens a store with n people, each with an authorization and a token
// set, and returns their ids.
func filled(b *testing.B, o badgerstore.Options, n int) (db *badgerstore.DB, authorizations, sets, refresh []string) {
	b.Helper()
	db = open(b, o)
	s := db.Store("erp")
	authorizations, sets, refresh = make([]string, n), make([]string, n), make([]string, n)
	var people sync.WaitGroup
	const workers = 64
	for w := range workers {
		people.Go(func() {
			for i := w; i < n; i += workers {
				a := consent(b, s, "wiki", grant.HashToken(fmt.Sprint(i)))
				set, r, _ := redeem(b, s, a, start)
				authorizations[i], sets[i], refresh[i] = a.ID, set.ID, r
			}
		})
	}
	people.Wait()
	return db, authorizations, sets, refresh
}

// BenchmarkTokenSet is what a verified token costs at the store: token set
// and authorization, from memory and from disk.
func BenchmarkTokenSet(b *testing.B) {
	for _, test := range []struct {
		name    string
		entries int
	}{{"memory", 4096}, {"disk", 1}} {
		b.Run(test.name, func(b *testing.B) {
			const n = 2000
			db, _, sets, _ := filled(b, badgerstore.Options{Dir: b.TempDir(), Seal: ring(b), CacheEntries: test.entries}, n)
			s := db.Store("erp")
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, err := s.TokenSet(b.Context(), sets[i%n]); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

// BenchmarkAuthorizationsBySession is a browser's request: mostly of somebody
// who has connected nothing.
func BenchmarkAuthorizationsBySession(b *testing.B) {
	const n = 2000
	db, _, _, _ := filled(b, badgerstore.Options{Dir: b.TempDir(), Seal: ring(b)}, n)
	s := db.Store("erp")
	for _, test := range []struct {
		name string
		hash func(i int) string
	}{
		{"connected", func(i int) string { return grant.HashToken("wiki" + grant.HashToken(fmt.Sprint(i%n))) }},
		{"unknown, seen before", func(i int) string { return grant.HashToken(fmt.Sprint("x", i%n)) }},
		{"unknown, new", func(i int) string { return grant.HashToken(fmt.Sprint("y", i)) }},
	} {
		b.Run(test.name, func(b *testing.B) {
			i := 0
			for b.Loop() {
				if _, err := s.AuthorizationsBySession(b.Context(), test.hash(i)); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

// BenchmarkRotate is a refresh without its signature, on disk when done.
func BenchmarkRotate(b *testing.B) {
	for _, clients := range []int{1, 16} {
		b.Run(fmt.Sprintf("%d clients", clients), func(b *testing.B) {
			db, _, _, refresh := filled(b, badgerstore.Options{Dir: b.TempDir(), Seal: ring(b)}, 64)
			s := db.Store("erp")
			var next atomic.Int64
			before := cpu(b)
			b.SetParallelism(max(1, clients/runtime.GOMAXPROCS(0)))
			if clients == 1 {
				b.SetParallelism(1)
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			}
			b.RunParallel(func(pb *testing.PB) {
				parent := refresh[int(next.Add(1)-1)%len(refresh)]
				for pb.Next() {
					child := grant.HashToken(grant.NewToken())
					if _, err := s.Rotate(b.Context(), grant.Rotation{
						Hash: parent, Application: "wiki", Now: start, Grace: time.Minute,
						Child: grant.RefreshToken{Hash: child, IssuedAt: start},
					}); err != nil {
						b.Error(err)
						return
					}
					parent = child
				}
			})
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// cpu is the time that the process has spent, in user and system mode.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkMemory fills a store with 100,000 people, opens it again, reads all
// of them twice, and reports what the process holds more than before all that.
// That takes minutes on a disk; a memory file system does:
//
//	TMPDIR=/dev/shm go test -run - -bench Memory/100000 -benchtime 1x ./internal/grant/badgerstore
func BenchmarkMemory(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			heap, anonymous := held(b)
			o := badgerstore.Options{Dir: b.TempDir(), Seal: ring(b)}
			db, _, sets, _ := filled(b, o, n)
			if err := db.Close(); err != nil {
				b.Fatal(err)
			}
			debug.FreeOSMemory()
			opening := time.Now()
			db = open(b, o)
			opened := time.Since(opening)
			s := db.Store("erp")
			for b.Loop() {
				for range 2 {
					for _, id := range sets {
						if _, err := s.TokenSet(b.Context(), id); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
			_, running := held(b)
			runtime.GC()
			live, _ := held(b)
			b.ReportMetric(float64(opened.Milliseconds()), "open-ms")
			b.ReportMetric(float64(live-heap)/(1<<20), "heap-MB")
			b.ReportMetric(float64(running-anonymous)/(1<<20), "rss-anon-MB")
			runtime.KeepAlive(sets)
		})
	}
}

// held is the live heap, and the anonymous memory that the process occupies:
// pages of mapped files are the system's to take back.
func held(b *testing.B) (heap, anonymous int64) {
	b.Helper()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatalf("the memory of a process is read from /proc: %v", err)
	}
	for line := range strings.SplitSeq(string(status), "\n") {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			anonymous = kb << 10
		}
	}
	return int64(m.HeapAlloc), anonymous
}
