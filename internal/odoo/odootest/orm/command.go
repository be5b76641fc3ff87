package orm

import "slices"

// command runs what was written to an x2many: a list of commands
// (0 create, 1 update, 2 delete, 3 unlink, 4 link, 5 clear, 6 set), or a list
// of ids, which sets them.
func (t *tx) command(m *model, r *row, f *field, v any) {
	if v == nil || v == false {
		v = []any{[]any{int64(5)}}
	}
	list, ok := v.([]any)
	if !ok {
		throw(ValueError, "Wrong value for %s.%s: %s", m.name, f.name, python(v))
	}
	if len(list) > 0 {
		if _, isID := asInt(list[0]); isID {
			list = []any{[]any{int64(6), int64(0), list}}
		}
	}
	link := &link{t: t, m: m, r: r, f: f, co: t.model(f.relation)}
	for _, each := range list {
		c, ok := each.([]any)
		if !ok || len(c) == 0 {
			throw(ValueError, "Wrong value for %s.%s: %s", m.name, f.name, python(v))
		}
		link.run(c, v)
	}
}

// link is one x2many of one record that is being written.
type link struct {
	t  *tx
	m  *model
	r  *row
	f  *field
	co *model
}

func (l *link) run(c []any, whole any) {
	code, ok := asInt(c[0])
	need := map[int64]int{0: 3, 1: 3, 2: 2, 3: 2, 4: 2, 5: 1, 6: 3}[code]
	if !ok || need == 0 || len(c) < need {
		throw(ValueError, "Wrong value for %s.%s: %s", l.m.name, l.f.name, python(whole))
	}
	var id int64
	if len(c) > 1 && code != 0 && code < 5 {
		if id, ok = asInt(c[1]); !ok {
			throw(InvalidText, "invalid input syntax for type integer: %q", python(c[1]))
		}
	}
	vals := map[string]any{}
	if code <= 1 {
		if vals, ok = c[2].(map[string]any); !ok {
			throw(AttributeError, "'%s' object has no attribute 'items'", pythonType(c[2]))
		}
	}
	switch code {
	case 0:
		if l.f.typ == "one2many" {
			vals = withValue(vals, l.f.inverse, l.r.id)
			l.t.create(l.co, vals)
			return
		}
		l.add(l.t.create(l.co, vals))
	case 1:
		l.t.write(l.co, []int64{id}, vals)
	case 2:
		l.t.unlink(l.co, []int64{id})
	case 3:
		l.drop(id)
	case 4:
		l.add(id)
	case 5:
		for _, old := range l.ids() {
			l.drop(old)
		}
	case 6:
		wanted := idList(c[2])
		for _, old := range l.ids() {
			if !contains(wanted, old) {
				l.drop(old)
			}
		}
		for _, id := range wanted {
			l.add(id)
		}
	}
}

func withValue(vals map[string]any, name string, value any) map[string]any {
	out := map[string]any{name: value}
	for k, v := range vals {
		if k != name {
			out[k] = v
		}
	}
	return out
}

func (l *link) ids() []int64 { return slices.Clone(l.t.targets(l.r, l.m, l.f)) }

func (l *link) add(id int64) {
	target := l.co.rows[id]
	if target == nil {
		panic(l.t.brokenReference(l.m, l.f, id))
	}
	switch {
	case l.f.typ == "one2many":
		if target.v[l.f.inverse] != l.r.id {
			l.t.write(l.co, []int64{id}, map[string]any{l.f.inverse: l.r.id})
		}
	case l.f.inverse != "":
		l.put(target, l.f.inverse, l.r.id)
	default:
		l.put(l.r, l.f.name, id)
	}
}

func (l *link) put(r *row, name string, id int64) {
	kept, _ := r.v[name].([]int64)
	if !contains(kept, id) {
		l.t.set(r, name, append(slices.Clone(kept), id))
	}
}

// drop ends a link. A line that goes with its owner is deleted.
func (l *link) drop(id int64) {
	target := l.co.rows[id]
	if target == nil {
		return
	}
	switch {
	case l.f.typ == "one2many":
		if l.co.byName[l.f.inverse].cascade {
			l.t.unlink(l.co, []int64{id})
		} else if target.v[l.f.inverse] == l.r.id {
			l.t.write(l.co, []int64{id}, map[string]any{l.f.inverse: false})
		}
	case l.f.inverse != "":
		l.take(target, l.f.inverse, l.r.id)
	default:
		l.take(l.r, l.f.name, id)
	}
}

func (l *link) take(r *row, name string, id int64) {
	kept, _ := r.v[name].([]int64)
	l.t.set(r, name, slices.DeleteFunc(slices.Clone(kept), func(x int64) bool { return x == id }))
}
