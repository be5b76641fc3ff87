package gateway

import (
	"context"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/oauth"
)

// connections lets the authorization server act as people later.
type connections struct{ *connection.Manager }

// ServiceUser implements oauth.Connections.
func (c connections) ServiceUser(ctx context.Context, rt http.RoundTripper, app *application.Application, userAgent string) (oauth.Person, error) {
	u, err := c.Manager.ServiceUser(ctx, rt, app, userAgent)
	if err != nil {
		return oauth.Person{}, err
	}
	return oauth.Person{UID: u.UID, Login: u.Login, Name: u.Name, Database: u.Database, Internal: true}, nil
}

// connectionEnded records the end of a connection, beside what comes of the
// request that has found it out.
func (s *service) connectionEnded(ctx context.Context, a grant.Authorization, reason string) {
	s.audit.Record(audit.Beside(ctx), audit.Event{
		Time: s.now(), Kind: audit.ConnectionEnded, Gateway: s.name, Application: a.Application, Subject: a.Subject, Authorization: a.ID,
		Detail: map[string]string{"reason": reason, "connection": string(a.Connection.Kind)},
	})
}

// allow tells who may connect an application. What is not configured any more
// is out of use before anybody asks.
func (s *service) allow(name string) application.Allow {
	if app := s.applications.ByName(name); app != nil {
		return app.Allow
	}
	return application.Allow{}
}

// takes tells what connections an application takes.
func (s *service) takes(name string) application.Connection {
	if app := s.applications.ByName(name); app != nil {
		return app.Connection
	}
	return application.ConnectionAsk
}

// serviceAccount is what an application's client_credentials act as.
func (s *service) serviceAccount(name string) *application.Service {
	if app := s.applications.ByName(name); app != nil && app.Active {
		return app.Service
	}
	return nil
}
