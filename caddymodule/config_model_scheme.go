package caddymodule

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// ModelScheme says which models an application may reach. Any number of
// applications may share one.
//
// In a Caddyfile:
//
//	model_scheme <name> {
//		whitelist <model_configurations...>
//	}
type ModelScheme struct {
	// The names of the model configurations that are open; all other models
	// are closed. Applications and people see them in this order. Required.
	Whitelist []string `json:"whitelist,omitempty"`
}

// compileSchemes turns schemes and configurations into internal types and
// compiles each once, so that mistakes are found when a configuration is
// loaded.
func (g *Gateway) compileSchemes() (map[string]*scheme.Scheme, error) {
	configurations := make(map[string]scheme.Configuration, len(g.ModelConfigurations))
	for _, name := range slices.Sorted(maps.Keys(g.ModelConfigurations)) {
		if !validName(name) {
			return nil, fmt.Errorf("model_configuration %q: %w", name, errName)
		}
		c, err := g.ModelConfigurations[name].configuration(name)
		if err != nil {
			return nil, fmt.Errorf("model_configuration %s: %w", name, err)
		}
		// Also those that no scheme lists yet are checked.
		if err := c.Check(); err != nil {
			return nil, fmt.Errorf("model_configuration %s: %w", name, err)
		}
		configurations[name] = c
	}
	compiled := make(map[string]*scheme.Scheme, len(g.ModelSchemes))
	for _, name := range slices.Sorted(maps.Keys(g.ModelSchemes)) {
		if !validName(name) {
			return nil, fmt.Errorf("model_scheme %q: %w", name, errName)
		}
		s, err := g.ModelSchemes[name].compile(name, configurations)
		if err != nil {
			return nil, fmt.Errorf("model_scheme %s: %w", name, err)
		}
		compiled[name] = s
	}
	return compiled, nil
}

func (m *ModelScheme) compile(name string, configurations map[string]scheme.Configuration) (*scheme.Scheme, error) {
	if m == nil || len(m.Whitelist) == 0 {
		return nil, errors.New("whitelist: at least one model configuration is required")
	}
	d := scheme.Definition{Name: name}
	for _, n := range m.Whitelist {
		c, ok := configurations[n]
		if !ok {
			return nil, fmt.Errorf("whitelist: there is no model configuration %q", n)
		}
		d.Configurations = append(d.Configurations, c)
	}
	return scheme.Compile(d)
}
