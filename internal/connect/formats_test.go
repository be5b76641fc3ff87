package connect_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/connect"
)

// takesRequest tells whether a description has a request, whatever the ids.
func (d described31) takesRequest(method, path string) bool {
	path = strings.TrimSuffix(path, "/1")
	for at, methods := range d.Paths {
		pattern := "^" + strings.NewReplacer(".", `\.`, `{model}`, `[a-z._]+`, `/{id}`, "").Replace(at) + "$"
		if methods[strings.ToLower(method)] != nil && regexp.MustCompile(pattern).MatchString(path) {
			return true
		}
	}
	return false
}

// folder is an item of a Postman collection: a request, or others.
type folder struct {
	Name    string
	Item    []folder
	Request *struct {
		Method string
		Header []struct{ Key, Value string }
		Body   *struct{ Mode, Raw string }
		URL    struct {
			Raw        string
			Host, Path []string
			Query      []struct{ Key, Value string }
			Variable   []struct{ Key, Value string }
		}
	}
}

func (f folder) requests() []folder {
	if f.Request != nil {
		return []folder{f}
	}
	var all []folder
	for _, inside := range f.Item {
		all = append(all, inside.requests()...)
	}
	return all
}

// A Postman collection has what its schema v2.1.0 requires, and requests that
// the description has, for each model.
func TestPostman(t *testing.T) {
	for name, d := range definitions() {
		g := guide(t, wiki(), compile(t, d), erp())
		doc := readDocument(t, g)
		c := read[struct {
			Info     struct{ Name, Schema string }
			Auth     map[string]json.RawMessage
			Variable []struct{ Key, Value string }
			Item     []folder
		}](t, made(t, g, "postman"))
		if c.Info.Name == "" || c.Info.Schema != "https://schema.getpostman.com/json/collection/v2.1.0/collection.json" ||
			len(c.Variable) != 1 || c.Variable[0].Key != "base" || c.Variable[0].Value != issuer {
			t.Errorf("%s: %+v %+v", name, c.Info, c.Variable)
		}
		settings := map[string]string{}
		for _, s := range read[[]struct{ Key, Value, Type string }](t, string(c.Auth["oauth2"])) {
			settings[s.Key] = s.Value
		}
		if string(c.Auth["type"]) != `"oauth2"` || settings["grant_type"] != "authorization_code" || settings["authUrl"] != issuer+endpoints.Authorize ||
			settings["accessTokenUrl"] != issuer+endpoints.Token || settings["clientId"] != wiki().ClientID || settings["redirect_uri"] != callback {
			t.Errorf("%s: %s %v", name, c.Auth["type"], settings)
		}
		asked := map[string]bool{}
		for _, f := range (folder{Item: c.Item}).requests() {
			r := f.Request
			path := "/" + strings.Join(r.URL.Path, "/")
			if f.Name == "" || len(r.URL.Host) != 1 || !strings.HasPrefix(r.URL.Raw, "{{base}}"+path) || r.Body != nil && (r.Body.Mode != "raw" || !json.Valid([]byte(r.Body.Raw))) {
				t.Errorf("%s: %+v", name, r)
			}
			for _, v := range r.URL.Variable {
				path = strings.Replace(path, ":"+v.Key, v.Value, 1)
			}
			if path != endpoints.Me && !doc.takesRequest(r.Method, path) {
				t.Errorf("%s: %s %s is not described", name, r.Method, path)
			}
			asked[path] = true
		}
		for _, m := range g.Settings().Models {
			if !asked["/json/2/"+m.Model+"/search_read"] && !asked["/json/2/"+m.Model+"/"+string(m.Operations[0])] {
				t.Errorf("%s: nothing is asked of %s", name, m.Model)
			}
		}
	}
}

// A workflow of n8n has nodes with names of their own, connections between
// them, and a credential that the other file brings.
func TestN8n(t *testing.T) {
	service := &application.Service{Login: "robot", APIKey: application.Hide("robot-key")}
	for name, d := range definitions() {
		for _, tt := range []struct {
			edit   func(*application.Application)
			grants string
		}{
			{func(*application.Application) {}, "authorizationCode"},
			{func(a *application.Application) { a.Public, a.Secrets, a.OwnSecret = true, nil, application.Hidden{} }, "pkce"},
			{func(a *application.Application) { a.Service = service }, "authorizationCode clientCredentials"},
			{func(a *application.Application) { a.Service, a.RedirectURIs = service, nil }, "clientCredentials"},
		} {
			app := wiki()
			tt.edit(&app)
			g := guide(t, app, compile(t, d), erp())
			doc := readDocument(t, g)
			ids, grants := map[string]bool{}, []string{}
			for _, c := range read[[]struct {
				ID, Name, Type string
				Data           map[string]string
			}](t, made(t, g, "n8n-credentials")) {
				ids[c.ID] = true
				grants = append(grants, c.Data["grantType"])
				machine := c.Data["grantType"] == "clientCredentials"
				if c.Name == "" || c.Type != "oAuth2Api" || c.Data["accessTokenUrl"] != issuer+endpoints.Token || c.Data["clientId"] != app.ClientID ||
					(c.Data["authUrl"] == issuer+endpoints.Authorize) == machine || (c.Data["clientSecret"] == connect.SecretPlace) == app.Public {
					t.Errorf("%s: credential %+v", name, c)
				}
			}
			if got := strings.Join(grants, " "); got != tt.grants {
				t.Errorf("%s: grants %q, want %q", name, got, tt.grants)
			}
			w := read[struct {
				Name  string
				Nodes []struct {
					ID, Name, Type string
					TypeVersion    float64
					Position       []int
					Parameters     map[string]any
					Credentials    map[string]struct{ ID string }
				}
				Connections map[string]struct {
					Main [][]struct{ Node, Type string }
				}
			}](t, made(t, g, "n8n"))
			names, called := map[string]bool{}, []string{}
			for _, n := range w.Nodes {
				if n.ID == "" || n.Name == "" || names[n.Name] || n.TypeVersion == 0 || len(n.Position) != 2 {
					t.Errorf("%s: node %+v", name, n)
				}
				names[n.Name] = true
				if n.Type != "n8n-nodes-base.httpRequest" {
					continue
				}
				called = append(called, n.Name)
				url, _ := n.Parameters["url"].(string)
				body, _ := n.Parameters["jsonBody"].(string)
				if path, ours := strings.CutPrefix(url, issuer); !ours || !doc.takesRequest("POST", path) || !json.Valid([]byte(body)) || !ids[n.Credentials["oAuth2Api"].ID] {
					t.Errorf("%s: %+v", name, n)
				}
			}
			reached := []string{}
			for from, to := range w.Connections {
				if !names[from] {
					t.Errorf("%s: from %s", name, from)
				}
				for _, target := range to.Main[0] {
					reached = append(reached, target.Node)
				}
			}
			if !slices.Equal(reached, called) || w.Name == "" {
				t.Errorf("%s: reaches %v of %v", name, reached, called)
			}
		}
	}
}

// The part of a Forge manifest names what it refers to, and says what is
// missing.
func TestForge(t *testing.T) {
	const missing = "# Before it works: "
	for _, tt := range []struct {
		edit func(*application.Application)
		says string
	}{
		{func(a *application.Application) {
			a.RedirectURIs[0].URI = "https://id.atlassian.com/outboundAuth/finish"
		}, ""},
		{func(*application.Application) {}, "register https://id.atlassian.com/outboundAuth/finish"},
		{func(a *application.Application) {
			a.RedirectURIs[0].URI = "https://id.atlassian.com/outboundAuth/finish"
			a.RequirePKCE = true
		}, "make PKCE optional"},
		{func(a *application.Application) {
			a.RedirectURIs[0].URI = "https://id.atlassian.com/outboundAuth/finish"
			a.Public, a.Secrets = true, nil
		}, "give the application a client_secret"},
	} {
		app := wiki()
		tt.edit(&app)
		text := made(t, guide(t, app, compile(t, definitions()["sales"]), erp()), "forge")
		if strings.Contains(text, missing) != (tt.says != "") || !strings.Contains(text, tt.says) {
			t.Errorf("want %q: %s", tt.says, text)
		}
		type action struct{ Remote, Path string }
		var m struct {
			Providers struct {
				Auth []struct {
					Key, Name, Type string
					ClientID        string `yaml:"clientId"`
					BearerMethod    string `yaml:"bearerMethod"`
					Scopes, Remotes []string
					Actions         map[string]action
				}
			}
			Remotes []struct {
				Key     string
				BaseURL string `yaml:"baseUrl"`
			}
			Permissions struct {
				External struct{ Fetch struct{ Backend []string } }
			}
		}
		if err := yaml.Unmarshal([]byte(text), &m); err != nil || len(m.Providers.Auth) != 1 || len(m.Remotes) != 1 {
			t.Fatalf("%v: %s", err, text)
		}
		p, remote := m.Providers.Auth[0], m.Remotes[0]
		if !regexp.MustCompile(`^[a-z0-9_-]{1,23}$`).MatchString(p.Key) || p.Name == "" || p.Type != "oauth2" || p.BearerMethod != "authorization-header" ||
			p.ClientID != app.ClientID || !slices.Equal(p.Remotes, []string{remote.Key}) || len(p.Scopes) != 3 || remote.BaseURL != issuer ||
			!slices.Equal(m.Permissions.External.Fetch.Backend, []string{issuer}) {
			t.Errorf("manifest %s", text)
		}
		for name, path := range map[string]string{
			"authorization": endpoints.Authorize, "exchange": endpoints.Token, "refreshToken": endpoints.Token, "revokeToken": endpoints.Revoke,
			"retrieveProfile": endpoints.Me,
		} {
			if p.Actions[name] != (action{remote.Key, path}) {
				t.Errorf("%s is %+v", name, p.Actions[name])
			}
		}
	}
}

// The fields of the Confluence connector say what is missing, and what the
// macro offers; the lines for curl ask for what is described.
func TestConfluenceAndCurl(t *testing.T) {
	rules, app := compile(t, definitions()["sales"]), wiki()
	if text := made(t, guide(t, app, rules, erp()), "confluence"); !strings.Contains(text, "add compat confluence") || !strings.HasPrefix(text, "Name ") || !strings.Contains(text, " Odoo (erp.example.com), ") || !strings.Contains(text, callback) ||
		!strings.Contains(text, "Macro: Customer") || strings.Contains(text, "Lead") {
		t.Errorf("says %s", text)
	}
	app.Compat.Confluence, app.RedirectURIs[0].URI = true, "https://other.example.com/back"
	if text := made(t, guide(t, app, rules, erp()), "confluence"); strings.Contains(text, "add compat confluence") || !strings.Contains(text, "add redirect_uri") {
		t.Errorf("says %s", text)
	}
	line := regexp.MustCompile(`(?m)^(?:# )?api (-G )?"\$erp"'([^']+)'(.*)$`)
	for name, d := range definitions() {
		g := guide(t, wiki(), compile(t, d), erp())
		doc := readDocument(t, g)
		for _, found := range line.FindAllStringSubmatch(made(t, g, "curl"), -1) {
			method := "GET"
			if strings.Contains(found[3], " -d ") && found[1] == "" {
				method = "POST"
			}
			if found[2] != endpoints.Me && !doc.takesRequest(method, found[2]) {
				t.Errorf("%s: %s %s is not described", name, method, found[2])
			}
		}
	}
}
