package e2e

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// catalogue is what one Odoo has for a person to read: what inquiries are made
// of.
type catalogue struct {
	version int
	names   []string // of the models
	models  map[string]*modelFacts
}

type modelFacts struct {
	name   string
	fields map[string]*fieldFacts
	open   []string // sorted: fields that the gateway opens
	closed []string // sorted: fields that the person has, and the gateway keeps
	ids    []int64
}

type fieldFacts struct {
	name, kind, relation        string
	store, searchable, sortable bool
	samples                     []any // values that records have
	// byMethod: searched by a method of Odoo's. Some of those never end:
	// message_needaction on 16, beside another condition.
	byMethod bool
}

// asked are the models of the inquiries. All stock Odoos with contacts, sales and
// crm have them, and the simulated ones.
var asked = []string{
	"res.partner", "crm.lead", "sale.order", "sale.order.line", "product.template", "product.product",
	"product.category", "res.country", "res.partner.category", "uom.uom", "res.currency",
}

// learn reads the catalogue from Odoo itself, and from the gateway which models
// and fields are open.
func learn(straight *straightSpeaker, gateway *json2Speaker) (*catalogue, error) {
	c := &catalogue{version: straight.version, models: map[string]*modelFacts{}}
	for _, name := range asked {
		o, err := gateway.ask(inquiry{Model: name, Op: opFields, Attributes: []string{"type"}})
		if err != nil {
			return nil, err
		}
		if o.refused {
			continue
		}
		m, err := learnModel(straight, name, o.value.(map[string]any))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		c.models[name] = m
		c.names = append(c.names, name)
	}
	return c, nil
}

func learnModel(straight *straightSpeaker, name string, opened map[string]any) (*modelFacts, error) {
	m := &modelFacts{name: name, fields: map[string]*fieldFacts{}}
	described, err := straight.call(name, "fields_get", nil, map[string]any{"attributes": []string{"type", "relation", "store", "searchable", "sortable", "depends", "related"}})
	if err != nil {
		return nil, err
	}
	var sampled []string
	for _, field := range slices.Sorted(maps.Keys(described.(map[string]any))) {
		d := described.(map[string]any)[field].(map[string]any)
		f := &fieldFacts{name: field, store: d["store"] == true, searchable: d["searchable"] == true && !inMessages(field), sortable: d["sortable"] == true}
		f.kind, _ = d["type"].(string)
		depends, _ := d["depends"].([]any)
		f.byMethod = !f.store && len(depends) == 0 && (d["related"] == nil || d["related"] == false) && strings.HasPrefix(field, "message_")
		f.relation, _ = d["relation"].(string)
		m.fields[field] = f
	}
	for _, field := range slices.Sorted(maps.Keys(m.fields)) {
		if _, ok := opened[field]; !ok {
			m.closed = append(m.closed, field)
			continue
		}
		m.open = append(m.open, field)
		// A list of records that the person may not read fails the whole read.
		f := m.fields[field]
		unread := f.kind == "binary" || strings.HasPrefix(f.kind, "properties") || f.many() && !slices.Contains(asked, f.relation)
		if f.searchable && !unread {
			sampled = append(sampled, field)
		}
	}
	found, err := straight.call(name, "search_read", []any{[]any{}}, map[string]any{
		"fields": sampled, "limit": 60, "order": "id", "context": map[string]any{"active_test": false},
	})
	if err != nil {
		return nil, err
	}
	for _, r := range found.([]any) {
		record := r.(map[string]any)
		m.ids = append(m.ids, record["id"].(int64))
		for _, field := range sampled {
			m.fields[field].sample(record[field])
		}
	}
	for _, f := range m.fields {
		slices.SortFunc(f.samples, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	return m, nil
}

// sample keeps values that a domain can compare with: of records their ids.
func (f *fieldFacts) sample(v any) {
	list := []any{v}
	if many, ok := v.([]any); ok {
		list = many
		if f.kind == "many2one" && len(many) == 2 {
			list = many[:1]
		}
	}
	for _, v := range list {
		text, isText := v.(string)
		if v == nil || v == false || isText && len(text) > 200 || slices.Contains(f.samples, v) {
			continue
		}
		switch v.(type) {
		case string, int64, float64, bool:
			f.samples = append(f.samples, v)
		}
	}
}

// pick are the open fields that suit.
func (m *modelFacts) pick(suits func(*fieldFacts) bool) []*fieldFacts {
	var out []*fieldFacts
	for _, name := range m.open {
		if f := m.fields[name]; suits(f) {
			out = append(out, f)
		}
	}
	return out
}

func (f *fieldFacts) many() bool { return f.kind == "one2many" || f.kind == "many2many" }

// inMessages tells of a field that Odoo searches by going through messages,
// which only a whitelist opens for that.
func inMessages(field string) bool {
	return strings.HasPrefix(field, "message_") || field == "has_message"
}
