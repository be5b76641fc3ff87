package caddymodule

import (
	"encoding/json"
	"maps"
	"os"
	"os/user"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/gateway"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// described is what administrators see of a gateway that has been checked.
func (a *App) described(name string, s gatewaySettings, repl *caddy.Replacer) gateway.Described {
	d := s.described
	d.Objects = a.Gateways[name].objects(name, repl)
	d.ChangedBy = a.ChangedBy
	if d.ChangedBy == "" {
		d.ChangedBy, d.ByProcess = processName(), true
	}
	return d
}

// processName is the user and the host that this process runs as.
func processName() string {
	who, host := "unknown", "unknown"
	if u, err := user.Current(); err == nil {
		who = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return who + "@" + host
}

// personName is what a name of a person looks like on systems with sudo.
var personName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$`)

// commandedBy is who runs a command: the user and host of its process, which the
// system vouches for, and behind them the person who has become that user for it,
// as the environment says: whoever has the account can write that themselves.
func commandedBy() string {
	name := processName()
	if person := os.Getenv("SUDO_USER"); personName.MatchString(person) && !strings.HasPrefix(name, person+"@") {
		return name + ", by sudo from " + person
	}
	return name
}

// objects are what has a history: the gateway's own settings, and each
// application, model scheme and model configuration.
func (g *Gateway) objects(name string, repl *caddy.Replacer) []administration.Object {
	own := *g
	own.Applications, own.ModelSchemes, own.ModelConfigurations = nil, nil, nil
	all := []administration.Object{administration.NewObject(grant.ObjectGateway, name, fieldsOf(own))}
	for _, n := range slices.Sorted(maps.Keys(g.Applications)) {
		all = append(all, administration.NewObject(grant.ObjectApplication, n, fieldsOf(g.Applications[n].revealed(repl))))
	}
	for _, n := range slices.Sorted(maps.Keys(g.ModelSchemes)) {
		all = append(all, administration.NewObject(grant.ObjectScheme, n, fieldsOf(g.ModelSchemes[n])))
	}
	for _, n := range slices.Sorted(maps.Keys(g.ModelConfigurations)) {
		all = append(all, administration.NewObject(grant.ObjectConfiguration, n, fieldsOf(g.ModelConfigurations[n])))
	}
	return all
}

// revealed is the application with the secrets that its placeholders stand for:
// a new secret in the same file is a change, too. It must not be printed.
func (a *Application) revealed(repl *caddy.Replacer) Application {
	revealed := *a
	reveal := func(secret *string) {
		if text, err := resolve(*secret, repl); err == nil { // it was resolved before
			*secret = text
		}
	}
	for _, secret := range []*string{&revealed.ClientSecret, &revealed.SecondClientSecret, &revealed.OwnSecret} {
		reveal(secret)
	}
	if a.ServiceConnection != nil {
		service := *a.ServiceConnection
		reveal(&service.APIKey)
		revealed.ServiceConnection = &service
	}
	return revealed
}

// fieldsOf are the settings of a part of the configuration, by their names in
// JSON.
func fieldsOf(part any) map[string]string {
	var raw map[string]json.RawMessage
	text, err := json.Marshal(part)
	if err == nil {
		err = json.Unmarshal(text, &raw)
	}
	if err != nil { // it has come from JSON
		return nil
	}
	fields := make(map[string]string, len(raw))
	for name, value := range raw {
		fields[name] = string(value)
	}
	return fields
}
