package scheme

import (
	"context"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Scheme is a compiled Definition. It is immutable and safe for concurrent use.
type Scheme struct {
	name      string
	title     string
	limit     Limit
	blacklist []string
	order     []string
	models    map[string]*model
	reports   map[string]*model
	digest    string
	line      string            // what the scheme says of models
	closed    map[string]string // models that something closes by name, and the line that does
	// reserved: some record's name may be hidden, be it in part, or for records
	// outside of its model's filter.
	reserved bool
	// filtered: some model has a filter.
	filtered bool
}

// model is one compiled Configuration.
type model struct {
	name       string
	label      string // configured name, "" for a model without a configuration
	display    string
	displays   map[string]string
	icon       Icon
	limit      Limit
	listed     []string
	set        map[string]bool
	writeLimit Limit
	writeList  []string
	writeSet   map[string]bool
	filter     odoo.Domain
	// filterItems is the filter as a list to send, filterLeaves what it looks at.
	filterItems  []any
	filterLeaves []filterLeaf
	touches      map[string]bool // fields of the model itself in its filter
	operations   []Operation
	forced       map[string]any
	preset       map[string]any
	methods      map[string]*Method
	reports      []string
	search       []string
	rows         int64
	hideNames    bool
}

// may tells whether an operation is open.
func (m *model) may(op Operation) bool { return slices.Contains(m.operations, op) }

// Model is a model that a scheme opens.
type Model struct {
	Model string // technical name
	Name  string // display name, in the language of the context
	// Icon is the zero value where there is none.
	Icon Icon
}

// Models are the models of the scheme's configurations that are open for
// reading, in configured order. Their names are in a language that the context
// prefers (WithLanguages).
func (s *Scheme) Models(ctx context.Context) []Model {
	out := make([]Model, 0, len(s.order))
	for _, name := range s.order {
		if m := s.models[name]; m.may(Read) {
			out = append(out, m.described(ctx))
		}
	}
	return out
}

// Model describes one model that is open for reading, with a configuration or
// without. The error is a *Denied.
func (s *Scheme) Model(ctx context.Context, name string) (Model, error) {
	m := s.find(name)
	switch {
	case m == nil:
		return Model{}, deny(CodeModel, "model", name, "", "model %q is not allowed", name)
	case !m.may(Read):
		return Model{}, deny(CodeOperation, "method", name, "", "operation %q on model %q is not allowed", Read, name)
	}
	return m.described(ctx), nil
}

func (m *model) described(ctx context.Context) Model {
	return Model{Model: m.name, Name: m.translated(ctx), Icon: m.icon}
}

// Title is what people read of the scheme's name.
func (s *Scheme) Title() string { return s.title }

// Open tells whether models without a configuration are open, too: Models does
// not list them.
func (s *Scheme) Open() bool { return s.limit != LimitWhitelist }

// Opens tells whether a model can be read.
func (s *Scheme) Opens(model string) bool {
	m := s.find(model)
	return m != nil && m.may(Read)
}

// OpensUnnamed tells whether a model can be read that has no configuration.
func (s *Scheme) OpensUnnamed(model string) bool {
	return s.models[model] == nil && s.find(model) != nil
}

// find returns what is open of a model, or nil. A model without a
// configuration is made anew each time: their names come from strangers.
func (s *Scheme) find(name string) *model {
	if m := s.models[name]; m != nil {
		return m
	}
	if s.limit == LimitWhitelist || !odoo.ValidModel(name) || sensitive(name) || s.blacklisted(name) {
		return nil
	}
	return &model{name: name, display: name, limit: LimitNone, operations: []Operation{Read}, rows: maxLimit, search: []string{searchField}}
}

// blacklisted tells whether a scheme's blacklist closes a model.
func (s *Scheme) blacklisted(name string) bool {
	return slices.ContainsFunc(s.blacklist, func(entry string) bool {
		root, below := strings.CutSuffix(entry, ".*")
		return name == root || below && strings.HasPrefix(name, root+".")
	})
}

// Scopes are the scopes that the scheme has a use for.
func (s *Scheme) Scopes() []string {
	read, write, call := s.limit != LimitWhitelist, false, false
	for _, m := range s.models {
		read = read || m.may(Read)
		write = write || m.may(Create) || m.may(Write) || m.may(Unlink)
		call = call || len(m.methods) > 0 || len(m.reports) > 0
	}
	out := []string{}
	for _, scope := range []struct {
		name string
		used bool
	}{{ScopeRead, read}, {ScopeWrite, write}, {ScopeCall, call}} {
		if scope.used {
			out = append(out, scope.name)
		}
	}
	return out
}
