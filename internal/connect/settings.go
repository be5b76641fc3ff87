package connect

import (
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// Settings are the addresses and values that a client is given.
type Settings struct {
	Application string `json:"application"`
	Title       string `json:"title"`
	// Active is false for an archived application: nothing of it works.
	Active        bool   `json:"active"`
	Issuer        string `json:"issuer"`
	Metadata      string `json:"metadata_url"`
	Authorization string `json:"authorization_url"`
	Token         string `json:"token_url"`
	Revocation    string `json:"revocation_url"`
	// Introspection is "" for a public client, which can not prove itself there.
	Introspection string `json:"introspection_url,omitempty"`
	Userinfo      string `json:"userinfo_url"`
	JWKS          string `json:"jwks_url"`
	ClientID      string `json:"client_id"`
	// ClientSecret is SecretPlace, or "" for a public client: never a secret.
	ClientSecret string   `json:"client_secret,omitempty"`
	RedirectURIs []string `json:"redirect_uris"`
	Scopes       []string `json:"scopes"`
	Grants       []string `json:"grant_types"`
	// AuthMethods are how the client proves itself at the token endpoint.
	AuthMethods []string `json:"token_endpoint_auth_methods"`
	// PKCE is "required" or "optional", always with S256.
	PKCE       string      `json:"pkce"`
	Interfaces []Interface `json:"interfaces"`
	Models     []Model     `json:"models"`
	// OtherModels: the scheme opens models without a configuration, too, for
	// reading.
	OtherModels bool `json:"other_models"`
}

// Interface is a way to the records.
type Interface struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Model is one that the application may use.
type Model struct {
	Model      string             `json:"model"`
	Name       string             `json:"name"`
	Operations []scheme.Operation `json:"operations"`
	// Methods are those of the configuration; Odoo's own follow from the
	// operations.
	Methods []string `json:"methods,omitempty"`
	Reports []string `json:"reports,omitempty"`
}

// Settings are those of the guide's application.
func (g *Guide) Settings() Settings {
	at := func(path string) string { return g.Issuer + path }
	s := Settings{
		Application: g.app.Name, Title: g.app.Title, Active: g.app.Active, Issuer: g.Issuer, Metadata: at(g.Endpoints.Metadata),
		Authorization: at(g.Endpoints.Authorize), Token: at(g.Endpoints.Token), Revocation: at(g.Endpoints.Revoke),
		Userinfo: at(g.Endpoints.Userinfo), JWKS: at(g.Endpoints.JWKS), ClientID: g.app.ClientID, RedirectURIs: g.redirectURIs(),
		Scopes: g.scopes, Grants: g.grants(), AuthMethods: []string{"none"}, PKCE: g.pkce(), Interfaces: g.interfaces(),
		Models: make([]Model, len(g.models)), OtherModels: g.others != nil,
	}
	if g.confidential() {
		s.ClientSecret, s.Introspection = SecretPlace, at(g.Endpoints.Introspect)
		s.AuthMethods = []string{"client_secret_basic", "client_secret_post"}
	}
	for i, m := range g.models {
		s.Models[i] = Model{Model: m.Model.Model, Name: m.Name, Operations: m.Operations, Reports: m.Reports}
		for _, method := range m.Methods {
			if method.Own {
				s.Models[i].Methods = append(s.Models[i].Methods, method.Name)
			}
		}
	}
	return s
}

// grants are the grant types that the application may use.
func (g *Guide) grants() []string {
	all := []string{}
	if g.forPeople() {
		all = append(all, "authorization_code", "refresh_token")
	}
	if g.service() {
		all = append(all, "client_credentials")
	}
	return all
}

// service tells whether the application may act for itself.
func (g *Guide) service() bool { return g.app.Service != nil && g.confidential() }

func (g *Guide) pkce() string {
	if g.app.Public || g.app.RequirePKCE {
		return "required"
	}
	return "optional"
}

// interfaces are those that open anything to the application.
func (g *Guide) interfaces() []Interface {
	all := []Interface{}
	if len(g.models) == 0 && g.others == nil {
		return all
	}
	base := func(prefix string) string { return g.Issuer + strings.TrimSuffix(prefix, "/") }
	all = append(all, Interface{"json2", base(g.Endpoints.JSON2)}, Interface{"restapi", base(g.Endpoints.Objects)})
	if slices.Contains(g.scopes, application.ScopeRead) { // it only reads
		all = append(all, Interface{"orestapi", base(g.Endpoints.Orest)})
	}
	return all
}

func (g *Guide) json() []byte { return indented(g.Settings()) }

// text is the settings for people to copy from.
func (g *Guide) text() []byte {
	s := g.Settings()
	rows := [][2]string{{"Application", s.Title + " (" + s.Application + ")"}}
	if !s.Active {
		rows = append(rows, [2]string{"", "archived: nothing of it works until the configuration switches it on"})
	}
	add := func(name string, values ...string) {
		for i, value := range values {
			if i > 0 {
				name = ""
			}
			if value != "" {
				rows = append(rows, [2]string{name, value})
			}
		}
	}
	add("Issuer", s.Issuer)
	add("Metadata URL", s.Metadata)
	add("Authorization URL", s.Authorization)
	add("Token URL", s.Token)
	add("Revocation URL", s.Revocation)
	add("Introspection URL", s.Introspection)
	add("Userinfo URL", s.Userinfo)
	add("JWKS URL", s.JWKS)
	add("Client ID", s.ClientID)
	add("Client secret", s.ClientSecret)
	add("Redirect URI", s.RedirectURIs...)
	add("Scopes", strings.Join(s.Scopes, " "))
	add("Grant types", s.Grants...)
	add("Client authentication", s.AuthMethods...)
	add("PKCE", s.PKCE+" (S256)")
	for _, i := range s.Interfaces {
		add("Interface "+i.Name, i.URL)
	}
	for _, m := range s.Models {
		words := []string{}
		for _, op := range m.Operations {
			words = append(words, string(op))
		}
		add("Model "+m.Model, strings.Join(slices.Concat(words, m.Methods, m.Reports), " "))
	}
	if s.OtherModels {
		add("Other models", string(scheme.Read))
	}
	return aligned(rows)
}

// aligned writes names and values in two columns, each value on its own line.
func aligned(rows [][2]string) []byte {
	width := 0
	for _, row := range rows {
		width = max(width, len([]rune(line(row[0]))))
	}
	var b strings.Builder
	for _, row := range rows {
		name := line(row[0])
		b.WriteString(name + strings.Repeat(" ", width-len([]rune(name))+2) + oneLine(row[1]) + "\n")
	}
	return []byte(b.String())
}

// oneLine is line without a bound: a value that is cut short is wrong.
func oneLine(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "�") {
		if line(string(r)) == "" {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}
