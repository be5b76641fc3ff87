package orm

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"
)

var versions = []int{16, 17, 18, 19, 20}

// clock is the time of every test database.
var clock = time.Date(2026, time.November, 21, 2, 8, 42, 0, time.UTC)

// person calls the database as one login.
type person struct {
	t   *testing.T
	db  *DB
	uid int64
}

func open(t *testing.T, version int) *DB {
	t.Helper()
	return New(Options{Version: version, Now: func() time.Time { return clock }})
}

func (db *DB) as(t *testing.T, login string) person {
	t.Helper()
	u, ok := db.UserByLogin(login)
	if !ok {
		t.Fatalf("no user %s", login)
	}
	return person{t, db, u.ID}
}

type kw = map[string]any

func list(v ...any) []any {
	if v == nil {
		return []any{}
	}
	return v
}

// ask returns what a call answers, or its error.
func (p person) ask(model, method string, kwargs kw, args ...any) (any, error) {
	return p.db.Call(Env{UID: p.uid}, model, method, args, kwargs)
}

// must fails the test where the call fails.
func (p person) must(model, method string, kwargs kw, args ...any) any {
	p.t.Helper()
	v, err := p.ask(model, method, kwargs, args...)
	if err != nil {
		p.t.Fatalf("%s.%s: %v", model, method, err)
	}
	return v
}

// name returns the python class that a call fails with, "" where it does not.
func (p person) name(model, method string, kwargs kw, args ...any) string {
	p.t.Helper()
	_, err := p.ask(model, method, kwargs, args...)
	if err == nil {
		return ""
	}
	var e *Error
	if !errors.As(err, &e) {
		p.t.Fatalf("%s.%s: %T is no *Error", model, method, err)
	}
	return e.Name
}

func (p person) count(model string, domain ...any) int64 {
	p.t.Helper()
	return p.must(model, "search_count", nil, list(domain...)).(int64)
}

func (p person) read(model string, id int64, field string) any {
	p.t.Helper()
	records := p.must(model, "read", kw{"fields": list(field)}, list(id)).([]any)
	if len(records) != 1 {
		p.t.Fatalf("%s(%d) is not there", model, id)
	}
	return records[0].(map[string]any)[field]
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %#v, want %#v", what, got, want)
	}
}

func eachVersion(t *testing.T, test func(t *testing.T, version int)) {
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) { test(t, version) })
	}
}

func TestDemoIdentities(t *testing.T) {
	ids := map[int][3]int64{16: {2, 6, 7}, 17: {2, 6, 7}, 18: {2, 6, 7}, 19: {2, 5, 6}, 20: {2, 5, 6}}
	eachVersion(t, func(t *testing.T, version int) {
		db := open(t, version)
		for i, login := range []string{"admin", "demo", "portal"} {
			u, ok := db.UserByLogin(login)
			if !ok || u.ID != ids[version][i] {
				t.Errorf("%s is %d, want %d", login, u.ID, ids[version][i])
			}
			if uid, ok := db.CheckPassword(login, login); !ok || uid != u.ID {
				t.Errorf("%s: password refused", login)
			}
			if _, ok := db.CheckPassword(login, "wrong"); ok {
				t.Errorf("%s: wrong password accepted", login)
			}
			equal(t, login+" internal", u.Internal, login != "portal")
			equal(t, login+" system", u.System, login == "admin")
		}
		partners := map[int]int64{16: 36, 17: 36, 18: 37, 19: 39, 20: 39}
		equal(t, "partners", db.as(t, "admin").count("res.partner"), partners[version])
		me := db.as(t, "portal").must("res.users", "context_get", nil)
		equal(t, "context_get", me, any(kw{"lang": "en_US", "tz": false, "uid": ids[version][2]}))
	})
}

func TestErrorClasses(t *testing.T) {
	gone := int64(99999)
	cases := []struct {
		name, login, model, method string
		kwargs                     kw
		args                       []any
		want                       map[int]string // by first version that has it
	}{
		{"model denied", "demo", "ir.config_parameter", "search_read", nil, list(list()), map[int]string{16: AccessError}},
		{"write denied", "demo", "res.users", "write", nil, list(list(int64(2)), kw{"name": "x"}), map[int]string{16: AccessError}},
		{"field denied", "demo", "res.users", "read", kw{"fields": list("totp_secret")}, list(list(int64(2))), map[int]string{16: AccessError}},
		{"record rule", "portal", "res.partner", "read", nil, list(list(int64(3)), list("name")), map[int]string{16: AccessError}},
		{"private method", "admin", "res.partner", "_write", nil, list(list(int64(1))), map[int]string{16: AccessError}},
		{"gone", "admin", "res.partner", "write", nil, list(list(gone), kw{"name": "x"}), map[int]string{16: MissingError}},
		{"gone action", "admin", "res.partner", "action_archive", nil, list(list(gone)), map[int]string{16: MissingError}},
		{"recursion", "admin", "res.partner", "write", nil, list(list(int64(1)), kw{"parent_id": int64(1)}), map[int]string{16: ValidationError}},
		{"required", "admin", "res.users", "create", nil, list(kw{"name": "no login"}), map[int]string{16: ValidationError}},
		{"no name", "admin", "res.partner", "create", nil, list(kw{"email": "x@example.com"}), map[int]string{16: ValidationError}},
		{"broken reference", "admin", "product.template", "write", nil, list(list(int64(1)), kw{"uom_id": gone}), map[int]string{16: MissingError, 19: ValidationError}},
		{"unknown model", "admin", "no.such", "search", nil, list(list()), map[int]string{16: KeyError, 18: NotFound}},
		{"unknown method", "admin", "res.partner", "no_such", nil, list(list()), map[int]string{16: AttributeError}},
		{"unknown field read", "admin", "res.partner", "read", nil, list(list(int64(1)), list("nope")), map[int]string{16: ValueError}},
		{"unknown field written", "admin", "res.partner", "write", nil, list(list(int64(1)), kw{"nope": int64(1)}), map[int]string{16: ValueError, 19: KeyError}},
		{"unknown field in domain", "admin", "res.partner", "search", nil, list(list(list("nope", "=", int64(1)))), map[int]string{16: ValueError}},
		{"no ids", "admin", "res.partner", "read", nil, nil, map[int]string{16: IndexError}},
		{"unexpected argument", "admin", "res.partner", "search", kw{"nope": true}, list(list()), map[int]string{16: TypeError}},
		{"missing argument", "admin", "ir.cron", "toggle", nil, nil, map[int]string{16: TypeError}},
		{"too many arguments", "admin", "res.partner", "unlink", nil, list(list(int64(1)), true), map[int]string{16: TypeError}},
		{"bad selection", "admin", "res.partner", "create", nil, list(kw{"name": "x", "type": "bogus"}), map[int]string{16: ValueError}},
		{"foreign company", "demo", "res.partner", "read", kw{"context": kw{"allowed_company_ids": list(int64(99))}}, list(list(int64(1))), map[int]string{16: AccessError}},
		{"unknown language", "demo", "res.partner", "read", kw{"context": kw{"lang": "fr_FR"}}, list(list(int64(1)), list("name")), map[int]string{16: "", 18: UserError}},
		{"bad order", "demo", "res.partner", "search", kw{"order": "name; drop"}, list(list()), map[int]string{16: UserError}},
		{"bad operation", "demo", "res.partner", "has_access", nil, list(list(), "fly"), map[int]string{16: AttributeError, 18: AssertionError}},
		{"right to what is gone", "demo", "res.partner", "has_access", nil, list(list(gone), "read"), map[int]string{16: AttributeError, 18: MissingError}},
		{"nested ids", "admin", "res.partner", "read", nil, list(list(list(int64(1))), list("name")), map[int]string{16: TypeError}},
	}
	eachVersion(t, func(t *testing.T, version int) {
		db := open(t, version)
		for _, c := range cases {
			want := ""
			for first := 16; first <= version; first++ {
				if name, ok := c.want[first]; ok {
					want = name
				}
			}
			equal(t, c.name, db.as(t, c.login).name(c.model, c.method, c.kwargs, c.args...), want)
		}
	})
}

func TestMessages(t *testing.T) {
	cases := []struct {
		version            int
		login, model, call string
		args               []any
		want               string
	}{
		{16, "admin", "res.partner", "no_such", list(list()), "type object 'res.partner' has no attribute 'no_such'"},
		{17, "admin", "res.partner", "no_such", list(list()), "The method 'no_such' does not exist on the model 'res.partner'"},
		{19, "admin", "res.partner", "no_such", list(list()), "The method 'res.partner.no_such' does not exist"},
		{18, "admin", "res.partner", "write", list(list(int64(990)), kw{}), "Record does not exist or has been deleted.\n(Record: res.partner(990,), User: 2)"},
		{17, "admin", "res.users", "has_group", list(list(int64(2)), groupUser), "Users.has_group() takes 2 positional arguments but 3 were given"},
		{19, "admin", "res.users", "has_group", list(groupUser), "ResUsers.has_group() missing 1 required positional argument: 'group_ext_id'"},
		{18, "admin", "ir.cron", "toggle", nil, "ir_cron.toggle() missing 2 required positional arguments: 'model' and 'domain'"},
		{16, "admin", "res.partner", "search", list(list(list("nope", "=", int64(1)))), "Invalid field res.partner.nope in leaf ('nope', '=', 1)"},
		{19, "admin", "res.partner", "search", list(list(list("nope", "=", int64(1)))), "Invalid field res.partner.nope in condition ('nope', '=', 1)"},
		{19, "admin", "res.partner", "search", nil, "BaseModel.search() missing 1 required positional argument: 'domain'"},
		{16, "portal", "res.partner", "read", list(list(int64(3))), "Due to security restrictions, you are not allowed to access 'Contact' (res.partner) records.\n\nContact your administrator to request access if necessary."},
		{19, "demo", "ir.config_parameter", "search", list(list()), "You are not allowed to access 'System Parameter' (ir.config_parameter) records.\n\nThis operation is allowed for the following groups:\n\t- Role / Administrator\n\nContact your administrator to request access if necessary."},
	}
	for _, c := range cases {
		_, err := open(t, c.version).as(t, c.login).ask(c.model, c.call, nil, c.args...)
		var e *Error
		if !errors.As(err, &e) || e.Message != c.want {
			t.Errorf("%d %s.%s: %v, want %q", c.version, c.model, c.call, err, c.want)
		}
	}
}
