package e2e

import (
	"strings"
)

// The heads of requests with a body.
const (
	asJSON  = "Content-Type: application/json\r\n"
	asXML   = "Content-Type: application/xml\r\n"
	asForm  = "Content-Type: application/x-www-form-urlencoded\r\n"
	asText  = "Content-Type: text/plain\r\n"
	asParts = "Content-Type: multipart/form-data; boundary=part\r\n"
)

// noToken keeps the token out of a request; it is a header that one client sends.
const noToken = "X-Authorization: none\r\n"

const (
	contacts       = "/restapi/1.0/object/res.partner"
	recordNotFound = `{"code":404,"message":"Record not found"}`
	notLoggedIn    = `{"code":401,"message":"Authentication required"}`
)

// restapiObjects is the way of some records over /restapi: made in every form
// that a request may have, found, changed, put away, brought back and deleted.
func restapiObjects(a *asker) {
	a.run([]step{
		{"alpha", "POST " + contacts, asJSON, `{"name":"$mark A","zip":"0100"}`, 201, `{"res.partner":{.*"email":false,"id":$alpha,.*"name":"$mark A",.*}}`},
		{"beta", "POST " + contacts, asXML, `<vals><name>$mark B</name><zip>0200</zip><is_company>True</is_company></vals>`, 201, `{"res.partner":{.*"id":$beta,.*"name":"$mark B",.*}}`},
		{"gamma", "POST " + contacts + "?vals={'name':'$mark+C','email':'Zoë@example.com'}", "", "", 201, `{"res.partner":{.*"email":"Zoë@example.com","id":$gamma,.*"name":"$mark C",.*}}`},
		{"delta", "POST " + contacts, asParts, "--part\r\nContent-Disposition: form-data; name=\"vals\"\r\n\r\n{'name':'$mark D','is_company':True}\r\n--part--\r\n", 201, `{"res.partner":{.*"id":$delta,.*"name":"$mark D",.*}}`},
		{"epsilon", "POST " + contacts, asForm, "vals={'name':'$mark E'}", 201, `{"res.partner":{.*"id":$epsilon,.*"name":"$mark E",.*}}`},
		{"zeta", "POST " + contacts, asText, `[{"name":"$mark F"}]`, 201, `{"res.partner":{.*"id":$zeta,.*"name":"$mark F",.*}}`},
	})
	same(a.t, "made by JSON", a.partner("alpha", "name", "zip"), map[string]any{"name": a.mark + " A", "zip": "0100"})
	same(a.t, "made by XML", a.partner("beta", "zip", "is_company"), map[string]any{"zip": "0200", "is_company": true})
	mine := "domain=[('name','like','$mark')]"
	a.run([]step{
		{"", "GET " + contacts + "/$alpha?fields=['name','zip']", "", "", 200, `{"res.partner":{"id":$alpha,"name":"$mark A","zip":"0100"}}`},
		{"", "GET " + contacts + "/$alpha?fields=name", "Accept: application/xml\r\n", "", 200, `<res.partner type="dict"><id type="int">$alpha</id><name type="str">$mark A</name></res.partner>`},
		{"", "GET " + contacts + "?ids=$beta,$alpha&fields=name", "", "", 200, `{"res.partner":\[{"id":$beta,"name":"$mark B"},{"id":$alpha,"name":"$mark A"}\]}`},
		{"", "GET " + contacts + "?ids=[$alpha,2000000000]&fields=name", "", "", 200, `{"res.partner":\[{"id":$alpha,"name":"$mark A"}\]}`},
		{"", "GET " + contacts + "/?" + mine + "&fields=('name',)&order=name+desc&offset=1&limit=2&count=True&context={'lang':'en_US'}", "", "", 200, `{"res.partner":\[{"id":$epsilon,"name":"$mark E"},{"id":$delta,"name":"$mark D"}\]}`},
		{"", "GET " + contacts + "/search?domain=[('email','=','Zoë@example.com'),('name','like','$mark')]", "", "", 200, `{"res.partner":\[$gamma\]}`},
		{"", "GET " + contacts + "/search?" + mine + "&order=name&limit=2", "", "", 200, `{"res.partner":\[$alpha,$beta\]}`},
		{"", "GET " + contacts + "/search?ids=$alpha,$beta&domain=[('is_company','=',True)]", "", "", 200, `{"res.partner":\[$beta\]}`},
		{"", "POST " + contacts + "/search", asJSON, `{"domain":[["name","=","$mark B"]]}`, 200, `{"res.partner":\[$beta\]}`},
		{"", "GET " + contacts + "/search?domain=[('name','=','$mark')]", "", "", 404, recordNotFound},
		{"", "GET " + contacts + "?domain=[('name','=','$mark')]", "", "", 404, recordNotFound},
		{"", "GET " + contacts + "/search_count?" + mine, "", "", 200, `{"count":6}`},
		{"", "GET " + contacts + "/search_count?domain=[('name','=','$mark')]", "", "", 200, `{"count":0}`},
		{"", "GET " + contacts + "/search_read?" + mine + "&fields=name&order=name&limit=1", "", "", 200, `{"res.partner":\[{"id":$alpha,"name":"$mark A"}\]}`},
		{"", "GET " + contacts + "/$alpha/read?fields=name", "", "", 200, `{"res.partner":{"id":$alpha,"name":"$mark A"}}`},
		{"", "GET " + contacts + "/name_search?name=$mark&args=[('is_company','=',True)]&limit=5", "", "", 200, `{"res.partner":\[\[$beta,"$mark B"\],\[$delta,"$mark D"\]\]}`},
		{"", "GET " + contacts + "/read_group?" + mine + "&fields=['id:count']&groupby=['is_company']&orderby=is_company", "", "", 200,
			`{"res.partner":\[{.*"is_company":false.*"is_company_count":4.*},{.*"is_company":true.*"is_company_count":2.*}\]}`},
		{"", "GET " + contacts + "/fields_get?allfields=['zip']&attributes=['type']", "", "", 200, `{"res.partner":{"zip":{"type":"char"}}}`},
		{"", "GET " + contacts + "/default_get?fields_list=['is_company']", "", "", 200, `{"res.partner":{"is_company":false}}`},
		{"", "GET " + contacts + "/check_access_rights?operation=['write']", "", "", 200, `{"return":true}`},
		{"", "GET " + contacts + "/check_access_rights?operation=unlink&raise_exception=False", "", "", 200, `{"return":true}`},
		{"", "PUT " + contacts + "/$alpha?vals={'email':'a@example.com'}", "", "", 200, `{"res.partner":{.*"email":"a@example.com","id":$alpha,.*"name":"$mark A",.*}}`},
		{"", "PUT " + contacts + "?ids=$alpha,$beta&vals={'zip':'0300'}", "", "", 200, `{"res.partner":\[{.*"id":$alpha,.*"zip":"0300"},{.*"id":$beta,.*"zip":"0300"}\]}`},
		{"", "POST " + contacts + "/$beta/write?args=[{'zip':'0400'}]", "", "", 200, `{"res.partner":true}`},
		{"", "POST " + contacts + "/$alpha/action_archive", "", "", 200, `{"res.partner":(true|null)}`},
		{"", "GET " + contacts + "/search?domain=[('name','=','$mark+A')]", "", "", 404, recordNotFound},
		{"", "GET " + contacts + "/action_unarchive?ids=$alpha", "", "", 200, `{"res.partner":(true|null)}`},
		{"", "GET " + contacts + "/search?domain=[('name','=','$mark+A')]", "", "", 200, `{"res.partner":\[$alpha\]}`},
	})
	same(a.t, "changed", a.partner("alpha", "email", "zip"), map[string]any{"email": "a@example.com", "zip": "0300"})
	same(a.t, "written", a.partner("beta", "zip"), map[string]any{"zip": "0400"})
	a.run([]step{
		{"", "DELETE " + contacts + "/$zeta", "", "", 200, `{}`},
		{"", "DELETE " + contacts + "?ids=$alpha,$beta,$gamma,$delta", "", "", 200, `{}`},
		{"", "DELETE " + contacts, asJSON, `{"ids":[$epsilon]}`, 200, `{}`},
		{"", "DELETE " + contacts + "/$zeta", "", "", 404, recordNotFound},
		{"", "PUT " + contacts + "/$zeta?vals={'zip':'1'}", "", "", 404, recordNotFound},
		{"", "GET " + contacts + "/$zeta", "", "", 404, recordNotFound},
		{"", "GET " + contacts + "/search_count?" + mine, "", "", 200, `{"count":0}`},
	})
	if left := a.partner("alpha", "name"); left != nil {
		a.t.Errorf("deleted, and still there: %v", left)
	}
}

// restapiRefusals are the failures, in the original's shapes.
func restapiRefusals(a *asker) {
	const refused, malformed = `{"error":{"code":403,"message":".+"}}`, `{"error":{"code":400,"message":".+"}}`
	steps := []step{
		{"", "GET " + contacts + "/2000000000", "", "", 404, recordNotFound},
		{"", "GET " + contacts + "/1?fields=['no_such_field']", "", "", 403, refused},
		{"", "GET " + contacts + "/1?fields=['vat']", "", "", 403, refused},
		{"", "GET " + contacts + "/fields_get?allfields=['vat']", "", "", 403, refused},
		{"", "GET " + contacts + "/search?domain=[('vat','=','x')]", "", "", 403, refused},
		{"", "GET /restapi/1.0/object/no.such.model/1", "", "", 403, refused},
		{"", "GET /restapi/1.0/object/res.users/1", "", "", 403, refused},
		{"", "GET /restapi/1.0/object/sale.order/check_access_rights?operation=unlink&raise_exception=False", "", "", 200, `{"return":false}`},
		{"", "GET /restapi/1.0/object/sale.order/check_access_rights?operation=unlink", "", "", 403, refused},
		{"", "POST " + contacts + "?vals={'country_id':2000000000,'name':'x'}", "", "", 403, refused},
		{"", "POST " + contacts + "?vals=[{},{}]", "", "", 400, malformed},
		{"", "POST " + contacts, asXML, "<values/>", 400, `{"error":{"code":400,"message":"Bad Request"}}`},
		{"", "GET " + contacts + "?domain=__import__('os').system('id')", "", "", 400, malformed},
		{"", "GET " + contacts + "?domian=[]", "", "", 400, malformed},
		{"", "PATCH " + contacts + "/1", "", "", 405, `{"code":405,"message":"Method not allowed"}`},
		{"", "GET /restapi/1.0/workflow/res.partner/1/signal", "", "", 404, `{"code":404,"message":".+"}`},
		{"", "GET " + contacts + "/1", noToken, "", 401, notLoggedIn},
		{"", "GET " + contacts + "/1", "Authorization: Bearer " + a.token + "x\r\n", "", 401, notLoggedIn},
		{"", "GET " + contacts + "/1", "Authorization: Basic " + a.token + "\r\n", "", 401, notLoggedIn},
		{"", "GET " + contacts + "/1?oauth_consumer_key=x&oauth_signature=y", "", "", 401, `{"error":{"code":401,"message":"OAuth 1 .+"}}`},
		{"", "POST /restapi/1.0/common/oauth1/request_token", "", "", 404, `{"error":{"code":404,"message":"OAuth 1 .+"}}`},
		{"", "GET /restapi/1.0/common/oauth1/authorize", "", "", 404, `{"error":{"code":404,"message":"OAuth 1 .+"}}`},
		{"", "GET /restapi/1.0/common/userinfo", "", "", 404, `{"code":404,"message":".+"}`},
		{"", "POST /restapi/1.0/common/oauth1/access_token", "", "", 404, `{"error":{"code":404,"message":"OAuth 1 .+"}}`},
	}
	for _, call := range []string{
		"1/copy", "1/onchange", "1/export_data", "1/check_access_rule", "1/_write", "1/no_such_method",
		"name_create", "import_data", "user_has_groups", "check_field_access_rights",
	} {
		steps = append(steps, step{"", "POST " + contacts + "/" + call, "", "", 403, refused})
	}
	a.run(steps)
	// The original's page of secrets is a path of Odoo's, which has none there.
	if status, _, text := a.send("GET /start", "", ""); status != 404 || strings.Contains(text, wiki.secret) || strings.Contains(text, wiki.id) {
		a.t.Errorf("/start: %d %s", status, text)
	}
}

// restapiClassic is what an application sees that keeps the original's habits.
func restapiClassic(a *asker) {
	rights := "GET /restapi/1.0/object/sale.order/check_access_rights?operation=unlink&raise_exception=False"
	a.run([]step{
		{"alpha", "POST " + contacts, asJSON, `{"vals":{"name":"$mark A"}}`, 201, `{"res.partner":{.*"email":"","id":$alpha,.*"name":"$mark A",.*}}`},
		{"beta", "POST " + contacts + "?args=[{'name':'$mark+B'}]", "", "", 201, `{"res.partner":{.*"email":"","id":$beta,.*"name":"$mark B",.*}}`},
		{"", "GET " + contacts + "?ids=$alpha&fields=['name','email','country_id']", "", "", 200, `{"res.partner":{"country_id":false,"email":"","id":$alpha,"name":"$mark A"}}`},
		{"", "GET " + contacts + "?domain=[('name','=','$mark+A')]&fields=name", "", "", 200, `{"res.partner":{"id":$alpha,"name":"$mark A"}}`},
		{"", "GET " + contacts + "?ids=$alpha,$beta&fields=email", "", "", 200, `{"res.partner":\[{"email":false,"id":$alpha},{"email":false,"id":$beta}\]}`},
		{"", "GET " + contacts + "/search?domain=[('name','=','$mark+A')]", "", "", 200, `{"res.partner":\[$alpha\]}`},
		{"", rights, "", "", 404, recordNotFound},
		{"", "GET " + contacts + "/$alpha?fields=name", "Authorization: Basic " + a.token + "\r\n", "", 200, `{"res.partner":{"id":$alpha,"name":"$mark A"}}`},
		{"", "GET " + contacts + "/$alpha?fields=name&access_token=" + a.token, noToken, "", 200, `{"res.partner":{"id":$alpha,"name":"$mark A"}}`},
		{"", "GET " + contacts + "/$alpha?fields=name&basic_access_token=" + a.token, noToken, "", 200, `{"res.partner":{"id":$alpha,"name":"$mark A"}}`},
		{"", "POST " + contacts + "/search", noToken + asForm, "domain=[]&access_token=" + a.token, 401, notLoggedIn},
		{"", "DELETE " + contacts + "/$alpha", "", "", 200, `{"id":$alpha}`},
		{"", "DELETE " + contacts + "?ids=$beta", "", "", 200, `{"ids":"$beta"}`},
	})
}
