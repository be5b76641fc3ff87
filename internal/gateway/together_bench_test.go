package gateway

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// BenchmarkReadsAtTheSameTime reads single records, all at once, of an Odoo
// with two workers that takes 5 ms for a call: past the gateway, six at a time
// as a browser does, and through it.
func BenchmarkReadsAtTheSameTime(b *testing.B) {
	for _, records := range []int{40, 200} {
		for _, way := range []string{"direct", "gateway"} {
			b.Run(fmt.Sprintf("%s/%d", way, records), func(b *testing.B) {
				w := newWorld(b, 19)
				bearer, a := w.connect("wiki", "demo")
				w.warm(bearer)
				session := sessionOf(b, w, a)
				workers := make(chan struct{}, 2)
				work := func() {
					workers <- struct{}{}
					time.Sleep(5 * time.Millisecond)
					<-workers
				}
				w.between = func(_ *http.Request, resp *http.Response) *http.Response {
					work()
					return resp
				}
				atOnce := make(chan struct{}, records)
				ask := func(id int) (*http.Request, error) {
					r, err := http.NewRequest(http.MethodGet, fmt.Sprintf("%s/restapi/1.0/object/res.partner/%d?fields=['name','email']", w.url, id), nil)
					if err == nil {
						r.Header.Set("Authorization", "Bearer "+bearer)
					}
					return r, err
				}
				if way == "direct" {
					atOnce = make(chan struct{}, 6)
					ask = func(id int) (*http.Request, error) {
						work()
						r, err := http.NewRequest(http.MethodPost, w.odoo.URL+"/web/dataset/call_kw/res.partner/read", strings.NewReader(fmt.Sprintf(
							`{"jsonrpc":"2.0","method":"call","params":{"model":"res.partner","method":"read","args":[[%d],["name","email"]],"kwargs":{}}}`, id)))
						if err == nil {
							r.Header.Set("Content-Type", "application/json")
							r.Header.Set("Cookie", "session_id="+session)
						}
						return r, err
					}
				}
				w.odoo.ForgetRequests()
				for b.Loop() {
					var all sync.WaitGroup
					for n := range records {
						all.Go(func() {
							atOnce <- struct{}{}
							defer func() { <-atOnce }()
							r, err := ask(n%12 + 1)
							if err != nil {
								b.Error(err)
								return
							}
							resp, err := http.DefaultTransport.RoundTrip(r)
							if err != nil {
								b.Error(err)
								return
							}
							defer resp.Body.Close()
							if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode == http.StatusServiceUnavailable {
								b.Errorf("%s %v", resp.Status, err)
							}
						})
					}
					all.Wait()
				}
				b.ReportMetric(float64(len(w.odoo.RequestsTo("/web/dataset/call_kw")))/float64(b.N), "calls/op")
			})
		}
	}
}
