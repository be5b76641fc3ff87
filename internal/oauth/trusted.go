package oauth

import (
	"net/http"

	"github.com/caddy-odoo/gateway/internal/application"
)

// trusted tells whether an application is connected without asking the person.
// That happens in a browser's window only, where the person sees that it does:
// a page that embeds the endpoint, or a script that fetches it, connects
// nothing. Nothing proves that it is a public client that asks, so those are
// never trusted.
func trusted(r *http.Request, app *application.Application) bool {
	return app.Consent == application.ConsentTrusted && !app.Public && topLevel(r)
}

// topLevel refuses what browsers mark as anything else than the navigation of
// a window. Old browsers, and all of them without TLS, send no marks.
func topLevel(r *http.Request) bool {
	if len(r.Header.Values("Sec-Purpose")) > 0 || r.Header.Get("Purpose") == "prefetch" {
		return false // the browser fetches it ahead: nobody looks at it yet, and may never
	}
	for header, want := range map[string]string{"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"} {
		for _, value := range r.Header.Values(header) {
			if value != want {
				return false
			}
		}
	}
	return true
}
