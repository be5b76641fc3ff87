package administration

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// Scheme is a configured model scheme.
type Scheme struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Active      bool   `json:"active"`
	// Limit is "whitelist", "blacklist" or "none".
	Limit     string   `json:"limit"`
	Blacklist []string `json:"blacklist,omitempty"`
	// Configurations are the names of its model configurations, in order.
	Configurations []string `json:"configurations"`
	// Applications are the names of those that are linked to it.
	Applications []string `json:"applications"`
	History      *History `json:"history,omitempty"`
	// May is what it allows, for a page to put into words.
	May []scheme.Statement `json:"-"`
}

// Configuration is a configured model configuration.
type Configuration struct {
	Name         string            `json:"name"`
	Model        string            `json:"model"`
	DisplayName  string            `json:"display_name"`
	DisplayNames map[string]string `json:"display_names,omitempty"`
	Description  string            `json:"description,omitempty"`
	Active       bool              `json:"active"`
	Sensitive    bool              `json:"sensitive"`
	// FieldLimit is "whitelist", "blacklist" or "none", and so is WriteLimit,
	// which is "" where the fields to be written follow from those to be read.
	FieldLimit   string                     `json:"field_limit"`
	Fields       []string                   `json:"fields,omitempty"`
	WriteLimit   string                     `json:"write_limit,omitempty"`
	WriteFields  []string                   `json:"write_fields,omitempty"`
	Filter       string                     `json:"filter,omitempty"`
	Operations   []string                   `json:"operations"`
	Forced       map[string]json.RawMessage `json:"force,omitempty"`
	Preset       map[string]json.RawMessage `json:"preset,omitempty"`
	Methods      []string                   `json:"methods,omitempty"`
	Reports      []string                   `json:"reports,omitempty"`
	SearchFields []string                   `json:"search_fields"`
	RowLimit     int                        `json:"row_limit,omitempty"`
	RelatedNames bool                       `json:"related_names"`
	// Schemes are the names of those that list it.
	Schemes []string `json:"schemes"`
	History *History `json:"history,omitempty"`
	// May is what it allows, for a page to put into words.
	May []scheme.Statement `json:"-"`
}

// Schemes lists the model schemes, by name.
func (d *Desk) Schemes(ctx context.Context) []Scheme {
	d.read(ctx, "model_schemes", "", "")
	return d.schemes(ctx)
}

// Models are the model schemes and the model configurations, as one look.
func (d *Desk) Models(ctx context.Context) ([]Scheme, []Configuration) {
	d.read(ctx, "model_schemes", "", "")
	return d.schemes(ctx), d.configurations(ctx)
}

func (d *Desk) schemes(ctx context.Context) []Scheme {
	found := make([]Scheme, 0, len(d.Config.Schemes))
	for _, s := range d.Config.Schemes {
		found = append(found, d.scheme(ctx, s))
	}
	return found
}

// Scheme returns one by its configured name, with its history.
func (d *Desk) Scheme(ctx context.Context, name string) (_ Scheme, err error) {
	defer d.readUnless(ctx, &err, "model_scheme", "", "")
	for _, s := range d.Config.Schemes {
		if s.Name == name {
			view := d.scheme(ctx, s)
			view.History, err = d.history(ctx, grant.ObjectScheme, name)
			return view, err
		}
	}
	return Scheme{}, ErrUnknown
}

// Allows is what an application may do by its model scheme, as its scopes and
// its connections narrow it, as part of the look at that application.
func (d *Desk) Allows(ctx context.Context, name string) []scheme.Statement {
	a := d.Config.Applications.ByName(name)
	if a == nil {
		return nil
	}
	i := slices.IndexFunc(d.Config.Schemes, func(s scheme.Definition) bool { return s.Name == a.Scheme })
	if i < 0 {
		return nil
	}
	said := words(ctx, d.Config.Schemes[i], a.Scopes)
	if !a.Prints() {
		said = scheme.WithoutReports(said)
	}
	return said
}

func (d *Desk) scheme(ctx context.Context, s scheme.Definition) Scheme {
	view := Scheme{
		Name: s.Name, Title: orElse(s.Title, s.Name), Description: s.Description, Active: !s.Inactive,
		Limit: orElse(string(s.Limit), string(scheme.LimitWhitelist)), Blacklist: s.Blacklist,
		Configurations: []string{}, Applications: []string{}, May: words(ctx, s, nil),
	}
	for _, c := range s.Configurations {
		view.Configurations = append(view.Configurations, c.Name)
	}
	for _, a := range d.Config.Applications.All() {
		if a.Scheme == s.Name {
			view.Applications = append(view.Applications, a.Name)
		}
	}
	return view
}

// words are what a scheme allows within scopes, of which nil stands for all. It
// was compiled before; what can not be, allows nothing.
func words(ctx context.Context, s scheme.Definition, scopes []string) []scheme.Statement {
	compiled, err := scheme.Compile(s)
	if err != nil {
		return nil
	}
	return compiled.Words(ctx, nil, scopes)
}

// Configurations lists the model configurations, by name.
func (d *Desk) Configurations(ctx context.Context) []Configuration {
	d.read(ctx, "model_configurations", "", "")
	return d.configurations(ctx)
}

func (d *Desk) configurations(ctx context.Context) []Configuration {
	found := make([]Configuration, 0, len(d.Config.Configurations))
	for _, c := range d.Config.Configurations {
		found = append(found, d.configuration(ctx, c))
	}
	return found
}

// Configuration returns one by its configured name, with its history.
func (d *Desk) Configuration(ctx context.Context, name string) (_ Configuration, err error) {
	defer d.readUnless(ctx, &err, "model_configuration", "", "")
	for _, c := range d.Config.Configurations {
		if c.Name == name {
			view := d.configuration(ctx, c)
			view.History, err = d.history(ctx, grant.ObjectConfiguration, name)
			return view, err
		}
	}
	return Configuration{}, ErrUnknown
}

func (d *Desk) configuration(ctx context.Context, c scheme.Configuration) Configuration {
	view := Configuration{
		Name: c.Name, Model: c.Model, DisplayName: orElse(c.DisplayName, c.Model), DisplayNames: c.DisplayNames, Description: c.Description,
		Active: !c.Inactive, Sensitive: c.Sensitive, FieldLimit: orElse(string(c.Limit), string(scheme.LimitNone)), Fields: c.Fields,
		WriteLimit: string(c.WriteLimit), WriteFields: c.WriteFields, Filter: readable(c.Filter), Forced: values(c.Forced), Preset: values(c.Preset),
		Reports: c.Reports, SearchFields: c.SearchFields, RowLimit: c.RowLimit, RelatedNames: !c.HideRelatedNames, Schemes: []string{},
	}
	if len(view.SearchFields) == 0 {
		view.SearchFields = []string{"name"}
	}
	view.Operations = []string{}
	for _, op := range c.Operations {
		view.Operations = append(view.Operations, string(op))
	}
	if c.Operations == nil {
		view.Operations = []string{string(scheme.Read)}
	}
	for _, m := range c.Methods {
		view.Methods = append(view.Methods, m.Name)
	}
	for _, s := range d.Config.Schemes {
		if slices.ContainsFunc(s.Configurations, func(in scheme.Configuration) bool { return in.Name == c.Name }) {
			view.Schemes = append(view.Schemes, s.Name)
		}
	}
	c.Inactive = false // what it would allow
	view.May = words(ctx, scheme.Definition{Name: c.Name, Configurations: []scheme.Configuration{c}}, nil)
	return view
}

// readable is a filter without what JSON within HTML would need: a < for \u003c.
func readable(filter string) string {
	d := json.NewDecoder(strings.NewReader(filter))
	d.UseNumber()
	var value any
	if filter == "" || d.Decode(&value) != nil {
		return filter
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(value) != nil {
		return filter
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// values are those of fields in JSON.
func values(of map[string]any) map[string]json.RawMessage {
	if len(of) == 0 {
		return nil
	}
	out := make(map[string]json.RawMessage, len(of))
	for field, value := range of {
		if text, err := odoo.MarshalValue(value); err == nil {
			out[field] = json.RawMessage(text)
		}
	}
	return out
}
