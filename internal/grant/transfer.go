package grant

import (
	"errors"
	"time"
)

// Record is one thing that a store keeps of one gateway, in the form in which
// it leaves a store: for a backup, or for another kind of store. Exactly one
// of the pointers is set. What a store can make again, such as its indexes, is
// no record.
type Record struct {
	// Gateway is the configured name.
	Gateway string

	Authorization *Authorization
	Code          *Code
	TokenSet      *TokenSet
	RefreshToken  *RefreshToken
	SigningKey    *SigningKey
	KeyRemoval    *KeyRemoval
	Event         *KeptEvent
	Object        *ObjectHistory
}

// KeptEvent is an event of the audit trail with the end of its time.
type KeptEvent struct {
	AuditEntry
	// Until is to the second.
	Until time.Time
	// Link is what ties it to the event before, for Store.VerifyAudit; it means
	// something to the store alone.
	Link []byte `json:",omitempty"`
}

// Filling is what a store is made of that is filled with records, where there is
// none.
type Filling struct {
	// Feed hands the records to put, one after another, in any order.
	Feed func(put func(Record) error) error
	// Check is given what reads back all that was put, and nothing else, before it is
	// a store: where it fails, nothing is left. Nil is none.
	Check func(export func(each func(Record) error) error) error
	// Last returns what becomes the newest event in the audit trail of each gateway
	// that has records. Nil is none.
	Last func(gateway string) KeptEvent
}

// Validate tells what is wrong with a record that did not come from a store.
func (r Record) Validate() error {
	if r.Gateway == "" {
		return errors.New("the record names no gateway")
	}
	set, id := 0, ""
	for _, part := range []struct {
		set bool
		id  func() string
	}{
		{r.Authorization != nil, func() string { return r.Authorization.ID }},
		{r.Code != nil, func() string { return r.Code.Hash }},
		{r.TokenSet != nil, func() string { return r.TokenSet.ID }},
		{r.RefreshToken != nil, func() string { return r.RefreshToken.Hash }},
		{r.SigningKey != nil, func() string { return r.SigningKey.ID }},
		{r.KeyRemoval != nil, func() string { return r.KeyRemoval.ID }},
		{r.Event != nil, func() string { return r.Event.ID }},
		{r.Object != nil, func() string { return r.Object.Name }},
	} {
		if part.set {
			set, id = set+1, part.id()
		}
	}
	switch {
	case set != 1:
		return errors.New("the record is not exactly one thing")
	case id == "":
		return errors.New("the record has no id")
	}
	return nil
}

// Revoked is the authorization as it stands once it is revoked at that time,
// its credential wiped. One that was revoked before stays as it is. What
// Leftover says of the connection is to be stored with it.
func (a Authorization) Revoked(now time.Time) Authorization {
	if !a.Live() {
		return a
	}
	a.RevokedAt = now
	a.Connection.Sealed, a.Connection.Hash = nil, ""
	if a.Connection.EndedAt.IsZero() {
		a.Connection.EndedAt, a.Connection.EndReason = now, "revoked"
	}
	return a
}
