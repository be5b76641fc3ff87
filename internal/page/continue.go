package page

import "net/http"

// Continue is a page that offers the way back to an authorization that was
// under way when the login lost it.
type Continue struct {
	// Application is the title of the application.
	Application string
	// URL is the gateway's own authorize path with the pending parameters.
	URL string
	// Odoo is the path of Odoo's own start page.
	Odoo string
}

// WriteContinue writes the page.
func WriteContinue(w http.ResponseWriter, r *http.Request, c Continue) {
	write(w, r, http.StatusOK, "continue.html", policy{formAction: "'none'"}, c)
}
