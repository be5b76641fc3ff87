package scheme

import "github.com/caddy-odoo/gateway/internal/odoo"

// Together tells whether a call may be asked of Odoo together with others of
// the same person and the same scheme: it changes nothing. Those with the same
// key are the same call, but for the records of a read, which are returned as
// well, each once. With none, calls with the same key have the same answer.
//
// What new records start with is no such call: a default may be the next number
// of a sequence, and two are never given the same.
//
// Guards are no part of it: each call has its own, and they come first.
func (c Checked) Together() (key string, ids []int64, ok bool) {
	switch c.shape {
	case shapeRecords, shapeIDs, shapeCount, shapeFields, shapeGroups, shapeTruth:
	default:
		return "", nil, false
	}
	kwargs := c.Kwargs
	if c.ids != nil {
		kwargs = map[string]any{"domain": c.around.Value(), "fields": c.Kwargs["fields"]}
	}
	var records, context any
	if c.IDs != nil {
		records = odoo.IDList(c.IDs)
	}
	if c.Context != nil {
		context = c.Context
	}
	text, err := odoo.MarshalValue([]any{c.Model, c.Method, c.ids != nil, records, c.Args, kwargs, context})
	if err != nil {
		return "", nil, false
	}
	return string(text), c.ids, true
}

// For is a read of other records. Its answer is for those who have asked for
// them by calls with the same key.
func (c Checked) For(ids []int64) (odoo.Call, error) {
	kwargs, err := c.readOf(ids, c.Kwargs["fields"])
	if err != nil {
		return odoo.Call{}, err
	}
	call := c.Call
	call.Kwargs = kwargs
	return call, nil
}
