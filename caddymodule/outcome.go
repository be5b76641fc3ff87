package caddymodule

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddy-odoo/gateway/internal/gateway"
)

// What has come of a request stands in its entry of the access log, as the
// object "odoo_gateway", and in placeholders, for those who write logs of their
// own. A request that is handed on to Odoo has neither: the gateway has decided
// nothing there, and what a client sends makes none.

// outcomeVar is where the outcome waits for the entries that the gateway writes
// itself.
const outcomeVar = "odoo_gateway.outcome"

// outcomePlaceholders are the placeholders, with what they stand for.
var outcomePlaceholders = map[string]func(gateway.Outcome) string{
	"http.odoo_gateway.gateway":     func(o gateway.Outcome) string { return o.Gateway },
	"http.odoo_gateway.application": func(o gateway.Outcome) string { return o.Application },
	"http.odoo_gateway.person":      func(o gateway.Outcome) string { return o.Subject },
	"http.odoo_gateway.login":       func(o gateway.Outcome) string { return o.Login },
	"http.odoo_gateway.dialect":     func(o gateway.Outcome) string { return o.Dialect },
	"http.odoo_gateway.operation":   func(o gateway.Outcome) string { return o.Operation },
	"http.odoo_gateway.model":       func(o gateway.Outcome) string { return o.Model },
	"http.odoo_gateway.decision":    func(o gateway.Outcome) string { return string(o.Decision) },
	"http.odoo_gateway.code":        func(o gateway.Outcome) string { return o.Code },
}

// noteOutcome makes the outcome of a request known to its logs. The field for
// the access log is made where there is one.
func noteOutcome(r *http.Request, o *gateway.Outcome) {
	ctx := r.Context()
	if repl, ok := ctx.Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		repl.Map(func(key string) (any, bool) {
			value, ok := outcomePlaceholders[key]
			if !ok {
				return nil, false
			}
			return value(*o), true
		})
	}
	if server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server); !ok || server == nil || server.Logs == nil {
		return
	}
	if extra, ok := ctx.Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields); ok {
		extra.Set(outcomeField(o))
	}
	caddyhttp.SetVar(ctx, outcomeVar, o)
}

func outcomeField(o *gateway.Outcome) zap.Field {
	return zap.Object("odoo_gateway", (*loggedOutcome)(o))
}

// loggedOutcome leaves out what there is not.
type loggedOutcome gateway.Outcome

// MarshalLogObject implements zapcore.ObjectMarshaler.
func (o *loggedOutcome) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	for _, f := range []struct{ name, value string }{
		{"gateway", o.Gateway}, {"application", o.Application}, {"person", o.Subject}, {"login", o.Login}, {"dialect", o.Dialect},
		{"operation", o.Operation}, {"model", o.Model}, {"decision", string(o.Decision)}, {"code", o.Code},
	} {
		if f.value != "" {
			enc.AddString(f.name, f.value)
		}
	}
	enc.AddDuration("odoo", o.Odoo)
	return nil
}

// Interface guards
var _ zapcore.ObjectMarshaler = (*loggedOutcome)(nil)
