package oauth

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"github.com/caddy-odoo/gateway/internal/audit"
)

// The endpoints of the interface /orestapi that belong to the authorization
// server. They are other words for the same flows: clients, codes, consents,
// throttles and replays are judged by the code of the standard endpoints.
const (
	OrestAuthorizePath = "/orestapi/oauth2/authorization"
	OrestTokenPath     = "/orestapi/oauth2/access_token"
	OrestStatusPath    = "/orestapi/application/status"
	OrestUserPath      = "/orestapi/application/user"
	OrestLinkPath      = "/orestapi/application/confluence/link"
)

// orestError is an error in the words of that interface. Its literal codes
// have status 401, whatever is wrong.
type orestError struct {
	code    string
	message string
	// cause is the same in the words of RFC 6749, which stand beside the
	// literal ones for clients that know only those. Its status counts where
	// waiting or mending the request helps.
	cause *failure
}

// orestFailure says what has no literal code: the original answered it with
// 500, or did not know it.
func orestFailure(f *failure) *orestError {
	suffix := map[int]string{
		http.StatusForbidden: "0403", http.StatusNotFound: "0404", http.StatusMethodNotAllowed: "0405",
		http.StatusRequestEntityTooLarge: "0413", http.StatusTooManyRequests: "0429",
		http.StatusInternalServerError: "0500", http.StatusServiceUnavailable: "0503",
	}[f.status]
	if suffix == "" {
		suffix = "0400"
	}
	return &orestError{code: "OrestapiGateway-" + suffix, message: f.description, cause: f}
}

// transient tells whether a failure says nothing about what was sent.
func (f *failure) transient() bool {
	return f.status >= http.StatusInternalServerError || f.status == http.StatusTooManyRequests
}

// writeOrest answers a program of that interface.
func (s *Server) writeOrest(w http.ResponseWriter, r *http.Request, e *orestError) {
	audit.Note(r.Context(), e.cause.reason())
	f := *e.cause
	if !strings.HasPrefix(e.code, "OrestapiGateway-") {
		f.status = http.StatusUnauthorized
	}
	f.announce(w.Header())
	writeJSON(w, f.status, struct {
		Code        string `json:"orestapi_code"`
		Message     string `json:"orestapi_message"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{e.code, e.message, f.code, f.description})
}

// peek reads all parameters of a request wherever they stand, to say what is
// missing, and leaves the request as it was. It decides nothing.
func peek(r *http.Request) (params, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, errMalformed
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	p, err := readBody(r)
	r.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	query, err := readQuery(r)
	if err != nil {
		return nil, err
	}
	header, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	p.add(query)
	p.add(header)
	return p, nil
}
