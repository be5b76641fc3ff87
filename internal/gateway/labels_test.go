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

// Odoo speaks English to calls that name no language, whoever makes them.
func TestLabelsAreInThePersonsLanguage(t *testing.T) {
	var bodies []string
	answer := `{"jsonrpc":"2.0","id":1,"result":[{"model":"sale.order","display_name":"Verkaufsauftrag"},{"model":"hr.leave","display_name":"hr.leave"}]}`
	rt := roundTrip(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(strings.NewReader(answer)), Request: r,
		}, err
	})
	l := labels{
		client: rpc.New(rpc.Config{Issuer: &url.URL{Scheme: "https", Host: "erp.example.com"}, Database: "prod"}),
		rt:     rt, session: rpc.Session{ID: strings.Repeat("a", 84)}, lang: "de_CH",
	}
	names, err := l.Names(t.Context(), []string{"sale.order", "hr.leave"})
	if err != nil || names["sale.order"] != "Verkaufsauftrag" || names["hr.leave"] != "hr.leave" {
		t.Errorf("names %v, %v", names, err)
	}
	answer = `{"jsonrpc":"2.0","id":1,"result":{"name":{"type":"char","string":"Auftragsreferenz"}}}`
	if fields, err := l.Fields(t.Context(), "sale.order"); err != nil || fields["name"].String != "Auftragsreferenz" {
		t.Errorf("fields %v, %v", fields, err)
	}
	if len(bodies) != 2 || !strings.Contains(bodies[0], `"args":[["sale.order","hr.leave"]]`) {
		t.Fatalf("asked %q", bodies)
	}
	for _, body := range bodies {
		if !strings.Contains(body, `"context":{"lang":"de_CH"}`) {
			t.Errorf("asked %s", body)
		}
	}
	answer = `{"jsonrpc":"2.0","id":1,"result":{"sale.order":1}}`
	if names, err := l.Names(t.Context(), []string{"sale.order"}); err == nil {
		t.Errorf("another shape gives %v", names)
	}
}
