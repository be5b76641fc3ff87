package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// ModelConfiguration opens one model of Odoo, as far as it says. What it does
// not name stays closed.
//
// In a Caddyfile:
//
//	model_configuration <name> {
//		model         <model>
//		display_name  <text> [<language>]
//		description   <text>
//		icon          <path>
//		fields        all | whitelist <fields...> | blacklist <fields...>
//		filter        <domain>
//		operations    <read|create|write|unlink...>
//		write_fields  all | whitelist <fields...> | blacklist <fields...>
//		force         <field> <value>
//		preset        <field> <value>
//		method        <name> [<arguments...>] {
//			on     records|model
//			answer plain|any
//		}
//		reports       <names...>
//		search_fields <fields...>
//		row_limit     <number>
//		related_names show|hide
//		sensitive     [true|false]
//		active        [true|false]
//	}
//
// display_name may stand once for each language, and once without; force,
// preset and method any number of times. Fields may be "none", too, which says
// that nothing limits them: it is all. The filter is one argument in JSON, best
// written in backticks, and so are values that are no plain text:
//
//	filter `[["customer_rank", ">", 0]]`
//	force customer_rank 1
type ModelConfiguration struct {
	// The technical name of the model, such as `res.partner`. Required.
	Model string `json:"model,omitempty"`

	// The name that people see. Default: the technical name.
	DisplayName string `json:"display_name,omitempty"`

	// Translations of the name, by Odoo's language code, such as `de_DE`.
	// Default: none; people read the name itself.
	DisplayNames map[string]string `json:"display_names,omitempty"`

	// What the configuration is for, for administrators. Default: none.
	Description string `json:"description,omitempty"`

	// The path of an image that applications show beside the name: PNG, JPEG,
	// GIF or WebP, at most 256 KB. It is read when the configuration is
	// loaded. Placeholders are resolved as in `client_secret`. Default: none.
	Icon string `json:"icon,omitempty"`

	// Which fields are open for reading. Required: a model is never opened
	// whole by leaving something out.
	Fields *FieldLimit `json:"fields,omitempty"`

	// A domain: only records that match it exist for applications, whoever
	// asks, such as `[["customer_rank", ">", 0]]`. What would take a record
	// out of it, or another one in, cannot be written. Default: no filter.
	Filter json.RawMessage `json:"filter,omitempty"`

	// What applications may do: `read`, `create`, `write` and `unlink`.
	// Default: `read`.
	Operations []string `json:"operations,omitempty"`

	// Which fields create and write may set. Default: those that can be read,
	// without what Odoo computes, calls readonly, or takes from other records;
	// a whitelist may name such fields, too.
	WriteFields *FieldLimit `json:"write_fields,omitempty"`

	// Values that every new record gets and no application can change, by
	// field, in JSON. The fields need not be open. What Odoo computes from
	// others it computes anew when an application changes those. Default: none.
	Force map[string]json.RawMessage `json:"force,omitempty"`

	// Values that a new record gets where the application gives none, by field,
	// in JSON. Default: none.
	Preset map[string]json.RawMessage `json:"preset,omitempty"`

	// The public methods that may be called. Those that read or write on
	// behalf of any other (`copy`, `export_data`, `web_save`, …) cannot be.
	// Default: none.
	Methods []ModelMethod `json:"methods,omitempty"`

	// The reports that may be printed, such as `sale.report_saleorder`.
	// Default: none.
	Reports []string `json:"reports,omitempty"`

	// The fields that a search by name searches. They must be open. Default:
	// `name`.
	SearchFields []string `json:"search_fields,omitempty"`

	// The most records that one call may ask for. Default, and most: 1000.
	RowLimit int `json:"row_limit,omitempty"`

	// Whether a link to another record comes with its name: `show` or `hide`.
	// Default: `show`.
	RelatedNames string `json:"related_names,omitempty"`

	// Opens a model that holds credentials, rights, code or other people's
	// mail, such as `res.users`. Nothing else does. Default: `false`.
	Sensitive bool `json:"sensitive,omitempty"`

	// Whether the configuration opens anything. Default: `true`.
	Active *bool `json:"active,omitempty"`
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

// limit turns the words of the configuration into the internal type.
func (f *FieldLimit) limit() (scheme.Limit, error) {
	switch l := scheme.Limit(f.Limit); l {
	case "all":
		return scheme.LimitNone, nil
	case scheme.LimitNone, scheme.LimitWhitelist, scheme.LimitBlacklist:
		return l, nil
	}
	return "", fmt.Errorf("%q is none of all, whitelist and blacklist", f.Limit)
}

var relatedNamesWords = []string{"show", "hide"}

// configuration turns the configuration into the internal type. What is in
// it is judged by package scheme.
func (m *ModelConfiguration) configuration(name string, repl *caddy.Replacer) (scheme.Configuration, error) {
	if m == nil || m.Model == "" {
		return scheme.Configuration{}, errors.New("model: is required")
	}
	if m.Fields == nil || m.Fields.Limit == "" {
		return scheme.Configuration{}, errors.New("fields: is required: all, whitelist or blacklist")
	}
	c := scheme.Configuration{
		Name:             name,
		Model:            m.Model,
		DisplayName:      m.DisplayName,
		DisplayNames:     m.DisplayNames,
		Description:      m.Description,
		Inactive:         m.Active != nil && !*m.Active,
		Sensitive:        m.Sensitive,
		Fields:           m.Fields.Names,
		Reports:          m.Reports,
		SearchFields:     m.SearchFields,
		RowLimit:         m.RowLimit,
		HideRelatedNames: m.RelatedNames == "hide",
	}
	var err error
	if c.Limit, err = m.Fields.limit(); err != nil {
		return c, fmt.Errorf("fields: %w", err)
	}
	if m.WriteFields != nil {
		c.WriteFields = m.WriteFields.Names
		if c.WriteLimit, err = m.WriteFields.limit(); err != nil {
			return c, fmt.Errorf("write_fields: %w", err)
		}
	}
	if err := oneOf("related_names", m.RelatedNames, relatedNamesWords); err != nil {
		return c, err
	}
	if len(m.Filter) > 0 && string(m.Filter) != "null" {
		c.Filter = string(m.Filter)
	}
	for _, op := range m.Operations {
		c.Operations = append(c.Operations, scheme.Operation(op))
	}
	if c.Forced, err = fieldValues("force", m.Force); err != nil {
		return c, err
	}
	if c.Preset, err = fieldValues("preset", m.Preset); err != nil {
		return c, err
	}
	if c.Methods, err = methods(m.Methods); err != nil {
		return c, err
	}
	c.Icon, err = m.icon(repl)
	return c, err
}

// icon reads the image that is shown beside the name.
func (m *ModelConfiguration) icon(repl *caddy.Replacer) (scheme.Icon, error) {
	if m.Icon == "" {
		return scheme.Icon{}, nil
	}
	path, err := resolve(m.Icon, repl)
	if err != nil {
		return scheme.Icon{}, fmt.Errorf("icon: %w", err)
	}
	data, err := readLogo(path)
	if err != nil {
		return scheme.Icon{}, fmt.Errorf("icon: %w", err)
	}
	image, err := application.NewLogo(data)
	if err != nil {
		return scheme.Icon{}, fmt.Errorf("icon: %s %w", path, err)
	}
	return scheme.Icon{Type: image.Type, Data: image.Data}, nil
}
