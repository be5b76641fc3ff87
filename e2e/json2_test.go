package e2e

// json2Methods is the way of some records over /json/2.
func json2Methods(a *asker) {
	const base = "POST /json/2/res.partner/"
	mine := `"domain":[["name","like","$mark"]]`
	a.run([]step{
		{"alpha", base + "create", asJSON, `{"vals_list":{"name":"$mark A","zip":"0100"}}`, 200, `\[$alpha\]`},
		{"beta", base + "create", asJSON, `{"vals_list":[{"name":"$mark B","is_company":true}],"context":{"lang":"en_US"}}`, 200, `\[$beta\]`},
		{"", base + "read", asJSON, `{"ids":[$beta,$alpha],"fields":["name","zip"]}`, 200, `\[{"id":$beta,"name":"$mark B","zip":false},{"id":$alpha,"name":"$mark A","zip":"0100"}\]`},
		{"", base + "read", asJSON, `{"ids":[2000000000],"fields":["name"]}`, 200, `\[\]`},
		{"", base + "search", asJSON, `{` + mine + `,"order":"name desc","limit":1}`, 200, `\[$beta\]`},
		{"", base + "search_read", asJSON, `{` + mine + `,"fields":["name"],"order":"name","offset":1}`, 200, `\[{"id":$beta,"name":"$mark B"}\]`},
		{"", base + "search_count", asJSON, `{` + mine + `}`, 200, `2`},
		{"", base + "name_search", asJSON, `{"name":"$mark","limit":5}`, 200, `\[\[$alpha,"$mark A"\],\[$beta,"$mark B"\]\]`},
		{"", base + "formatted_read_group", asJSON, `{` + mine + `,"groupby":["is_company"],"aggregates":["__count"],"order":"is_company"}`, 200,
			`\[{"__count":1,.*"is_company":false},{"__count":1,.*"is_company":true}\]`},
		{"", base + "read_group", asJSON, `{` + mine + `,"groupby":["is_company"],"fields":["id:count"],"orderby":"is_company"}`, 200,
			`\[{.*"is_company":false.*"is_company_count":1.*},{.*"is_company":true.*"is_company_count":1.*}\]`},
		{"", base + "fields_get", asJSON, `{"allfields":["zip"],"attributes":["type"]}`, 200, `{"zip":{"type":"char"}}`},
		{"", base + "default_get", asJSON, `{"fields":["is_company"]}`, 200, `{"is_company":false}`},
		{"", base + "has_access", asJSON, `{"ids":[$alpha],"operation":"write"}`, 200, `true`},
		{"", "POST /json/2/sale.order/has_access", asJSON, `{"operation":"unlink"}`, 200, `false`},
		{"", base + "write", asJSON, `{"ids":[$alpha,$beta],"vals":{"email":"both@example.com"}}`, 200, `true`},
		{"", base + "action_archive", asJSON, `{"ids":[$alpha]}`, 200, `(true|null)`},
		{"", base + "search", asJSON, `{` + mine + `}`, 200, `\[$beta\]`},
		{"", base + "action_unarchive", asJSON, `{"ids":[$alpha]}`, 200, `(true|null)`},
	})
	same(a.t, "written", a.partner("alpha", "name", "zip", "email"), map[string]any{"name": a.mark + " A", "zip": "0100", "email": "both@example.com"})
	a.run([]step{
		{"", base + "unlink", asJSON, `{"ids":[$alpha,$beta]}`, 200, `true`},
		{"", base + "search_count", asJSON, `{` + mine + `}`, 200, `0`},
		{"", base + "unlink", asJSON, `{"ids":[$alpha]}`, 404, `{.*"name":"odoo.exceptions.MissingError"}`},
		{"", base + "write", asJSON, `{"ids":[$alpha],"vals":{"zip":"1"}}`, 404, `{.*"name":"odoo.exceptions.MissingError"}`},
	})
	if left := a.partner("alpha", "name"); left != nil {
		a.t.Errorf("deleted, and still there: %v", left)
	}
}

// json2Refusals are the failures, with Odoo 19's names and the gateway's codes.
func json2Refusals(a *asker) {
	const base = "POST /json/2/res.partner/"
	failure := func(name, code string) string {
		if code != "" {
			code = `"code":"` + code + `",`
		}
		return `{"arguments":\[.+\],` + code + `"context":{},"message":".+","name":"` + name + `"}`
	}
	const (
		access        = "odoo.exceptions.AccessError"
		unprocessable = "werkzeug.exceptions.UnprocessableEntity"
		badRequest    = "werkzeug.exceptions.BadRequest"
		notFound      = "werkzeug.exceptions.NotFound"
	)
	a.run([]step{
		{"", "POST /json/2/res.users/search_read", asJSON, `{"domain":[]}`, 403, failure(access, "model_not_allowed")},
		{"", base + "read", asJSON, `{"ids":[1],"fields":["vat"]}`, 403, failure(access, "field_not_allowed")},
		{"", base + "search", asJSON, `{"domain":[["vat","=","x"]]}`, 403, failure(access, "field_not_allowed")},
		{"", base + "copy", asJSON, `{"ids":[1]}`, 403, failure(access, "operation_not_allowed")},
		{"", base + "no_such_method", asJSON, `{}`, 403, failure(access, "operation_not_allowed")},
		{"", "POST /json/2/sale.order/unlink", asJSON, `{"ids":[1]}`, 403, failure(access, "operation_not_allowed")},
		{"", base + "search", asJSON, `{}`, 422, failure(unprocessable, "")},
		{"", base + "search", asJSON, `{"domain":[],"nonsense":1}`, 422, failure(unprocessable, "argument_not_allowed")},
		{"", base + "read", asJSON, `{"ids":"x"}`, 422, failure(unprocessable, "")},
		{"", base + "search", asJSON, `[1]`, 400, failure(badRequest, "")},
		{"", base + "search", asJSON, `[]`, 422, failure(unprocessable, "")}, // an empty object, as PHP writes it
		{"", base + "search", asJSON, `{`, 400, failure(badRequest, "")},
		{"", base + "search?domain=[]", asJSON, `{}`, 400, failure(badRequest, "")},
		{"", base + "search", asForm, `domain=[]`, 415, failure("werkzeug.exceptions.UnsupportedMediaType", "")},
		{"", "GET /json/2/res.partner/search", "", "", 404, failure(notFound, "")},
		{"", base + "search", asJSON + "X-Odoo-Database: another\r\n", `{"domain":[]}`, 404, failure(notFound, "")},
		{"", base + "search", asJSON + "Authorization: Bearer " + a.token + "x\r\n", `{"domain":[]}`, 401, failure("werkzeug.exceptions.Unauthorized", "invalid_token")},
	})
}
