package caddymodule

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

func TestLooksLikeOdoo(t *testing.T) {
	sim := odootest.Start(odootest.Options{Version: 16})
	defer sim.Close()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "It works!") }))
	defer other.Close()
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	for at, want := range map[string]string{
		sim.URL: "", other.URL: "what answers there is no Odoo", away.URL: "nothing answers there",
	} {
		odoo, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		switch err := looksLikeOdoo(odoo); {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
