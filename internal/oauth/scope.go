package oauth

import (
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/application"
)

// The scopes that exist. What an application may be granted of them is up to
// its configuration and its model scheme.
const (
	ScopeRead  = application.ScopeRead
	ScopeWrite = application.ScopeWrite
	ScopeCall  = application.ScopeCall
)

var knownScopes = application.Scopes()

// mayHave are the scopes that an application may be granted.
func mayHave(app *application.Application, scheme Scheme) []string {
	return app.MayHave(scheme.Scopes())
}

// grantedScope is what an application gets that asks for a scope: what it may
// have of it, in the order asked. No scope asks for all that it may have.
func grantedScope(app *application.Application, scheme Scheme, asked string) ([]string, *failure) {
	lenient := app.Compat.Confluence || app.Compat.Restapi
	may := mayHave(app, scheme)
	named := false
	var granted []string
	for word := range strings.FieldsSeq(asked) {
		if !slices.Contains(knownScopes, word) {
			if lenient {
				continue
			}
			return nil, unknownScope()
		}
		named = true
		if slices.Contains(may, word) && !slices.Contains(granted, word) {
			granted = append(granted, word)
		}
	}
	if !named {
		granted = may
	}
	if len(granted) == 0 {
		return nil, invalidScope("the application may have none of the scopes")
	}
	return granted, nil
}

// unknownScope names the scopes that there are, as the one asked for is a
// stranger's text.
func unknownScope() *failure {
	return invalidScope("scopes are " + strings.Join(knownScopes, ", ") + ", and no others")
}

// stillHas is what an application may have today of a scope that it was once
// granted: its configuration and its model scheme may have become narrower.
func (s *Server) stillHas(app *application.Application, granted []string) []string {
	scheme := s.Scheme(app.Scheme)
	if scheme == nil {
		return nil
	}
	may := mayHave(app, scheme)
	return slices.DeleteFunc(slices.Clone(granted), func(s string) bool { return !slices.Contains(may, s) })
}

// supportedScopes are the scopes that any active application may be granted,
// for the metadata.
func (s *Server) supportedScopes() []string {
	some := map[string]bool{}
	for _, app := range s.Applications.All() {
		scheme := s.Scheme(app.Scheme)
		if !app.Active || scheme == nil {
			continue
		}
		for _, scope := range mayHave(app, scheme) {
			some[scope] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(knownScopes), func(s string) bool { return !some[s] })
}

// covers tells whether a consent to have includes want. A nil consent is to
// all that the application may have.
func covers(have, want []string) bool {
	if have == nil {
		return true
	}
	for _, w := range want {
		if !slices.Contains(have, w) {
			return false
		}
	}
	return true
}
