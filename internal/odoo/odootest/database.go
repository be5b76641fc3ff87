package odootest

import (
	"time"

	"github.com/caddy-odoo/gateway/internal/clock"
)

// StagingDatabase is the name of the second database of every server. Its
// uid 2 is another person than that of the first.
const StagingDatabase = "staging"

// database is one database of the server with what stands around its ORM.
// All access is under Server.mu.
type database struct {
	name   string
	v      traits
	now    clock.Clock
	engine engine
	secret []byte // of session tokens and CSRF tokens
	params map[string]string

	totp     map[int64]string // TOTP secret by uid
	keys     []*apiKey
	lastKey  int64
	accepted map[credential]bool // what /jsonrpc remembers as right
	wizards  map[int64]*wizard
	lastWiz  int64
}

// credential is a password or key of a user, as the cache of res.users.check
// knows it.
type credential struct {
	uid    int64
	secret string
}

func newDatabase(name string, v traits, now clock.Clock) *database {
	d := &database{
		name: name, v: v, now: now, engine: newEngine(v.version, now), secret: randomBytes(32),
		params:   map[string]string{"web.base.url": "http://localhost:8069"},
		totp:     map[int64]string{},
		accepted: map[credential]bool{},
		wizards:  map[int64]*wizard{},
	}
	if uid := d.engine.addUser(TOTPLogin, TOTPPassword, "Tove Zwei"); uid != 0 {
		d.totp[uid] = TOTPSecret
	}
	return d
}

// makeStaging turns a fresh database into one of other people: the same uids
// and logins, with names and passwords of their own.
func (d *database) makeStaging() {
	d.engine.rename("admin", "Stella Staging")
	d.engine.setPassword("admin", StagingPassword)
	d.engine.rename("demo", "Theo Staging")
}

// StagingPassword is the password of admin in the second database. The other
// logins have the same passwords as in the first.
const StagingPassword = "staging"

// stamp is a datetime value.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// context is what context_get and session_info call the user's context.
func (u person) context() object {
	var tz any = false
	if u.tz != "" {
		tz = u.tz
	}
	return object{{"lang", u.lang}, {"tz", tz}, {"uid", u.id}}
}
