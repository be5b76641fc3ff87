package caddymodule

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// filterForm says how a filter is written.
const filterForm = "put it in backticks and its texts in double quotes, as in filter `[[\"customer_rank\", \">\", 0]]`"

// unmarshalBlock parses a model configuration, as [ModelConfiguration] says.
func (m *ModelConfiguration) unmarshalBlock(d *caddyfile.Dispenser) error {
	return parseBlock(d, "model_configuration", map[string]subdirective{
		"model":         one(&m.Model),
		"display_name":  {repeat: true, parse: m.parseDisplayName},
		"description":   one(&m.Description),
		"icon":          one(&m.Icon),
		"fields":        fieldLimit(&m.Fields),
		"write_fields":  fieldLimit(&m.WriteFields),
		"filter":        {parse: m.parseFilter},
		"operations":    some(&m.Operations),
		"force":         fieldValue(&m.Force),
		"preset":        fieldValue(&m.Preset),
		"method":        {repeat: true, parse: m.parseMethod},
		"reports":       some(&m.Reports),
		"search_fields": some(&m.SearchFields),
		"row_limit":     {parse: m.parseRowLimit},
		"related_names": word(&m.RelatedNames, relatedNamesWords),
		"sensitive":     boolean(func(v bool) { m.Sensitive = v }),
		"active":        boolean(func(v bool) { m.Active = &v }),
	})
}

// parseDisplayName parses the name, or its translation.
func (m *ModelConfiguration) parseDisplayName(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	switch {
	case len(args) == 1 && args[0] != "" && m.DisplayName == "":
		m.DisplayName = args[0]
	case len(args) == 1 && args[0] != "":
		return d.Err("display_name is given twice without a language")
	case len(args) == 2 && args[0] != "":
		if _, twice := m.DisplayNames[args[1]]; twice {
			return d.Errf("display_name in %s is given twice", args[1])
		}
		if m.DisplayNames == nil {
			m.DisplayNames = map[string]string{}
		}
		m.DisplayNames[args[1]] = args[0]
	default:
		return d.Err("write display_name <text> or display_name <text> <language>, several words in double quotes")
	}
	return noBlock(d)
}

// fieldLimit parses which fields are meant.
func fieldLimit(to **FieldLimit) subdirective {
	return subdirective{parse: func(d *caddyfile.Dispenser) error {
		name := d.Val()
		if !d.NextArg() {
			return d.ArgErr()
		}
		*to = &FieldLimit{Limit: d.Val()}
		switch limit := (*to).Limit; limit {
		case "all", "none":
			if d.NextArg() {
				return d.Errf("%s %s takes no names: to open some fields only, write %s whitelist <fields...>", name, limit, name)
			}
			return noBlock(d)
		case "whitelist", "blacklist":
			return someArgs(d, &(*to).Names)
		default:
			return d.Errf("%s %s: write %s all, %s whitelist <fields...> or %s blacklist <fields...>", name, limit, name, name, name)
		}
	}}
}

func (m *ModelConfiguration) parseFilter(d *caddyfile.Dispenser) error {
	var domain string
	if !d.AllArgs(&domain) {
		return d.Err("filter takes exactly one argument: " + filterForm)
	}
	if !json.Valid([]byte(domain)) {
		first, _, _ := strings.Cut(domain, "\n") // what follows an open quote may be a secret
		return d.Errf("filter is not JSON: %s: %s", first, filterForm)
	}
	m.Filter = json.RawMessage(domain)
	return noBlock(d)
}

// fieldValue parses a field and its value: JSON, or a text as it is.
func fieldValue(to *map[string]json.RawMessage) subdirective {
	return subdirective{repeat: true, parse: func(d *caddyfile.Dispenser) error {
		what := d.Val()
		var field, value string
		if !d.AllArgs(&field, &value) {
			return d.Errf("write %s <field> <value>: the value is one argument, in JSON or a text in double quotes", what)
		}
		if _, twice := (*to)[field]; twice {
			return d.Errf("%s %s is given twice", what, field)
		}
		if *to == nil {
			*to = map[string]json.RawMessage{}
		}
		raw := json.RawMessage(value)
		if !json.Valid(raw) {
			var err error
			if raw, err = json.Marshal(value); err != nil {
				return d.WrapErr(err)
			}
		}
		(*to)[field] = raw
		return noBlock(d)
	}}
}

func (m *ModelConfiguration) parseMethod(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) == 0 {
		return d.ArgErr()
	}
	method := ModelMethod{Name: args[0]}
	if len(args) > 1 {
		method.Arguments = args[1:]
	}
	err := parseBlock(d, "method", map[string]subdirective{
		"on":     word(&method.On, methodOnWords),
		"answer": word(&method.Answer, methodAnswerWords),
	})
	m.Methods = append(m.Methods, method)
	return err
}

func (m *ModelConfiguration) parseRowLimit(d *caddyfile.Dispenser) error {
	var text string
	if err := oneArg(d, &text); err != nil {
		return err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return d.Errf("row_limit: %q is no number of records", text)
	}
	m.RowLimit = n
	return nil
}
