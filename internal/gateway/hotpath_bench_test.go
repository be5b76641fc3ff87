package gateway

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// BenchmarkRequest is the gateway's own work on a request by a token that it
// knows, with a key on 19: identity, grant, decoding, rules, filter and
// encoding. What is before and behind it answers at once.
func BenchmarkRequest(b *testing.B) {
	w := newWorld(b, 19)
	w.model.Fields = []string{"name", "email", "phone", "city", "country_id", "display_name"}
	w.model.Filter = `[["customer_rank", ">=", 0]]`
	w.reload()
	bearer, a := w.connect("wiki", "demo")
	a.Connection = w.gw.service.Load().connections.AttachKey(w.odoo.NewAPIKey("demo", "wiki", w.clock.Now().Add(24*time.Hour)), a, time.Time{}, 0)
	if _, err := w.store.Consent(b.Context(), a); err != nil {
		b.Fatal(err)
	}
	one := `{"id":1,"name":"Example Company 1","email":"info1@example.com","phone":"+32 81 81 37 01","city":"Louvain-la-Neuve","country_id":[20,"Belgium"]}`
	answer := []byte("[" + strings.Repeat(one+",", 6) + one + "]")
	up := &instantUpstream{Upstream: w.upstream(), answer: answer}
	const body = `{"domain": [["name", "ilike", "example"], ["city", "!=", false]], "fields": ["name", "email", "phone", "city", "country_id"], "limit": 10, "order": "name"}`
	for _, ask := range []struct{ name, method, url, body string }{
		{"json2", http.MethodPost, "/json/2/res.partner/search_read", body},
		{"restapi", http.MethodGet, "/restapi/1.0/object/res.partner?ids=1,2,3,4,5,6,7&fields=['name','email','phone','city','country_id']", ""},
		{"orestapi", http.MethodGet, "/orestapi/record/name_search?model=res.partner&name=example&limit=21", ""},
	} {
		b.Run(ask.name, func(b *testing.B) {
			serve := func() *heard {
				r := httptest.NewRequest(ask.method, ask.url, strings.NewReader(ask.body))
				r.Header.Set("Authorization", "Bearer "+bearer)
				r.Header.Set("Content-Type", "application/json")
				out := &heard{header: http.Header{}}
				if err := w.gw.ServeHTTP(out, r.WithContext(context.Background()), up); err != nil {
					b.Fatal(err)
				}
				return out
			}
			if out := serve(); out.status != http.StatusOK {
				b.Fatalf("%d %s", out.status, out.body.Bytes())
			}
			b.ReportAllocs()
			for b.Loop() {
				if out := serve(); out.status != http.StatusOK {
					b.Fatal(out.status)
				}
			}
		})
	}
}

// instantUpstream answers searches for records at once.
type instantUpstream struct {
	Upstream
	answer []byte
}

func (u *instantUpstream) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/res.partner/search_read") {
		return u.Upstream.RoundTrip(r)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(u.answer)), ContentLength: int64(len(u.answer)),
	}, nil
}

// heard is a ResponseWriter.
type heard struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (q *heard) Header() http.Header         { return q.header }
func (q *heard) WriteHeader(status int)      { q.status = status }
func (q *heard) Write(p []byte) (int, error) { return q.body.Write(p) }
