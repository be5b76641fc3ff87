package gateway

import (
	"context"
	"slices"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// scopeRead is the scope that reading needs.
const scopeRead = scheme.ScopeRead

// scopeWords say what each scope allows.
var scopeWords = map[string]string{
	scopeRead:         "reading",
	scheme.ScopeWrite: "writing",
	scheme.ScopeCall:  "calling methods and printing reports",
}

// granted refuses what the access token was not granted for (RFC 6750 §3.1). A
// client is told of a scope only where the application can have it.
func (n *runner) granted(scope string) error {
	if slices.Contains(n.scope, scope) {
		return nil
	}
	if n.app.Scopes != nil && !slices.Contains(n.app.Scopes, scope) {
		return &dialect.Failure{
			Kind: dialect.Forbidden, Code: scheme.CodeOperation, Message: "The application is not configured for " + scopeWords[scope],
		}
	}
	return &dialect.Failure{
		Kind: dialect.Forbidden, Code: "insufficient_scope", Message: "The access token does not allow " + scopeWords[scope],
		Challenge: challenge("insufficient_scope", "") + `, scope="` + scope + `"`,
	}
}

// ask runs a checked call once its guards hold. What it returns is still to be
// filtered.
func (n *runner) ask(ctx context.Context, fields personFields, checked scheme.Checked) (odoo.Result, error) {
	if err := n.rules.Prove(ctx, fields, checked); err != nil {
		return odoo.Result{}, err
	}
	if checked.Answer != nil {
		return odoo.Result{Value: checked.Answer}, nil
	}
	return n.together(ctx, checked)
}
