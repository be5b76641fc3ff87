// Package orm simulates the object half of an Odoo server, versions 16 to 20,
// over a small set of demo data: enough of the ORM that what a gateway sends
// is evaluated for real, with the quirks of each version that a gateway must
// survive. Package odootest puts HTTP in front of it.
//
// Values are those of odoo.ParseJSON: nil, bool, int64, float64, string, []any
// and map[string]any, in and out. The simulation follows recorded exchanges
// with real servers; what they do not show is taken from the wire facts known
// of the version, and 20 is 19 plus the known differences.
//
// Outside of it are views, onchange, export, message threads, translations
// (en_US is the one language), time zones (all spans of dates are UTC),
// groupings along a path and properties of dates.
package orm

import (
	"maps"
	"strings"
	"sync"
	"time"
)

// Options configure a database.
type Options struct {
	// Version is the major version, 16 to 20; 0 means 19.
	Version int
	// Now tells the time for create_date and write_date; nil means time.Now.
	Now func() time.Time
}

// Env is on whose behalf a call runs.
type Env struct {
	// UID is the id of the user, as User.ID.
	UID int64
	// Context is the context of the call; a "context" among the kwargs is
	// merged over it.
	Context map[string]any
	// Superuser switches access rights, record rules and field groups off.
	Superuser bool
}

// Handler stands in for a method. It gets the positional arguments as they
// came, ids first, and the keyword arguments without "context", which is in
// env. An error that is no *Error is reported as a ValueError.
type Handler func(env Env, args []any, kwargs map[string]any) (any, error)

// DB is one database. It is safe for concurrent use; each call is a
// transaction, undone as a whole when it fails.
type DB struct {
	version int
	now     func() time.Time

	mu       sync.Mutex
	models   map[string]*model
	handlers map[string]Handler // "model.method"
	secrets  map[int64]string   // password by uid
	spoken   map[string]bool    // installed languages beside en_US
}

// New returns a database with demo data.
func New(o Options) *DB {
	if o.Version == 0 {
		o.Version = 19
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	db := &DB{
		version: o.Version, now: o.Now,
		models:   map[string]*model{},
		handlers: map[string]Handler{},
		secrets:  map[int64]string{},
		spoken:   map[string]bool{},
	}
	db.defineAll()
	db.load()
	return db
}

// Version returns the major version that the database simulates.
func (db *DB) Version() int { return db.version }

// Handle makes a method of a model answer through h, before anything that the
// package itself knows of that name. The model is added without fields or
// access rights where the database lacks it.
func (db *DB) Handle(model, method string, h Handler) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.models[model] == nil {
		db.addEmpty(model)
	}
	db.handlers[model+"."+method] = h
}

func (db *DB) addEmpty(name string) {
	db.define(&model{name: name, label: name, transient: true})
}

// HasModel tells whether the database has a model of that name.
func (db *DB) HasModel(name string) bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.models[name] != nil
}

// Call runs a method as /web/dataset/call_kw does: args are positional, with
// the ids first for a method of records. A failure is an *Error.
func (db *DB) Call(env Env, model, method string, args []any, kwargs map[string]any) (any, error) {
	env, kwargs = withContext(env, kwargs)
	db.mu.Lock()
	handler := db.handlers[model+"."+method]
	db.mu.Unlock()
	if handler != nil && !strings.HasPrefix(method, "_") {
		// Outside the lock, so that the handler can call the database.
		return handled(handler(env, args, kwargs))
	}
	return db.run(env, func(t *tx) any {
		m, ok := db.models[model]
		if !ok {
			panic(t.unknownModel(model))
		}
		return t.call(m, method, args, kwargs)
	})
}

func handled(v any, err error) (any, error) {
	if err == nil {
		return v, nil
	}
	if e, ok := err.(*Error); ok {
		return nil, e
	}
	return nil, NewError(ValueError, "%s", err)
}

// withContext moves the "context" of the kwargs into the environment.
func withContext(env Env, kwargs map[string]any) (Env, map[string]any) {
	context := maps.Clone(env.Context)
	if context == nil {
		context = map[string]any{}
	}
	rest := make(map[string]any, len(kwargs))
	for k, v := range kwargs {
		if k != "context" {
			rest[k] = v
		} else if c, ok := v.(map[string]any); ok {
			maps.Copy(context, c)
		}
	}
	env.Context = context
	return env, rest
}

// tx is one running call.
type tx struct {
	db     *DB
	uid    int64
	su     bool
	ctx    map[string]any
	groups map[string]bool // xmlids, implied ones included
	undo   *[]func()
}

// run executes one transaction. It is the only place that recovers what throw
// raises; any other panic is a defect of the simulation and goes on.
func (db *DB) run(env Env, do func(t *tx) any) (result any, err error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	t := &tx{db: db, uid: env.UID, su: env.Superuser, ctx: env.Context, undo: new([]func())}
	t.groups = db.groupsOf(env.UID)
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		for i := len(*t.undo) - 1; i >= 0; i-- {
			(*t.undo)[i]()
		}
		e, ok := cause.(*Error)
		if !ok {
			panic(cause)
		}
		result, err = nil, e
	}()
	t.checkContext()
	return do(t), nil
}

// sudo returns the same transaction without access checks.
func (t *tx) sudo() *tx {
	c := *t
	c.su = true
	return &c
}

// with returns the same transaction with one context key set.
func (t *tx) with(key string, value any) *tx {
	c := *t
	c.ctx = maps.Clone(t.ctx)
	if c.ctx == nil {
		c.ctx = map[string]any{}
	}
	c.ctx[key] = value
	return &c
}

func (t *tx) model(name string) *model { return t.db.models[name] }

// stamp is the time of the transaction as a datetime value.
func (t *tx) stamp() string { return t.db.now().UTC().Format(datetimeLayout) }

const (
	datetimeLayout = "2006-01-02 15:04:05"
	dateLayout     = "2006-01-02"
)

// checkContext refuses what every version refuses as soon as the environment
// is used: foreign companies, and from 18 on a language that is not installed.
func (t *tx) checkContext() {
	if lang, ok := t.ctx["lang"].(string); ok && lang != "" && lang != "en_US" && !t.db.spoken[lang] && t.db.version >= 18 {
		throw(UserError, "Invalid language code: %s", lang)
	}
	companies, ok := t.ctx["allowed_company_ids"].([]any)
	if !ok || t.su {
		return
	}
	allowed := t.userCompanies()
	for _, c := range companies {
		id, isID := c.(int64)
		if !isID || !contains(allowed, id) {
			throw(AccessError, "Access to unauthorized or invalid companies.")
		}
	}
}

// companies are the ids that company rules speak of: those chosen in the
// context, else all of the user's.
func (t *tx) companies() []any {
	if chosen, ok := t.ctx["allowed_company_ids"].([]any); ok && len(chosen) > 0 {
		return chosen
	}
	return anyIDs(t.userCompanies())
}

// set changes one value of a record so that a failing call can take it back.
func (t *tx) set(r *row, name string, value any) {
	old, had := r.v[name]
	*t.undo = append(*t.undo, func() {
		if had {
			r.v[name] = old
		} else {
			delete(r.v, name)
		}
	})
	r.v[name] = value
}

func (t *tx) insert(m *model, values map[string]any) *row {
	r := &row{id: m.nextID, v: values}
	// The sequence is not given back, as PostgreSQL does not either.
	m.nextID++
	m.rows[r.id] = r
	*t.undo = append(*t.undo, func() { delete(m.rows, r.id) })
	return r
}

func (t *tx) remove(m *model, r *row) {
	delete(m.rows, r.id)
	*t.undo = append(*t.undo, func() { m.rows[r.id] = r })
}
