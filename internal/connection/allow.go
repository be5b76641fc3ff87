package connection

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// ErrNotAllowed: the person is there, but is not one who may connect the
// application. The connection has not ended: it works again once they are.
var ErrNotAllowed = errors.New("the person may not connect the application")

// internalUsers is the group of all who are neither portal nor public users.
const internalUsers = "base.group_user"

// judgement is whether a person was in a group when somebody last looked.
type judgement struct {
	in bool
	at time.Time
}

// judged tells what was last found about the owner of the credential with this
// hash and a group, if that is less than d ago. Nobody has to be in no group.
func (t *Table) judged(hash, group string, d time.Duration) (in, known bool) {
	if group == "" {
		return true, true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	j, found := t.verdicts.Get(hash + "\x00" + group)
	if !found || t.now().Sub(j.at) >= d {
		return false, false
	}
	return j.in, true
}

// judge notes whether the owner of the credential with this hash is in a group.
func (t *Table) judge(hash, group string, in bool) {
	if group == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.verdicts.Add(hash+"\x00"+group, judgement{in: in, at: t.now()})
}

// group is the XML id of the group that the person of an authorization has to
// be in, "" where any will do. A service account is chosen by who configures
// the application, not by Odoo's groups.
func (m *Manager) group(a grant.Authorization) string {
	if m.allow == nil || a.Connection.Kind == grant.Service {
		return ""
	}
	switch allow := m.allow(a.Application); {
	case allow.Group != "":
		return allow.Group
	case allow.Portal:
		return ""
	default:
		return internalUsers
	}
}

// mayConnect asks Odoo whether the person of an authorization is one who may
// connect the application.
func (m *Manager) mayConnect(ctx context.Context, rt http.RoundTripper, a grant.Authorization, userAgent string) error {
	group := m.group(a)
	if group == "" {
		return nil
	}
	in, used, err := m.inGroup(ctx, rt, a, userAgent, group)
	if err != nil {
		return err
	}
	m.table.judge(m.hash(used), group, in)
	return verdict(in)
}

// inGroup asks has_group, whose form differs between versions: where it is
// refused, Odoo may have another version than when it was last asked.
func (m *Manager) inGroup(ctx context.Context, rt http.RoundTripper, a grant.Authorization, userAgent, group string) (bool, grant.Authorization, error) {
	for attempt := 0; ; attempt++ {
		version, err := m.client.Major(ctx, rt, userAgent)
		if err != nil {
			return false, a, err
		}
		call := odoo.Call{Model: "res.users", Method: "has_group", Args: []any{group}}
		if version >= 18 {
			call.IDs = []int64{a.UID}
		}
		result, used, err := m.run(ctx, rt, a, userAgent, call)
		switch {
		case is(err, odoo.BadRequest) && attempt == 0:
			m.client.ForgetMajor()
			continue
		case err != nil:
			return false, used, err
		}
		switch string(result.Value) {
		case "true":
			return true, used, nil
		case "false":
			return false, used, nil
		}
		return false, used, &odoo.Error{Kind: odoo.Server, Message: "the answer about a group is no yes and no no"}
	}
}

func verdict(in bool) error {
	if in {
		return nil
	}
	return &odoo.Error{Kind: odoo.SessionExpired, Message: ErrNotAllowed.Error(), Err: ErrNotAllowed}
}
