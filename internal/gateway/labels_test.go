package gateway

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The consent page asks with the browser's own session and User-Agent.
func TestLabelsAreAskedAsTheBrowser(t *testing.T) {
	session := strings.Repeat("a", 84)
	var agent, cookie, path string
	answer := `{"jsonrpc":"2.0","id":1,"result":{"country_id":{"type":"many2one","string":"Country","searchable":true}}}`
	rt := roundTrip(func(r *http.Request) (*http.Response, error) {
		agent, path = r.UserAgent(), r.URL.Path
		if c, err := r.Cookie("session_id"); err == nil {
			cookie = c.Value
		}
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(strings.NewReader(answer)), Request: r,
		}, nil
	})
	l := labels{
		client: rpc.New(rpc.Config{Issuer: &url.URL{Scheme: "https", Host: "erp.example.com"}, Database: "prod"}),
		rt:     rt, session: rpc.Session{ID: session, UserAgent: "Browser/1"},
	}
	fields, err := l.Fields(t.Context(), "res.partner")
	if err != nil || fields["country_id"].String != "Country" {
		t.Errorf("fields %v, %v", fields, err)
	}
	if agent != "Browser/1" || cookie != session || !strings.HasPrefix(path, "/web/dataset/call_kw") {
		t.Errorf("asked as %q with session %q at %s", agent, cookie, path)
	}
	answer = `{"jsonrpc":"2.0","id":1,"error":{"code":0,"message":"","data":{"name":"odoo.exceptions.AccessError","message":""}}}`
	if _, err := l.Fields(t.Context(), "res.partner"); err == nil {
		t.Error("a refusal is no error")
	}
}
