package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/grant"
)

func init() {
	caddy.RegisterModule(adminAPI{})
}

// maxAdminBody bounds what is read of a request to the admin API, in bytes.
const maxAdminBody = 1 << 20

// adminAPI adds the gateway's endpoints to Caddy's admin API:
//
//	GET  /odoo_gateway/ready
//	GET  /odoo_gateway/doctor?gateway=&store=&seal_key=
//	GET  /odoo_gateway/authorizations?gateway=&application=&subject=&login=&revoked=true&after=&limit=
//	POST /odoo_gateway/authorizations/revoke
//	GET  /odoo_gateway/codes?gateway=&application=&authorization=&after=&limit=
//	GET  /odoo_gateway/audit?gateway=&kind=&application=&subject=&login=&authorization=&all=true&after=&limit=
//	GET  /odoo_gateway/audit/verify?gateway=
//	GET  /odoo_gateway/applications?gateway=&name=
//	GET  /odoo_gateway/model_schemes?gateway=&name=
//	GET  /odoo_gateway/model_configurations?gateway=&name=
//	GET  /odoo_gateway/history?gateway=&kind=&after=&limit=
//	GET  /odoo_gateway/explain?gateway=&application=&model=&operation=&fields=a,b
//	GET  /odoo_gateway/connect?gateway=&application=&format=
//	GET  /odoo_gateway/keys?gateway=
//	POST /odoo_gateway/keys/rotate
//	GET  /odoo_gateway/backup
//
// All parameters but an explanation's application and model, and the application
// to connect, may be left out. The doctor looks at all gateways then; the
// others need a name only where there is more than one. Parameters that are
// not known are errors: a filter that is misspelt would mean everybody. The
// bodies of the POSTs are [revokeRequest] and [rotateRequest], in JSON.
//
// Who may ask, and from where, is Caddy's to say.
type adminAPI struct{}

// CaddyModule returns the Caddy module information.
func (adminAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "admin.api.odoo_gateway",
		New: func() caddy.Module { return new(adminAPI) },
	}
}

// Routes implements caddy.AdminRouter.
func (adminAPI) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{
		{Pattern: readyEndpoint, Handler: adminHandler(http.MethodGet, serveReady)},
		{Pattern: doctorEndpoint, Handler: adminHandler(http.MethodGet, serveDoctor)},
		{Pattern: authorizationsEndpoint, Handler: adminHandler(http.MethodGet, serveAuthorizations)},
		{Pattern: revokeEndpoint, Handler: adminHandler(http.MethodPost, serveRevoke)},
		{Pattern: keysEndpoint, Handler: adminHandler(http.MethodGet, serveKeys)},
		{Pattern: rotateEndpoint, Handler: adminHandler(http.MethodPost, serveRotate)},
		{Pattern: explainEndpoint, Handler: adminHandler(http.MethodGet, serveExplain)},
		{Pattern: auditEndpoint, Handler: adminHandler(http.MethodGet, serveAudit)},
		{Pattern: verifyEndpoint, Handler: adminHandler(http.MethodGet, serveVerify)},
		{Pattern: applicationsEndpoint, Handler: adminHandler(http.MethodGet, serveApplications)},
		{Pattern: schemesEndpoint, Handler: adminHandler(http.MethodGet, serveSchemes)},
		{Pattern: configurationsEndpoint, Handler: adminHandler(http.MethodGet, serveConfigurations)},
		{Pattern: historyEndpoint, Handler: adminHandler(http.MethodGet, serveHistory)},
		{Pattern: backupEndpoint, Handler: caddy.AdminHandlerFunc(serveBackup)},
		{Pattern: connectEndpoint, Handler: adminHandler(http.MethodGet, serveConnect)},
		{Pattern: codesEndpoint, Handler: adminHandler(http.MethodGet, serveCodes)},
	}
}

// adminHandler refuses all methods but one, and finds the app that runs.
func adminHandler(method string, serve func(*App, *http.Request) (any, error)) caddy.AdminHandler {
	return caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != method {
			return adminError(http.StatusMethodNotAllowed, "method not allowed: use "+method)
		}
		app, err := activeApp()
		if err != nil {
			return err
		}
		answer, err := serve(app, r)
		if err != nil {
			return adminFailure(err)
		}
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(answer)
	})
}

// activeApp returns the app of the configuration that runs now: after a failed
// reload that is the old one, hence it is looked up for each request.
func activeApp() (*App, error) {
	app, err := caddy.ActiveContext().AppIfConfigured("odoo_gateway")
	if errors.Is(err, caddy.ErrNotConfigured) {
		return nil, adminError(http.StatusNotFound, "the app odoo_gateway is not configured")
	}
	if err != nil {
		return nil, caddy.APIError{HTTPStatus: http.StatusInternalServerError, Err: err}
	}
	return app.(*App), nil
}

// named returns a gateway by name, or the only one where the name is empty.
func (a *App) named(name string) (*served, error) {
	if name == "" && len(a.gateways) != 1 {
		all := strings.Join(slices.Sorted(maps.Keys(a.gateways)), ", ")
		return nil, adminError(http.StatusBadRequest, fmt.Sprintf("say which gateway: there are %d: %s", len(a.gateways), all))
	}
	s, err := a.gateway(name)
	if err != nil {
		return nil, caddy.APIError{HTTPStatus: http.StatusNotFound, Err: err}
	}
	return s, nil
}

// desk is where administrators who come over the admin API work.
func (a *App) desk(gateway string, r *http.Request) (*administration.Desk, error) {
	s, err := a.named(gateway)
	if err != nil {
		return nil, err
	}
	return s.desk(r)
}

// deskPage is the desk for the gateway that the parameters name, and the page
// of a list that they ask for.
func (a *App) deskPage(p map[string]string, r *http.Request) (*administration.Desk, administration.Page, error) {
	limit, err := readLimit(p)
	if err != nil {
		return nil, administration.Page{}, err
	}
	desk, err := a.desk(p["gateway"], r)
	return desk, administration.Page{After: p["after"], Limit: limit}, err
}

func (s *served) desk(r *http.Request) (*administration.Desk, error) {
	return s.Administration(r.Context(), actor(r))
}

// noApplication refuses a name, and tells those that there are: one letter of
// it may be wrong.
func (s *served) noApplication(name string) error {
	there := make([]string, len(s.settings.applications))
	for i, a := range s.settings.applications {
		there[i] = a.Name
	}
	slices.Sort(there)
	configured := "none is configured"
	if len(there) > 0 {
		configured = "configured: " + strings.Join(there, ", ")
	}
	return adminError(http.StatusNotFound, fmt.Sprintf("there is no application %q; %s", name, configured))
}

// actor is who asks the admin API, which knows no person.
func actor(r *http.Request) administration.Actor {
	a := administration.Actor{Via: administration.ViaAPI}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		a.Address = host
	}
	return a
}

// readParameters returns the parameters of a request, each at most once and
// none but those that are known.
func readParameters(r *http.Request, known ...string) (map[string]string, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, adminError(http.StatusBadRequest, "the parameters are malformed")
	}
	p := make(map[string]string, len(query))
	for name, values := range query {
		if !slices.Contains(known, name) {
			return nil, adminError(http.StatusBadRequest, fmt.Sprintf("unknown parameter %q: known are %s", name, strings.Join(known, ", ")))
		}
		if len(values) != 1 {
			return nil, adminError(http.StatusBadRequest, fmt.Sprintf("parameter %q is given twice", name))
		}
		p[name] = values[0]
	}
	return p, nil
}

// readLimit returns the size of a page.
func readLimit(p map[string]string) (int, error) {
	if p["limit"] == "" {
		return grant.DefaultPage, nil
	}
	n, err := strconv.Atoi(p["limit"])
	if err != nil || n < 1 || n > grant.MaxPage {
		return 0, adminError(http.StatusBadRequest, fmt.Sprintf("limit is not between 1 and %d", grant.MaxPage))
	}
	return n, nil
}

// readJSON reads a body that is one value of known fields.
func readJSON(r *http.Request, to any) error {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxAdminBody))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return adminError(http.StatusBadRequest, "the body is not as expected: "+err.Error())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return adminError(http.StatusBadRequest, "the body goes on after its value")
	}
	return nil
}

func adminError(status int, text string) error {
	return caddy.APIError{HTTPStatus: status, Err: errors.New(text)}
}

// adminFailure gives an error the status that says what to do about it.
func adminFailure(err error) error {
	status := http.StatusInternalServerError
	if none := (administration.ErrNoAuthorization{}); errors.As(err, &none) || errors.Is(err, administration.ErrUnknown) {
		status = http.StatusNotFound
	}
	if api := (caddy.APIError{}); errors.As(err, &api) {
		status = api.HTTPStatus
	} else if errors.Is(err, grant.ErrUnavailable) {
		status = http.StatusServiceUnavailable
	}
	return caddy.APIError{HTTPStatus: status, Err: err}
}

// Interface guards
var _ caddy.AdminRouter = adminAPI{}
