package gateway

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/dialect"
)

// presented is an access token as a request carries it.
type presented struct {
	token string
	// refusal is the answer where the application may not send its token in
	// this way: nil for a bearer token.
	refusal *dialect.Failure
}

// legacyPath is the interface whose original took tokens in other ways.
const legacyPath = "/restapi/1.0/"

// legacyTokens are the parameters of the URL in which the original took tokens.
var legacyTokens = [...]string{"access_token", "basic_access_token"}

// present finds the one token of a request: in its only Authorization header
// or, at the endpoints of /restapi and only without such a header, as that
// interface's original took it: behind the word Basic, or in the URL. Which of
// that an application may do is told by [presented.by], once it is known.
func present(r *http.Request) (presented, *dialect.Failure) {
	lines := r.Header.Values("Authorization")
	legacy := strings.HasPrefix(r.URL.Path, legacyPath)
	if len(lines) == 0 {
		if raw := tokenInURL(r.URL.RawQuery); legacy && raw != "" {
			return presented{token: raw, refusal: missing()}, nil
		}
		return presented{}, missing()
	}
	kind, raw, found := strings.Cut(lines[0], " ")
	one := len(lines) == 1 && found && raw != "" && !strings.ContainsAny(raw, " \t,")
	switch {
	case one && strings.EqualFold(kind, "Bearer"):
		return presented{token: raw}, nil
	case one && legacy && strings.EqualFold(kind, "Basic"):
		return presented{token: raw, refusal: noBearer()}, nil
	default:
		return presented{}, noBearer()
	}
}

// by says why the application, nil where the token is nobody's, may not
// present its token in this way. Nobody learns more about a token than what
// answers without one.
func (p presented) by(app *application.Application) *dialect.Failure {
	if p.refusal == nil || app != nil && app.Compat.Restapi {
		return nil
	}
	return p.refusal
}

// tokenInURL is the only token in a query, "" where there is none or more.
func tokenInURL(query string) string {
	values, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	var all []string
	for _, name := range legacyTokens {
		all = append(all, values[name]...)
	}
	if len(all) != 1 {
		return ""
	}
	return all[0]
}

func missing() *dialect.Failure {
	return &dialect.Failure{
		Kind: dialect.Unauthorized, Code: "token_missing", Message: "Authentication required",
		Challenge: challenge("", ""),
	}
}

func noBearer() *dialect.Failure {
	return unauthorized("The Authorization header is not one bearer token")
}
