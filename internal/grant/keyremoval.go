package grant

import "time"

// KeyRemoval is an API key that no connection holds any more and that Odoo has
// still to forget. The gateway asks Odoo to remove it; where Odoo does not let
// it, the person who owns the key has to, and is told so.
type KeyRemoval struct {
	// ID is random and never reused.
	ID string
	// Authorization is the id of the one whose connection the key was, and
	// Application, RedirectURI, Subject, Database, UID and Login are its.
	Authorization string
	Application   string
	RedirectURI   string
	Subject       string
	Database      string
	UID           int64
	Login         string
	// KeyID is the key's record in Odoo; 0 where it is unknown.
	KeyID int64
	// Sealed is the key, encrypted as that of the Connection was, with Key as
	// associated data. Nil once the key was left to the person.
	Sealed []byte
	// KeyEndsAt is when the key ends in Odoo; zero: never, or unknown.
	KeyEndsAt time.Time
	CreatedAt time.Time
	// Tries is how often Odoo was asked, and NextTryAt when it is next.
	Tries     int
	NextTryAt time.Time
	// LeftAt is when the key was left to the person; zero before.
	LeftAt time.Time
}

// Key is that of the authorization.
func (k KeyRemoval) Key() string {
	return Authorization{Application: k.Application, Subject: k.Subject, RedirectURI: k.RedirectURI}.Key()
}

// Left tells whether the gateway has given the key up: only the person who owns
// it can remove it from Odoo.
func (k KeyRemoval) Left() bool { return !k.LeftAt.IsZero() }

// RemovalOf is the removal of the API key that an authorization holds.
func RemovalOf(a Authorization, now time.Time) KeyRemoval {
	c := a.Connection
	return KeyRemoval{
		ID: NewID(), Authorization: a.ID, Application: a.Application, RedirectURI: a.RedirectURI, Subject: a.Subject,
		Database: a.Database, UID: a.UID, Login: a.Login, KeyID: c.KeyID, Sealed: c.Sealed, KeyEndsAt: c.ExpiresAt,
		CreatedAt: now, NextTryAt: now,
	}
}

// Leftover is what becomes of the API key of an authorization whose connection
// changes to another one at that time: ok where Odoo has to forget a key. A key
// that the connection goes on with needs no removal, nor does one that has come
// to its end or that Odoo refuses already.
func Leftover(a Authorization, to Connection, now time.Time) (k KeyRemoval, ok bool) {
	from := a.Connection
	switch {
	case from.Kind != APIKey || len(from.Sealed) == 0:
		return KeyRemoval{}, false
	case to.Kind == APIKey && to.Hash == from.Hash:
		return KeyRemoval{}, false
	case !to.EndedAt.IsZero() && (to.EndReason == "key_refused" || to.EndReason == "key_expired"):
		return KeyRemoval{}, false
	case !from.ExpiresAt.IsZero() && !now.Before(from.ExpiresAt):
		return KeyRemoval{}, false
	}
	return RemovalOf(a, now), true
}

// KeyRemovalQuery says which removals to list; empty fields do not restrict.
type KeyRemovalQuery struct {
	// Subject is the person.
	Subject string
	// After is the ID of the last removal of the page before.
	After string
	// Limit is as in AuthorizationQuery.
	Limit int
}
