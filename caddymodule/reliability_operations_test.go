package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// operations are all that the gateway asks Odoo for.
var operations = []operation{
	data("restapi read", "session", "GET", recordPath, "", ""),
	data("orestapi read", "session", "GET", "/orestapi/record/name_search?model=res.partner&name=a", "", ""),
	data("json2 read", "session", "POST", "/json/2/res.partner/search_read", `{"domain":[],"fields":["name"],"limit":1}`, ""),
	data("read with a key", "key", "GET", recordPath, "", ""),
	data("restapi write", "session", "PUT", "/restapi/1.0/object/res.partner/1?vals={'name':'x'}", "", "write"),
	data("restapi create", "session", "POST", "/restapi/1.0/object/res.partner?vals={'name':'x'}", "", "create"),
	data("json2 write", "session", "POST", "/json/2/res.partner/write", `{"ids":[1],"vals":{"name":"x"}}`, "write"),
	data("write with a key", "key", "PUT", "/restapi/1.0/object/res.partner/1?vals={'name':'x'}", "", "write"),
	{
		name: "read that rotates the session", on: []int{19},
		before: func(w *faultWorld) { w.odoo.AgeSessions(4 * time.Hour) },
		do: func(w *faultWorld, ctx context.Context) got {
			return w.ask(ctx, http.MethodGet, recordPath, "", "Authorization", "Bearer "+w.held["session"].Access)
		},
		told: func(f fault, a got) string { return statusOf(a, f.status...) },
		// Odoo forgets the session of before after two minutes: the application
		// may come later than that, and only the sweep has come meanwhile.
		healed: func(w *faultWorld) error {
			w.app.sweep(w.Context())
			w.odoo.AgeSessions(3 * time.Minute)
			return w.works("session")
		},
	},
	refreshing("session"),
	refreshing("key"),
	{
		name: "client_credentials",
		do: func(w *faultWorld, ctx context.Context) got {
			return w.post(ctx, "robot", url.Values{"grant_type": {"client_credentials"}})
		},
		told: func(_ fault, a got) string { return statusOf(a, http.StatusServiceUnavailable) },
		healed: func(w *faultWorld) error {
			a := w.again(func() got { return w.post(w.Context(), "robot", url.Values{"grant_type": {"client_credentials"}}) })
			if a.status != http.StatusOK {
				return fmt.Errorf("%d %s", a.status, a.body)
			}
			return nil
		},
	},
	{
		name: "authorize",
		do: func(w *faultWorld, ctx context.Context) got {
			return w.ask(ctx, http.MethodGet, authorizePath("session"), "", "Cookie", "session_id="+w.odoo.NewSession("demo"))
		},
		told: func(_ fault, a got) string {
			if strings.Contains(a.header.Get("Location"), "code=") {
				return "a code"
			}
			a.header.Del("Set-Cookie") // Odoo's own, as it comes through the proxy elsewhere
			return statusOf(a, http.StatusServiceUnavailable)
		},
		healed: func(w *faultWorld) error { return w.works("session") },
	},
	{
		name: "stay connected", once: "make_key",
		before: func(w *faultWorld) {
			if w.guest.authorization != "" {
				if err := w.store.RevokeAuthorization(w.Context(), w.guest.authorization, time.Now()); err != nil {
					w.Fatal(err)
				}
			}
			w.guest = w.consented("stay")
		},
		do: func(w *faultWorld, ctx context.Context) got {
			return w.ask(ctx, http.MethodPost, oauthBase+"stay", url.Values{"t": {w.guest.form}, "decision": {"stay"}, "password": {"demo"}}.Encode(),
				"Content-Type", formType, "Origin", w.url, "Cookie", w.guest.cookie, "Sec-Fetch-Site", "same-origin")
		},
		// The page says that it did not work, or the person is where they
		// would be without.
		told: func(_ fault, a got) string {
			if a.status == http.StatusSeeOther || a.status == http.StatusFound || a.status == http.StatusOK || a.status == http.StatusServiceUnavailable {
				return ""
			}
			return "neither a page nor the way back"
		},
		healed: func(w *faultWorld) error {
			a, err := w.store.Authorization(w.Context(), w.guest.authorization)
			if err == nil && (!a.Live() || !a.Connection.Live()) {
				err = errors.New("the consent has gone")
			}
			return err
		},
	},
	{
		name: "sweep that touches a session",
		before: func(w *faultWorld) {
			w.swept = w.authorize("idle", func(a grant.Authorization) grant.Connection {
				c := w.session(a)
				c.TouchedAt = time.Time{}
				return c
			})
		},
		do:   sweepOnce,
		told: func(fault, got) string { return "" },
		healed: func(w *faultWorld) error {
			a, err := w.store.Authorization(w.Context(), w.swept.ID)
			if err == nil && !a.Connection.Live() {
				err = fmt.Errorf("the connection has ended: %s", a.Connection.EndReason)
			}
			return err
		},
	},
	{
		name: "sweep that removes a key", on: []int{16, 20},
		before: func(w *faultWorld) {
			w.swept = w.authorize("left", w.key)
			if err := w.store.RevokeAuthorization(w.Context(), w.swept.ID, time.Now()); err != nil {
				w.Fatal(err)
			}
		},
		do:   sweepOnce,
		told: func(fault, got) string { return "" },
		healed: func(w *faultWorld) error {
			all, err := w.store.KeyRemovals(w.Context(), grant.KeyRemovalQuery{})
			if err != nil {
				return err
			}
			for _, k := range all {
				if k.Authorization != w.swept.ID {
					continue
				}
				if k.Left() {
					return errors.New("the key was given up")
				}
				k.NextTryAt = time.Now()
				if err := w.store.UpdateKeyRemoval(w.Context(), k); err != nil {
					return err
				}
			}
			w.app.sweep(w.Context())
			for _, name := range w.odoo.APIKeyNames("demo") {
				if name == "left" {
					return errors.New("the key stays in Odoo")
				}
			}
			return nil
		},
	},
}

// data is a request for data.
func data(name, application, method, path, body, once string) operation {
	return operation{
		name: name, once: once,
		do: func(w *faultWorld, ctx context.Context) got {
			return w.ask(ctx, method, path, body, "Authorization", "Bearer "+w.held[application].Access, "Content-Type", "application/json")
		},
		told: func(f fault, a got) string {
			if f.nothing && once == "write" {
				return statusOf(a, http.StatusOK, http.StatusInternalServerError)
			}
			return statusOf(a, f.status...)
		},
		healed: func(w *faultWorld) error { return w.works(application) },
	}
}

// refreshing asks for new tokens: an outage uses no refresh token up.
func refreshing(application string) operation {
	form := func(w *faultWorld) url.Values {
		return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {w.held[application].Refresh}}
	}
	return operation{
		name: "refresh over a " + application,
		do:   func(w *faultWorld, ctx context.Context) got { return w.post(ctx, application, form(w)) },
		told: func(_ fault, a got) string { return statusOf(a, http.StatusServiceUnavailable) },
		healed: func(w *faultWorld) error {
			a := w.again(func() got { return w.post(w.Context(), application, form(w)) })
			var next tokens
			if err := json.Unmarshal([]byte(a.body), &next); err != nil || a.status != http.StatusOK {
				return fmt.Errorf("refreshing: %d %s", a.status, a.body)
			}
			w.held[application].tokens = next
			return w.works(application)
		},
	}
}

// works reads with the token that an application holds.
func (w *faultWorld) works(application string) error {
	a := w.again(func() got {
		return w.ask(w.Context(), http.MethodGet, recordPath, "", "Authorization", "Bearer "+w.held[application].Access)
	})
	if a.status != http.StatusOK || !strings.Contains(a.body, `"name"`) {
		return fmt.Errorf("reading: %d %s", a.status, a.body)
	}
	return nil
}

// again asks once more where an answer is one that says so: the first may have
// waited with somebody whose question was on its way before.
func (w *faultWorld) again(ask func() got) got {
	a := ask()
	if a.status == http.StatusServiceUnavailable {
		return ask()
	}
	return a
}

// sweepOnce runs the work that no request stands behind.
func sweepOnce(w *faultWorld, ctx context.Context) got {
	w.app.sweep(ctx)
	return got{skipped: true}
}

func authorizePath(application string) string {
	return oauthBase + "authorize?" + url.Values{"response_type": {"code"}, "client_id": {application}, "redirect_uri": {callback}, "state": {"s"}}.Encode()
}

// guest is somebody in a browser who is asked whether to stay connected.
type guest struct{ cookie, form, authorization string }

// consented has somebody connect an application, up to that question.
func (w *faultWorld) consented(application string) guest {
	w.Helper()
	user := newPerson(w.T, w.url)
	page := func(method, target string, form url.Values) (string, url.Values) {
		location, body, err := user.do(method, target, form)
		if err != nil {
			w.Fatal(err)
		}
		fields := url.Values{}
		for _, m := range hidden.FindAllStringSubmatch(body, -1) {
			fields.Set(m[1], strings.ReplaceAll(m[2], "&amp;", "&"))
		}
		return location, fields
	}
	u, err := url.Parse(w.url)
	if err != nil {
		w.Fatal(err)
	}
	user.client.Jar.SetCookies(u, []*http.Cookie{{Name: "session_id", Value: w.odoo.NewSession("demo"), Path: "/"}})
	_, fields := page(http.MethodGet, authorizePath(application)+"&prompt=consent", nil)
	fields.Set("decision", "allow")
	location, _ := page(http.MethodPost, oauthBase+"consent", fields)
	_, fields = page(http.MethodGet, location, nil)
	g := guest{form: fields.Get("t")}
	for _, c := range user.client.Jar.Cookies(u) {
		g.cookie += "; " + c.Name + "=" + c.Value
	}
	g.cookie = strings.TrimPrefix(g.cookie, "; ")
	if g.form == "" {
		w.Fatalf("nobody asks whether to stay connected: %s", location)
	}
	all, err := w.store.Authorizations(w.Context(), grant.AuthorizationQuery{Application: application})
	if err != nil || len(all) == 0 {
		w.Fatalf("no consent: %v", err)
	}
	g.authorization = all[len(all)-1].ID
	return g
}
