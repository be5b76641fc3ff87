package orm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// method is one public method.
type method struct {
	params   []param
	onModel  bool // takes no ids, as api.model
	extra    bool // takes further keyword arguments
	from, to int  // versions that have it; 0 is no bound
	private  int  // version from which it may not be called remotely, 0 never
	run      func(t *tx, m *model, ids []int64, a args) any
}

type param struct {
	name     string
	required bool
	initial  any
}

// args are the bound arguments of a call.
type args map[string]any

func (a args) get(name string) any { return a[name] }

func (a args) int(name string) int64 {
	n, _ := asInt(a[name])
	if s, ok := a[name].(string); ok {
		throw(InvalidText, "invalid input syntax for type bigint: %q", s)
	}
	return n
}

// signature parses a Python parameter list, defaults included.
func signature(list string) (params []param, extra bool) {
	for part := range strings.SplitSeq(list, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if strings.HasPrefix(part, "**") {
			extra = true
			continue
		}
		name, value, optional := strings.Cut(part, "=")
		params = append(params, param{name: name, required: !optional, initial: literal(value)})
	}
	return params, extra
}

func literal(s string) any {
	switch s {
	case "", "None", "()":
		return nil
	case "True", "False":
		return s == "True"
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	return strings.Trim(s, "'")
}

// onModel and onRecords make a method from its Python signature, self left out.
func onModel(list string, run func(t *tx, m *model, a args) any) *method {
	params, extra := signature(list)
	return &method{params: params, extra: extra, onModel: true,
		run: func(t *tx, m *model, _ []int64, a args) any { return run(t, m, a) }}
}

func onRecords(list string, run func(t *tx, m *model, ids []int64, a args) any) *method {
	params, extra := signature(list)
	return &method{params: params, extra: extra, run: run}
}

func (d *method) since(version int) *method { d.from = version; return d }

func (d *method) until(version int) *method { d.to = version; return d }

func (d *method) in(version int) bool {
	return version >= d.from && (d.to == 0 || version <= d.to)
}

// lookup finds a public method, or says as the version does why there is none.
func (t *tx) lookup(m *model, name string) *method {
	if strings.HasPrefix(name, "_") {
		panic(t.privateMethod(m, name))
	}
	for _, table := range []map[string]*method{m.methods, baseMethods} {
		for _, key := range []string{name + "@" + strconv.Itoa(t.db.version), name} {
			if d := table[key]; d != nil && d.in(t.db.version) {
				if d.private != 0 && t.db.version >= d.private {
					panic(t.privateMethod(m, name))
				}
				return d
			}
		}
	}
	if t.db.version >= 18 && slices.Contains(privateNames, name) {
		panic(t.privateMethod(m, name))
	}
	panic(t.unknownMethod(m, name))
}

// privateNames are methods of the ORM itself that 18 and later refuse to call
// remotely although no underscore says so.
var privateNames = []string{
	"browse", "ensure_one", "exists", "fetch", "filtered", "filtered_domain", "flush_model", "flush_recordset",
	"invalidate_model", "invalidate_recordset", "mapped", "search_fetch", "sorted", "sudo", "with_company",
	"with_context", "with_env", "with_prefetch", "with_user",
}

// call runs a method with positional and keyword arguments, ids first.
func (t *tx) call(m *model, name string, positional []any, kwargs map[string]any) any {
	d := t.lookup(m, name)
	var first any
	if !d.onModel {
		if len(positional) == 0 {
			throw(IndexError, "list index out of range")
		}
		first, positional = positional[0], positional[1:]
	}
	a := t.bind(m, d, name, positional, kwargs)
	var ids []int64
	if !d.onModel {
		ids = idList(first)
	}
	return d.run(t, m, ids, a)
}

// className is the Python class in the text of a TypeError.
func (m *model) className(name string) string {
	if _, own := m.methods[name]; own {
		return m.class
	}
	return "BaseModel"
}

func (t *tx) bind(m *model, d *method, name string, positional []any, kwargs map[string]any) args {
	function := m.className(name) + "." + name + "()"
	if len(positional) > len(d.params) {
		throw(TypeError, "%s takes %s but %d were given", function, d.arity(), len(positional)+1)
	}
	a := args{}
	for i, v := range positional {
		a[d.params[i].name] = v
	}
	for _, key := range sortedKeys(kwargs) {
		known := slices.ContainsFunc(d.params, func(p param) bool { return p.name == key })
		if !known && !d.extra {
			throw(TypeError, "%s got an unexpected keyword argument '%s'", function, key)
		}
		if _, twice := a[key]; twice {
			throw(TypeError, "%s got multiple values for argument '%s'", function, key)
		}
		a[key] = kwargs[key]
	}
	var missing []string
	for _, p := range d.params {
		if _, given := a[p.name]; given {
			continue
		}
		if p.required {
			missing = append(missing, "'"+p.name+"'")
			continue
		}
		a[p.name] = p.initial
	}
	if n := len(missing); n == 1 {
		throw(TypeError, "%s missing 1 required positional argument: %s", function, missing[0])
	} else if n > 1 {
		throw(TypeError, "%s missing %d required positional arguments: %s and %s", function, n,
			strings.Join(missing[:n-1], ", "), missing[n-1])
	}
	return a
}

func (d *method) arity() string {
	required := 1
	for _, p := range d.params {
		if p.required {
			required++
		}
	}
	total := len(d.params) + 1
	plural := "s"
	if total == 1 {
		plural = ""
	}
	if required == total {
		return fmt.Sprintf("%d positional argument%s", total, plural)
	}
	return fmt.Sprintf("from %d to %d positional arguments", required, total)
}

// CallNamed runs a method as JSON-2 does: named arguments alone, the ids apart
// (nil ids: none were sent). Its errors are JSON-2's own where that route
// checks by itself: NotFound and UnprocessableData.
func (db *DB) CallNamed(env Env, model, method string, ids []int64, kwargs map[string]any) (any, error) {
	env, kwargs = withContext(env, kwargs)
	db.mu.Lock()
	handler := db.handlers[model+"."+method]
	db.mu.Unlock()
	if handler != nil && !strings.HasPrefix(method, "_") {
		return handled(handler(env, []any{anyIDs(ids)}, kwargs))
	}
	return db.run(env, func(t *tx) any {
		m := db.models[model]
		if m == nil {
			panic(httpError(NotFound, 404, fmt.Sprintf("the model '%s' does not exist", model)))
		}
		d := t.lookupNamed(m, method)
		if d.onModel && ids != nil {
			panic(httpError(UnprocessableData, 422, fmt.Sprintf("cannot call %s.%s with ids", model, method)))
		}
		for _, key := range sortedKeys(kwargs) {
			if !d.extra && !slices.ContainsFunc(d.params, func(p param) bool { return p.name == key }) {
				panic(httpError(UnprocessableData, 422, fmt.Sprintf("got an unexpected keyword argument '%s'", key)))
			}
		}
		for _, p := range d.params {
			if _, given := kwargs[p.name]; p.required && !given {
				panic(httpError(UnprocessableData, 422, fmt.Sprintf("missing a required argument: '%s'", p.name)))
			}
		}
		return namedResult(method, d.run(t, m, ids, t.bind(m, d, method, nil, kwargs)))
	})
}

// lookupNamed turns an unknown method into the NotFound of JSON-2.
func (t *tx) lookupNamed(m *model, name string) *method {
	defer func() {
		cause := recover()
		if e, ok := cause.(*Error); ok && e.Name == AttributeError {
			panic(httpError(NotFound, 404, e.Message))
		}
		if cause != nil {
			panic(cause)
		}
	}()
	return t.lookup(m, name)
}

func httpError(name string, status int64, message string) *Error {
	return &Error{Name: name, Message: message, Arguments: []any{message, status}}
}

// namedResult: create answers a list on JSON-2 even for a single dict.
func namedResult(method string, v any) any {
	if id, ok := v.(int64); ok && method == "create" {
		return []any{id}
	}
	return v
}
