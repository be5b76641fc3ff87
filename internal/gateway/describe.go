package gateway

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// mostAsked is how many people are asked about the fields of a model: Odoo
// hides some from some of them.
const mostAsked = 3

// asked is somebody in whose name an administrator's question of what fields
// and reports there are is put to Odoo: what Odoo answers is nobody's data, and
// no application is shown it.
type asked struct {
	uid   int64
	login string
	run   func(context.Context, odoo.Call) (odoo.Result, error)
}

// Description is what Odoo tells of models to those who have connected an
// application of a scheme, and to its service accounts. It implements
// odoo.FieldSource, for one goroutine.
type Description struct {
	service *service
	scheme  string
	people  []asked
	models  map[string]*describedModel
}

// describedModel is what was told of one model.
type describedModel struct {
	fields  odoo.Fields // of all who were asked
	missing bool
	logins  []string // who have answered
	next    int      // of the people
}

// Describe asks Odoo through rt, as far as anybody can be asked.
func (g *Gateway) Describe(ctx context.Context, rt http.RoundTripper, schemeName string) (*Description, error) {
	s, err := g.open(ctx)
	if err != nil {
		return nil, err
	}
	return s.describe(ctx, s.ceiling.Transport(rt, "", s.calls), schemeName)
}

func (s *service) describe(ctx context.Context, rt http.RoundTripper, schemeName string) (*Description, error) {
	d := &Description{service: s, scheme: schemeName, models: make(map[string]*describedModel)}
	for _, app := range s.applications.All() {
		if !app.Active || app.Scheme != schemeName {
			continue
		}
		if app.Service != nil {
			d.add(s.serviceAsked(ctx, rt, app))
		}
		held, err := s.connected(ctx, app)
		if err != nil {
			return nil, err
		}
		for _, a := range held {
			d.add(&asked{a.UID, a.Login, func(ctx context.Context, call odoo.Call) (odoo.Result, error) {
				return s.connections.Do(ctx, rt, a, connection.UserAgent(app.Title), call)
			}})
		}
	}
	return d, nil
}

// add leaves out nobody, and whoever is there already.
func (d *Description) add(a *asked) {
	if a != nil && len(d.people) < mostAsked && !slices.ContainsFunc(d.people, func(other asked) bool { return other.uid == a.uid }) {
		d.people = append(d.people, *a)
	}
}

// serviceAsked is nil where Odoo does not take the key: the doctor has a line
// of its own for that.
func (s *service) serviceAsked(ctx context.Context, rt http.RoundTripper, app *application.Application) *asked {
	agent := connection.UserAgent(app.Title)
	user, err := s.connections.ServiceUser(ctx, rt, app, agent)
	if err != nil {
		return nil
	}
	key := rpc.Key{UID: user.UID, Secret: app.Service.APIKey.Reveal(), UserAgent: agent}
	return &asked{user.UID, user.Login, func(ctx context.Context, call odoo.Call) (odoo.Result, error) {
		return s.client.CallKey(ctx, rt, key, call)
	}}
}

// connected are those who have connected an application and still are, keys
// first, as they do not log out, and the latest first.
func (s *service) connected(ctx context.Context, app *application.Application) ([]grant.Authorization, error) {
	all, err := s.store.Authorizations(ctx, grant.AuthorizationQuery{Application: app.Name, Limit: grant.MaxPage})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(a grant.Authorization) bool {
		return !a.Live() || !a.Connection.Live() || a.Database != s.database || a.Connection.Kind == grant.Service || !connection.Fits(app.Connection, a.Connection.Kind)
	})
	slices.SortStableFunc(all, func(a, b grant.Authorization) int {
		return cmp.Or(cmp.Compare(kindOrder(a), kindOrder(b)), b.Connection.Since.Compare(a.Connection.Since))
	})
	return all, nil
}

func kindOrder(a grant.Authorization) int {
	if a.Connection.Kind == grant.APIKey {
		return 0
	}
	return 1
}

// Fields implements odoo.FieldSource. They are none of a model that Odoo does
// not have, and of one that nobody could be asked about.
func (d *Description) Fields(ctx context.Context, model string) (odoo.Fields, error) {
	m, err := d.ask(ctx, model, 1)
	return m.fields, err
}

// Wider is Fields as all see them together who can be asked.
func (d *Description) Wider(ctx context.Context, model string) (odoo.Fields, error) {
	m, err := d.ask(ctx, model, mostAsked)
	return m.fields, err
}

// Missing tells whether Odoo has said that it does not have a model.
func (d *Description) Missing(model string) bool {
	m := d.models[model]
	return m != nil && m.missing
}

// ask asks until so many have answered. Its error is that of ctx.
func (d *Description) ask(ctx context.Context, model string, answers int) (*describedModel, error) {
	m := d.models[model]
	if m == nil {
		m = &describedModel{fields: odoo.Fields{}}
		d.models[model] = m
	}
	for !m.missing && len(m.logins) < answers && m.next < len(d.people) {
		if err := ctx.Err(); err != nil {
			return m, err
		}
		a := d.people[m.next]
		m.next++
		fields, err := d.service.fields.read(ctx, a.uid, model, func(ctx context.Context) (jsontext.Value, error) {
			result, err := a.run(ctx, odoo.FieldsCall(model))
			return result.Value, err
		})
		switch {
		case noSuchModel(err):
			m.missing = true
		case err != nil:
			d.service.logger.Debug("odoo does not tell the fields of a model", zap.String("model", model), zap.Error(err))
		default:
			m.logins = append(m.logins, a.login)
			for name, f := range fields {
				if _, ok := m.fields[name]; !ok {
					m.fields[name] = f
				}
			}
		}
	}
	return m, nil
}

func noSuchModel(err error) bool {
	var e *odoo.Error
	return errors.As(err, &e) && e.Kind == odoo.UnknownModel
}
