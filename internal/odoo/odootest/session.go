package odootest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Times that Odoo has in its source.
const (
	defaultLifetime  = 7 * 24 * time.Hour // SESSION_LIFETIME
	rotationInterval = 3 * time.Hour      // SESSION_ROTATION_INTERVAL
	deletionTimer    = 120 * time.Second  // SESSION_DELETION_TIMER
	traceInterval    = time.Hour          // how often a known device is noted again
	identityValidity = 10 * time.Minute   // how long a confirmed identity counts
	stablePrefix     = 42                 // characters that a soft rotation keeps
)

// session is one stored or passing session. All access is under Server.mu.
type session struct {
	id      string
	db      *database
	uid     int64 // 0 = nobody
	token   string
	preUID  int64 // between password and second factor
	created time.Time
	saved   time.Time // mtime of the file: the idle clock
	devices map[string]*device

	identityAt time.Time // identity-check-last
	locked     bool      // must confirm the identity
	halfway    bool      // has confirmed it with the first of two factors
	timedOut   bool      // must log in again (lock_timeout)

	next string    // the id that a soft rotation made
	dies time.Time // when a rotated id stops working; zero = never
}

type device struct {
	seen    time.Time
	first   time.Time
	address string
	agent   string
	trusted bool
}

// newSessionID makes an id of the version's shape.
func (s *Server) newSessionID() string {
	if !s.v.longIDs {
		return hex.EncodeToString(randomBytes(20))
	}
	return longID(s.v.idLength)
}

func longID(n int) string {
	return base64.RawURLEncoding.EncodeToString(randomBytes(n))[:n]
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic(err) // crypto/rand does not fail
	}
	return b
}

// wellFormed says whether the session store of the version takes the id.
func (t traits) wellFormed(id string) bool {
	alphabet := "0123456789abcdef"
	shortest := t.idLength
	if t.longIDs {
		alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
		shortest = 84
	}
	return len(id) >= shortest && len(id) <= t.idLength && strings.Trim(id, alphabet) == ""
}

// stored returns the living session with that id.
func (s *Server) stored(id string) (*session, bool) {
	sess, ok := s.sessions[id]
	if !ok {
		return nil, false
	}
	now := s.now()
	if now.Sub(sess.saved) >= s.lifetime || !sess.dies.IsZero() && !now.Before(sess.dies) {
		delete(s.sessions, id)
		return nil, false
	}
	return sess, true
}

// openSession finds the session of a request. An unknown but well-formed id
// is kept for an anonymous session, as Odoo keeps it.
func (x *exchange) openSession() {
	if c, err := x.r.Cookie("session_id"); err == nil {
		x.presented = c.Value
	}
	if x.s.v.wellFormed(x.presented) {
		if sess, ok := x.s.stored(x.presented); ok {
			x.sess = sess
			return
		}
		x.sess = x.s.blankSession(x.presented)
		return
	}
	x.sess = x.s.blankSession(x.s.newSessionID())
}

func (s *Server) blankSession(id string) *session {
	now := s.now()
	return &session{id: id, db: s.main, created: now, saved: now, devices: map[string]*device{}}
}

// logIn turns the session of the exchange into one of that user. The id
// changes when the answer is saved.
func (x *exchange) logIn(db *database, u person) {
	delete(x.s.sessions, x.sess.id)
	fresh := x.s.blankSession(x.sess.id)
	fresh.db, fresh.uid, fresh.token = db, u.id, db.token(u)
	x.sess = fresh
	x.dirty, x.rotate = true, true
	if u.system && db.engine.param("web.base.url.freeze") == "" {
		db.engine.setParam("web.base.url", x.scheme+"://"+x.host)
	}
}

// logOut forgets who it was and leaves an anonymous session with a new id.
func (x *exchange) logOut() {
	db := x.sess.db
	delete(x.s.sessions, x.sess.id)
	x.sess = x.s.blankSession(x.sess.id)
	x.sess.db = db
	x.dirty, x.rotate = true, true
	if x.s.v.clearCids {
		x.cookies = append(x.cookies, fmt.Sprintf("cids=; Expires=%s; Max-Age=0; Path=/", x.farExpiry()))
	}
}

// saveSession stores what the request changed, rotates where it is time, and
// sets the cookie as Odoo does: when the session changed or the browser does
// not have its id.
func (x *exchange) saveSession() {
	sess, now := x.sess, x.s.now()
	switch {
	case x.rotate:
		delete(x.s.sessions, sess.id)
		sess.id = x.s.newSessionID()
		sess.created, sess.saved = now, now
		if sess.uid != 0 || sess.preUID != 0 || sess.db != x.s.main {
			x.s.sessions[sess.id] = sess
		}
	case x.s.v.softRotation && sess.uid != 0 && !x.skipRotation() &&
		(sess.next != "" || now.Sub(sess.created) >= rotationInterval):
		x.softRotate(sess, now)
	case x.dirty:
		sess.saved = now
		if sess.uid != 0 || sess.preUID != 0 || sess.db != x.s.main {
			x.s.sessions[sess.id] = sess
		}
	}
	if x.dirty || x.presented != x.sess.id {
		x.cookies = append(x.cookies, x.sessionCookie(x.sess.id))
	}
}

// softRotate moves the exchange on to the successor of its session. All
// requests with the old id get the same one.
func (x *exchange) softRotate(sess *session, now time.Time) {
	if sess.next == "" {
		successor := *sess
		successor.id = sess.id[:stablePrefix] + longID(x.s.v.idLength-stablePrefix)
		successor.created, successor.saved = now, now
		x.s.sessions[successor.id] = &successor
		sess.next, sess.dies = successor.id, now.Add(deletionTimer)
	}
	if successor, ok := x.s.stored(sess.next); ok {
		x.sess = successor
	}
}

func (x *exchange) skipRotation() bool {
	if x.s.v.version < 20 {
		return false
	}
	switch x.r.URL.Path {
	case "/websocket/on_closed", "/websocket/peek_notifications", "/websocket/update_bus_presence":
		return true
	}
	return x.r.Header.Get("X-Odoo-Skip-Session-Rotation-Interval") != ""
}

// sessionCookie is the Set-Cookie line of a session id. There is no Secure
// and no SameSite, whatever the scheme.
func (x *exchange) sessionCookie(id string) string {
	age := int(defaultLifetime.Seconds())
	if x.s.v.lifetimeMax {
		age = int(x.s.lifetime.Seconds())
	}
	expires := x.farExpiry()
	if x.s.v.version == 16 {
		expires = cookieTime(x.s.now().Add(defaultLifetime))
	}
	return fmt.Sprintf("session_id=%s; Expires=%s; Max-Age=%d; HttpOnly; Path=/", id, expires, age)
}

func (x *exchange) farExpiry() string { return cookieTime(x.s.now().AddDate(1, 0, 0)) }

func cookieTime(t time.Time) string { return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT") }

// token is what a session must carry to stay valid: it changes with login,
// password and active, so that changing one of them ends every session.
func (d *database) token(u person) string {
	m := hmac.New(sha256.New, d.secret)
	fmt.Fprintf(m, "%d\x00%s\x00%s\x00%t", u.id, u.login, u.password, u.active)
	return hex.EncodeToString(m.Sum(nil))
}

// alive says whether the session's user is still the one that logged in.
func (sess *session) alive() bool {
	if sess.uid == 0 {
		return false
	}
	u, ok := sess.db.engine.userByID(sess.uid)
	return ok && (u.active || u.id == superuserID) && subtle.ConstantTimeCompare([]byte(sess.token), []byte(sess.db.token(u))) == 1
}

// noteDevice keeps the device trace of 18 and later: a new device, or one not
// noted for an hour, makes the session dirty.
func (x *exchange) noteDevice() *device {
	key := x.address + "\x00" + x.r.UserAgent()
	now := x.s.now()
	d, ok := x.sess.devices[key]
	if !ok {
		d = &device{first: now, address: x.address, agent: x.r.UserAgent(), trusted: len(x.sess.devices) == 0}
	}
	if !ok || now.Sub(d.seen) >= traceInterval {
		// Written only when the answer is saved: a failed request leaves no trace.
		x.atSave = append(x.atSave, func() { d.seen = now; x.sess.devices[key] = d })
		x.dirty = true
	}
	return d
}
