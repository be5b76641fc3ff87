package oauth

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/caddy-odoo/gateway/internal/application"
)

// metadata is that of RFC 8414, without what is not there.
type metadata struct {
	Issuer              string   `json:"issuer"`
	Authorization       string   `json:"authorization_endpoint"`
	Token               string   `json:"token_endpoint"`
	Revocation          string   `json:"revocation_endpoint"`
	Introspection       string   `json:"introspection_endpoint"`
	Userinfo            string   `json:"userinfo_endpoint"`
	JWKS                string   `json:"jwks_uri"`
	Scopes              []string `json:"scopes_supported"`
	ResponseTypes       []string `json:"response_types_supported"`
	ResponseModes       []string `json:"response_modes_supported"`
	GrantTypes          []string `json:"grant_types_supported"`
	TokenAuth           []string `json:"token_endpoint_auth_methods_supported"`
	RevocationAuth      []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectionAuth   []string `json:"introspection_endpoint_auth_methods_supported"`
	ChallengeMethods    []string `json:"code_challenge_methods_supported"`
	Prompts             []string `json:"prompt_values_supported"`
	ProtectedResources  []string `json:"protected_resources"`
	ResponseIssuerParam bool     `json:"authorization_response_iss_parameter_supported"`
}

// Metadata serves the metadata. All of it comes from the configured issuer,
// nothing from the request.
func (s *Server) Metadata(w http.ResponseWriter, r *http.Request) {
	resources := make([]string, len(Resources))
	for i, path := range Resources {
		resources[i] = s.origin + path
	}
	methods := s.supportedClientAuth()
	b, err := json.Marshal(metadata{
		Issuer:              s.issuer,
		Authorization:       s.origin + AuthorizePath,
		Token:               s.origin + AccessTokenPath,
		Revocation:          s.origin + RevokePath,
		Introspection:       s.origin + IntrospectPath,
		Userinfo:            s.origin + UserinfoPath,
		JWKS:                s.origin + JWKSPath,
		Scopes:              s.supportedScopes(),
		ResponseTypes:       []string{"code"},
		ResponseModes:       []string{"query"},
		GrantTypes:          s.supportedGrants(),
		TokenAuth:           methods,
		RevocationAuth:      methods,
		IntrospectionAuth:   []string{"client_secret_basic", "client_secret_post"},
		ChallengeMethods:    []string{"S256"},
		Prompts:             []string{"none", "login", "consent", "select_account"},
		ProtectedResources:  resources,
		ResponseIssuerParam: true,
	})
	if err != nil { // texts and a bool: never fails
		s.writeFailure(w, r, serverError())
		return
	}
	s.writePublic(w, r, b)
}

// supportedGrants are the grant types that some active application may use.
func (s *Server) supportedGrants() []string {
	grants := []string{"authorization_code", "refresh_token"}
	if s.some(func(app *application.Application) bool { return !app.Public && app.Service != nil }) {
		grants = append(grants, "client_credentials")
	}
	return grants
}

// supportedClientAuth are the methods that some active application may use.
func (s *Server) supportedClientAuth() []string {
	methods := []string{"client_secret_basic", "client_secret_post"}
	if s.some(func(app *application.Application) bool { return app.Public }) {
		methods = append(methods, "none")
	}
	return methods
}

// some tells whether any active application is such a one.
func (s *Server) some(such func(*application.Application) bool) bool {
	return slices.ContainsFunc(s.Applications.All(), func(app *application.Application) bool { return app.Active && such(app) })
}

// JWKS serves the public keys of the access tokens.
func (s *Server) JWKS(w http.ResponseWriter, r *http.Request) { s.writePublic(w, r, s.Keys.JWKS()) }

// writePublic answers with a document that anybody may read and keep for a while.
func (s *Server) writePublic(w http.ResponseWriter, r *http.Request, body []byte) {
	h := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		s.writeFailure(w, r, &failure{status: http.StatusMethodNotAllowed, code: "invalid_request", description: "use GET"})
		return
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK) // also where no body follows
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
}
