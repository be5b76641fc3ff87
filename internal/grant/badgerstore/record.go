package badgerstore

import (
	"encoding/json"
	"fmt"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/stored"
)

// A stored value is one byte, the version of its layout, and JSON. Fields may
// be added within a version: readers ignore what they do not know. A layout
// that older readers would misjudge gets a new version, which they refuse.
const recordVersion = 1

func encode(record any) []byte {
	b, err := json.Marshal(record)
	if err != nil {
		panic(err) // the records below hold nothing that JSON refuses
	}
	return append([]byte{recordVersion}, b...)
}

func decode(value []byte, into any) error {
	if len(value) == 0 || value[0] != recordVersion {
		return fmt.Errorf("record has an unknown layout; a newer version of the gateway may have written it")
	}
	return json.Unmarshal(value[1:], into)
}

type connectionRecord struct {
	Kind      string       `json:"k,omitempty"`
	Sealed    []byte       `json:"x,omitempty"`
	Hash      string       `json:"h,omitempty"`
	Since     stored.Stamp `json:"s,omitempty"`
	Touched   stored.Stamp `json:"t,omitempty"`
	Browser   stored.Stamp `json:"b,omitempty"`
	Ended     stored.Stamp `json:"e,omitempty"`
	EndReason string       `json:"r,omitempty"`
	Expires   stored.Stamp `json:"ex,omitempty"`
	KeyID     int64        `json:"id,omitempty"`
}

type authorizationRecord struct {
	ID          string           `json:"id"`
	Application string           `json:"app"`
	RedirectURI string           `json:"uri,omitempty"`
	Subject     string           `json:"sub"`
	Database    string           `json:"db"`
	UID         int64            `json:"uid"`
	Login       string           `json:"lg,omitempty"`
	Name        string           `json:"nm,omitempty"`
	Scope       []string         `json:"sc,omitzero"`
	Digest      string           `json:"dg,omitempty"`
	Connection  connectionRecord `json:"cn"`
	Created     stored.Stamp     `json:"ct,omitempty"`
	Consented   stored.Stamp     `json:"cs,omitempty"`
	Revoked     stored.Stamp     `json:"rv,omitempty"`
}

func encodeAuthorization(a grant.Authorization) []byte {
	c := a.Connection
	return encode(authorizationRecord{
		ID: a.ID, Application: a.Application, RedirectURI: a.RedirectURI, Subject: a.Subject,
		Database: a.Database, UID: a.UID, Login: a.Login, Name: a.Name, Scope: a.Scope, Digest: a.ConsentDigest,
		Connection: connectionRecord{
			Kind: string(c.Kind), Sealed: c.Sealed, Hash: c.Hash, Since: stored.StampOf(c.Since),
			Touched: stored.StampOf(c.TouchedAt), Browser: stored.StampOf(c.BrowserAt), Ended: stored.StampOf(c.EndedAt), EndReason: c.EndReason,
			Expires: stored.StampOf(c.ExpiresAt), KeyID: c.KeyID,
		},
		Created: stored.StampOf(a.CreatedAt), Consented: stored.StampOf(a.ConsentedAt), Revoked: stored.StampOf(a.RevokedAt),
	})
}

func decodeAuthorization(value []byte) (grant.Authorization, error) {
	var r authorizationRecord
	if err := decode(value, &r); err != nil {
		return grant.Authorization{}, err
	}
	c := r.Connection
	return grant.Authorization{
		ID: r.ID, Application: r.Application, RedirectURI: r.RedirectURI, Subject: r.Subject,
		Database: r.Database, UID: r.UID, Login: r.Login, Name: r.Name, Scope: r.Scope, ConsentDigest: r.Digest,
		Connection: grant.Connection{
			Kind: grant.ConnectionKind(c.Kind), Sealed: c.Sealed, Hash: c.Hash, Since: c.Since.Time(),
			TouchedAt: c.Touched.Time(), BrowserAt: c.Browser.Time(), EndedAt: c.Ended.Time(), EndReason: c.EndReason,
			ExpiresAt: c.Expires.Time(), KeyID: c.KeyID,
		},
		CreatedAt: r.Created.Time(), ConsentedAt: r.Consented.Time(), RevokedAt: r.Revoked.Time(),
	}, nil
}

type codeRecord struct {
	Authorization   string       `json:"az"`
	Application     string       `json:"app"`
	RedirectURI     string       `json:"uri,omitempty"`
	Scope           []string     `json:"sc,omitzero"`
	Challenge       string       `json:"ch,omitempty"`
	ChallengeMethod string       `json:"cm,omitempty"`
	Issued          stored.Stamp `json:"is,omitempty"`
	Expires         stored.Stamp `json:"ex,omitempty"`
	Consumed        stored.Stamp `json:"co,omitempty"`
	TokenSet        string       `json:"ts,omitempty"`
	Retain          stored.Stamp `json:"re,omitempty"`
}

func encodeCode(c grant.Code) []byte {
	return encode(codeRecord{
		Authorization: c.Authorization, Application: c.Application, RedirectURI: c.RedirectURI, Scope: c.Scope,
		Challenge: c.Challenge, ChallengeMethod: c.ChallengeMethod,
		Issued: stored.StampOf(c.IssuedAt), Expires: stored.StampOf(c.ExpiresAt), Consumed: stored.StampOf(c.ConsumedAt), TokenSet: c.TokenSet,
		Retain: stored.StampOf(c.RetainUntil),
	})
}

func decodeCode(hash string, value []byte) (grant.Code, error) {
	var r codeRecord
	if err := decode(value, &r); err != nil {
		return grant.Code{}, err
	}
	return grant.Code{
		Hash: hash, Authorization: r.Authorization, Application: r.Application, RedirectURI: r.RedirectURI, Scope: r.Scope,
		Challenge: r.Challenge, ChallengeMethod: r.ChallengeMethod,
		IssuedAt: r.Issued.Time(), ExpiresAt: r.Expires.Time(), ConsumedAt: r.Consumed.Time(), TokenSet: r.TokenSet,
		RetainUntil: r.Retain.Time(),
	}, nil
}

type tokenSetRecord struct {
	Authorization string       `json:"az"`
	Application   string       `json:"app"`
	RedirectURI   string       `json:"uri,omitempty"`
	Scope         []string     `json:"sc,omitzero"`
	FamilyKey     []byte       `json:"fk,omitempty"`
	Created       stored.Stamp `json:"ct,omitempty"`
	Ended         stored.Stamp `json:"e,omitempty"`
	EndReason     string       `json:"r,omitempty"`
	Expires       stored.Stamp `json:"ex,omitempty"`
	RefreshUntil  stored.Stamp `json:"ru,omitempty"`
}

func encodeTokenSet(t grant.TokenSet) []byte {
	return encode(tokenSetRecord{
		Authorization: t.Authorization, Application: t.Application, RedirectURI: t.RedirectURI, Scope: t.Scope,
		FamilyKey: t.FamilyKey, Created: stored.StampOf(t.CreatedAt), Ended: stored.StampOf(t.EndedAt), EndReason: t.EndReason,
		Expires: stored.StampOf(t.ExpiresAt), RefreshUntil: stored.StampOf(t.RefreshUntil),
	})
}

func decodeTokenSet(id string, value []byte) (grant.TokenSet, error) {
	var r tokenSetRecord
	if err := decode(value, &r); err != nil {
		return grant.TokenSet{}, err
	}
	return grant.TokenSet{
		ID: id, Authorization: r.Authorization, Application: r.Application, RedirectURI: r.RedirectURI, Scope: r.Scope,
		FamilyKey: r.FamilyKey, CreatedAt: r.Created.Time(), EndedAt: r.Ended.Time(), EndReason: r.EndReason,
		ExpiresAt: r.Expires.Time(), RefreshUntil: r.RefreshUntil.Time(),
	}, nil
}

type refreshRecord struct {
	TokenSet string       `json:"ts"`
	Issued   stored.Stamp `json:"is,omitempty"`
	Expires  stored.Stamp `json:"ex,omitempty"`
	Rotated  stored.Stamp `json:"ro,omitempty"`
	Child    string       `json:"ch,omitempty"`
}

func encodeRefresh(t grant.RefreshToken) []byte {
	return encode(refreshRecord{
		TokenSet: t.TokenSet, Issued: stored.StampOf(t.IssuedAt), Expires: stored.StampOf(t.ExpiresAt),
		Rotated: stored.StampOf(t.RotatedAt), Child: t.Child,
	})
}

func decodeRefresh(hash string, value []byte) (grant.RefreshToken, error) {
	var r refreshRecord
	if err := decode(value, &r); err != nil {
		return grant.RefreshToken{}, err
	}
	return grant.RefreshToken{
		Hash: hash, TokenSet: r.TokenSet, IssuedAt: r.Issued.Time(), ExpiresAt: r.Expires.Time(),
		RotatedAt: r.Rotated.Time(), Child: r.Child,
	}, nil
}

type signingKeyRecord struct {
	Algorithm string       `json:"alg"`
	Sealed    []byte       `json:"x"`
	Created   stored.Stamp `json:"ct"`
	SignsFrom stored.Stamp `json:"sf,omitempty"`
	Ends      stored.Stamp `json:"e,omitempty"`
}

func encodeSigningKey(k grant.SigningKey) []byte {
	return encode(signingKeyRecord{
		Algorithm: k.Algorithm, Sealed: k.Sealed, Created: stored.StampOf(k.CreatedAt),
		SignsFrom: stored.StampOf(k.SignsFrom), Ends: stored.StampOf(k.EndsAt),
	})
}

func decodeSigningKey(id string, value []byte) (grant.SigningKey, error) {
	var r signingKeyRecord
	if err := decode(value, &r); err != nil {
		return grant.SigningKey{}, err
	}
	return grant.SigningKey{
		ID: id, Algorithm: r.Algorithm, Sealed: r.Sealed, CreatedAt: r.Created.Time(),
		SignsFrom: r.SignsFrom.Time(), EndsAt: r.Ends.Time(),
	}, nil
}
