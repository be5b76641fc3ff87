package orm

import "strings"

// may tells whether the access rights of a model let the user do an operation
// (read, write, create, unlink), record rules aside.
func (t *tx) may(m *model, operation string) bool {
	if t.su {
		return true
	}
	for xmlid, rights := range m.acl {
		if strings.Contains(rights, operation[:1]) && (xmlid == "" || t.groups[xmlid]) {
			return true
		}
	}
	return false
}

func (t *tx) checkModel(m *model, operation string) {
	if !t.may(m, operation) {
		panic(t.modelDenied(m, operation))
	}
}

// ruleDomains returns the record rules that bind the user for an operation:
// global ones are all to hold, of those of the user's groups one.
func (t *tx) ruleDomains(m *model, operation string) (global, grouped [][]any) {
	for _, rule := range m.rules {
		if !strings.Contains(rule.ops, operation[:1]) {
			continue
		}
		switch {
		case rule.group == "":
			global = append(global, rule.domain(t))
		case t.groups[rule.group]:
			grouped = append(grouped, rule.domain(t))
		}
	}
	return global, grouped
}

// ruleFilter returns the predicate of the record rules. Rules are evaluated as
// superuser, else they would have to pass themselves.
func (t *tx) ruleFilter(m *model, operation string) predicate {
	if t.su {
		return always
	}
	global, grouped := t.ruleDomains(m, operation)
	var all []predicate
	s := t.sudo().with("active_test", false)
	for _, domain := range global {
		all = append(all, s.compile(m, domain))
	}
	if len(grouped) > 0 {
		var either []predicate
		for _, domain := range grouped {
			either = append(either, s.compile(m, domain))
		}
		all = append(all, oneOf(either))
	}
	return allOf(all)
}

// allowed tells whether every existing record of ids passes the record rules.
func (t *tx) allowed(m *model, ids []int64, operation string) bool {
	filter := t.ruleFilter(m, operation)
	for _, id := range ids {
		if r := m.rows[id]; r != nil && !filter(r) {
			return false
		}
	}
	return true
}

// checkRecords is Odoo's check_access: rights on the model, then the rules.
func (t *tx) checkRecords(m *model, ids []int64, operation string) {
	t.checkModel(m, operation)
	if !t.allowed(m, ids, operation) {
		panic(t.ruleDenied(m, operation))
	}
}

// existing returns the records of ids, or fails on the first that is gone.
func (t *tx) existing(m *model, ids []int64) []*row {
	rows := make([]*row, 0, len(ids))
	for _, id := range ids {
		r := m.rows[id]
		if r == nil {
			panic(t.missing(m, id))
		}
		rows = append(rows, r)
	}
	return rows
}

// mayField tells whether the groups of a field let the user use it.
func (t *tx) mayField(f *field) bool {
	if t.su || f.groups == "" {
		return true
	}
	if f.groups == forbidden {
		return false
	}
	for xmlid := range strings.SplitSeq(f.groups, ",") {
		if t.groups[xmlid] {
			return true
		}
	}
	return false
}

// field returns a field by name that the user may use.
func (t *tx) field(m *model, name, operation string) *field {
	f := m.byName[name]
	if f == nil {
		panic(t.unknownField(m, name))
	}
	if !t.mayField(f) {
		panic(t.fieldDenied(m, f, operation))
	}
	return f
}

func checkOperation(operation string) {
	if operationVerb[operation] == "" {
		throw(AssertionError, "Invalid access mode")
	}
}
