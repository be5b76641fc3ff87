package odootest

import (
	"time"
)

// tinyEngine knows people and nothing else of an ORM.
type tinyEngine struct {
	version int
	people  []*person
}

func newEngine(version int, _ func() time.Time) engine {
	return &tinyEngine{version: version, people: []*person{
		{id: 2, login: "admin", password: "admin", name: "Mitchell Admin", active: true, internal: true, admin: true, partnerID: 3, companyID: 1, lang: "en_US", tz: "Europe/Brussels"},
		{id: 6, login: "demo", password: "demo", name: "Marc Demo", active: true, internal: true, partnerID: 6, companyID: 1, lang: "en_US", tz: "Europe/Brussels"},
		{id: 7, login: "portal", password: "portal", name: "Joel Willis", active: true, partnerID: 7, companyID: 1, lang: "en_US"},
	}}
}

func (e *tinyEngine) call(uid int64, _ map[string]any, model, method string, args []any, _ map[string]any) (any, error) {
	u, _ := e.userByID(uid)
	switch model + "." + method {
	case "res.users.context_get":
		return u.context(), nil
	case "res.users.has_group":
		return u.internal, nil
	}
	return nil, traitsOf(e.version).unknownMethod(model, method)
}

func (e *tinyEngine) hasModel(name string) bool { return name == "res.users" || name == "res.partner" }

func (e *tinyEngine) userByLogin(login string) (person, bool) {
	for _, p := range e.people {
		if p.login == login {
			return *p, true
		}
	}
	return person{}, false
}

func (e *tinyEngine) userByID(uid int64) (person, bool) {
	for _, p := range e.people {
		if p.id == uid {
			return *p, true
		}
	}
	return person{}, false
}

func (e *tinyEngine) checkPassword(login, password string) (person, bool) {
	u, ok := e.userByLogin(login)
	return u, ok && u.active && u.password != "" && u.password == password
}

func (e *tinyEngine) edit(login string, f func(*person)) {
	for _, p := range e.people {
		if p.login == login {
			f(p)
		}
	}
}

func (e *tinyEngine) setPassword(login, password string) {
	e.edit(login, func(p *person) { p.password = password })
}

func (e *tinyEngine) setActive(login string, active bool) {
	e.edit(login, func(p *person) { p.active = active })
}

func (e *tinyEngine) rename(login, name string) { e.edit(login, func(p *person) { p.name = name }) }

func (e *tinyEngine) addUser(login, password, name string) int64 {
	id := int64(len(e.people) + 6)
	e.people = append(e.people, &person{id: id, login: login, password: password, name: name, active: true, internal: true, partnerID: id, companyID: 1, lang: "en_US", tz: "Europe/Brussels"})
	return id
}
