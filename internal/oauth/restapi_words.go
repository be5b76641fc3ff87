package oauth

import (
	"net/http"

	"github.com/caddy-odoo/gateway/internal/audit"
)

// Words of the original /restapi interface, whose clients look at code and
// message of a failure. One of them says what is wrong with any code and
// another with any refresh token: that a code was used, or has expired, is
// told in error_description.
const (
	wordsClient  = "Invalid Credentials."
	wordsCode    = "Invalid Authentication Code."
	wordsRefresh = "Invalid Refresh Token."
)

// worded gives a failure of that code the original's words for it.
func (f *failure) worded(code, words string) *failure {
	if f != nil && f.code == code {
		f.words = words
	}
	return f
}

// writeRestapi answers a program at a token endpoint: what RFC 6749 wants, and
// beside it code and message. The status is that of the RFC. It is not for the
// authorization endpoint, where a member called code is an authorization code.
func (s *Server) writeRestapi(w http.ResponseWriter, r *http.Request, f *failure) {
	audit.Note(r.Context(), f.reason())
	message := f.worded("invalid_client", wordsClient).words
	if message == "" {
		message = f.description
	}
	f.announce(w.Header())
	writeJSON(w, f.status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Code        int    `json:"code"`
		Message     string `json:"message"`
	}{f.code, f.description, f.status, message})
}
