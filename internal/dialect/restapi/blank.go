package restapi

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// blank are the types of fields whose false the original writes as "" in an
// answer of one record.
var blank = map[string]bool{"char": true, "selection": true, "binary": true, "date": true, "datetime": true}

// blanked replaces false by "" in such fields. Their types are asked of Odoo
// only where something is false.
func (s *session) blanked(record odoo.Record) (odoo.Record, error) {
	var empty []any
	for _, m := range record {
		if m.Value.Kind() == 'f' {
			empty = append(empty, m.Name)
		}
	}
	if len(empty) == 0 {
		return record, nil
	}
	res, err := s.runner.Do(s.r.Context(), odoo.Call{
		Model: s.target.model, Method: "fields_get",
		Kwargs: map[string]any{"allfields": empty, "attributes": []any{"type"}},
	})
	if err != nil {
		return nil, err
	}
	fields, err := odoo.ParseFields(res.Value)
	if err != nil {
		return nil, err
	}
	out := make(odoo.Record, len(record))
	for i, m := range record {
		if m.Value.Kind() == 'f' && blank[fields[m.Name].Type] {
			m.Value = jsontext.Value(`""`)
		}
		out[i] = m
	}
	return out, nil
}
