package gateway

import (
	"context"
	"slices"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/doctor"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// mostReports is how many of Odoo's reports are read; an Odoo with every module
// has a few hundred.
const mostReports = 5000

// reportDoubts collects what is wrong with the reports that schemes name. Two
// schemes may share a configuration, and the people of one may see what those
// of the other do not.
type reportDoubts struct {
	named []scheme.NamedReport // each once
	told  map[scheme.NamedReport]string
}

// add looks at those of one scheme, in the name of its people.
func (r *reportDoubts) add(ctx context.Context, d *Description, named []scheme.NamedReport) error {
	if len(named) == 0 {
		return nil
	}
	list, told, err := d.reports(ctx)
	if err != nil {
		return err
	}
	r.note(named, list, told)
	return nil
}

func (r *reportDoubts) note(named []scheme.NamedReport, list []listedReport, told bool) {
	for _, n := range named {
		if !slices.Contains(r.named, n) {
			r.named = append(r.named, n)
		}
		if told {
			if r.told == nil {
				r.told = make(map[scheme.NamedReport]string)
			}
			r.told[n] = printedOf(list, n.Name)
		}
	}
}

// all is what is to be told of them.
func (r *reportDoubts) all() (found doctor.Reports) {
	for _, n := range r.named {
		of, told := r.told[n]
		if !told {
			found.Untold = append(found.Untold, n.Name)
			continue
		}
		found.Looked++
		if of != n.Model {
			where := "model_configuration " + n.Configuration
			found.Doubts = append(found.Doubts, doctor.ReportDoubt{Where: where, Name: n.Name, Model: n.Model, Of: of})
		}
	}
	return found
}

// listedReport is a report as Odoo lists it. Odoo's route takes it by either name.
type listedReport struct{ name, xmlID, model string }

// printedOf is the model whose records Odoo prints under a name, "" where it has
// no such report. As Odoo does, it takes the first of that technical name, and
// only then goes by external ids.
func printedOf(list []listedReport, name string) string {
	i := slices.IndexFunc(list, func(r listedReport) bool { return r.name == name })
	if i < 0 {
		i = slices.IndexFunc(list, func(r listedReport) bool { return r.xmlID == name })
	}
	if i < 0 {
		return ""
	}
	return list[i].model
}

// reports is Odoo's list of reports, as the first of the people sees it to whom
// Odoo shows it: all, or nothing. told is false where that is nobody. Its error
// is that of ctx.
func (d *Description) reports(ctx context.Context) (list []listedReport, told bool, err error) {
	for _, a := range d.people {
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		result, err := a.run(ctx, odoo.Call{
			Model: "ir.actions.report", Method: "search_read",
			Kwargs: map[string]any{"domain": []any{}, "fields": []any{"report_name", "xml_id", "model"}, "limit": int64(mostReports)},
		})
		var records []odoo.Record
		if err == nil {
			records, err = odoo.Records(result.Value)
		}
		// Every Odoo has some.
		if err != nil || len(records) == 0 || len(records) == mostReports { // not all
			d.service.logger.Debug("odoo does not tell its reports", zap.Error(err))
			continue
		}
		for _, r := range records {
			list = append(list, listedReport{text(r.Get("report_name")), text(r.Get("xml_id")), text(r.Get("model"))})
		}
		return list, true, nil
	}
	return nil, false, ctx.Err()
}
