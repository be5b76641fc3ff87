package connection

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// Why a person can have no key, beside an *odoo.Error of the calls.
var (
	// ErrConfirm: Odoo wants the person to confirm who they are first.
	ErrConfirm = errors.New("odoo wants the person's identity confirmed")
	// ErrPassword: the password is wrong, or the account has none.
	ErrPassword = errors.New("odoo does not accept the password")
	// ErrNoKeys: Odoo gives this person no keys, or none that end.
	ErrNoKeys = errors.New("odoo gives this person no key")
)

// NewKey is an API key that Odoo has made.
type NewKey struct {
	Secret string
	// Ends is when Odoo will refuse it. Up to 17 keys have no end there: the
	// gateway's own stands here.
	Ends time.Time
	// ID is its record in Odoo, 0 where that could not be read.
	ID int64
}

// keyDays are the lives that are asked for, the longest first. A key without
// an end is never asked for.
var keyDays = []int{365, 180, 90, 30, 1}

// KeyName is what the key for an application is called in its person's Odoo
// profile.
func KeyName(title string) string {
	name := []rune(strings.Join(strings.Fields(strings.ToValidUTF8(title, "")), " "))
	if len(name) == 0 {
		return "Odoo gateway"
	}
	return string(name[:min(len(name), maxTitle)]) + " (Odoo gateway)"
}

// MakeKey makes an API key for the user uid, who uses a browser with that
// session, over that session. An empty password expects that the person has
// confirmed who they are: otherwise the error is [ErrConfirm]. rt and userAgent
// are those of the browser. The password is sent to Odoo and forgotten.
func (m *Manager) MakeKey(ctx context.Context, rt http.RoundTripper, sessionID, userAgent string, uid int64, name, password string) (NewKey, error) {
	k := &keyMaker{m: m, rt: rt, session: rpc.Session{ID: sessionID, UserAgent: userAgent}}
	version, err := m.client.Major(ctx, rt, userAgent)
	if err != nil {
		return NewKey{}, err
	}
	k.version = version
	return k.make(ctx, uid, name, password)
}

// keyMaker makes one key over a session.
type keyMaker struct {
	m       *Manager
	rt      http.RoundTripper
	session rpc.Session
	version int
}

// call runs a call over the session, and goes on with it where it rotates.
func (k *keyMaker) call(ctx context.Context, model, method string, ids []int64, call odoo.Call) (odoo.Result, error) {
	call.Model, call.Method, call.IDs = model, method, ids
	result, rotated, err := k.m.client.Call(ctx, k.rt, k.session, call)
	if k.m.rotated(ctx, k.session.ID, rotated) {
		k.session.ID = rotated.Value
	}
	return result, err
}

func (k *keyMaker) make(ctx context.Context, uid int64, name, password string) (NewKey, error) {
	wizard, ends, err := k.describe(ctx, name)
	if err != nil {
		return NewKey{}, err
	}
	result, err := k.call(ctx, "res.users.apikeys.description", "make_key", []int64{wizard}, odoo.Call{})
	if err != nil {
		return NewKey{}, noKeys(err)
	}
	secret, check := readAction(result)
	if secret == "" {
		if secret, err = k.confirm(ctx, check, password); err != nil {
			return NewKey{}, err
		}
	}
	made := NewKey{Secret: secret, Ends: ends}
	k.find(ctx, uid, name, &made)
	return made, nil
}

// describe fills in Odoo's form for a new key, with the longest life that is
// accepted.
func (k *keyMaker) describe(ctx context.Context, name string) (wizard int64, ends time.Time, err error) {
	now := k.m.now().UTC().Truncate(time.Second)
	for _, days := range keyDays {
		ends = now.AddDate(0, 0, days)
		values := map[string]any{"name": name}
		switch {
		case k.version >= 20:
			// The list of lives is short since 20; a date may be any. A minute
			// makes up for clocks that differ.
			ends = ends.Add(-time.Minute)
			values["duration"], values["expiration_date"] = "1", ends.Format(odooTime)
		case k.version >= 18:
			values["duration"] = strconv.Itoa(days)
		}
		var result odoo.Result
		result, err = k.call(ctx, "res.users.apikeys.description", "create", nil, odoo.Call{Args: []any{values}})
		if is(err, odoo.Validation) || is(err, odoo.BadRequest) {
			continue
		}
		if err != nil {
			return 0, time.Time{}, noKeys(err)
		}
		id, ok := odoo.Int(result.Value)
		if !ok {
			return 0, time.Time{}, &odoo.Error{Kind: odoo.Server, Message: "the form for a key has no id"}
		}
		return id, ends, nil
	}
	return 0, time.Time{}, errors.Join(ErrNoKeys, err)
}

// confirm answers Odoo's question for the password, after which it makes the
// key. The password goes where each version looks for it.
func (k *keyMaker) confirm(ctx context.Context, check int64, password string) (string, error) {
	if check == 0 {
		return "", &odoo.Error{Kind: odoo.Server, Message: "making a key gave no key"}
	}
	if password == "" {
		return "", ErrConfirm
	}
	_, err := k.call(ctx, "res.users.identitycheck", "write", []int64{check}, odoo.Call{
		Args: []any{map[string]any{"password": password}},
	})
	if err != nil {
		return "", err
	}
	result, err := k.call(ctx, "res.users.identitycheck", "run_check", []int64{check}, odoo.Call{
		Context: map[string]any{"password": password},
	})
	switch {
	case is(err, odoo.User), is(err, odoo.AccessDenied):
		return "", ErrPassword
	case err != nil:
		return "", noKeys(err)
	}
	secret, _ := readAction(result)
	if secret == "" {
		return "", &odoo.Error{Kind: odoo.Server, Message: "making a key gave no key"}
	}
	return secret, nil
}

// find reads the record of the key that was just made. Where that fails the
// key works nevertheless.
func (k *keyMaker) find(ctx context.Context, uid int64, name string, made *NewKey) {
	fields := []any{"id"}
	if k.version >= 18 {
		fields = append(fields, "expiration_date")
	}
	result, err := k.call(ctx, "res.users.apikeys", "search_read", nil, odoo.Call{Kwargs: map[string]any{
		"domain": []any{[]any{"user_id", "=", uid}, []any{"name", "=", name}},
		"fields": fields, "order": "id desc", "limit": int64(1),
	}})
	if err == nil {
		err = readKey(result, made)
	}
	if err != nil {
		k.m.log.Warn("the record of a new key could not be read", zap.Error(err))
	}
}

// odooTime is how Odoo writes times, in UTC.
const odooTime = "2006-01-02 15:04:05"

func readKey(result odoo.Result, made *NewKey) error {
	records, err := odoo.Records(result.Value)
	if err != nil {
		return err
	}
	if len(records) != 1 {
		return errors.New("the key is not listed")
	}
	made.ID, _ = records[0].ID()
	if ends, err := time.Parse(odooTime, text(records[0].Get("expiration_date"))); err == nil {
		made.Ends = ends
	}
	return nil
}

// readAction reads what a button of Odoo's leads to: the new key, or the
// question who one is.
func readAction(result odoo.Result) (secret string, check int64) {
	parsed, err := odoo.ParseJSON(result.Value, odoo.DefaultLimits)
	if err != nil {
		return "", 0
	}
	action, _ := parsed.(map[string]any)
	values, _ := action["context"].(map[string]any)
	secret, _ = values["default_key"].(string)
	if action["res_model"] == "res.users.identitycheck" {
		check, _ = action["res_id"].(int64)
	}
	return secret, check
}

// noKeys tells a refusal of Odoo's from an outage.
func noKeys(err error) error {
	if is(err, odoo.AccessError) || is(err, odoo.User) || is(err, odoo.Validation) || is(err, odoo.UnknownModel) || is(err, odoo.UnknownMethod) {
		return errors.Join(ErrNoKeys, err)
	}
	return err
}

// DropKey removes a key that MakeKey made, as long as the session counts as
// confirmed. It tells whether Odoo has it no more.
func (m *Manager) DropKey(ctx context.Context, rt http.RoundTripper, sessionID, userAgent string, id int64) bool {
	if id == 0 {
		return false
	}
	k := &keyMaker{m: m, rt: rt, session: rpc.Session{ID: sessionID, UserAgent: userAgent}}
	result, err := k.call(ctx, "res.users.apikeys", "remove", []int64{id}, odoo.Call{})
	_, check := readAction(result)
	return err == nil && check == 0 || is(err, odoo.Missing)
}

// IdentityPage is the path of Odoo's own page where the person of a session
// confirms who they are, "" where Odoo has none. It exists from 20 on, and on
// 19 with the addon auth_timeout, which has to be asked for.
func (m *Manager) IdentityPage(ctx context.Context, rt http.RoundTripper, sessionID, userAgent string) (string, error) {
	version, err := m.client.Major(ctx, rt, userAgent)
	switch {
	case err != nil || version < 19:
		return "", err
	case version >= 20:
		return "/web/session/identity", nil
	}
	has, err := m.client.HasIdentityPage19(ctx, rt, rpc.Session{ID: sessionID, UserAgent: userAgent})
	if err != nil || !has {
		return "", err
	}
	return "/auth-timeout/check-identity", nil
}
