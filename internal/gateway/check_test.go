package gateway

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// answering is Odoo with one answer.
type answering string

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"jsonrpc": "2.0", "id": null, "result": ` + string(a) + `}`)), Request: r,
	}, nil
}

// What Odoo calls its version is printed on a terminal.
func TestOdooVersion(t *testing.T) {
	w := newWorld(t, 19)
	for answer, want := range map[string]string{
		`{"server_version": "19.0"}`:                            "19.0",
		`{"server_version": "17.0+e-20240101"}`:                 "17.0+e-20240101",
		`{}`:                                                    "",
		`{"server_version": 19}`:                                "",
		`{"server_version": "19\u001b[2J"}`:                     "",
		`{"server_version": "19\nsite ok"}`:                     "",
		`{"server_version": "` + strings.Repeat("1", 41) + `"}`: "",
	} {
		got, err := w.gw.OdooVersion(t.Context(), answering(answer), "test")
		var failed *odoo.Error
		if got != want || (want == "") != errors.As(err, &failed) {
			t.Errorf("%s: %q, %v", answer, got, err)
		}
	}
}
