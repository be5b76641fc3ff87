package oauth

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/application"
)

// clientParams are the parameters of the endpoints for programs.
var clientParams = []string{
	"client_id", "client_secret", "grant_type", "code", "redirect_uri", "code_verifier",
	"refresh_token", "scope", "token", "token_type_hint",
}

// credential is how a client names and proves itself: the values as sent and,
// for Basic, also the same values decoded as RFC 6749 section 2.3.1 wants it,
// because many clients leave the encoding out.
type credential struct {
	ids, secrets [2]string
	secret       bool // a secret was sent
}

// authenticateClient reads the parameters of a request and proves the client,
// before any code or token in them is looked at.
func (s *Server) authenticateClient(r *http.Request) (*application.Application, params, *failure) {
	app, p, f := s.proveClient(r)
	if f != nil && isHeaderForm(r) {
		f.scheme = headerScheme
	}
	return app, p, f
}

func (s *Server) proveClient(r *http.Request) (*application.Application, params, *failure) {
	p, f := s.clientParams(r)
	if f != nil {
		return nil, nil, f
	}
	c, f := readCredential(r, p)
	if f != nil {
		return nil, nil, f
	}
	app := s.lookUp(c)
	if f := s.prove(r, app, c, proves); f != nil {
		return nil, nil, f
	}
	if f := s.admit(r, app); f != nil {
		return nil, nil, f
	}
	return app, p, nil
}

func (s *Server) lookUp(c credential) *application.Application {
	for _, id := range c.ids {
		if app := s.Applications.ByClientID(id); app != nil {
			return app
		}
	}
	return nil
}

// clientParams reads the parameters of body and Authorization header and, for
// applications that keep the legacy habit, of the URL.
func (s *Server) clientParams(r *http.Request) (params, *failure) {
	p, err := readBody(r)
	switch {
	case errors.Is(err, errBodyTooLarge):
		return nil, &failure{status: http.StatusRequestEntityTooLarge, code: "invalid_request", description: err.Error()}
	case err != nil:
		return nil, invalidRequest(err.Error())
	}
	header, err := readHeader(r)
	if err != nil {
		return nil, invalidRequest(err.Error())
	}
	query, err := readQuery(r)
	if err != nil {
		return nil, invalidRequest(err.Error())
	}
	if header != nil && (p.names("client_id", "client_secret") || query.names("client_id", "client_secret")) {
		return nil, invalidRequest("the client authenticates in two ways")
	}
	p.add(header)
	inURL := params{}
	for _, name := range clientParams {
		if values := query[name]; len(values) > 0 {
			inURL[name] = values
		}
	}
	if len(inURL) > 0 {
		if !s.mayUseQuery(r, p, inURL) {
			return nil, invalidRequest("parameters belong into the body, not into the URL")
		}
		p.add(inURL)
	}
	if p.twice(clientParams...) {
		return nil, invalidRequest("a parameter was sent twice")
	}
	return p, nil
}

// mayUseQuery tells whether the client keeps the habit of sending parameters
// in the URL, where they end up in logs.
func (s *Server) mayUseQuery(r *http.Request, sent, query params) bool {
	both := params{}
	both.add(sent)
	both.add(query)
	c, f := readCredential(r, both)
	if f != nil {
		return false
	}
	app := s.lookUp(c)
	if app == nil {
		return false
	}
	if !app.Compat.Confluence && !app.Compat.Restapi {
		if _, warned := s.warned.LoadOrStore(app.Name, true); !warned {
			s.Logger.Warn("token parameters in the URL are refused: compat confluence tolerates them", zap.String("application", app.Name))
		}
		return false
	}
	if _, warned := s.warned.LoadOrStore(app.Name, true); !warned {
		s.Logger.Warn("application sends token parameters in the URL", zap.String("application", app.Name))
	}
	return true
}

// readCredential finds the one way in which the client authenticates. The
// parameters include those of the header, of which there is one at most.
func readCredential(r *http.Request, p params) (credential, *failure) {
	id, secret := p.get("client_id"), p.get("client_secret")
	headers := r.Header.Values("Authorization")
	switch {
	case len(headers) == 0 || isHeaderForm(r):
		if id == "" {
			return credential{}, unnamedClient()
		}
		return credential{ids: [2]string{id}, secrets: [2]string{secret}, secret: secret != ""}, nil
	}
	scheme, rest, _ := strings.Cut(headers[0], " ")
	switch {
	case strings.Contains(rest, ","):
		return credential{}, invalidRequest("the Authorization header names more than one scheme")
	case !strings.EqualFold(scheme, "Basic"):
		return credential{}, unnamedClient()
	}
	c, ok := readBasic(strings.TrimSpace(rest))
	switch {
	case !ok:
		return credential{}, invalidClient()
	case secret != "":
		return credential{}, invalidRequest("the client authenticates in two ways")
	case id != "" && id != c.ids[0] && id != c.ids[1]:
		return credential{}, invalidRequest("client_id differs from the one in Authorization")
	}
	return c, nil
}

func readBasic(encoded string) (credential, bool) {
	plain, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return credential{}, false
	}
	id, secret, ok := strings.Cut(string(plain), ":")
	if !ok || id == "" {
		return credential{}, false
	}
	c := credential{ids: [2]string{id}, secrets: [2]string{secret}, secret: secret != ""}
	if d, err := url.QueryUnescape(id); err == nil {
		c.ids[1] = d
	}
	if d, err := url.QueryUnescape(secret); err == nil {
		c.secrets[1] = d
	}
	return c, true
}
