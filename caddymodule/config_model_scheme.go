package caddymodule

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/gateway"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// ModelScheme says which models applications may reach. Any number of
// applications may share one.
//
// In a Caddyfile:
//
//	model_scheme <name> {
//		name        <title>
//		description <text>
//		whitelist   <model_configurations...>
//		active      [true|false]
//	}
//
// Instead of the whitelist, a scheme may open all models for reading, as far as
// each person may read them, but for the sensitive ones:
//
//	model_scheme <name> {
//		none | blacklist <models...>
//		configurations <model_configurations...>
//	}
//
// A gateway without any scheme has the scheme "default", which opens the usual
// fields of contacts (res.partner) for reading, to all applications that name
// no other.
type ModelScheme struct {
	// The title that people read. Default: the configured name.
	Name string `json:"name,omitempty"`

	// What the scheme is for, for administrators. Default: none.
	Description string `json:"description,omitempty"`

	// The names of the model configurations that are open; all other models
	// are closed. Applications and people see them in this order. One of
	// `whitelist`, `blacklist` and `none` is required.
	Whitelist []string `json:"whitelist,omitempty"`

	// The models that are closed, by their technical names; `hr.*` are `hr`
	// and all below it. All others can be read, but for the sensitive ones.
	// Default: none.
	Blacklist []string `json:"blacklist,omitempty"`

	// Limits nothing: all models can be read, but for the sensitive ones.
	// Default: `false`.
	None bool `json:"none,omitempty"`

	// With `blacklist` and `none`: model configurations that hold for their
	// models, instead of reading all fields. Default: none.
	Configurations []string `json:"configurations,omitempty"`

	// Whether the scheme opens anything. Default: `true`.
	Active *bool `json:"active,omitempty"`
}

// defaultScheme is the name of the scheme of a gateway that has none.
const defaultScheme = "default"

// compileSchemes turns schemes and configurations into internal types and
// compiles each once, so that mistakes are found when a configuration is
// loaded. What they were compiled of is described beside.
func (g *Gateway) compileSchemes(repl *caddy.Replacer) (map[string]*scheme.Scheme, gateway.Described, error) {
	var described gateway.Described
	configurations := make(map[string]scheme.Configuration, len(g.ModelConfigurations))
	for _, name := range slices.Sorted(maps.Keys(g.ModelConfigurations)) {
		if !validName(name) {
			return nil, described, fmt.Errorf("model_configuration %q: %w", name, errName)
		}
		c, err := g.ModelConfigurations[name].configuration(name, repl)
		if err != nil {
			return nil, described, fmt.Errorf("model_configuration %s: %w", name, err)
		}
		// Also those that no scheme lists yet are checked.
		if err := c.Check(); err != nil {
			return nil, described, fmt.Errorf("model_configuration %s: %w", name, err)
		}
		configurations[name] = c
		described.Configurations = append(described.Configurations, c)
	}
	compiled := make(map[string]*scheme.Scheme, len(g.ModelSchemes))
	if len(g.ModelSchemes) == 0 {
		d := scheme.Default()
		s, err := scheme.Compile(d)
		if err != nil {
			return nil, described, err
		}
		compiled[defaultScheme] = s
		described.Schemes, described.Configurations = []scheme.Definition{d}, append(described.Configurations, d.Configurations...)
	}
	for _, name := range slices.Sorted(maps.Keys(g.ModelSchemes)) {
		if !validName(name) {
			return nil, described, fmt.Errorf("model_scheme %q: %w", name, errName)
		}
		d, err := g.ModelSchemes[name].definition(name, configurations)
		if err != nil {
			return nil, described, fmt.Errorf("model_scheme %s: %w", name, err)
		}
		s, err := scheme.Compile(d)
		if err != nil {
			return nil, described, fmt.Errorf("model_scheme %s: %w", name, err)
		}
		compiled[name] = s
		described.Schemes = append(described.Schemes, d)
	}
	return compiled, described, nil
}

// definition turns the configuration into the internal type.
func (m *ModelScheme) definition(name string, configurations map[string]scheme.Configuration) (scheme.Definition, error) {
	if m == nil {
		m = new(ModelScheme)
	}
	d := scheme.Definition{
		Name: name, Title: m.Name, Description: m.Description, Inactive: m.Active != nil && !*m.Active,
		Limit: scheme.LimitWhitelist, Blacklist: m.Blacklist,
	}
	field, names, limits := "configurations", m.Configurations, 0
	if len(m.Whitelist) > 0 {
		field, names, limits = "whitelist", m.Whitelist, limits+1
	}
	if len(m.Blacklist) > 0 {
		d.Limit, limits = scheme.LimitBlacklist, limits+1
	}
	if m.None {
		d.Limit, limits = scheme.LimitNone, limits+1
	}
	switch {
	case limits == 0:
		return d, errors.New("whitelist: at least one model configuration is required (or blacklist, or none)")
	case limits > 1:
		return d, errors.New("only one of whitelist, blacklist and none may be given")
	case len(m.Whitelist) > 0 && len(m.Configurations) > 0:
		return d, errors.New("configurations: belong into the whitelist")
	}
	for _, n := range names {
		c, ok := configurations[n]
		if !ok {
			return d, fmt.Errorf("%s: there is no model configuration %q", field, n)
		}
		d.Configurations = append(d.Configurations, c)
	}
	return d, nil
}
