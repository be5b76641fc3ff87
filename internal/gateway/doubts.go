package gateway

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/caddy-odoo/gateway/internal/doctor"
)

// doubts finds what Odoo shows to be wrong in the model schemes of applications
// that are in use.
func (s *service) doubts(ctx context.Context, rt http.RoundTripper) (doctor.Models, error) {
	var found doctor.Models
	rt = s.ceiling.Transport(rt, "", s.calls)
	used := make(map[string]bool)
	for _, app := range s.applications.All() {
		if app.Active && s.schemes[app.Scheme] != nil {
			used[app.Scheme] = true
		}
	}
	looked := make(map[string]bool) // configurations
	var reports reportDoubts
	for _, name := range slices.Sorted(maps.Keys(used)) {
		d, err := s.describe(ctx, rt, name)
		if err != nil {
			return found, err
		}
		untold := false
		for _, n := range s.schemes[name].Named() {
			where := "model_configuration " + n.Configuration
			if n.Configuration == "" {
				where = "model_scheme " + name + ": blacklist"
			}
			if looked[where+n.Model] {
				continue
			}
			doubt, told, err := d.doubt(ctx, n.Model)
			if err != nil {
				return found, err
			}
			if !told {
				untold = true
				continue
			}
			looked[where+n.Model] = true
			found.Looked++
			if doubt.Model != "" {
				doubt.Where = where
				found.Doubts = append(found.Doubts, doubt)
			}
		}
		if untold {
			found.Untold = append(found.Untold, name)
		}
		if err := reports.add(ctx, d, s.schemes[name].NamedReports()); err != nil {
			return found, err
		}
	}
	found.Reports = reports.all()
	if len(found.Untold) > 0 {
		found.Repeated = s.advice.list()
	}
	return found, nil
}

// doubt is about one model; told is false where nobody could be asked. Its
// Model is "" where all is well.
func (d *Description) doubt(ctx context.Context, model string) (_ doctor.Doubt, told bool, err error) {
	m, err := d.ask(ctx, model, 1)
	if err != nil {
		return doctor.Doubt{}, false, err
	}
	if m.missing {
		return doctor.Doubt{Model: model, Missing: true}, true, nil
	}
	if len(m.logins) == 0 {
		return doctor.Doubt{}, false, nil
	}
	rules := d.service.schemes[d.scheme]
	_, fields := rules.Unknown(model, m.fields)
	if len(fields) > 0 {
		if m, err = d.ask(ctx, model, mostAsked); err != nil {
			return doctor.Doubt{}, false, err
		}
		_, fields = rules.Unknown(model, m.fields)
	}
	filter, err := rules.Unenforceable(ctx, d, model)
	if err != nil {
		return doctor.Doubt{}, false, err
	}
	if len(fields) == 0 && filter == "" {
		return doctor.Doubt{}, true, nil
	}
	return doctor.Doubt{Model: model, Fields: fields, Filter: filter, Asked: m.logins}, true, nil
}
