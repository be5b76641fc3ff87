package odootest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// aliases are the paths under /odoo that stand for a model.
var aliases = map[string]string{
	"contacts": "res.partner", "customers": "res.partner", "sales": "sale.order", "orders": "sale.order",
	"crm": "crm.lead", "products": "product.template", "users": "res.users",
}

// webClientRoute is the web client's page: here a plain page that says who is
// logged in, or shows the record that the path names.
func webClientRoute(x *exchange) (*reply, error) {
	v := x.s.v
	if x.uid == 0 {
		x.switchDatabase()
		return redirect(x.loginFor()), nil
	}
	if v.identityURL != "" {
		// auth is none on these routes, yet a lock stops them like any page.
		if err := x.checkLocks(); err != nil {
			return nil, err
		}
	}
	u, _ := x.sess.db.engine.userByID(x.uid)
	x.dirty = true // the page keeps the session alive
	p := x.home(u)
	if model, id, ok := recordInPath(x.r.URL.Path); ok {
		record := x.record(model, id)
		p.Record = &record
	}
	a := htmlReply(render("home", p))
	a.header.Set("X-Frame-Options", "DENY")
	if v.version >= 19 {
		a.header.Set("Cache-Control", "no-store")
	}
	return a, nil
}

// loginFor is where an anonymous visitor of the web client is sent. 16 and 17
// forget where they wanted to go.
func (x *exchange) loginFor() string {
	switch {
	case x.s.v.version >= 18:
		return withRedirect("/web/login", fullPath(x.r.URL))
	case x.s.v.version == 17 && x.r.URL.RawQuery != "":
		return "/web/login?" + encodedQuery(x.r.URL.RawQuery)
	}
	return "/web/login"
}

func (x *exchange) home(u person) homePage {
	p := homePage{Name: u.name, Login: u.login, Database: x.sess.db.name, Version: x.s.v.serverVersion[:2],
		Home: x.s.v.home, Token: x.csrfToken(), LogoutPOST: x.s.v.logoutPOST}
	for _, l := range []struct{ label, model string }{{"Your own contact", "res.partner"}, {"Your user", "res.users"}} {
		id := u.partnerID
		if l.model == "res.users" {
			id = u.id
		}
		p.Links = append(p.Links, homeLink{l.label, x.recordLink(l.model, id)})
	}
	return p
}

// recordLink is the version's link to a record.
func (x *exchange) recordLink(model string, id int64) string {
	if x.s.v.version >= 18 {
		return fmt.Sprintf("/odoo/%s/%d", model, id)
	}
	return fmt.Sprintf("/web#id=%d&model=%s&view_type=form", id, url.QueryEscape(model))
}

// recordInPath finds model and id at the end of an /odoo path.
func recordInPath(path string) (string, int64, bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) < 3 || parts[0] != "odoo" {
		return "", 0, false
	}
	id, err := strconv.ParseInt(parts[len(parts)-1], 10, 64)
	if err != nil {
		return "", 0, false
	}
	model := strings.TrimPrefix(parts[len(parts)-2], "m-")
	if m, ok := aliases[model]; ok {
		model = m
	}
	return model, id, strings.Contains(model, ".")
}

// record reads what a person would look at first, with that person's rights.
func (x *exchange) record(model string, id int64) recordView {
	view := recordView{Title: model, Model: model, ID: id}
	if !x.sess.db.knows(model) {
		view.Problem = "There is no such model."
		return view
	}
	fields, err := x.callMethod(model, "fields_get", nil, map[string]any{"attributes": []any{"string", "type"}})
	if err != nil {
		view.Problem = faultText(err)
		return view
	}
	names := []any{"display_name"}
	for _, m := range ordered(asMap(fields), mainFields) {
		switch asString(asMap(m.value)["type"]) {
		case "binary", "one2many", "many2many", "reference", "":
			continue
		}
		switch m.name {
		case "id", "display_name", "__last_update", "create_uid", "create_date", "write_uid":
			continue
		}
		if len(names) < 20 {
			names = append(names, m.name)
		}
	}
	rows, err := x.callMethod(model, "read", []any{[]any{id}}, map[string]any{"fields": names})
	if err != nil {
		view.Problem = faultText(err)
		return view
	}
	if len(asList(rows)) == 0 {
		view.Problem = "Record does not exist or has been deleted."
		return view
	}
	values := asMap(asList(rows)[0])
	view.Title = asString(values["display_name"])
	for _, n := range names[1:] {
		label := asString(asMap(asMap(fields)[n.(string)])["string"])
		if value := shown(values[n.(string)]); value != "" {
			view.Rows = append(view.Rows, recordRow{label, value})
		}
	}
	return view
}

// mainFields come first on the page of a record.
var mainFields = []string{"name", "partner_id", "email", "email_from", "phone", "street", "city", "country_id", "state",
	"stage_id", "date_order", "amount_total", "expected_revenue", "user_id", "company_id"}

func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return "yes"
		}
		return ""
	case []any:
		if len(v) == 2 {
			return shown(v[1])
		}
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return fmt.Sprint(v)
}

func faultText(err error) string {
	if f, ok := err.(*fault); ok {
		return f.message
	}
	return err.Error()
}

// recordFragmentRoute is the simulation's own: the part of the home page that
// shows the record named in the fragment.
func recordFragmentRoute(x *exchange) (*reply, error) {
	q := x.r.URL.Query()
	id, err := strconv.ParseInt(q.Get("id"), 10, 64)
	if err != nil {
		return nil, &httpError{status: http.StatusBadRequest, text: "id is not a number"}
	}
	return htmlReply(render("record", x.record(q.Get("model"), id))), nil
}

// mailViewRoute is the link in Odoo's mails.
func mailViewRoute(x *exchange) (*reply, error) {
	q := x.r.URL.Query()
	id, err := strconv.ParseInt(q.Get("res_id"), 10, 64)
	if err != nil {
		return redirect(x.s.v.home), nil
	}
	return redirect(x.recordLink(q.Get("model"), id)), nil
}

// portalRoute is the home of people without access to the web client.
func portalRoute(x *exchange) (*reply, error) {
	u, _ := x.sess.db.engine.userByID(x.uid)
	x.dirty = true
	return htmlReply(render("home", x.home(u))), nil
}

func rootRoute(x *exchange) (*reply, error) { return redirect(x.s.v.home), nil }

// becomeRoute turns an administrator's session into the superuser's. Its id
// stays the same.
func becomeRoute(x *exchange) (*reply, error) {
	if u, ok := x.sess.db.engine.userByID(x.uid); ok && u.system {
		if root, ok := x.sess.db.engine.userByID(superuserID); ok {
			x.sess.uid, x.sess.token = root.id, x.sess.db.token(root)
			x.dirty = true
		}
	}
	return redirect(x.s.v.home), nil
}

func loadMenusRoute(x *exchange) (*reply, error) {
	root := object{{"id", "root"}, {"name", "root"}, {"children", []any{}}, {"appID", false}, {"xmlid", ""}}
	a := x.json(http.StatusOK, object{{"root", root}}, nil)
	a.header.Set("Cache-Control", "public, max-age=31536000")
	a.header.Set("Content-Type", "application/json")
	if x.s.v.version >= 20 {
		a.header.Set("Cache-Control", "no-store")
	}
	return a, nil
}
