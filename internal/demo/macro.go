package demo

import (
	"context"
	"errors"
	"sync"

	"go.uber.org/zap"
)

// macro is a place in a page where Odoo records stand.
type macro struct {
	server string
	model  string
	// name searches the record; "" takes the first of all, in order.
	name   string
	order  string
	fields []string
	// limit is how many records are shown: one as a card, more as a table.
	limit int
}

// shown is a macro as a page shows it: with rows, or with what to do instead.
type shown struct {
	Server *Server
	Slug   string // the page to come back to
	CSRF   string
	// Title is what the application calls the model.
	Title   string
	Columns []column
	Rows    []row
	// NeedsToken: there is no token, or none that works.
	NeedsToken bool
	// Problem says why there are no rows.
	Problem string
}

type column struct {
	Label   string
	Numeric bool // flush right
	Whole   bool // on one line
}

type row struct {
	URL   string // opens the record in Odoo
	Name  string
	Cells []cell
}

type cell struct {
	column
	Text string
}

// evaluate reads the records of a page's macros, all at once.
func (w *Wiki) evaluate(ctx context.Context, s *session, p page) []shown {
	out := make([]shown, len(p.macros))
	var wait sync.WaitGroup
	for i, m := range p.macros {
		wait.Go(func() {
			server := w.server(m.server)
			out[i] = shown{Server: server, Slug: p.slug, CSRF: s.csrf}
			r := reader{wiki: w, server: server, connection: s.connection(m.server)}
			err := r.fill(ctx, m, &out[i])
			var no *refusal
			switch {
			case errors.Is(err, errAuthenticate):
				out[i].NeedsToken = true
			case errors.As(err, &no):
				out[i].Problem = no.text
			case err != nil:
				out[i].Problem = noticeAway
				w.config.Logger.Warn("reading from the server failed", zap.String("server", m.server), zap.String("model", m.model), zap.Error(err))
			}
		})
	}
	wait.Wait()
	return out
}

// fill reads one macro: what the model is called, which records, their
// fields and what those are called.
func (r reader) fill(ctx context.Context, m macro, into *shown) error {
	title, err := r.modelName(ctx, m.model)
	if err != nil {
		return err
	}
	into.Title = title
	found, err := r.search(ctx, m.model, m.name, m.order, m.limit)
	if err != nil {
		return err
	}
	if len(found.data) == 0 {
		into.Problem = "There is nothing to show: no such record, or none that you may see."
		return nil
	}
	var ids []int64
	for _, rec := range found.data {
		ids = append(ids, rec.id())
	}
	labels, err := r.labels(ctx, m.model, m.fields)
	if err != nil {
		return err
	}
	records, err := r.read(ctx, m.model, ids, m.fields)
	if err != nil {
		return err
	}
	for _, f := range m.fields {
		into.Columns = append(into.Columns, column{Label: labels[f].String, Numeric: labels[f].numeric(), Whole: labels[f].whole()})
	}
	for _, rec := range records.data {
		out := row{URL: link(r.server, records.header, rec.id())}
		for i, f := range m.fields {
			out.Cells = append(out.Cells, cell{column: into.Columns[i], Text: labels[f].text(rec[f])})
		}
		out.Name = out.Cells[0].Text // by agreement the first field is the record's name
		into.Rows = append(into.Rows, out)
	}
	return nil
}
