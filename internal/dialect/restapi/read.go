package restapi

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// records answers {model}/{id}, {model}?ids= and {model}?domain=.
func (s *session) records() error {
	if s.target.id > 0 {
		return s.read()
	}
	if err := s.only("ids", "domain", "fields", "offset", "limit", "order", "context"); err != nil {
		return err
	}
	if s.has("ids") && !s.has("domain", "offset", "limit", "order") {
		return s.read()
	}
	return s.searchRead()
}

// has tells whether any of the parameters says something.
func (s *session) has(names ...string) bool {
	for _, name := range names {
		if p := s.params[name]; p.text != "" || p.value != nil {
			return true
		}
	}
	return false
}

// read answers records by their ids.
func (s *session) read() error {
	known := []string{"ids", "fields", "context"}
	if s.target.id > 0 {
		known = known[1:]
	}
	if err := s.only(known...); err != nil {
		return err
	}
	ids, given, err := s.ids()
	if err != nil {
		return err
	}
	if !given {
		return bad("ids are missing")
	}
	res, err := s.do("read", ids, "fields", "context")
	if err != nil {
		return err
	}
	return s.answer(http.StatusOK, res, s.target.id > 0)
}

// searchRead answers the records that a domain finds.
func (s *session) searchRead() error {
	if err := s.only("ids", "domain", "fields", "offset", "limit", "order", "context"); err != nil {
		return err
	}
	if err := s.restrict(); err != nil {
		return err
	}
	res, err := s.do("search_read", nil, "domain", "fields", "offset", "limit", "order", "context")
	if err != nil {
		return err
	}
	return s.answer(http.StatusOK, res, false)
}

// restrict adds ids to the domain parameter, as the methods that search do.
func (s *session) restrict() error {
	ids, given, err := s.ids()
	if err != nil || !given {
		return err
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
	s.params["domain"] = param{value: d.Value(), typed: true}
	return nil
}

// answer writes records: one by its id as an object, others as a list, and a
// list of one as an object for those who know it so from the original.
func (s *session) answer(status int, res odoo.Result, single bool) error {
	records, err := res.Records()
	if err != nil {
		return err
	}
	if len(records) == 0 {
		s.nothing()
		return nil
	}
	compat := s.runner.Compat()
	if !single && !(compat && len(records) == 1) {
		s.envelope(status, res.Value)
		return nil
	}
	record := records[0]
	if compat {
		if record, err = s.blanked(record); err != nil {
			return err
		}
	}
	s.envelope(status, odoo.AppendRecord(nil, record))
	return nil
}

// envelope writes {"<model>": value}.
func (s *session) envelope(status int, v jsontext.Value) { s.named(status, s.target.model, v) }

func (s *session) named(status int, key string, v jsontext.Value) {
	dialect.Write(s.w, status, odoo.AppendRecord(nil, odoo.Record{{Name: key, Value: v}}))
}

// nothing is the answer where nothing is found.
func (s *session) nothing() {
	fail(s.w, &dialect.Failure{Kind: dialect.NotFound, Code: "record_not_found"})
}

// search answers {model}/search with ids.
func (s *session) search() error {
	if err := s.only("ids", "domain", "offset", "limit", "order", "context"); err != nil {
		return err
	}
	if err := s.restrict(); err != nil {
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
		s.nothing()
		return nil
	}
	s.envelope(http.StatusOK, res.Value)
	return nil
}

// searchCount answers {model}/search_count.
func (s *session) searchCount() error {
	if err := s.only("ids", "domain", "context"); err != nil {
		return err
	}
	if err := s.restrict(); err != nil {
		return err
	}
	res, err := s.do("search_count", nil, "domain", "context")
	if err != nil {
		return err
	}
	if _, ok := odoo.Int(res.Value); !ok {
		return odoo.ErrShape
	}
	s.named(http.StatusOK, "count", res.Value)
	return nil
}

// fieldsGet answers {model}/fields_get. The original takes write_access and
// needs it for nothing.
func (s *session) fieldsGet() error {
	if s.target.id > 0 {
		return bad("fields_get takes no ids")
	}
	if err := s.only("allfields", "attributes", "context", "write_access"); err != nil {
		return err
	}
	res, err := s.do("fields_get", nil, "allfields", "attributes", "context")
	if err != nil {
		return err
	}
	s.envelope(http.StatusOK, res.Value)
	return nil
}
