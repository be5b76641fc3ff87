package connection

import (
	"context"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// User is somebody in Odoo with an API key, which internal users alone have.
type User struct {
	UID      int64
	Login    string
	Name     string
	Database string
}

// account is the service account of an application, nil where it has none.
func (m *Manager) account(name string) *application.Service {
	if m.service == nil {
		return nil
	}
	return m.service(name)
}

// ServiceUser tells whose account the service account of an application is. It
// asks Odoo each time. The error is an *odoo.Error: AccessDenied means that
// the login or its key is refused, or that the key is somebody else's.
func (m *Manager) ServiceUser(ctx context.Context, rt http.RoundTripper, app *application.Application, userAgent string) (User, error) {
	if app.Service == nil {
		return User{}, &odoo.Error{Kind: odoo.AccessDenied, Message: "the application has no service account"}
	}
	key := rpc.Key{Secret: app.Service.APIKey.Reveal(), UserAgent: userAgent}
	uid, err := m.client.Authenticate(ctx, rt, app.Service.Login, key)
	if err != nil {
		return User{}, err
	}
	key.UID = uid
	result, err := m.client.CallKey(ctx, rt, key, odoo.Call{
		Model: "res.users", Method: "read", IDs: []int64{uid},
		Kwargs: map[string]any{"fields": []any{"login", "name"}},
	})
	if err != nil {
		return User{}, err
	}
	records, err := odoo.Records(result.Value)
	if err != nil || len(records) != 1 {
		return User{}, &odoo.Error{Kind: odoo.Server, Message: "reading one's own record gave no record", Err: err}
	}
	user := User{
		UID: uid, Database: m.client.Database(), Login: text(records[0].Get("login")), Name: text(records[0].Get("name")),
	}
	// From 19 on a key needs no login: a key of another account would act as
	// that, whatever the configuration says.
	if user.Login != app.Service.Login {
		return User{}, &odoo.Error{Kind: odoo.AccessDenied, Message: "the key belongs to another login"}
	}
	return user, nil
}

// text is a value of Odoo's as a text; false, which is none, is "".
func text(v []byte) string {
	parsed, err := odoo.ParseJSON(v, odoo.DefaultLimits)
	if err != nil {
		return ""
	}
	s, _ := parsed.(string)
	return s
}
