package gateway

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/httphook"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// trace is what is noted of a request while it is served. A call that outlives
// the request that it began in may still note something then.
type trace struct {
	upstream polite // set before anybody else knows of the trace

	mu               sync.Mutex
	app              *application.Application
	subject, login   string
	authorization    string
	operation, model string
	grantType        string
	answered         bool // Odoo has answered a call
	odoo             time.Duration
	held             time.Duration // for having no good token
	calls, failed    int
	joined           int
}

type traceKey struct{}

func traceOf(ctx context.Context) *trace {
	t, _ := ctx.Value(traceKey{}).(*trace)
	return t
}

// note notes something of the request of a context.
func note(ctx context.Context, what func(*trace)) {
	if t := traceOf(ctx); t != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		what(t)
	}
}

// known notes which application makes the request of a context.
func known(ctx context.Context, app *application.Application) {
	note(ctx, func(t *trace) { t.app = app })
}

// application is the one that makes the request, nil before it is known.
func (t *trace) application() *application.Application {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.app
}

// knownPerson notes as whom the request of a context is made.
func knownPerson(ctx context.Context, a grant.Authorization) {
	note(ctx, func(t *trace) { t.subject, t.login, t.authorization = a.Subject, a.Login, a.ID })
}

// noteCall notes what an application asks for. Of several calls of one request
// the first one counts that does more than read; what is refused counts in any
// case.
func noteCall(ctx context.Context, call odoo.Call, refused bool) {
	operation := operationOf(call)
	note(ctx, func(t *trace) {
		if t.operation == "" || refused || t.operation == "read" && operation != "read" {
			t.operation, t.model = operation, call.Model
		}
	})
}

// noteGrant notes what tokens are asked for.
func noteGrant(ctx context.Context, grantType string) {
	note(ctx, func(t *trace) { t.grantType = grantType })
}

// noteAnswer notes that Odoo has answered a call that the rules had let through.
func noteAnswer(ctx context.Context) {
	note(ctx, func(t *trace) { t.answered = true })
}

// noteJoined notes a call that the call of another request was made for as well.
func noteJoined(ctx context.Context) { note(ctx, func(t *trace) { t.joined++ }) }

// noteWait notes, once it is called, how long the request of a context has waited
// for Odoo's answers to others.
func noteWait(ctx context.Context, now clock.Clock) (waited func()) {
	start := now()
	return sync.OnceFunc(func() {
		note(ctx, func(t *trace) { t.odoo += now().Sub(start) })
	})
}

// reportMethod stands for a report where a call is described.
const reportMethod = "report"

// operationOf is one of Operations.
func operationOf(call odoo.Call) string {
	if call.Method == "" { // a question about the model itself
		return "read"
	}
	switch scope := scheme.ScopeOf(call); {
	case call.Method == reportMethod:
		return "report"
	case scope == scheme.ScopeRead:
		return "read"
	case scope == scheme.ScopeCall:
		return "call"
	case call.Method == "create", call.Method == "unlink":
		return call.Method
	}
	return "write"
}

// watch notes what becomes of a request until done is called: then it leaves
// exactly one event in the audit trail, unless there was nothing to decide, and
// its outcome is told.
func (g *Gateway) watch(w http.ResponseWriter, r *http.Request) (out http.ResponseWriter, watched *http.Request, done func()) {
	t, start := new(trace), g.config.Now()
	ctx, slip := audit.WithSlip(context.WithValue(r.Context(), traceKey{}, t))
	status, code := 0, ""
	hooked := httphook.New(w, func(sent int, h http.Header) { status, code = sent, h.Get(dialect.CodeHeader) })
	watched = r.WithContext(ctx)
	return hooked, watched, func() {
		reason := slip.Reason()
		if code == "" {
			code = reason
		}
		o := t.outcome()
		o.Gateway, o.Status, o.Code, o.Dialect = g.config.Name, status, code, dialectOf(r.URL.Path)
		if at := asOurs(r); at != nil && o.Dialect == DialectNone {
			o.Dialect = dialectOf(at.URL.Path)
		}
		o.Decision, o.Duration = decide(status, reason, o.answered), g.config.Now().Sub(start)
		last, events := slip.Last()
		if o.Application == "" {
			o.Application = last.Application
		}
		if name, clientID := slip.Client(); o.Application == "" {
			o.Application, o.clientID = name, clientID
		}
		if o.Subject == "" {
			o.Subject = last.Subject
		}
		if events == 0 {
			if e, due := g.unrecorded(watched, o); due {
				g.recorder().Record(ctx, e)
			}
		}
		g.config.Served(r, o.Outcome)
	}
}

// traced is an Outcome with what only the audit trail has a use for.
type traced struct {
	Outcome
	authorization string
	clientID      string
	answered      bool
}

func (t *trace) outcome() traced {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := traced{authorization: t.authorization, answered: t.answered}
	o.Subject, o.Login, o.Operation, o.Odoo, o.OdooCalls, o.OdooFailed = t.subject, t.login, t.operation, t.odoo, t.calls, t.failed
	o.GrantType, o.OdooJoined, o.Held = t.grantType, t.joined, t.held
	if t.model != "" {
		o.Model = named(t.model)
	}
	if t.app != nil {
		o.Application = t.app.Name
	}
	return o
}

// timed is an Upstream that notes how long Odoo takes.
type timed struct {
	Upstream
	trace *trace
	now   clock.Clock
}

// RoundTrip implements http.RoundTripper.
func (u timed) RoundTrip(r *http.Request) (*http.Response, error) { return u.through(u.Upstream, r) }

// Browser implements Upstream.
func (u timed) Browser() http.RoundTripper { return timedBrowser{u, u.Upstream.Browser()} }

type timedBrowser struct {
	timed
	browser http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (u timedBrowser) RoundTrip(r *http.Request) (*http.Response, error) {
	return u.through(u.browser, r)
}

func (u timed) through(rt http.RoundTripper, r *http.Request) (*http.Response, error) {
	start := u.now()
	resp, err := rt.RoundTrip(r)
	u.trace.mu.Lock()
	defer u.trace.mu.Unlock()
	u.trace.odoo += u.now().Sub(start)
	u.trace.calls++
	if err != nil || resp.StatusCode >= http.StatusInternalServerError {
		u.trace.failed++
	}
	return resp, err
}
