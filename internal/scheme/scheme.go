// Package scheme holds the rules: which models, fields and records an
// application may read. Check decides before Odoo is asked and builds the call
// anew; Filter removes from the answer what must not leave. What a scheme does
// not open is refused. The package knows neither HTTP nor Caddy.
package scheme

import (
	"errors"
	"fmt"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Limit says how Configuration.Fields is meant.
type Limit string

// The field limits.
const (
	// LimitNone opens every field that the person may read, except those of
	// a built-in list of credentials (access_token, password, …).
	LimitNone Limit = "none"
	// LimitBlacklist is LimitNone without the fields named.
	LimitBlacklist Limit = "blacklist"
	// LimitWhitelist opens the fields named and "id", nothing else.
	LimitWhitelist Limit = "whitelist"
)

// Definition is a model scheme as configured. It is a whitelist: a model
// without a Configuration cannot be reached.
type Definition struct {
	// Name is the configured name of the scheme.
	Name string
	// Configurations are the models that the scheme opens, each model once,
	// in the order in which applications and people see them.
	Configurations []Configuration
}

// Configuration opens one model for reading.
type Configuration struct {
	// Name is the configured name, for error messages.
	Name string
	// Model is the technical name, such as "res.partner".
	Model string
	// DisplayName is the name that people see; the default is Model.
	DisplayName string
	// Limit is how Fields is meant; "" is LimitNone.
	Limit Limit
	// Fields are technical names. They must be empty with LimitNone and must
	// not be empty otherwise. "display_name" is open where "name" is, unless
	// a blacklist names it; a whitelist may name it by itself. Where it shows
	// fields that are not open (the customer of an order line), it reads as
	// the name alone, unless a whitelist names it.
	Fields []string
	// Filter is a domain in JSON, such as [["customer_rank", ">", 0]]: only
	// records that match it exist for the application. "" is no filter. Its
	// fields need not be open; they must exist and be searchable, otherwise
	// the model is closed.
	Filter string
}

// Model is a model that a scheme opens.
type Model struct {
	Model string // technical name
	Name  string // display name
}

// Scheme is a compiled Definition. It is immutable and safe for concurrent use.
type Scheme struct {
	name   string
	order  []string
	models map[string]*model
	digest string
	// reserved: some model's display_name may be hidden, be it in part, or for
	// records outside of its filter.
	reserved bool
}

// model is one compiled Configuration.
type model struct {
	name    string
	label   string // configured name
	display string
	limit   Limit
	listed  []string
	set     map[string]bool
	filter  odoo.Domain
}

// Check validates a configuration by itself. Its errors name the value at
// fault, and are meant for the administrator.
func (c Configuration) Check() error {
	_, err := compileModel(c)
	return err
}

// Compile validates a definition. Its errors name the configuration and the
// value at fault, and are meant for the administrator.
func Compile(d Definition) (*Scheme, error) {
	s := &Scheme{name: d.Name, models: make(map[string]*model, len(d.Configurations))}
	for _, c := range d.Configurations {
		m, err := compileModel(c)
		if err != nil {
			return nil, fmt.Errorf("model configuration %q: %w", c.Name, err)
		}
		if _, ok := s.models[m.name]; ok {
			return nil, fmt.Errorf("model configuration %q: model %q is configured twice", c.Name, m.name)
		}
		s.models[m.name] = m
		s.order = append(s.order, m.name)
		s.reserved = s.reserved || m.limit != LimitNone || !m.filter.IsEverything()
	}
	var err error
	if s.digest, err = digest(s); err != nil {
		return nil, err
	}
	return s, nil
}

func compileModel(c Configuration) (*model, error) {
	if !odoo.ValidModel(c.Model) {
		return nil, fmt.Errorf("model %q is not a model name", c.Model)
	}
	if sensitive(c.Model) {
		return nil, fmt.Errorf("model %q is sensitive and cannot be opened", c.Model)
	}
	m := &model{name: c.Model, label: c.Name, display: c.DisplayName, limit: c.Limit, set: make(map[string]bool, len(c.Fields))}
	if m.display == "" {
		m.display = c.Model
	}
	if m.limit == "" {
		m.limit = LimitNone
	}
	switch m.limit {
	case LimitNone:
		if len(c.Fields) > 0 {
			return nil, errors.New("fields are named, but all are open: name them in a whitelist or a blacklist")
		}
	case LimitBlacklist, LimitWhitelist:
		if len(c.Fields) == 0 {
			return nil, fmt.Errorf("a field %s needs at least one field", m.limit)
		}
	default:
		return nil, fmt.Errorf("field limit %q is none of none, blacklist and whitelist", m.limit)
	}
	for _, f := range c.Fields {
		if !odoo.ValidField(f) {
			return nil, fmt.Errorf("field %q is not a field name", f)
		}
		if m.set[f] {
			return nil, fmt.Errorf("field %q is named twice", f)
		}
		if f == "id" && m.limit == LimitBlacklist {
			return nil, fmt.Errorf("field \"id\" cannot be hidden")
		}
		m.set[f] = true
		m.listed = append(m.listed, f)
	}
	if c.Filter != "" {
		f, err := parseFilter(c.Filter)
		if err != nil {
			return nil, fmt.Errorf("filter: %w", err)
		}
		m.filter = f
	}
	return m, nil
}

// Models are the models that the scheme opens, in configured order.
func (s *Scheme) Models() []Model {
	out := make([]Model, 0, len(s.order))
	for _, name := range s.order {
		out = append(out, Model{Model: name, Name: s.models[name].display})
	}
	return out
}

// Unknown lists the fields that the configuration of a model names and that
// known, which must be the model's fields as somebody sees them, lacks: they
// are misspelt, or Odoo hides them from that person. The configuration's name
// comes with them.
func (s *Scheme) Unknown(model string, known odoo.Fields) (configuration string, fields []string) {
	m := s.models[model]
	if m == nil {
		return "", nil
	}
	for _, name := range m.listed {
		if _, ok := known[name]; !ok {
			fields = append(fields, name)
		}
	}
	return m.label, fields
}

// parseFilter reads a configuration's filter.
func parseFilter(text string) (odoo.Domain, error) {
	v, err := odoo.ParseJSON([]byte(text), odoo.DefaultLimits)
	if err != nil {
		return odoo.Domain{}, err
	}
	return odoo.ParseDomain(v)
}
