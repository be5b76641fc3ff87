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

func TestOddAboutOdoo(t *testing.T) {
	sim := odootest.Start(odootest.Options{Version: 16})
	defer sim.Close()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "It works!") }))
	defer other.Close()
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	for _, tc := range []struct{ at, database, want string }{
		{sim.URL, sim.Database(), ""},
		{sim.URL, "nope", `it has no database "nope"`},
		{other.URL, "nope", "what answers there is no Odoo"},
		{away.URL, "nope", "nothing answers there"},
	} {
		odoo, err := url.Parse(tc.at)
		if err != nil {
			t.Fatal(err)
		}
		switch err := oddAbout(odoo, tc.database); {
		case tc.want == "" && err != nil, tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("got %v, want %q", err, tc.want)
		}
	}
}
