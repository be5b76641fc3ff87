package scheme

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// properties removes from the value of a properties field what a many2one
// would not show: the names of records of an open model whose names are not
// open for all. It also removes the domains that their choices are made by.
func (j *judge) properties(m *model, v jsontext.Value) (jsontext.Value, error) {
	if v.Kind() != '[' {
		return v, nil
	}
	parsed, err := odoo.ParseJSON(v, odoo.DefaultLimits)
	if err != nil {
		return nil, unexpected(err)
	}
	for _, item := range parsed.([]any) {
		property, ok := item.(map[string]any)
		if !ok {
			return nil, unexpected(odoo.ErrShape)
		}
		delete(property, "domain")
		comodel, _ := property["comodel"].(string)
		hide, err := j.nameHidden(m, odoo.Field{Relation: comodel})
		if err != nil {
			return nil, err
		}
		if !hide {
			continue
		}
		for _, part := range []string{"value", "default"} {
			if v, ok := property[part]; ok {
				property[part] = nameless(comodel, v)
			}
		}
	}
	return odoo.MarshalValue(parsed)
}

// nameless replaces the names in [id, name], and in lists of those.
func nameless(model string, v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	if len(list) == 2 {
		id, isID := list[0].(int64)
		if _, named := list[1].(string); isID && named {
			return []any{id, model + "," + strconv.FormatInt(id, 10)}
		}
	}
	out := make([]any, len(list))
	for i, item := range list {
		out[i] = nameless(model, item)
	}
	return out
}
