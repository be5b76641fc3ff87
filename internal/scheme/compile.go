package scheme

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Check validates a configuration by itself. Its errors name the value at
// fault, and are meant for the administrator.
func (c Configuration) Check() error {
	_, err := compileModel(c)
	return err
}

// Compile validates a definition. Its errors name the configuration and the
// value at fault, and are meant for the administrator.
func Compile(d Definition) (*Scheme, error) {
	s := &Scheme{
		name: d.Name, title: d.Title, limit: d.Limit, blacklist: slices.Clone(d.Blacklist),
		models: make(map[string]*model, len(d.Configurations)), reports: map[string]*model{}, closed: map[string]string{},
	}
	if s.title == "" {
		s.title = s.name
	}
	if err := s.compileLimit(); err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(d.Configurations))
	for _, c := range d.Configurations {
		m, err := compileModel(c)
		if err != nil {
			return nil, fmt.Errorf("model configuration %q: %w", c.Name, err)
		}
		if seen[m.name] {
			return nil, fmt.Errorf("model configuration %q: model %q is configured twice", c.Name, m.name)
		}
		if seen[m.name] = true; s.blacklisted(m.name) {
			return nil, fmt.Errorf("model configuration %q: the scheme's blacklist closes model %q", c.Name, m.name)
		}
		if c.Inactive {
			s.closed[m.name] = m.line("active", "false")
		}
		if err := s.add(m, c.Inactive || d.Inactive); err != nil {
			return nil, fmt.Errorf("model configuration %q: %w", c.Name, err)
		}
	}
	s.line = d.line(s)
	if d.Inactive {
		s.limit, s.blacklist = LimitWhitelist, nil
	}
	s.reserved = s.reserved || len(s.blacklist) > 0
	var err error
	if s.digest, err = digest(s); err != nil {
		return nil, err
	}
	return s, nil
}

// line is the line of the scheme that says which models are open.
func (d Definition) line(s *Scheme) string {
	switch {
	case d.Inactive:
		return "active false"
	case s.limit == LimitNone:
		return "none"
	case s.limit == LimitBlacklist:
		return "blacklist " + strings.Join(d.Blacklist, " ")
	}
	names := make([]string, len(d.Configurations))
	for i, c := range d.Configurations {
		names[i] = c.Name
	}
	return strings.TrimSpace("whitelist " + strings.Join(names, " "))
}

func (s *Scheme) compileLimit() error {
	switch s.limit {
	case "":
		s.limit = LimitWhitelist
	case LimitNone, LimitWhitelist, LimitBlacklist:
	default:
		return fmt.Errorf("model limit %q is none of none, blacklist and whitelist", s.limit)
	}
	if s.limit == LimitBlacklist && len(s.blacklist) == 0 {
		return errors.New("a blacklist of models needs at least one model")
	}
	if s.limit != LimitBlacklist && len(s.blacklist) > 0 {
		return errors.New("models are blacklisted, but the scheme is no blacklist")
	}
	for i, entry := range s.blacklist {
		if !odoo.ValidModel(strings.TrimSuffix(entry, ".*")) {
			return fmt.Errorf("blacklist: %q is not a model name", entry)
		}
		if slices.Contains(s.blacklist[:i], entry) {
			return fmt.Errorf("blacklist: %q is named twice", entry)
		}
	}
	return nil
}

// add opens a model. One that is not active is closed even where the scheme
// opens models without a configuration.
func (s *Scheme) add(m *model, inactive bool) error {
	if inactive {
		if s.limit != LimitWhitelist {
			s.blacklist = append(s.blacklist, m.name)
		}
		return nil
	}
	for _, name := range m.reports {
		if s.reports[name] != nil {
			return fmt.Errorf("report %q is named twice", name)
		}
		s.reports[name] = m
	}
	s.models[m.name] = m
	s.order = append(s.order, m.name)
	s.filtered = s.filtered || !m.filter.IsEverything()
	s.reserved = s.reserved || m.limit != LimitNone || !m.filter.IsEverything() || m.hideNames || !m.may(Read)
	return nil
}

func compileModel(c Configuration) (*model, error) {
	if !odoo.ValidModel(c.Model) {
		return nil, fmt.Errorf("model %q is not a model name", c.Model)
	}
	switch {
	case sensitive(c.Model) && !c.Sensitive:
		return nil, fmt.Errorf("model %q is sensitive and cannot be opened without saying so: sensitive true", c.Model)
	case c.Sensitive && !sensitive(c.Model):
		return nil, fmt.Errorf("sensitive: model %q is not on the list of sensitive models", c.Model)
	}
	m := &model{
		name: c.Model, label: c.Name, display: c.DisplayName, displays: maps.Clone(c.DisplayNames), icon: c.Icon,
		limit: c.Limit, writeLimit: c.WriteLimit, hideNames: c.HideRelatedNames, rows: int64(c.RowLimit), operations: slices.Clone(c.Operations),
	}
	if m.display == "" {
		m.display = c.Model
	}
	if m.limit == "" {
		m.limit = LimitNone
	}
	if len(m.operations) == 0 {
		m.operations = []Operation{Read}
	}
	for _, part := range []func(Configuration) error{
		m.compileFields, m.compileOperations, m.compileWriteFields, m.compileFilter, m.compileValues,
		m.compileMethods, m.compileReports, m.compileSearch, m.compileNames,
	} {
		if err := part(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *model) compileFields(c Configuration) (err error) {
	if m.listed, m.set, err = fieldList(m.limit, "field", c.Fields); err == nil && m.limit == LimitBlacklist && m.set["id"] {
		err = errors.New("field \"id\" cannot be hidden")
	}
	return err
}

// fieldList compiles names and how they are meant.
func fieldList(limit Limit, what string, names []string) ([]string, map[string]bool, error) {
	switch limit {
	case LimitNone:
		if len(names) > 0 {
			return nil, nil, fmt.Errorf("%ss are named, but all are open: name them in a whitelist or a blacklist", what)
		}
	case LimitBlacklist, LimitWhitelist:
		if len(names) == 0 {
			return nil, nil, fmt.Errorf("a %s %s needs at least one field", what, limit)
		}
	default:
		return nil, nil, fmt.Errorf("%s limit %q is none of none, blacklist and whitelist", what, limit)
	}
	set := make(map[string]bool, len(names))
	for _, f := range names {
		if !odoo.ValidField(f) {
			return nil, nil, fmt.Errorf("%s %q is not a field name", what, f)
		}
		if set[f] {
			return nil, nil, fmt.Errorf("%s %q is named twice", what, f)
		}
		set[f] = true
	}
	return slices.Clone(names), set, nil
}

func (m *model) compileOperations(Configuration) error {
	for i, op := range m.operations {
		switch op {
		case Read, Create, Write, Unlink:
		default:
			return fmt.Errorf("operation %q is none of read, create, write and unlink", op)
		}
		if slices.Contains(m.operations[:i], op) {
			return fmt.Errorf("operation %q is named twice", op)
		}
	}
	return nil
}

func (m *model) compileWriteFields(c Configuration) (err error) {
	if m.writeLimit == "" {
		if len(c.WriteFields) > 0 {
			return errors.New("write fields are named without saying how: in a whitelist or a blacklist")
		}
		return nil
	}
	if !m.may(Create) && !m.may(Write) {
		return errors.New("write fields are of no use without operation create or write")
	}
	if m.writeList, m.writeSet, err = fieldList(m.writeLimit, "write field", c.WriteFields); err != nil {
		return err
	}
	for _, f := range m.writeList {
		if neverWritten[f] && m.writeLimit == LimitWhitelist {
			return fmt.Errorf("write field %q is Odoo's own and cannot be written", f)
		}
	}
	return nil
}

func (m *model) compileFilter(c Configuration) error {
	if c.Filter == "" {
		return nil
	}
	f, err := parseFilter(c.Filter)
	if err != nil {
		return fmt.Errorf("filter: %w", err)
	}
	m.filter, m.touches, m.filterLeaves = f, firstSteps(f), filterLeaves(f)
	m.filterItems, _ = f.Value().([]any)
	return nil
}

// parseFilter reads a configuration's filter.
func parseFilter(text string) (odoo.Domain, error) {
	v, err := odoo.ParseJSON([]byte(text), odoo.DefaultLimits)
	if err != nil {
		return odoo.Domain{}, err
	}
	return odoo.ParseDomain(v)
}

func (m *model) compileValues(c Configuration) error {
	m.forced, m.preset = maps.Clone(c.Forced), maps.Clone(c.Preset)
	if len(m.forced)+len(m.preset) > 0 && !m.may(Create) {
		return errors.New("values for new records are of no use without operation create")
	}
	for what, values := range map[string]map[string]any{"force": m.forced, "preset": m.preset} {
		for _, name := range sortedKeys(values) {
			if !odoo.ValidField(name) || neverWritten[name] {
				return fmt.Errorf("%s: %q is no field that can be written", what, name)
			}
			if _, err := odoo.MarshalValue(values[name]); err != nil {
				return fmt.Errorf("%s %s: %w", what, name, err)
			}
			if _, forced := m.forced[name]; forced && what == "preset" {
				return fmt.Errorf("preset %s: the value is forced already", name)
			}
		}
	}
	if m.may(Create) && !m.provable() {
		return errors.New("operation create: no record that it makes would match the filter: force values for the fields of the filter")
	}
	return nil
}

var reportName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}(\.[A-Za-z0-9_]{1,64}){1,2}$`)

func (m *model) compileReports(c Configuration) error {
	for i, name := range c.Reports {
		if !reportName.MatchString(name) {
			return fmt.Errorf("report %q is not a name such as sale.report_saleorder", name)
		}
		if slices.Contains(c.Reports[:i], name) {
			return fmt.Errorf("report %q is named twice", name)
		}
	}
	m.reports = slices.Clone(c.Reports)
	return nil
}

func (m *model) compileSearch(c Configuration) error {
	m.search = slices.Clone(c.SearchFields)
	if len(m.search) == 0 {
		m.search = []string{searchField}
	}
	for i, name := range c.SearchFields {
		if !odoo.ValidField(name) || !m.opens(name) || name == "id" || name == "display_name" {
			return fmt.Errorf("search field %q is not an open field", name)
		}
		if slices.Contains(c.SearchFields[:i], name) {
			return fmt.Errorf("search field %q is named twice", name)
		}
	}
	switch {
	case m.rows == 0:
		m.rows = maxLimit
	case m.rows < 0 || m.rows > maxLimit:
		return fmt.Errorf("row limit %d is not between 1 and %d", m.rows, maxLimit)
	}
	return nil
}

func (m *model) compileNames(Configuration) error {
	for _, language := range sortedKeys(m.displays) {
		if !langValue.MatchString(language) || m.displays[language] == "" {
			return fmt.Errorf("display name in %q: this is no language code such as de_DE, or the name is empty", language)
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
