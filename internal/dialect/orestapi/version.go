package orestapi

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

const (
	versionPath = "/orestapi/version"
	// release is the release of the original that the interface is that of;
	// its full version begins with the series of Odoo.
	release = "1.6.4"
)

// version answers anybody with Odoo's version and that of the interface.
func (h *handler) version(w http.ResponseWriter, r *http.Request) {
	record, err := h.odooVersion(r.Context())
	if err != nil {
		(&session{w: w, r: r}).fail(err)
		return
	}
	own := release
	if series, err := jsontext.AppendUnquote(nil, record.Get("server_serie")); err == nil && len(series) > 0 {
		own = string(series) + "." + release
	}
	quoted, _ := jsontext.AppendQuote(nil, own)
	answer := append(record[:len(record):len(record)], odoo.Member{Name: "orestapi_version", Value: quoted})
	dialect.Write(w, http.StatusOK, odoo.AppendRecord(nil, answer))
}
