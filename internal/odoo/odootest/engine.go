package odootest

import (
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest/orm"
)

// engine is the simulated ORM behind a database, in the words of the server.
type engine struct{ db *orm.DB }

func newEngine(version int, now func() time.Time) engine {
	return engine{orm.New(orm.Options{Version: version, Now: now})}
}

// person is a user as the server sees it.
type person struct {
	id          int64
	login, name string
	password    string // "" = cannot log in with a password
	active      bool
	internal    bool
	system      bool // base.group_system
	partnerID   int64
	partnerName string
	partnerDate string
	companyID   int64
	company     string
	lang, tz    string
	export      bool // base.group_allow_export
}

func personOf(u orm.User) person {
	p := person{id: u.ID, login: u.Login, name: u.Name, password: u.Password, active: u.Active, internal: u.Internal,
		system: u.System, partnerID: u.PartnerID, partnerName: u.PartnerName, partnerDate: u.PartnerWriteDate,
		companyID: u.CompanyID, company: u.CompanyName, lang: u.Lang, tz: u.TZ, export: u.Export}
	if p.lang == "" {
		p.lang = "en_US"
	}
	return p
}

// context is what session_info calls the user's context.
func (u person) context() object {
	var tz any = false
	if u.tz != "" {
		tz = u.tz
	}
	return object{{"lang", u.lang}, {"tz", tz}, {"uid", u.id}}
}

// superuserID is Odoo's user without limits: inactive, and never asked for a
// password.
const superuserID = 1

// call runs a method as that user. An error is a *fault.
func (e engine) call(uid int64, model, method string, args []any, kwargs map[string]any) (any, error) {
	return faultOf(e.db.Call(orm.Env{UID: uid, Superuser: uid == superuserID}, model, method, args, kwargs))
}

// callNamed is call with named arguments only, as JSON-2 has them.
func (e engine) callNamed(uid int64, model, method string, ids []int64, kwargs map[string]any) (any, error) {
	return faultOf(e.db.CallNamed(orm.Env{UID: uid}, model, method, ids, kwargs))
}

// sudo runs a method without access checks. What it is asked to do is fixed
// in this package, so that a failure is a defect.
func (e engine) sudo(uid int64, model, method string, args []any, kwargs map[string]any) any {
	v, err := e.db.Call(orm.Env{UID: uid, Superuser: true}, model, method, args, kwargs)
	if err != nil {
		panic(err)
	}
	return v
}

func faultOf(v any, err error) (any, error) {
	if err == nil {
		return v, nil
	}
	e, ok := err.(*orm.Error)
	if !ok {
		return nil, raise("builtins.ValueError", err.Error())
	}
	f := &fault{name: e.Name, message: e.Message, arguments: e.Arguments}
	if status, ok := httpNames[e.Name]; ok {
		f.status = status
	}
	return nil, f
}

var httpNames = map[string]int{orm.NotFound: 404, orm.UnprocessableData: 422}

func (e engine) userByLogin(login string) (person, bool) {
	u, ok := e.db.UserByLogin(login)
	return personOf(u), ok
}

func (e engine) userByID(uid int64) (person, bool) {
	u, ok := e.db.UserByID(uid)
	return personOf(u), ok
}

// checkPassword returns who that is, active people only.
func (e engine) checkPassword(login, password string) (person, bool) {
	uid, ok := e.db.CheckPassword(login, password)
	if !ok {
		return person{}, false
	}
	return e.userByID(uid)
}

// rename gives a person another name.
func (e engine) rename(login, name string) {
	u, ok := e.userByLogin(login)
	if ok {
		e.sudo(1, "res.partner", "write", []any{[]any{u.partnerID}, map[string]any{"name": name}}, nil)
	}
}

// param reads a system parameter; "" where it is not set.
func (e engine) param(name string) string {
	rows := asList(e.sudo(1, "ir.config_parameter", "search_read", []any{[]any{[]any{"key", "=", name}}, []any{"value"}}, nil))
	if len(rows) == 0 {
		return ""
	}
	return asString(asMap(rows[0])["value"])
}

func (e engine) setParam(name, value string) {
	ids := asList(e.sudo(1, "ir.config_parameter", "search", []any{[]any{[]any{"key", "=", name}}}, nil))
	if len(ids) == 0 {
		e.sudo(1, "ir.config_parameter", "create", []any{map[string]any{"key": name, "value": value}}, nil)
		return
	}
	e.sudo(1, "ir.config_parameter", "write", []any{ids, map[string]any{"value": value}}, nil)
}
