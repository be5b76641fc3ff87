package restapi

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// records answers {model}/{id}, {model}?ids= and {model}?domain=.
func (s *session) records() error {
	if s.target.id > 0 {
		if err := s.only("fields", "context"); err != nil {
			return err
		}
		res, err := s.do("read", []int64{s.target.id}, "fields", "context")
		return s.answer(res, err, true)
	}
	if err := s.only("ids", "domain", "fields", "offset", "limit", "order", "context"); err != nil {
		return err
	}
	ids, ok, err := s.ids()
	if err != nil {
		return err
	}
	if ok && !s.has("domain", "offset", "limit", "order") {
		res, err := s.do("read", ids, "fields", "context")
		return s.answer(res, err, false)
	}
	if err := s.restrict(ids, ok); err != nil {
		return err
	}
	res, err := s.do("search_read", nil, "domain", "fields", "offset", "limit", "order", "context")
	return s.answer(res, err, false)
}

func (s *session) has(names ...string) bool {
	for _, name := range names {
		if s.params[name] != "" {
			return true
		}
	}
	return false
}

// restrict adds ids to the domain parameter, as the methods that search do.
func (s *session) restrict(ids []int64, given bool) error {
	if !given {
		return nil
	}
	v, ok, err := s.argument("domain")
	if err != nil {
		return err
	}
	d, err := odoo.Where("id", "in", odoo.IDList(ids))
	if err != nil {
		return bad("ids: %s", err)
	}
	if ok {
		client, err := odoo.ParseDomain(v)
		if err != nil {
			return bad("domain: %s", err)
		}
		d = client.And(d)
	}
	text, err := odoo.MarshalValue(d.Value())
	if err != nil {
		return bad("domain: %s", err)
	}
	s.params["domain"] = string(text)
	return nil
}

// answer writes records: one by its id as an object, others as a list, and a
// list of one as an object for those who know it so from the original.
func (s *session) answer(res odoo.Result, err error, single bool) error {
	if err != nil {
		return err
	}
	records, err := odoo.Records(res.Value)
	if err != nil {
		return err
	}
	if len(records) == 0 {
		flat(s.w, http.StatusNotFound, "Record not found")
		return nil
	}
	compat := s.runner.Compat()
	if !single && !(compat && len(records) == 1) {
		s.envelope(res.Value)
		return nil
	}
	record := records[0]
	if compat {
		if record, err = s.blanked(record); err != nil {
			return err
		}
	}
	s.envelope(odoo.AppendRecord(nil, record))
	return nil
}

// envelope writes {"<model>": value}.
func (s *session) envelope(v jsontext.Value) {
	s.named(s.target.model, v)
}

func (s *session) named(key string, v jsontext.Value) {
	ok(s.w, odoo.Record{{Name: key, Value: v}})
}

// search answers {model}/search with ids.
func (s *session) search() error {
	if err := s.only("ids", "domain", "offset", "limit", "order", "context"); err != nil {
		return err
	}
	ids, given, err := s.ids()
	if err != nil {
		return err
	}
	if err := s.restrict(ids, given); err != nil {
		return err
	}
	res, err := s.do("search", nil, "domain", "offset", "limit", "order", "context")
	if err != nil {
		return err
	}
	found, err := odoo.IDs(res.Value)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		flat(s.w, http.StatusNotFound, "Record not found")
		return nil
	}
	s.envelope(res.Value)
	return nil
}

// searchCount answers {model}/search_count.
func (s *session) searchCount() error {
	if err := s.only("ids", "domain", "context"); err != nil {
		return err
	}
	ids, given, err := s.ids()
	if err != nil {
		return err
	}
	if err := s.restrict(ids, given); err != nil {
		return err
	}
	res, err := s.do("search_count", nil, "domain", "context")
	if err != nil {
		return err
	}
	if _, ok := odoo.Int(res.Value); !ok {
		return odoo.ErrShape
	}
	s.named("count", res.Value)
	return nil
}

// fieldsGet answers {model}/fields_get. The original takes write_access and
// needs it for nothing.
func (s *session) fieldsGet() error {
	if err := s.only("allfields", "attributes", "context", "write_access"); err != nil {
		return err
	}
	res, err := s.do("fields_get", nil, "allfields", "attributes", "context")
	if err != nil {
		return err
	}
	s.envelope(res.Value)
	return nil
}
