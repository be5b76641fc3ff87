package odootest

import "time"

// NewSession logs a login in without a page and returns the session id, as if
// a browser had done it. It panics for a login that does not exist.
func (s *Server) NewSession(login string) string { return s.NewSessionIn(s.main.name, login) }

// NewSessionIn is NewSession in one of the databases.
func (s *Server) NewSessionIn(database, login string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	db, u := s.mustFind(database, login)
	sess := s.blankSession(s.newSessionID())
	sess.db, sess.uid, sess.token = db, u.id, db.token(u)
	s.sessions[sess.id] = sess
	return sess.id
}

func (s *Server) mustFind(database, login string) (*database, person) {
	db, ok := s.database(database)
	if !ok {
		panic("odootest: no database " + database)
	}
	u, ok := db.engine.userByLogin(login)
	if !ok {
		panic("odootest: no login " + login + " in " + database)
	}
	return db, u
}

// SessionAlive says whether a request with that session id would find
// somebody logged in, locks aside.
func (s *Server) SessionAlive(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	sess, ok := s.stored(id)
	return ok && sess.alive()
}

// SessionSuccessor is the id that a soft rotation gave to the session, or ""
// where there was none.
func (s *Server) SessionSuccessor(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sess, ok := s.sessions[id]; ok {
		return sess.next
	}
	return ""
}

// each runs f for all sessions of that login in all databases; "" means all.
func (s *Server) each(login string, f func(*session)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sess := range s.sessions {
		u, ok := sess.db.engine.userByID(sess.uid)
		if login == "" || ok && u.login == login {
			f(sess)
		}
	}
}

// LockIdentity makes the login's living sessions wait for a confirmed
// identity, as auth_timeout does after inactivity. Before 19 there is no such
// lock and nothing happens.
func (s *Server) LockIdentity(login string) {
	s.each(login, func(sess *session) { sess.locked = true })
}

// LockTimeout makes the login's living sessions need a new login, as
// auth_timeout does after lock_timeout. Before 19 nothing happens.
func (s *Server) LockTimeout(login string) {
	s.each(login, func(sess *session) { sess.timedOut = true })
}

// Unlock takes both locks from the login's sessions.
func (s *Server) Unlock(login string) {
	s.each(login, func(sess *session) { sess.locked, sess.timedOut = false, false })
}

// ExpireSessions removes every session, as the vacuum does with idle ones.
func (s *Server) ExpireSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions)
}

// AgeSessions moves the past of every session back by d: after three hours
// 19 and 20 rotate softly, after a week without use a session is gone.
func (s *Server) AgeSessions(d time.Duration) {
	s.each("", func(sess *session) {
		sess.created, sess.saved = sess.created.Add(-d), sess.saved.Add(-d)
		if !sess.dies.IsZero() {
			sess.dies = sess.dies.Add(-d)
		}
		if !sess.identityAt.IsZero() {
			sess.identityAt = sess.identityAt.Add(-d)
		}
		for _, dev := range sess.devices {
			dev.seen = dev.seen.Add(-d)
		}
	})
}

// ChangePassword sets a login's password in the first database, which ends
// all its sessions.
func (s *Server) ChangePassword(login, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, u := s.mustFind(s.main.name, login)
	s.main.engine.db.SetPassword(u.id, password)
}

// SetLanguage lets a login of the first database have a language, such as
// "de_DE". Nothing is translated into it.
func (s *Server) SetLanguage(login, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, u := s.mustFind(s.main.name, login)
	s.main.engine.db.SetLanguage(u.id, code)
}

// Archive deactivates a login in the first database: its sessions end and its
// keys stop working.
func (s *Server) Archive(login string) { s.setActive(login, false) }

// Unarchive takes Archive back. Sessions that ended stay ended only where
// they were used in between, as with Odoo.
func (s *Server) Unarchive(login string) { s.setActive(login, true) }

func (s *Server) setActive(login string, active bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, u := s.mustFind(s.main.name, login)
	s.main.engine.db.SetActive(u.id, active)
}

// Param returns a system parameter of the first database, such as
// "web.base.url".
func (s *Server) Param(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.main.engine.param(name)
}

// SetParam sets a system parameter of the first database.
// "web.base.url.freeze" keeps admin logins from changing web.base.url.
func (s *Server) SetParam(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.main.engine.setParam(name, value)
}

// UID returns the id of a login in the first database. It panics for a login
// that does not exist.
func (s *Server) UID(login string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, u := s.mustFind(s.main.name, login)
	return u.id
}
