package oauth

import (
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/application"
)

// The scopes. Only reading can be granted so far; the others are known, so
// that asking for them too is no error.
const (
	ScopeRead  = "odoo.read"
	ScopeWrite = "odoo.write"
	ScopeCall  = "odoo.call"
)

var (
	knownScopes     = []string{ScopeRead, ScopeWrite, ScopeCall}
	grantableScopes = []string{ScopeRead}
)

// grantedScope is what an application gets that asks for a scope: what may be
// granted of it, in the order asked. No scope asks for all that it may have.
func grantedScope(app *application.Application, asked string) ([]string, *failure) {
	lenient := app.Compat.Confluence || app.Compat.Restapi
	var known, granted []string
	for word := range strings.FieldsSeq(asked) {
		if !slices.Contains(knownScopes, word) {
			if lenient {
				continue
			}
			return nil, invalidScope()
		}
		known = append(known, word)
		if slices.Contains(grantableScopes, word) && !slices.Contains(granted, word) {
			granted = append(granted, word)
		}
	}
	if len(known) == 0 {
		return slices.Clone(grantableScopes), nil
	}
	if len(granted) == 0 {
		return nil, invalidScope()
	}
	return granted, nil
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
