package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
)

// restapiSpeaker speaks /restapi/1.0, in every way that its clients write:
// parameters in the address, encoded or not, in a form, in JSON, in XML or as a
// Python literal; answers in JSON or XML.
type restapiSpeaker struct {
	wire
	// compat: the application has compat restapi.
	compat bool
	// blank are the fields of each model whose false such an application reads as "".
	blank func(model, field string) bool
}

// say has no words for the offset and the order of a name_search.
func (s *restapiSpeaker) say(r *rand.Rand, q inquiry) *utterance {
	if q.Op == opNameSearch && (q.Offset != nil || q.Order != "") {
		return nil
	}
	path := "/restapi/1.0/object/" + q.Model
	arguments := q.arguments()
	if q.IDs != nil {
		// Said as a parameter of its own.
		arguments["ids"] = anyList(q.IDs)
		if delete(arguments, "domain"); q.Domain != nil {
			arguments["domain"] = q.Domain
		}
	}
	if domain, ok := arguments["domain"]; ok && q.Op == opNameSearch && r.IntN(2) == 0 {
		arguments["args"] = domain
		delete(arguments, "domain")
	}
	if q.Op == opFormatted {
		// Not one of the original's: it takes arguments together.
		delete(arguments, "ids")
		arguments["domain"] = q.whereOrAll()
		arguments = map[string]any{"kwargs": arguments}
	}
	single := q.Op == opRead && len(q.IDs) == 1 && r.IntN(3) > 0
	way := r.IntN(6)
	if single {
		way = 0 // in the address
	}
	post := way >= 2
	// Records by their ids alone come in the order of those, which is a read.
	ordered := q.Op == opSearchRead && q.IDs != nil && q.Domain == nil && q.Order == "" && q.Offset == nil && q.Limit == nil
	switch {
	case single:
		path += "/" + strconv.FormatInt(q.IDs[0], 10)
		delete(arguments, "ids")
	case q.records() && !post && !ordered && r.IntN(3) > 0:
		if r.IntN(3) == 0 {
			path += "/" // as documented addresses have it
		}
	default:
		path += "/" + q.Op
	}
	u := s.written(r, way, path, arguments)
	u.single = single
	if accept := []string{"", "application/json", "application/xml"}[r.IntN(3)]; accept != "" {
		u.Header.Set("Accept", accept)
	}
	return u
}

// written writes a request down in one of the ways.
func (s *restapiSpeaker) written(r *rand.Rand, way int, path string, arguments map[string]any) *utterance {
	inner := arguments
	if _, together := arguments["kwargs"]; !together && r.IntN(3) == 0 {
		inner = map[string]any{"kwargs": arguments}
	}
	switch way {
	case 3:
		return s.compose("POST", path, "", "application/json", jsonOf(inner))
	case 4:
		if together, ok := arguments["kwargs"].(map[string]any); ok {
			arguments = together
		}
		return s.compose("POST", path, "", "application/xml; charset=utf-8", "<kwargs>"+xmlMembers(r, arguments)+"</kwargs>")
	case 5:
		return s.compose("POST", path, "", []string{"text/plain", ""}[r.IntN(2)], literalText(r, inner))
	}
	values := map[string]string{}
	for name, v := range arguments {
		values[name] = parameter(r, name, v)
	}
	if way == 2 {
		kind, body := form(r, values)
		return s.compose("POST", path, "", kind, body)
	}
	return s.compose("GET", path, query(r, values), "", "")
}

// parameter is the text of one parameter.
func parameter(r *rand.Rand, name string, v any) string {
	switch v := v.(type) {
	case string:
		// Text stands for itself, unless it looks like a literal or has blanks
		// at its ends.
		if v != "" && v == strings.TrimSpace(v) && v[0] != '\'' && v[0] != '"' && r.IntN(2) == 0 {
			return v
		}
	case []any:
		bare := name == "ids" || name == "fields" || name == "allfields" || name == "attributes" || name == "groupby"
		if bare && len(v) > 0 && r.IntN(3) == 0 {
			var items []string
			for _, item := range v {
				items = append(items, fmt.Sprint(item))
			}
			return strings.Join(items, ",")
		}
	}
	return literalText(r, v)
}

func (s *restapiSpeaker) hear(u *utterance, q inquiry, a reply) (outcome, error) {
	decode := fromJSON
	switch kind := a.header.Get("Content-Type"); kind {
	case "application/json":
	case "application/xml":
		decode = fromXML
	default:
		return outcome{}, fmt.Errorf("%d with Content-Type %q", a.status, kind)
	}
	v, err := decode(a.text)
	if err != nil {
		return outcome{}, fmt.Errorf("%w in %.300s", err, a.text)
	}
	body, _ := v.(map[string]any)
	key := q.Model
	if q.Op == opCount {
		key = "count"
	}
	switch a.status {
	case http.StatusOK:
		value, ok := body[key]
		if !ok || len(body) != 1 {
			return outcome{}, fmt.Errorf("not under %q alone: %.300s", key, a.text)
		}
		return outcome{value: value}, nil
	case http.StatusNotFound:
		if difference("", v, map[string]any{"code": int64(404), "message": "Record not found"}) != "" {
			return outcome{}, fmt.Errorf("404 %s", a.text)
		}
		if q.Op == opCount || q.Op == opFields {
			return outcome{}, fmt.Errorf("a %s finds nothing: %s", q.Op, a.text)
		}
		return outcome{value: []any{}}, nil
	case http.StatusForbidden, http.StatusBadRequest, http.StatusInternalServerError:
		if nested, ok := body["error"].(map[string]any); ok {
			body = nested
		}
		message, _ := body["message"].(string)
		failed := a.status == http.StatusInternalServerError
		if body["code"] != int64(a.status) || message == "" || failed && message != odooFailed {
			return outcome{}, fmt.Errorf("%d %s", a.status, a.text)
		}
		return outcome{refused: true, failed: failed, why: message}, nil
	}
	return outcome{}, fmt.Errorf("%d: %s", a.status, a.text)
}

// shape: one record by its address is an object, and with compat restapi so is
// a list of one, with "" for what is empty in most kinds of fields.
func (s *restapiSpeaker) shape(u *utterance, q inquiry, data any) any {
	records, _ := data.([]any)
	if !q.records() || len(records) != 1 || !u.single && !s.compat {
		return data
	}
	if !s.compat {
		return records[0]
	}
	record := map[string]any{}
	for name, v := range records[0].(map[string]any) {
		if v == false && s.blank(q.Model, name) {
			v = ""
		}
		record[name] = v
	}
	return record
}
