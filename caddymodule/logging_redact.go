package caddymodule

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// redacted stands where a secret stood.
const redacted = "REDACTED"

// secretParameters are the names of what must not be logged: OAuth2's own,
// and those of the legacy interfaces.
var secretParameters = []string{
	"code", "code_verifier", "access_token", "refresh_token", "id_token", "token",
	"client_secret", "client_assertion", "assertion", "password", "api_key", "session_id", "own_secret", "user_secret", "odoo_secret",
	"basic_access_token", "oauth_token", "oauth_token_secret", "oauth_verifier", "oauth_signature",
}

// ownPaths are in all paths whose URLs may carry secrets of the gateway, also
// in misspelt ones, which go to Odoo and fail there. No token is taken from
// the URL of /json/2, but a client that has the habit sends it nevertheless.
var ownPaths = []string{"restapi", "json/2"}

// oauthPath and orestPath are where answers may have a Location that carries
// a code.
const (
	oauthPath = "/restapi/1.0/common/oauth2/"
	orestPath = "/orestapi/oauth2/"
)

// mayCarrySecrets tells whether the URL of a request, or of its answer, may
// carry a code, a token or a secret.
func mayCarrySecrets(r *http.Request) bool {
	if strings.HasPrefix(r.URL.Path, oauthPath) || strings.HasPrefix(r.URL.Path, orestPath) {
		return true
	}
	path := strings.ToLower(r.URL.Path)
	return slices.ContainsFunc(ownPaths, func(own string) bool { return strings.Contains(path, own) }) &&
		(hasSecret(r.URL.RawQuery) || strings.Contains(r.Header.Get("Referer"), "?"))
}

// hasSecret tells whether a query has one of the secret parameters.
func hasSecret(query string) bool { return redactQuery(query) != query }

// redactQuery replaces the values of secret parameters, and leaves everything
// else as it is. Both separators that servers have understood are known.
func redactQuery(query string) string {
	var b strings.Builder
	for rest := query; ; {
		i := strings.IndexAny(rest, "&;")
		pair := rest
		if i >= 0 {
			pair = rest[:i]
		}
		if key, _, ok := strings.Cut(pair, "="); ok && secretName(key) {
			b.WriteString(key + "=" + redacted)
		} else {
			b.WriteString(pair)
		}
		if i < 0 {
			return b.String()
		}
		b.WriteByte(rest[i])
		rest = rest[i+1:]
	}
}

// secretName tells whether a parameter, as written in a query, is secret.
// One that can not be decoded is taken for secret.
func secretName(key string) bool {
	name, err := url.QueryUnescape(key)
	return err != nil || slices.Contains(secretParameters, strings.ToLower(strings.TrimSpace(name)))
}

// redactURL redacts query and fragment of a URL in whatever form.
func redactURL(s string) string {
	base, fragment, hasFragment := strings.Cut(s, "#")
	path, query, hasQuery := strings.Cut(base, "?")
	if hasQuery {
		path += "?" + redactQuery(query)
	}
	if hasFragment {
		path += "#" + redactQuery(fragment)
	}
	return path
}

// urlHeaders are headers whose values are URLs.
var urlHeaders = []string{"Location", "Content-Location", "Referer", "Refresh", "Link"}

// redactedHeader returns a copy of a header that is fit for the log.
func redactedHeader(h http.Header) http.Header {
	out := h.Clone()
	for _, name := range urlHeaders {
		for i, v := range out[name] {
			out[name][i] = redactURL(v)
		}
	}
	return out
}

// redactedRequest returns a copy of a request that is fit for the log. Tokens
// under whatever name are replaced by withoutTokens.
func redactedRequest(r *http.Request, withoutTokens func(string) string) *http.Request {
	c := r.Clone(r.Context())
	c.RequestURI = withoutTokens(redactURL(r.RequestURI))
	c.URL.RawQuery = withoutTokens(redactQuery(r.URL.RawQuery))
	c.Header = redactedHeader(c.Header)
	for _, lines := range c.Header {
		for i, line := range lines {
			lines[i] = withoutTokens(line)
		}
	}
	return c
}
