package badgerstore

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
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

// stamp is a time in microseconds since 1970, zero for the zero time.
type stamp int64

func toStamp(t time.Time) stamp {
	if t.IsZero() {
		return 0
	}
	return stamp(t.UnixMicro())
}

func (s stamp) time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(s)).UTC()
}

type connectionRecord struct {
	Kind      string `json:"k,omitempty"`
	Sealed    []byte `json:"x,omitempty"`
	Hash      string `json:"h,omitempty"`
	Since     stamp  `json:"s,omitempty"`
	Touched   stamp  `json:"t,omitempty"`
	Browser   stamp  `json:"b,omitempty"`
	Ended     stamp  `json:"e,omitempty"`
	EndReason string `json:"r,omitempty"`
	Expires   stamp  `json:"ex,omitempty"`
	KeyID     int64  `json:"id,omitempty"`
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
	Scope       []string         `json:"sc,omitempty"`
	Digest      string           `json:"dg,omitempty"`
	Connection  connectionRecord `json:"cn"`
	Created     stamp            `json:"ct,omitempty"`
	Consented   stamp            `json:"cs,omitempty"`
	Revoked     stamp            `json:"rv,omitempty"`
}

func encodeAuthorization(a grant.Authorization) []byte {
	c := a.Connection
	return encode(authorizationRecord{
		ID: a.ID, Application: a.Application, RedirectURI: a.RedirectURI, Subject: a.Subject,
		Database: a.Database, UID: a.UID, Login: a.Login, Name: a.Name, Scope: a.Scope, Digest: a.ConsentDigest,
		Connection: connectionRecord{
			Kind: string(c.Kind), Sealed: c.Sealed, Hash: c.Hash, Since: toStamp(c.Since),
			Touched: toStamp(c.TouchedAt), Browser: toStamp(c.BrowserAt), Ended: toStamp(c.EndedAt), EndReason: c.EndReason,
			Expires: toStamp(c.ExpiresAt), KeyID: c.KeyID,
		},
		Created: toStamp(a.CreatedAt), Consented: toStamp(a.ConsentedAt), Revoked: toStamp(a.RevokedAt),
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
			Kind: grant.ConnectionKind(c.Kind), Sealed: c.Sealed, Hash: c.Hash, Since: c.Since.time(),
			TouchedAt: c.Touched.time(), BrowserAt: c.Browser.time(), EndedAt: c.Ended.time(), EndReason: c.EndReason,
			ExpiresAt: c.Expires.time(), KeyID: c.KeyID,
		},
		CreatedAt: r.Created.time(), ConsentedAt: r.Consented.time(), RevokedAt: r.Revoked.time(),
	}, nil
}

type codeRecord struct {
	Authorization   string   `json:"az"`
	Application     string   `json:"app"`
	RedirectURI     string   `json:"uri,omitempty"`
	Scope           []string `json:"sc,omitempty"`
	Challenge       string   `json:"ch,omitempty"`
	ChallengeMethod string   `json:"cm,omitempty"`
	Issued          stamp    `json:"is,omitempty"`
	Expires         stamp    `json:"ex,omitempty"`
	Consumed        stamp    `json:"co,omitempty"`
	TokenSet        string   `json:"ts,omitempty"`
	Retain          stamp    `json:"re,omitempty"`
}

func encodeCode(c grant.Code) []byte {
	return encode(codeRecord{
		Authorization: c.Authorization, Application: c.Application, RedirectURI: c.RedirectURI, Scope: c.Scope,
		Challenge: c.Challenge, ChallengeMethod: c.ChallengeMethod,
		Issued: toStamp(c.IssuedAt), Expires: toStamp(c.ExpiresAt), Consumed: toStamp(c.ConsumedAt), TokenSet: c.TokenSet,
		Retain: toStamp(c.RetainUntil),
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
		IssuedAt: r.Issued.time(), ExpiresAt: r.Expires.time(), ConsumedAt: r.Consumed.time(), TokenSet: r.TokenSet,
		RetainUntil: r.Retain.time(),
	}, nil
}

type tokenSetRecord struct {
	Authorization string   `json:"az"`
	Application   string   `json:"app"`
	RedirectURI   string   `json:"uri,omitempty"`
	Scope         []string `json:"sc,omitempty"`
	FamilyKey     []byte   `json:"fk,omitempty"`
	Created       stamp    `json:"ct,omitempty"`
	Ended         stamp    `json:"e,omitempty"`
	EndReason     string   `json:"r,omitempty"`
	Expires       stamp    `json:"ex,omitempty"`
	RefreshUntil  stamp    `json:"ru,omitempty"`
}

func encodeTokenSet(t grant.TokenSet) []byte {
	return encode(tokenSetRecord{
		Authorization: t.Authorization, Application: t.Application, RedirectURI: t.RedirectURI, Scope: t.Scope,
		FamilyKey: t.FamilyKey, Created: toStamp(t.CreatedAt), Ended: toStamp(t.EndedAt), EndReason: t.EndReason,
		Expires: toStamp(t.ExpiresAt), RefreshUntil: toStamp(t.RefreshUntil),
	})
}

func decodeTokenSet(id string, value []byte) (grant.TokenSet, error) {
	var r tokenSetRecord
	if err := decode(value, &r); err != nil {
		return grant.TokenSet{}, err
	}
	return grant.TokenSet{
		ID: id, Authorization: r.Authorization, Application: r.Application, RedirectURI: r.RedirectURI, Scope: r.Scope,
		FamilyKey: r.FamilyKey, CreatedAt: r.Created.time(), EndedAt: r.Ended.time(), EndReason: r.EndReason,
		ExpiresAt: r.Expires.time(), RefreshUntil: r.RefreshUntil.time(),
	}, nil
}

type refreshRecord struct {
	TokenSet string `json:"ts"`
	Issued   stamp  `json:"is,omitempty"`
	Expires  stamp  `json:"ex,omitempty"`
	Rotated  stamp  `json:"ro,omitempty"`
	Child    string `json:"ch,omitempty"`
}

func encodeRefresh(t grant.RefreshToken) []byte {
	return encode(refreshRecord{
		TokenSet: t.TokenSet, Issued: toStamp(t.IssuedAt), Expires: toStamp(t.ExpiresAt),
		Rotated: toStamp(t.RotatedAt), Child: t.Child,
	})
}

func decodeRefresh(hash string, value []byte) (grant.RefreshToken, error) {
	var r refreshRecord
	if err := decode(value, &r); err != nil {
		return grant.RefreshToken{}, err
	}
	return grant.RefreshToken{
		Hash: hash, TokenSet: r.TokenSet, IssuedAt: r.Issued.time(), ExpiresAt: r.Expires.time(),
		RotatedAt: r.Rotated.time(), Child: r.Child,
	}, nil
}

type signingKeyRecord struct {
	Algorithm string `json:"alg"`
	Sealed    []byte `json:"x"`
	Created   stamp  `json:"ct"`
	SignsFrom stamp  `json:"sf,omitempty"`
	Ends      stamp  `json:"e,omitempty"`
}

func encodeSigningKey(k grant.SigningKey) []byte {
	return encode(signingKeyRecord{
		Algorithm: k.Algorithm, Sealed: k.Sealed, Created: toStamp(k.CreatedAt),
		SignsFrom: toStamp(k.SignsFrom), Ends: toStamp(k.EndsAt),
	})
}

func decodeSigningKey(id string, value []byte) (grant.SigningKey, error) {
	var r signingKeyRecord
	if err := decode(value, &r); err != nil {
		return grant.SigningKey{}, err
	}
	return grant.SigningKey{
		ID: id, Algorithm: r.Algorithm, Sealed: r.Sealed, CreatedAt: r.Created.time(),
		SignsFrom: r.SignsFrom.time(), EndsAt: r.Ends.time(),
	}, nil
}
