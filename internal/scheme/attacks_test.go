package scheme_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// The rows of the attack catalogue, each against every simulated version, as
// an administrator of Odoo behind narrow schemes.

// ask sends a call all the way.
func ask(s *scheme.Scheme, w world, call odoo.Call) (string, error) {
	checked, err := s.Check(context.Background(), w, call)
	if err == nil {
		err = s.Prove(context.Background(), w, checked)
	}
	if err != nil {
		return "", err
	}
	res, err := w.do(checked)
	if err == nil {
		res, err = s.Filter(context.Background(), w, checked, res)
	}
	return string(res.Value), err
}

// versions runs a test in every version, with hidden values all over.
func versions(t *testing.T, run func(t *testing.T, w world)) {
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) { run(t, newWorld(t, version, "alpha", "fields")) })
	}
}

// narrow opens the names of contacts, and that of their country.
func narrow(t *testing.T) *scheme.Scheme {
	return compile(t, scheme.Configuration{Model: "res.partner", Limit: scheme.LimitWhitelist, Fields: []string{"name", "country_id", "parent_id", "child_ids", "category_id", "user_id"}},
		scheme.Configuration{Model: "sale.order", Limit: scheme.LimitBlacklist, Fields: []string{"client_order_ref", "note"}})
}

// refused expects all calls to be refused by the rules, before Odoo is asked
// for records.
func refused(t *testing.T, s *scheme.Scheme, w world, calls ...odoo.Call) {
	t.Helper()
	for _, call := range calls {
		answer, err := ask(s, w, call)
		var d *scheme.Denied
		if !errors.As(err, &d) || answer != "" {
			t.Errorf("%s.%s %v %v: %.200s, %v", call.Model, call.Method, call.Args, call.Kwargs, answer, err)
		}
		if err != nil && strings.Contains(err.Error(), sentinel) {
			t.Errorf("the refusal shows it: %v", err)
		}
	}
}

// answered expects an answer without hidden values.
func answered(t *testing.T, s *scheme.Scheme, w world, call odoo.Call) string {
	t.Helper()
	answer, err := ask(s, w, call)
	if err != nil || strings.Contains(answer, sentinel) {
		t.Errorf("%s.%s: %.300s, %v", call.Model, call.Method, answer, err)
	}
	return answer
}

func partners(method string, kwargs vals) odoo.Call {
	return odoo.Call{Model: "res.partner", Method: method, Kwargs: kwargs}
}

func TestA70_HiddenFieldsAreNotRead(t *testing.T) {
	versions(t, func(t *testing.T, w world) {
		s := narrow(t)
		for _, fields := range []any{nil, false, []any{}, []any{"name"}} {
			answered(t, s, w, partners("search_read", vals{"fields": fields, "limit": int64(50)}))
		}
		refused(t, s, w, partners("search_read", vals{"fields": []any{"name", "email"}}), partners("export_data", vals{}), partners("web_search_read", vals{}),
			odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{1}, Args: []any{[]any{"vat"}}})
	})
}

func TestA71_DomainsTellNothing(t *testing.T) {
	versions(t, func(t *testing.T, w world) {
		for _, method := range []string{"search", "search_count", "search_read", "read_group", "formatted_read_group", "name_search"} {
			for _, d := range [][]any{
				{leaf("email", "ilike", "SENTINEL")}, {"|", leaf("name", "=", "x"), leaf("vat", "!=", false)}, {"!", leaf("ref", "=", "x")},
				{leaf("child_ids.email", "=", "x")}, {leaf("parent_id", "any", []any{leaf("street", "=", "x")})},
			} {
				refused(t, narrow(t), w, partners(method, vals{"domain": d}))
			}
		}
	})
}

func TestA72_PathsStayWithinTheScheme(t *testing.T) {
	versions(t, func(t *testing.T, w world) {
		for _, path := range []string{"user_id.login", "user_id.partner_id.name", "country_id.code", "parent_id.user_id.password", "child_ids.country_id.name",
			"parent_id.parent_id.parent_id.email", "category_id.name"} {
			refused(t, narrow(t), w, partners("search_count", vals{"domain": []any{leaf(path, "!=", false)}}))
		}
		for _, path := range []string{"parent_id.name", "parent_id.parent_id.name", "child_ids.name"} {
			answered(t, narrow(t), w, partners("search_count", vals{"domain": []any{leaf(path, "ilike", "a")}}))
		}
		refused(t, narrow(t), w, partners("search", vals{"domain": []any{leaf("user_id", "child_of", int64(1))}}))
	})
}

func TestA73_OrderAndGroupsTellNothing(t *testing.T) {
	versions(t, func(t *testing.T, w world) {
		refused(t, narrow(t), w,
			partners("search_read", vals{"order": "email"}), partners("search", vals{"order": "country_id.code desc"}),
			partners("read_group", vals{"groupby": []any{"email"}}), partners("read_group", vals{"groupby": "name", "fields": []any{"vat:count_distinct"}}),
			partners("read_group", vals{"groupby": "name", "orderby": "email"}), partners("formatted_read_group", vals{"groupby": []any{"name"}, "aggregates": []any{"email:max"}}),
			partners("formatted_read_group", vals{"groupby": []any{"name"}, "having": []any{leaf("vat:count", ">", int64(0))}}))
		if w.version < 20 {
			answered(t, narrow(t), w, partners("read_group", vals{"groupby": []any{"country_id"}}))
		}
	})
}

func TestA74_CopiesAndNamesOfHiddenFields(t *testing.T) {
	versions(t, func(t *testing.T, w world) {
		s := compile(t, scheme.Configuration{Model: "res.partner", Limit: scheme.LimitBlacklist, Fields: hiddenFields["res.partner"]},
			scheme.Configuration{Model: "sale.order", Limit: scheme.LimitBlacklist, Fields: hiddenFields["sale.order"], HideRelatedNames: true})
		answered(t, s, w, partners("search_read", vals{"limit": int64(50)}))
		for _, call := range []odoo.Call{searchRead("sale.order", vals{"fields": []any{"partner_id"}}), {Model: "sale.order", Method: "read", IDs: []int64{1}, Args: []any{[]any{"partner_id"}}}} {
			if answer := answered(t, s, w, call); !strings.Contains(answer, `"res.partner,`) {
				t.Errorf("names are not hidden: %.300s", answer)
			}
		}
	})
}

func TestA75_CommandsNeedRightsOnTheOtherModel(t *testing.T) {
	versions(t, func(t *testing.T, w world) {
		c := scheme.Configuration{Model: "res.partner", Operations: readWrite}
		s := compile(t, c)
		for _, values := range []vals{
			{"user_ids": []any{command(int64(0), int64(0), vals{"login": "evil"})}}, {"category_id": []any{command(int64(0), int64(0), vals{"name": "x"})}},
			{"category_id": []any{command(int64(6), int64(0), []any{int64(1)})}}, {"sale_order_ids": []any{command(int64(2), int64(1), int64(0))}},
			{"sale_order_ids": []any{command(int64(1), int64(1), vals{"name": "x"})}}, {"user_id": int64(2)}, {"country_id": int64(1)},
		} {
			refused(t, s, w, write("res.partner", values, 1), create("res.partner", values))
		}
		s = compile(t, c, scheme.Configuration{Model: "res.users", Sensitive: true, Limit: scheme.LimitWhitelist, Fields: []string{"name", "groups_id", "group_ids"}})
		refused(t, s, w, write("res.users", vals{"groups_id": []any{command(int64(6), int64(0), []any{int64(1)})}}, 1))
	})
}

func TestA76_ContextIsReduced(t *testing.T) {
	versions(t, func(t *testing.T, w world) {
		s := compile(t, scheme.Configuration{Model: "res.partner", Limit: scheme.LimitWhitelist, Fields: []string{"name"}, Operations: readWrite})
		call := create("res.partner", vals{"name": "x"})
		call.Context = map[string]any{"default_email": "x@y", "allowed_company_ids": []any{int64(1), int64(2)}, "active_test": false, "tracking_disable": true, "lang": "en_US"}
		checked, err := s.Check(context.Background(), w, call)
		if err != nil || text(t, checked.Context) != `{"lang":"en_US"}` {
			t.Errorf("%v, %v", checked.Context, err)
		}
	})
}

func TestA77_UniversalReadersStayClosed(t *testing.T) {
	versions(t, func(t *testing.T, w world) {
		open := define(t, scheme.Definition{Limit: scheme.LimitNone})
		for _, model := range []string{"ir.attachment", "mail.message", "ir.model", "ir.model.fields", "res.users", "res.groups", "ir.config_parameter", "bus.bus", "res.users.apikeys", "ir.rule", "base.language.export"} {
			refused(t, open, w, searchRead(model, nil), odoo.Call{Model: model, Method: "search_count"}, odoo.Call{Model: model, Method: "fields_get"},
				searchRead("res.partner", vals{"domain": []any{leaf("message_ids.body", "ilike", "x")}}))
		}
		answered(t, open, w, searchRead("res.country", vals{"fields": []any{"name"}}))
	})
}

func TestA78_OnlyNamedMethodsAreCalled(t *testing.T) {
	versions(t, func(t *testing.T, w world) {
		s := compile(t, scheme.Configuration{Model: "res.partner", Operations: readWrite, Methods: []scheme.Method{{Name: "action_archive"}}})
		for _, method := range []string{
			"sudo", "with_context", "with_user", "browse", "export_data", "load", "copy", "onchange", "web_read", "web_save", "web_search_read", "message_post",
			"toggle_active", "action_unarchive", "execute_kw", "fields_view_get", "get_views", "name_create", "name_get", "mapped", "filtered", "search_fetch", "_search", "__class__", "",
		} {
			refused(t, s, w, odoo.Call{Model: "res.partner", Method: method, IDs: []int64{1}}, odoo.Call{Model: "res.partner", Method: method})
		}
		refused(t, s, w, odoo.Call{Model: "res.partner", Method: "search", Kwargs: vals{"access_rights_uid": int64(1)}})
		answered(t, s, w, odoo.Call{Model: "res.partner", Method: "action_archive", IDs: []int64{7}})
	})
}

func TestA79_FieldsGetShowsOpenFieldsAlone(t *testing.T) {
	versions(t, func(t *testing.T, w world) {
		answer := answered(t, narrow(t), w, partners("fields_get", nil))
		for _, word := range []string{`"email"`, `"vat"`, `"groups"`, `"depends"`, `"domain"`, `"res.users"`, `"res.country"`} {
			if strings.Contains(answer, word) {
				t.Errorf("%s is shown: %.300s", word, answer)
			}
		}
	})
}

// Reports are those that are named, of records within the filter.
func TestA81_ReportsByName(t *testing.T) {
	versions(t, func(t *testing.T, w world) {
		s := compile(t, scheme.Configuration{Model: "sale.order", Filter: `[["state", "=", "nothing"]]`, Reports: []string{"sale.report_saleorder"}})
		for _, name := range []string{"web.report_layout", "sale.report_saleorder/1", ""} {
			if _, err := s.CheckReport(context.Background(), w, name, []int64{1}); code(err) != scheme.CodeReport {
				t.Errorf("%q: %v", name, err)
			}
		}
		checked, err := s.CheckReport(context.Background(), w, "sale.report_saleorder", []int64{1})
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := errors.AsType[*odoo.Error](s.Prove(context.Background(), w, checked)); !ok || e.Kind != odoo.Missing {
			t.Errorf("outside of the filter: %v", e)
		}
	})
}

// What Odoo sends beyond what was asked does not leave.
func TestA83_AnswersAreFilteredWhateverCame(t *testing.T) {
	versions(t, func(t *testing.T, w world) {
		s := narrow(t)
		for _, call := range []odoo.Call{partners("search_read", vals{"fields": []any{"name"}}), partners("name_search", vals{"name": "a"}), partners("fields_get", nil), partners("read_group", vals{"groupby": "name"})} {
			checked, err := s.Check(context.Background(), w, call)
			if err != nil {
				t.Fatal(err)
			}
			for _, answer := range []string{`[{"id":1,"name":"a","email":"SENTINEL","display_name":"a","__domain":[["vat","=","SENTINEL"]]}]`, `{"email":{"string":"SENTINEL"}}`, `["SENTINEL"]`, `"SENTINEL"`, `[[1,"SENTINEL"]]`} {
				if res, _ := s.Filter(context.Background(), w, checked, odoo.Result{Value: []byte(answer)}); strings.Contains(string(res.Value), sentinel) {
					t.Errorf("%s: %s", call.Method, res.Value)
				}
			}
		}
	})
}

func TestA84_AmountsAreBounded(t *testing.T) {
	versions(t, func(t *testing.T, w world) {
		many := make([]int64, 1001)
		list := make([]any, 1001)
		for i := range many {
			many[i], list[i] = int64(i+1), vals{"name": "x"}
		}
		s := compile(t, scheme.Configuration{Model: "res.partner", Operations: readWrite})
		refused(t, s, w, partners("search", vals{"limit": int64(1001)}), partners("read_group", vals{"limit": int64(1001)}),
			odoo.Call{Model: "res.partner", Method: "read", IDs: many}, write("res.partner", vals{}, many...), create("res.partner", list),
			odoo.Call{Model: "res.partner", Method: "unlink", IDs: many})
		checked, err := s.Check(context.Background(), w, partners("search", vals{"limit": int64(0)}))
		if err != nil || checked.Kwargs["limit"] != int64(80) {
			t.Errorf("no limit: %v, %v", checked.Kwargs, err)
		}
	})
}

// Other companies are reached by the context alone, which is not passed on:
// A76. Nor can a record be moved to one that the application does not see.
func TestA85_CompaniesAreThePersons(t *testing.T) {
	versions(t, func(t *testing.T, w world) {
		s := compile(t, scheme.Configuration{Model: "sale.order", Operations: readWrite})
		refused(t, s, w, write("sale.order", vals{"company_id": int64(2)}, 1))
		call := searchRead("sale.order", nil)
		call.Context = map[string]any{"allowed_company_ids": []any{int64(2)}, "force_company": int64(2)}
		if checked, err := s.Check(context.Background(), w, call); err != nil || checked.Context != nil {
			t.Errorf("%v, %v", checked.Context, err)
		}
	})
}

func TestA86_UnknownFieldsDeny(t *testing.T) {
	s := narrow(t)
	for _, src := range []source{{}, {"res.partner": {}}} {
		for _, call := range []odoo.Call{partners("search_read", nil), partners("read_group", vals{"groupby": "name"}), partners("fields_get", nil), partners("name_search", nil)} {
			if _, err := s.Check(context.Background(), src, call); err == nil {
				t.Errorf("%s: allowed", call.Method)
			}
		}
	}
}

func TestA87_NamesAreSearchedByNamedFields(t *testing.T) {
	versions(t, func(t *testing.T, w world) {
		s := narrow(t)
		for _, text := range []string{sentinel, "SENTINEL-alpha-email", "@x.example", "vat-1"} {
			if answer := answered(t, s, w, partners("name_search", vals{"name": text})); answer != "[]" {
				t.Errorf("%q finds %s", text, answer)
			}
			if answer := answered(t, s, w, partners("search_count", vals{"domain": []any{leaf("display_name", "ilike", text)}})); answer != "0" {
				t.Errorf("%q by display name finds %s", text, answer)
			}
			for _, l := range []any{leaf("parent_id", "ilike", text), leaf("child_ids", "=", text), leaf("country_id", "not ilike", text), leaf("parent_id", "child_of", text), leaf("user_id", "in", []any{text})} {
				refused(t, s, w, partners("search_count", vals{"domain": []any{l}}))
			}
		}
	})
}

func TestA88_LeavesThatWouldBeTrue(t *testing.T) {
	versions(t, func(t *testing.T, w world) {
		s := compile(t, scheme.Configuration{Model: "res.partner"})
		refused(t, s, w, partners("search_count", vals{"domain": []any{leaf("contact_address", "=", "zzz")}}), partners("search", vals{"order": "contact_address"}))
		closed := compile(t, scheme.Configuration{Name: "c", Model: "res.partner", Filter: `[["contact_address", "=", "zzz"]]`, Operations: []scheme.Operation{scheme.Read, scheme.Write, scheme.Unlink},
			Methods: []scheme.Method{{Name: "action_archive"}}})
		for _, call := range []odoo.Call{partners("search_count", nil), write("res.partner", vals{"name": "x"}, 1), {Model: "res.partner", Method: "unlink", IDs: []int64{1}},
			{Model: "res.partner", Method: "action_archive", IDs: []int64{1}}, partners("read_group", nil), partners("fields_get", nil)} {
			if _, err := ask(closed, w, call); code(err) != scheme.CodeClosed {
				t.Errorf("%s: %v", call.Method, err)
			}
		}
	})
}

func TestA89_ContextDoesNotChangeNames(t *testing.T) {
	versions(t, func(t *testing.T, w world) {
		for _, call := range []odoo.Call{partners("search_read", vals{"fields": []any{"display_name"}, "limit": int64(50)}), partners("name_search", vals{"name": "a"}),
			{Model: "res.partner", Method: "read", IDs: []int64{1, 7, 8}, Args: []any{[]any{"display_name", "parent_id"}}}} {
			call.Context = map[string]any{"show_email": true, "show_vat": true, "show_address": true, "address_inline": true}
			answered(t, narrow(t), w, call)
		}
	})
}
