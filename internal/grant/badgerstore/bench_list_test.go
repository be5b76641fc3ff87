//go:build linux

package badgerstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
)

// BenchmarkList is a page of 100 authorizations, at the beginning and deep
// inside: what it costs must not grow with what there is.
func BenchmarkList(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		db, ids, _, _ := filled(b, badgerstore.Options{Dir: b.TempDir(), Seal: ring(b)}, n)
		s := db.Store("erp")
		for name, q := range map[string]grant.AuthorizationQuery{
			"all": {}, "application": {Application: "wiki"}, "revoked too": {Revoked: true}, "deep inside": {After: ids[0]},
			"nobody": {Subject: "nobody"},
		} {
			b.Run(fmt.Sprintf("%s of %d", name, n), func(b *testing.B) {
				for b.Loop() {
					if _, err := s.Authorizations(b.Context(), q); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkPurge goes through 10,000 people with a token set each, of which
// nothing is due: a sweep that finds nothing is the usual one.
func BenchmarkPurge(b *testing.B) {
	const n = 10_000
	db, _, _, _ := filled(b, badgerstore.Options{Dir: b.TempDir(), Seal: ring(b)}, n)
	before := cpu(b)
	for b.Loop() {
		if deleted, err := db.Purge(b.Context(), start.Add(time.Hour)); err != nil || deleted != 0 {
			b.Fatal(deleted, err)
		}
	}
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N)/n, "cpu-µs/person")
}
