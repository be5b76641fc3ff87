package restapi

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// create answers POST {model}: 201 and the new record.
func (s *session) create() error {
	if err := s.only("vals", "args", "context"); err != nil {
		return err
	}
	vals, env, err := s.vals()
	if err != nil {
		return err
	}
	res, err := s.runner.Do(s.r.Context(), odoo.Call{
		Model: s.target.model, Method: "create", Kwargs: map[string]any{"vals_list": vals}, Context: env,
	})
	if err != nil {
		return err
	}
	id, ok := odoo.Int(res.Value)
	if !ok {
		return odoo.ErrShape
	}
	return s.changed(http.StatusCreated, []int64{id}, env, true)
}

// update answers PUT {model}/{id} and PUT {model}?ids=.
func (s *session) update() error {
	if err := s.only("ids", "vals", "args", "context"); err != nil {
		return err
	}
	ids, given, err := s.ids()
	if err != nil {
		return err
	}
	if !given {
		return bad("ids are missing")
	}
	vals, env, err := s.vals()
	if err != nil {
		return err
	}
	_, err = s.runner.Do(s.r.Context(), odoo.Call{
		Model: s.target.model, Method: "write", IDs: ids, Kwargs: map[string]any{"vals": vals}, Context: env,
	})
	if err != nil {
		return err
	}
	return s.changed(http.StatusOK, ids, env, s.target.id > 0)
}

// changed answers with records that have been written, as the person sees
// them through the rules. What is written stays written: where the records
// cannot be read, be it for want of a right, the answer is their ids.
func (s *session) changed(status int, ids []int64, env map[string]any, single bool) error {
	res, err := s.runner.Do(s.r.Context(), odoo.Call{
		Model: s.target.model, Method: "read", IDs: ids, Kwargs: map[string]any{}, Context: env,
	})
	if records, shape := odoo.Records(res.Value); err == nil && shape == nil && len(records) > 0 {
		// Blanks are asked for again, and may fail on their own.
		if s.answer(status, res, single) == nil {
			return nil
		}
	}
	records := make([]odoo.Record, len(ids))
	for i, id := range ids {
		records[i] = odoo.Record{{Name: "id", Value: jsontext.Value(strconv.FormatInt(id, 10))}}
	}
	if single {
		s.envelope(status, odoo.AppendRecord(nil, records[0]))
		return nil
	}
	s.envelope(status, odoo.AppendRecords(nil, records))
	return nil
}

// remove answers DELETE {model}/{id} and DELETE {model}?ids=. The original's
// later versions name what is gone.
func (s *session) remove() error {
	if err := s.only("ids", "context"); err != nil {
		return err
	}
	ids, given, err := s.ids()
	if err != nil {
		return err
	}
	if !given {
		return bad("ids are missing")
	}
	if _, err := s.do("unlink", ids, "context"); err != nil {
		return err
	}
	var gone odoo.Record
	if s.runner.Compat() {
		gone = odoo.Record{{Name: "id", Value: jsontext.Value(strconv.FormatInt(ids[0], 10))}}
		if s.target.id == 0 {
			list := strings.Trim(strings.ReplaceAll(fmt.Sprint(ids), " ", ","), "[]")
			gone = odoo.Record{{Name: "ids", Value: jsontext.Value(`"` + list + `"`)}}
		}
	}
	dialect.Write(s.w, http.StatusOK, odoo.AppendRecord(nil, gone))
	return nil
}

// vals are the values of one record, with the context: those of vals or, as
// the original had it, of args. Of a list it took the first and dropped the
// others: here a list has one.
func (s *session) vals() (vals map[string]any, env map[string]any, err error) {
	name := "vals"
	if _, given := s.params["args"]; given {
		if _, both := s.params["vals"]; both {
			return nil, nil, bad("vals and args are the same")
		}
		name = "args"
	}
	v, ok, err := s.params[name].raw(name)
	if err != nil {
		return nil, nil, err
	}
	if !ok {
		return nil, nil, bad("vals are missing")
	}
	if list, many := v.([]any); many {
		if len(list) != 1 {
			return nil, nil, bad("%s must be the values of one record", name)
		}
		v = list[0]
	}
	vals, isObject := v.(map[string]any)
	if !isObject {
		return nil, nil, bad("%s must be an object of fields and values", name)
	}
	if vals, err = s.settled(vals); err != nil {
		return nil, nil, err
	}
	c, ok, err := s.argument("context")
	if ok {
		env, _ = c.(map[string]any)
	}
	return vals, env, err
}
