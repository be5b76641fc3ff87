package gateway

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-odoo/gateway/internal/dialect"
)

// OAuth 1 is not supported: it signs with secrets that a server must keep in
// clear, and its PLAINTEXT method sends them. Its clients are told so, in the
// shape that they know errors in.
const (
	oauth1Prefix  = "/restapi/1.0/common/oauth1/"
	oauth1Message = "OAuth 1 is not supported by this server; use OAuth 2"
)

// isOAuth1 tells whether a request is one of an OAuth 1 client's: its
// parameters stand in the address or in the Authorization header. A token of
// ours beside them changes nothing: the original looked at them first, and a
// client that sends both means one of them by mistake.
func isOAuth1(r *http.Request) bool {
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		key, _, _ := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(key); err == nil && (name == "oauth_signature" || name == "oauth_consumer_key") {
			return true
		}
	}
	for _, line := range r.Header.Values("Authorization") {
		kind, parameters, _ := strings.Cut(line, " ")
		if strings.EqualFold(kind, "OAuth") && (strings.Contains(parameters, "oauth_signature") || strings.Contains(parameters, "oauth_consumer_key")) {
			return true
		}
	}
	return false
}

// refuseOAuth1 answers 404 where OAuth 1 had its endpoints, and 401 with the
// challenge of the scheme that works to a request for data.
func refuseOAuth1(w http.ResponseWriter, status int) {
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", challenge("", ""))
	}
	body, _ := json.Marshal(map[string]any{"error": map[string]any{"code": status, "message": oauth1Message}}) // a number and a text: never fails
	dialect.Write(w, status, body)
}
