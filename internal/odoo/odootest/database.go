package odootest

import (
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest/orm"
)

// StagingDatabase is the name of the second database of every server. Its
// uids and logins are those of the first, but the people are others.
const StagingDatabase = "staging"

// StagingPassword is the password of admin in the second database. The other
// logins have the same passwords as in the first.
const StagingPassword = "staging"

// database is one database of the server with what stands around its ORM.
// All access is under Server.mu.
type database struct {
	name   string
	v      traits
	now    clock.Clock
	engine engine
	secret []byte // of session tokens and CSRF tokens

	totp     map[int64]string      // TOTP secret by uid
	secrets  map[int64]string      // secret by id of a res.users.apikeys record
	accepted map[credential]string // what /jsonrpc remembers as right: token of the user then
	waiting  map[int64]pending     // what waits for a res.users.identitycheck record
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
		totp:     map[int64]string{},
		secrets:  map[int64]string{},
		accepted: map[credential]string{},
		waiting:  map[int64]pending{},
	}
	uid, err := d.engine.db.AddUser(TOTPLogin, "Tove Zwei", TOTPPassword, false)
	if err != nil {
		panic(err) // a fresh database takes one more user
	}
	d.totp[uid] = TOTPSecret
	return d
}

// makeStaging turns a fresh database into one of other people.
func (d *database) makeStaging() {
	d.engine.rename("admin", "Stella Staging")
	d.engine.rename("demo", "Theo Staging")
	admin, _ := d.engine.userByLogin("admin")
	d.engine.db.SetPassword(admin.id, StagingPassword)
}

// DB is the ORM of one of the databases, so that a test can look at records
// and change them. It panics for a name that is not there.
func (s *Server) DB(name string) *orm.DB {
	s.mu.Lock()
	defer s.mu.Unlock()
	db, ok := s.database(name)
	if !ok {
		panic("odootest: no database " + name)
	}
	return db.engine.db
}
