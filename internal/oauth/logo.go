package oauth

import (
	"net/http"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/page"
)

// Logo serves the logo of the active application that client_id names.
func (s *Server) Logo(w http.ResponseWriter, r *http.Request) {
	app := s.Applications.ByClientID(r.URL.Query().Get("client_id"))
	if app == nil || !app.Active || logoOf(app) == "" {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.Error(w, "there is no such logo", http.StatusNotFound)
		return
	}
	page.Logo(w, r, app.Logo.Type, app.Logo.Data)
}

// logoOf is the address of an application's logo, "" where there is none.
func logoOf(app *application.Application) string {
	return page.LogoURL(app.ClientID, app.Logo.Type, app.Logo.Data)
}
