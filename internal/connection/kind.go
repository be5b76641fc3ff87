package connection

import (
	"errors"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// ErrWrongKind: the application takes connections of another kind by now. The
// connection has not ended: it works again where the setting is changed back.
var ErrWrongKind = errors.New("the application takes another kind of connection")

// Fits tells whether an application with that setting takes connections of that
// kind. One from before a change of the setting is refused, and replaced the
// next time that its person comes along.
func Fits(setting application.Connection, kind grant.ConnectionKind) bool {
	switch {
	case kind == grant.Service:
		return true // chosen by who configures the application
	case setting == application.ConnectionAPIKey:
		return kind == grant.APIKey
	case setting == application.ConnectionSession:
		return kind == grant.Session
	default:
		return true
	}
}

// fits is Fits for an authorization.
func (m *Manager) fits(a grant.Authorization) bool {
	return m.takes == nil || Fits(m.takes(a.Application), a.Connection.Kind)
}

func wrongKind() error {
	return &odoo.Error{Kind: odoo.SessionExpired, Message: ErrWrongKind.Error(), Err: ErrWrongKind}
}
