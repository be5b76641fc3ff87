package orestapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

const (
	defaultLimit = 20
	maxLimit     = 1000
)

// nameSearch answers record/name_search. Offset, limit and order work with a
// name, too, and offset 0 is a number; the original knew neither. Without an
// order the records come by name. Each has its id and display name, nothing else.
func (s *session) nameSearch() error {
	model := s.params["model"]
	if model == "" {
		return denied(searchWithoutModel, "Model not provided")
	}
	offset, err := s.number("offset", 0, offsetNoInteger, "Offset must be integer")
	if err != nil {
		return err
	}
	limit, err := s.number("limit", defaultLimit, limitNoInteger, "Limit must be integer")
	if err != nil {
		return err
	}
	if limit == 0 {
		limit = defaultLimit
	}
	limit = min(limit, maxLimit) // the header tells what it became
	call := odoo.Call{
		Model: model, Method: "name_search",
		Kwargs: map[string]any{"name": s.params["name"], "limit": limit, "offset": offset},
	}
	// display_name is the default, and sorts by name where there is one.
	if order := strings.TrimSpace(s.params["order"]); order != "" && order != "display_name" {
		call.Kwargs["order"] = order
	}
	res, err := s.runner.Do(s.r.Context(), call)
	if err != nil {
		return err
	}
	records, err := res.Records()
	if err != nil {
		return err
	}
	for i, r := range records {
		records[i] = slices.DeleteFunc(r, func(m odoo.Member) bool { return m.Name != "id" && m.Name != "display_name" })
	}
	return s.answer(model, odoo.Record{
		{Name: "count", Value: integer(int64(len(records)))},
		{Name: "offset", Value: integer(offset)},
		{Name: "limit", Value: integer(limit)},
	}, records)
}

// read answers record/read. Records that are not there are left out; where
// none is, that is an error.
func (s *session) read() error {
	model := s.params["model"]
	if model == "" {
		return denied(readWithoutModel, "Model not provided")
	}
	ids, ok := idList(s.params["ids"])
	if !ok {
		return denied(readWithoutIDs, "Ids not provided")
	}
	call := odoo.Call{Model: model, Method: "read", IDs: ids, Kwargs: map[string]any{}}
	if text := strings.TrimSpace(s.params["fields"]); text != "" {
		list, err := dialect.NameList(text)
		if err != nil {
			return &refusal{http.StatusBadRequest, malformed, "fields: " + err.Error()}
		}
		if list != nil {
			call.Kwargs["fields"] = list
		}
	}
	res, err := s.runner.Do(s.r.Context(), call)
	if err != nil {
		return err
	}
	records, err := res.Records()
	if err != nil {
		return err
	}
	if len(records) == 0 {
		return denied(recordNotFound, "Record not found")
	}
	return s.answer(model, nil, records)
}

func (s *session) number(name string, fallback int64, code, message string) (int64, error) {
	text := strings.TrimSpace(s.params[name])
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, denied(code, message)
	}
	return n, nil
}

// idList reads [1,2] or 1,2, which must name at least one record.
func idList(text string) ([]int64, bool) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, false
	}
	v, err := dialect.IDList(text)
	ids, _ := v.([]int64)
	return ids, err == nil && len(ids) > 0
}

func integer(n int64) jsontext.Value { return strconv.AppendInt(nil, n, 10) }
