package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// ModelConfiguration opens one model of Odoo for reading, as far as it says.
//
// In a Caddyfile:
//
//	model_configuration <name> {
//		model        <model>
//		display_name <text>
//		fields       all | whitelist <fields...> | blacklist <fields...>
//		filter       <domain>
//	}
//
// Fields may be "none", too, which says that nothing limits them: it is all.
// The filter is one argument in JSON, best written in backticks:
//
//	filter `[["customer_rank", ">", 0]]`
type ModelConfiguration struct {
	// The technical name of the model, such as `res.partner`. Required.
	Model string `json:"model,omitempty"`

	// The name that people see. Default: the technical name.
	DisplayName string `json:"display_name,omitempty"`

	// Which fields are open. Required: a model is never opened whole by
	// leaving something out.
	Fields *FieldLimit `json:"fields,omitempty"`

	// A domain: only records that match it exist for applications, whoever
	// asks, such as `[["customer_rank", ">", 0]]`. Default: no filter.
	Filter json.RawMessage `json:"filter,omitempty"`
}

// FieldLimit says which fields of a model are open.
type FieldLimit struct {
	// `whitelist` opens the fields named, `blacklist` all others, and `all`
	// opens all. `none` is another word for `all`: nothing is limited.
	// Required.
	Limit string `json:"limit,omitempty"`

	// The technical names of the fields. Required for `whitelist` and
	// `blacklist`.
	Names []string `json:"names,omitempty"`
}

// configuration turns the configuration into the internal type. What is in
// it is judged by package scheme.
func (m *ModelConfiguration) configuration(name string) (scheme.Configuration, error) {
	if m == nil || m.Model == "" {
		return scheme.Configuration{}, errors.New("model: is required")
	}
	if m.Fields == nil || m.Fields.Limit == "" {
		return scheme.Configuration{}, errors.New("fields: is required: all, whitelist or blacklist")
	}
	c := scheme.Configuration{
		Name:        name,
		Model:       m.Model,
		DisplayName: m.DisplayName,
		Limit:       scheme.Limit(m.Fields.Limit),
		Fields:      m.Fields.Names,
	}
	if len(m.Filter) > 0 && string(m.Filter) != "null" {
		c.Filter = string(m.Filter)
	}
	if c.Limit == "all" {
		c.Limit = scheme.LimitNone
	}
	switch c.Limit {
	case scheme.LimitNone, scheme.LimitWhitelist, scheme.LimitBlacklist:
	default:
		return c, fmt.Errorf("fields: %q is none of all, whitelist and blacklist", m.Fields.Limit)
	}
	return c, nil
}
