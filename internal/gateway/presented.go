package gateway

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
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
// or, at the endpoints of /restapi that the original had and only without such
// a header, as it took it: behind the word Basic, or in the URL. Which of
// that an application may do is told by [presented.by], once it is known. A
// request with two credentials, or with half of one, is malformed (RFC 6750
// section 3.1): nobody can tell which of them is meant.
func present(r *http.Request) (presented, *dialect.Failure) {
	lines := r.Header.Values("Authorization")
	legacy := strings.HasPrefix(r.URL.Path, legacyPath) && !strings.HasPrefix(r.URL.Path, restapi.BinaryPrefix)
	inURL := tokensInURL(r.URL.RawQuery)
	if len(lines) == 0 {
		switch {
		case !legacy || len(inURL) == 0:
			return presented{}, missing()
		case len(inURL) > 1:
			return presented{}, malformed()
		}
		return presented{token: inURL[0], refusal: missing()}, nil
	}
	if len(lines) > 1 || len(inURL) > 0 {
		return presented{}, malformed()
	}
	kind, raw := lines[0], ""
	if i := strings.IndexAny(lines[0], " \t,"); i >= 0 {
		kind, raw = lines[0][:i], lines[0][i:]
	}
	raw, found := strings.CutPrefix(raw, " ")
	one := found && raw != "" && strings.IndexByte(raw, ' ') < 0 && strings.IndexByte(raw, '\t') < 0 && strings.IndexByte(raw, ',') < 0
	switch {
	case strings.EqualFold(kind, "Bearer") && one:
		return presented{token: raw}, nil
	case strings.EqualFold(kind, "Bearer") || namesBearer(raw):
		return presented{}, malformed()
	case one && legacy && strings.EqualFold(kind, "Basic"):
		return presented{token: raw, refusal: missing()}, nil
	default:
		return presented{}, missing() // a scheme that is not for here
	}
}

// namesBearer tells whether what follows another scheme has a bearer token
// beside it: a list of two, as proxies make of two lines.
func namesBearer(rest string) bool {
	for word := range strings.FieldsFuncSeq(rest, func(c rune) bool { return c == ' ' || c == '\t' || c == ',' }) {
		if strings.EqualFold(word, "Bearer") {
			return true
		}
	}
	return false
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

// tokensInURL are all tokens in a query.
func tokensInURL(query string) []string {
	if query == "" {
		return nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil // no dialect takes it
	}
	var all []string
	for _, name := range legacyTokens {
		for _, value := range values[name] {
			if value != "" || len(values[name]) > 1 {
				all = append(all, value)
			}
		}
	}
	return all
}

func missing() *dialect.Failure {
	return &dialect.Failure{
		Kind: dialect.Unauthorized, Code: "token_missing", Message: "Authentication required",
		Challenge: challenge("", ""),
	}
}

func malformed() *dialect.Failure {
	const message = "The request must have one access token: Authorization: Bearer and the token"
	return &dialect.Failure{
		Kind: dialect.Malformed, Code: "invalid_request", Message: message,
		Challenge: challenge("invalid_request", message),
	}
}
