package gateway

import (
	"context"
	"errors"
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// runner runs calls for one application as one person: check, do, filter.
type runner struct {
	service       *service
	app           *application.Application
	rules         *scheme.Scheme
	authorization grant.Authorization
	scope         []string
	upstream      Upstream
	request       *http.Request // that the calls belong to, for the audit trail
}

// Do implements dialect.Runner.
func (n *runner) Do(ctx context.Context, call odoo.Call) (odoo.Result, error) {
	noteCall(ctx, call, false)
	if err := n.granted(scheme.ScopeOf(call)); err != nil {
		// What is closed to everybody is no question of scopes.
		if closed := n.rules.Closed(call); closed != nil {
			return odoo.Result{}, n.refused(ctx, call, closed)
		}
		return odoo.Result{}, err
	}
	fields := personFields{n}
	checked, err := n.rules.Check(ctx, fields, call)
	if unknownField(err) && fields.refresh(ctx, call.Model) {
		// A field that was added to Odoo since the list was read.
		checked, err = n.rules.Check(ctx, fields, call)
	}
	if err != nil {
		return odoo.Result{}, n.refused(ctx, call, err)
	}
	result, err := n.ask(ctx, fields, checked)
	if err != nil {
		return odoo.Result{}, n.refused(ctx, call, err)
	}
	noteAnswer(ctx)
	filtered, err := n.rules.Filter(ctx, fields, checked, result)
	if err != nil {
		n.service.logger.Error("answer could not be filtered",
			zap.String("application", n.app.Name), zap.String("model", call.Model),
			zap.String("method", call.Method), zap.Error(err))
		return odoo.Result{}, failure(err)
	}
	n.service.store.Used(n.authorization.ID, n.service.now())
	return filtered, nil
}

// Compat implements dialect.Runner.
func (n *runner) Compat() bool { return n.app.Compat.Restapi }

// run sends a call that the rules have let through, or one of the gateway's own.
func (n *runner) run(ctx context.Context, call odoo.Call) (odoo.Result, error) {
	return n.service.connections.Do(ctx, n.upstream, n.authorization, n.service.userAgents[n.app.Name], call)
}

// refused records a refusal of the rules and words it for the application.
func (n *runner) refused(ctx context.Context, call odoo.Call, err error) *dialect.Failure {
	f := failure(err)
	var denied *scheme.Denied
	if !errors.As(err, &denied) {
		return f
	}
	noteCall(ctx, call, true)
	n.service.advice.closed(denied)
	detail := map[string]string{
		"model": named(call.Model), "method": named(call.Method), "code": denied.Code, "rule": denied.Rule,
	}
	if denied.Field != "" {
		detail["field"] = named(denied.Field)
	}
	n.service.audit.Record(ctx, n.service.gateway.event(n.request, audit.Event{
		Kind: audit.SchemeDenied, Application: n.app.Name, Subject: n.authorization.Subject, Authorization: n.authorization.ID, Detail: detail,
	}))
	return f
}

// named keeps what is no name of Odoo's out of the audit trail: it is a
// stranger's text.
func named(s string) string {
	if odoo.ValidPath(s) || odoo.ValidModel(s) || odoo.ValidMethod(s) {
		return s
	}
	return "(malformed)"
}

// unknownField tells whether the rules refused a field that Odoo may have got
// since its fields were read.
func unknownField(err error) bool {
	var denied *scheme.Denied
	return errors.As(err, &denied) && denied.Code == scheme.CodeFieldUnknown
}
