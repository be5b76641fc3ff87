package scheme

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Checked is a call that may run, once its guards hold. Only this package
// makes one that Filter takes.
type Checked struct {
	// Call is what to ask Odoo for, built anew.
	odoo.Call
	// Report is the name of the report to print for the records of Call, whose
	// Method is then empty; "" for every other call.
	Report string
	// Guards must hold before the call runs: see Scheme.Prove.
	Guards []Guard
	// Scope is what the access token must have been granted.
	Scope string
	// Answer is known without asking Odoo; nil: ask.
	Answer jsontext.Value

	shape  shape
	ids    []int64     // of a read, in the order asked for
	around odoo.Domain // of a read, beside the ids
	bare   bool        // of a read: a many2one is an id without a name
	method *Method
	groups *grouping
}

// Guard is a condition on records: all of them must exist, within the domain,
// for the person in question. Otherwise a call on them must not run.
type Guard struct {
	Model  string
	IDs    []int64
	Domain odoo.Domain
	// Kin are those of whom none may be outside of the domain, either: Odoo would
	// hand on to them what is written.
	Kin Kin
}

// shape is what an answer looks like, and how Filter judges it.
type shape int

const (
	shapeNone     shape = iota // nothing may leave
	shapeRecords               // of search_read
	shapeIDs                   // of search
	shapeCount                 // a whole number
	shapeFields                // of fields_get
	shapeCreated               // the id of a new record, or a list of ids
	shapeDone                  // whatever it is, it reads as true
	shapeTruth                 // a truth value
	shapeDefaults              // of default_get
	shapeGroups                // of read_group and formatted_read_group
	shapeMethod                // of a method of the configuration
	shapeReport                // a document
)

// Prove runs the guards of a call, as the person in question. The error is one
// of src as it is or, where a record is outside of a filter, the *odoo.Error
// of kind Missing that an absent record gives; it is a *Denied where a write
// would reach beyond the filter.
func (s *Scheme) Prove(ctx context.Context, src Source, checked Checked) error {
	j := s.judge(ctx, src)
	for _, g := range checked.Guards {
		if err := j.prove(src, g); err != nil {
			return err
		}
	}
	return nil
}

func (j *judge) prove(src Source, g Guard) error {
	if len(g.IDs) == 0 {
		return nil
	}
	wanted, err := odoo.Where("id", "in", odoo.IDList(g.IDs))
	if err != nil {
		return unexpected(err)
	}
	if wanted, err = j.archivedToo(g.Model, wanted); err != nil {
		return err
	}
	res, err := src.Run(j.ctx, odoo.Call{
		Model: g.Model, Method: "search",
		Kwargs: map[string]any{"domain": wanted.And(g.Domain).Value(), "limit": int64(len(g.IDs)), "order": "id"},
	})
	if err != nil {
		return err
	}
	found, err := odoo.IDs(res.Value)
	if err != nil {
		return unexpected(err)
	}
	have := make(map[int64]bool, len(found))
	for _, id := range found {
		have[id] = true
	}
	for _, id := range g.IDs {
		if !have[id] {
			return &odoo.Error{Kind: odoo.Missing, Message: "record does not exist"}
		}
	}
	if g.Kin != NoKin {
		return j.proveKin(src, g)
	}
	return nil
}

// guard makes sure of ids before a call, where the model has a filter.
func (c *Checked) guard(m *model, ids []int64) {
	if m.filter.IsEverything() || len(ids) == 0 {
		return
	}
	for i := range c.Guards {
		g := &c.Guards[i]
		if g.Model != m.name {
			continue
		}
		for _, id := range ids {
			if !containsID(g.IDs, id) {
				g.IDs = append(g.IDs, id)
			}
		}
		return
	}
	c.Guards = append(c.Guards, Guard{Model: m.name, IDs: append([]int64(nil), ids...), Domain: m.filter})
}

func containsID(ids []int64, id int64) bool {
	for _, other := range ids {
		if other == id {
			return true
		}
	}
	return false
}
