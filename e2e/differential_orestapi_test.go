package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// orestapiSpeaker speaks /orestapi, by GET and by POST.
type orestapiSpeaker struct {
	wire
	// opens tells whether a field is open, or would be refused with its model.
	opens func(model, field string) bool
}

// orestColumns are attributes of fields_get as model/field calls them, with what a
// field without one has there.
var orestColumns = map[string]struct {
	name   string
	absent any
}{
	"string": {"field_description", ""}, "type": {"ttype", false}, "help": {"help", false}, "required": {"required", false},
	"readonly": {"readonly", false}, "store": {"store", false}, "searchable": {"selectable", false}, "relation": {"relation", false},
	"translate": {"translate", false}, "size": {"size", int64(0)}, "selection": {"selection", false},
}

// say knows records by their ids, by their names without any other
// condition, and fields by their names. A limit above the greatest is not
// refused but lowered, which the header tells; a field that is not open is left
// out.
func (s *orestapiSpeaker) say(r *rand.Rand, q inquiry) *utterance {
	values := map[string]string{"model": q.Model}
	path := "/orestapi/record/read"
	switch q.Op {
	case opRead:
		values["ids"] = literalText(r, anyList(q.IDs))
		if r.IntN(3) == 0 {
			values["ids"] = strings.Trim(jsonOf(q.IDs), "[]")
		}
		if q.Fields != nil {
			values["fields"] = literalText(r, anyList(q.Fields))
		}
	case opNameSearch:
		if q.Domain != nil || q.IDs != nil || q.Operator != "" && q.Operator != "ilike" || q.rows() > 1000 {
			return nil
		}
		path = "/orestapi/record/name_search"
		values["limit"] = strconv.FormatInt(q.rows(), 10) // its own default is 20
		if q.Name != "" {
			values["name"] = q.Name
		}
		if q.Offset != nil {
			values["offset"] = strconv.FormatInt(*q.Offset, 10)
		}
		if q.Order != "" {
			values["order"] = q.Order
		}
	case opFields:
		if q.Fields == nil || slices.ContainsFunc(q.Fields, func(name string) bool { return !s.opens(q.Model, name) }) {
			return nil
		}
		var data []any
		for _, name := range q.Attributes {
			column, ok := orestColumns[name]
			if !ok {
				return nil
			}
			data = append(data, column.name)
		}
		path = "/orestapi/model/field"
		values["names"], values["data"] = literalText(r, anyList(q.Fields)), literalText(r, data)
	default:
		return nil
	}
	if r.IntN(2) == 0 {
		kind, body := form(r, values)
		return s.compose("POST", path, "", kind, body)
	}
	return s.compose("GET", path, query(r, values), "", "")
}

func (s *orestapiSpeaker) hear(_ *utterance, q inquiry, a reply) (outcome, error) {
	v, err := fromJSON(a.text)
	if err != nil {
		return outcome{}, err
	}
	switch a.status {
	case http.StatusOK:
	case http.StatusUnauthorized, http.StatusBadRequest, http.StatusInternalServerError:
		answer, _ := v.(map[string]any)
		code, _ := answer["orestapi_code"].(string)
		message, _ := answer["orestapi_message"].(string)
		failed := a.status == http.StatusInternalServerError
		switch {
		case failed && message != odooFailed || code == "" || message == "" || message == "Not authorized":
			return outcome{}, fmt.Errorf("%d: %s", a.status, a.text)
		case q.Op == opRead && message == "Record not found":
			return outcome{value: []any{}}, nil
		}
		return outcome{refused: true, failed: failed, why: message}, nil
	default:
		return outcome{}, fmt.Errorf("%d: %s", a.status, a.text)
	}
	if q.Op == opFields {
		return numbered(v)
	}
	parts, _ := v.([]any)
	if len(parts) != 2 {
		return outcome{}, fmt.Errorf("no header and data: %.300s", a.text)
	}
	about, _ := parts[0].(map[string]any)
	header, _ := about["header"].(map[string]any)
	body, _ := parts[1].(map[string]any)
	data, ok := body["data"].([]any)
	if header["model"] != q.Model || !ok {
		return outcome{}, fmt.Errorf("no header and data: %.300s", a.text)
	}
	if q.Op == opNameSearch {
		offset := int64(0)
		if q.Offset != nil {
			offset = *q.Offset
		}
		if header["count"] != int64(len(data)) || header["offset"] != offset || header["limit"] != q.rows() {
			return outcome{}, fmt.Errorf("header %v of %d records", header, len(data))
		}
	}
	if q.Op == opNameSearch {
		return outcome{value: pairs(data)}, nil
	}
	return outcome{value: data}, nil
}

// numbered takes the ids off rows of model/field: they are the gateway's own.
func numbered(v any) (outcome, error) {
	rows, _ := v.([]any)
	for _, r := range rows {
		row, _ := r.(map[string]any)
		if id, _ := row["id"].(int64); id <= 0 {
			return outcome{}, fmt.Errorf("a field without an id: %v", r)
		}
		delete(row, "id")
	}
	return outcome{value: v}, nil
}

// pairs are records with their names as name_search has them.
func pairs(records any) any {
	out := []any{}
	for _, r := range records.([]any) {
		record := r.(map[string]any)
		out = append(out, []any{record["id"], record["display_name"]})
	}
	return out
}

// shape: fields are rows of ir.model.fields, by name.
func (s *orestapiSpeaker) shape(_ *utterance, q inquiry, data any) any {
	if q.Op != opFields {
		return data
	}
	described := data.(map[string]any)
	rows := []any{}
	names := slices.Clone(q.Fields)
	slices.Sort(names)
	for _, name := range names {
		attributes, _ := described[name].(map[string]any)
		row := map[string]any{}
		for _, attribute := range q.Attributes {
			column := orestColumns[attribute]
			if row[column.name] = attributes[attribute]; attributes[attribute] == nil {
				row[column.name] = column.absent
			}
		}
		rows = append(rows, row)
	}
	return rows
}
