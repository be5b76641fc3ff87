package dialect

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Pairs gives the answer to a name_search, which the rules run as a search,
// the form that it has in Odoo: [[id, "name"], …].
func Pairs(found jsontext.Value) (jsontext.Value, error) {
	records, err := odoo.Records(found)
	if err != nil {
		return nil, err
	}
	out := jsontext.Value("[")
	for i, r := range records {
		id, name := r.Get("id"), r.Get("display_name")
		if id == nil || name == nil {
			return nil, odoo.ErrShape
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(append(append(out, '['), id...), ','), name...), ']')
	}
	return append(out, ']'), nil
}
