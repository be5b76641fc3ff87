package e2e

import (
	"fmt"
	"slices"
)

// inquiry is one request to read, in the words of no dialect.
type inquiry struct {
	Model, Op string
	IDs       []int64 // of read; of a search: among these
	Fields    []string
	Domain    []any // nil: none is given
	Order     string
	Offset    *int64
	Limit     *int64
	// Name and Operator are those of name_search.
	Name, Operator string
	// GroupBy, Aggregates and Lazy are those of groups.
	GroupBy, Aggregates []string
	Lazy                *bool
	// Attributes are those of fields_get; Fields are its fields.
	Attributes []string
	Verdict    verdict
}

// verdict is what an inquiry must come to.
type verdict string

const (
	// asOdoo: what Odoo answers, and refused where Odoo refuses.
	asOdoo verdict = "as Odoo"
	// wrong: Odoo refuses it too.
	wrong verdict = "wrong"
	// closed: the rules refuse it, whatever Odoo would say.
	closed verdict = "closed"
)

// The operations.
const (
	opSearch     = "search"
	opCount      = "search_count"
	opSearchRead = "search_read"
	opRead       = "read"
	opNameSearch = "name_search"
	opFields     = "fields_get"
	opReadGroup  = "read_group"
	opFormatted  = "formatted_read_group"
)

// searches tells whether an operation takes a domain.
func (q inquiry) searches() bool { return q.Op != opRead && q.Op != opFields }

// records tells whether its answer is records.
func (q inquiry) records() bool { return q.Op == opSearchRead || q.Op == opRead }

func (q inquiry) String() string {
	out := q.arguments()
	if q.Op == opRead {
		out["ids"] = q.IDs
	}
	return fmt.Sprintf("%s of %s (%s) %s", q.Op, q.Model, q.Verdict, jsonOf(out))
}

// where is the domain, with the ids in it. An inquiry without any has nil.
func (q inquiry) where() []any {
	domain := slices.Clone(q.Domain)
	if q.searches() && q.IDs != nil {
		domain = append(domain, []any{"id", "in", anyList(q.IDs)})
	}
	return domain
}

// whereOrAll is the domain where one must be given.
func (q inquiry) whereOrAll() []any { return append([]any{}, q.where()...) }

// defaultLimit is the gateway's, where no limit is given, or 0.
const defaultLimit = 80

// rows is the limit that holds.
func (q inquiry) rows() int64 {
	if q.Limit == nil || *q.Limit == 0 {
		return defaultLimit
	}
	return *q.Limit
}

func anyList[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// arguments are an operation's own, by the names that Odoo gives them in its
// newest version; those that are not given are left out.
func (q inquiry) arguments() map[string]any {
	out := map[string]any{}
	if d := q.where(); d != nil {
		out["domain"] = d
	}
	if q.Op == opFields {
		if q.Fields != nil {
			out["allfields"] = anyList(q.Fields)
		}
		if q.Attributes != nil {
			out["attributes"] = anyList(q.Attributes)
		}
		return out
	}
	if q.Fields != nil {
		out["fields"] = anyList(q.Fields)
	}
	if q.Offset != nil {
		out["offset"] = *q.Offset
	}
	if q.Limit != nil {
		out["limit"] = *q.Limit
	}
	if q.Order != "" {
		out["order"] = q.Order
	}
	switch q.Op {
	case opNameSearch:
		if q.Name != "" {
			out["name"] = q.Name
		}
		if q.Operator != "" {
			out["operator"] = q.Operator
		}
	case opReadGroup:
		out["fields"], out["groupby"] = anyList(q.Aggregates), anyList(q.GroupBy)
		delete(out, "order")
		if q.Order != "" {
			out["orderby"] = q.Order
		}
		if q.Lazy != nil {
			out["lazy"] = *q.Lazy
		}
	case opFormatted:
		out["aggregates"], out["groupby"] = anyList(q.Aggregates), anyList(q.GroupBy)
	}
	return out
}
