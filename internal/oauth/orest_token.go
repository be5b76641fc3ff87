package oauth

import (
	"errors"
	"net/http"
	"strings"
)

const orestToken = "OrestapiOauth2AccessToken-"

// OrestAccessToken serves the token endpoint under its name of /orestapi. GET
// is for parameters in the URL, and so for the applications alone that keep
// that habit: a body is then not looked at.
func (s *Server) OrestAccessToken(w http.ResponseWriter, r *http.Request, rt http.RoundTripper) {
	switch r.Method {
	case http.MethodPost:
	case http.MethodGet:
		r.Body = http.NoBody
	default: // HEAD too, which must not use up a code
		w.Header().Set("Allow", "GET, POST")
		s.writeOrest(w, r, orestFailure(&failure{status: http.StatusMethodNotAllowed, code: "invalid_request", description: "use POST"}))
		return
	}
	p, err := peek(r)
	switch {
	case errors.Is(err, errBodyTooLarge):
		s.writeOrest(w, r, orestFailure(&failure{status: http.StatusRequestEntityTooLarge, code: "invalid_request", description: err.Error()}))
		return
	case err != nil:
		s.writeOrest(w, r, orestFailure(invalidRequest(err.Error())))
		return
	}
	a, f := s.grantTokens(r, rt)
	if f != nil {
		s.writeOrest(w, r, orestTokenError(r, p, f))
		return
	}
	writeJSON(w, http.StatusOK, a)
}

// orestTokenError finds the literal code for a refusal. What the client has
// left out comes before what was wrong with the rest.
func orestTokenError(r *http.Request, p params, f *failure) *orestError {
	if f.transient() {
		return orestFailure(f)
	}
	number, message := "", ""
	switch grant := p.get("grant_type"); {
	case !p.names(clientParams...):
		number, message = "0001", "No parameter found in request"
	case grant == "" && f.code != "invalid_grant": // compat restapi does without
		number, message = "0020", "No grant_type found in request"
	case f.code == "unsupported_grant_type":
		number, message = "0021", "Invalid grant_type"
	case grant == "authorization_code":
		number, message = orestCodeError(r, p, f)
	case grant == "refresh_token":
		number, message = orestRefreshError(r, p, f)
	case f.code == "invalid_client":
		number, message = "0060", "Invalid application"
	}
	if number == "" {
		return orestFailure(f)
	}
	return &orestError{code: orestToken + number, message: message, cause: f}
}

func orestCodeError(r *http.Request, p params, f *failure) (number, message string) {
	header := len(r.Header.Values("Authorization")) > 0 && !isHeaderForm(r)
	switch {
	case p.get("code") == "":
		return "0030", "No code found in request"
	case p.get("client_id") == "" && !header:
		return "0040", "No client_id found in request"
	case p.get("client_secret") == "" && !header && f.code == "invalid_client":
		return "0050", "No client_secret found in request"
	case p.get("redirect_uri") == "":
		return "0051", "No redirect_uri found in request"
	case f.code == "invalid_client":
		return "0060", "Invalid application"
	case f.code == "invalid_grant":
		return "0070", "Invalid, expired or already used authorization code"
	}
	return "", ""
}

func orestRefreshError(r *http.Request, p params, f *failure) (number, message string) {
	switch lines := r.Header.Values("Authorization"); {
	case f.code == "invalid_client" && len(lines) == 0 && p.get("client_secret") == "":
		return "0220", "Basic http access authorization not found in header"
	case f.code == "invalid_client" && len(lines) == 1 && !isHeaderForm(r) && !isBasic(lines[0]):
		return "0202", "No http basic access authentication found in authorization header"
	case f.code == "invalid_client" && len(lines) == 1 && isBasic(lines[0]) && !decodes(lines[0]):
		return "0201", "Invalid authorization header"
	case p.get("refresh_token") == "":
		return "0203", "Refresh token not found in request"
	case f.code == "invalid_client":
		return "0204", "Client http basic access authentication failed"
	case f.code == "invalid_grant":
		return "0205", "Invalid refresh token"
	}
	return "", ""
}

func isBasic(header string) bool {
	scheme, _, _ := strings.Cut(header, " ")
	return strings.EqualFold(scheme, "Basic")
}

func decodes(header string) bool {
	_, rest, _ := strings.Cut(header, " ")
	_, ok := readBasic(strings.TrimSpace(rest))
	return ok
}
