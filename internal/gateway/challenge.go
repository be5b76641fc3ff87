package gateway

import (
	"net/http"
	"strings"

	"github.com/caddy-odoo/gateway/internal/httphook"
	"github.com/caddy-odoo/gateway/internal/oauth"
)

// announceResource lets every bearer challenge of an answer name the metadata
// of the protected resource (RFC 9728 section 5.1), whichever dialect or
// failure it comes from.
func (s *service) announceResource(w http.ResponseWriter, path string) http.ResponseWriter {
	return httphook.New(w, func(_ int, header http.Header) {
		challenge := header.Get("WWW-Authenticate")
		kind, parameters, _ := strings.Cut(challenge, " ")
		if kind != "Bearer" {
			return
		}
		separator := ", "
		if parameters == "" {
			separator = " "
		}
		header.Set("WWW-Authenticate", challenge+separator+`resource_metadata="`+oauth.ResourceMetadata(s.issuer, path)+`"`)
	})
}
