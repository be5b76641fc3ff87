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

func TestExplain(t *testing.T) {
	list := writing()
	list[1].Methods, list[1].Reports = []scheme.Method{{Name: "action_confirm", Arguments: []string{"why"}}}, []string{"sale.report_saleorder"}
	list[1].WriteLimit, list[1].WriteFields = scheme.LimitBlacklist, []string{"margin"}
	closedUsers := scheme.Configuration{Name: "users", Model: "res.users", Sensitive: true, Inactive: true}
	sales := define(t, scheme.Definition{Name: "sales", Configurations: append(list, closedUsers)})
	most := define(t, scheme.Definition{Name: "most", Limit: scheme.LimitBlacklist, Blacklist: []string{"hr.*"}})
	off := define(t, scheme.Definition{Name: "off", Inactive: true, Limit: scheme.LimitNone})
	const partner = "yes model res.partner [] model_configuration customer: model res.partner"
	const customerFields = "model_configuration customer: fields whitelist name email phone country_id parent_id child_ids category_id image props credit_limit active customer_rank email_normalized country_code contact_address user_ids"
	const filter = `yes records [] model_configuration customer: filter [["customer_rank",">",0]]`
	const order = "yes model sale.order [] model_configuration order: model sale.order"
	const ops = "model_configuration order: operations read create write unlink"
	for name, tt := range map[string]struct {
		s                *scheme.Scheme
		model, operation string
		fields           []string
		scope            string
		want             []string
	}{
		"read": {sales, "res.partner", "read", []string{"email", "vat", "id", "message_ids", "customer_rank"}, "odoo.read", []string{
			partner, "yes operation read [] model_configuration customer: operations read create write unlink", filter,
			"yes field email [] " + customerFields, "no field vat [field_not_allowed] " + customerFields, "yes field id [] built in: the id is always open",
			"no field message_ids [field_not_allowed] " + customerFields, "yes field customer_rank [] " + customerFields}},
		"write": {sales, "res.partner", "write", []string{"email", "email_normalized", "customer_rank", "write_date", "access_token"}, "odoo.write", []string{
			partner, "yes operation write [] model_configuration customer: operations read create write unlink", filter,
			"yes field email [] " + customerFields,
			"no field email_normalized [field_not_allowed] built in: Odoo computes the field, calls it readonly, or takes it from other records, and no whitelist of write_fields names it",
			"yes field customer_rank [] model_configuration customer: force customer_rank", "no field write_date [field_not_allowed] built in: Odoo keeps this field itself",
			"no field access_token [field_not_allowed] " + customerFields}},
		"create": {sales, "sale.order", "create", []string{"margin", "name", "nope", "access_token"}, "odoo.write", []string{
			order, "yes operation create [] " + ops, "no field margin [field_not_allowed] model_configuration order: write_fields blacklist margin",
			"yes field name [] model_configuration order: write_fields blacklist margin", "no field nope [field_unknown] Odoo: the model has no such field, or hides it from this person",
			"no field access_token [field_not_allowed] built in: the field is a credential, and no whitelist names it"}},
		"a copy of a hidden field": {sales, "sale.order", "search_read", []string{"margin_percent"}, "odoo.read", []string{
			order, "yes operation search_read [] " + ops, "no field margin_percent [field_not_allowed] built in: the field shows what a hidden one holds, or lists records of a sensitive model"}},
		"the name of what has none": {define(t, scheme.Definition{Name: "s", Configurations: []scheme.Configuration{{Name: "c", Model: "res.country", Limit: scheme.LimitBlacklist, Fields: []string{"name"}}}}),
			"res.country", "read", []string{"display_name"}, "odoo.read", []string{"yes model res.country [] model_configuration c: model res.country", "yes operation read [] model_configuration c: operations read",
				"no field display_name [field_not_allowed] model_configuration c: fields blacklist name"}},
		"method":    {sales, "sale.order", "action_confirm", nil, "odoo.call", []string{order, "yes operation action_confirm [] model_configuration order: method action_confirm why"}},
		"no method": {sales, "sale.order", "copy", nil, "odoo.call", []string{order, "no operation copy [operation_not_allowed] model_configuration order: no method copy"}},
		"report":    {sales, "sale.order", "sale.report_saleorder", nil, "odoo.call", []string{order, "yes operation sale.report_saleorder [] model_configuration order: reports sale.report_saleorder"}},
		"no report": {sales, "sale.order", "sale.other", nil, "odoo.call", []string{order, "no operation sale.other [report_not_allowed] model_configuration order: reports sale.report_saleorder"}},
		"not open":  {sales, "res.country", "unlink", nil, "odoo.write", []string{"yes model res.country [] model_configuration country: model res.country", "no operation unlink [operation_not_allowed] model_configuration country: operations read"}},
		"rights":    {sales, "res.country", "has_access", nil, "odoo.read", []string{"yes model res.country [] model_configuration country: model res.country", "yes operation has_access [] built in: it asks what is open"}},
		"no model":  {sales, "crm.lead", "read", nil, "odoo.read", []string{"no model crm.lead [model_not_allowed] model_scheme sales: whitelist customer order line tag country users"}},
		"sensitive": {sales, "ir.rule", "read", nil, "odoo.read", []string{"no model ir.rule [model_not_allowed] built in: the model is sensitive, and no configuration says sensitive true"}},
		"inactive":  {sales, "res.users", "read", nil, "odoo.read", []string{"no model res.users [model_not_allowed] model_configuration users: active false"}},
		"blacklist": {most, "hr.employee", "read", nil, "odoo.read", []string{"no model hr.employee [model_not_allowed] model_scheme most: blacklist hr.*"}},
		"all but": {most, "res.country", "read", []string{"code"}, "odoo.read", []string{"yes model res.country [] model_scheme most: blacklist hr.*",
			"yes operation read [] built in: a model without a configuration is open for reading", "yes field code [] built in: a model without a configuration is open for reading"}},
		"off": {off, "res.country", "read", nil, "odoo.read", []string{"no model res.country [model_not_allowed] model_scheme off: active false"}},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := tt.s.Explain(context.Background(), erp(), tt.model, tt.operation, tt.fields...)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			allowed := true
			for _, v := range e.Verdicts {
				word := "yes"
				if !v.Allowed {
					word, allowed = "no", false
				}
				got = append(got, fmt.Sprintf("%s %s [%s] %s", word, v.Subject, v.Code, v.Line))
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") || e.Allowed != allowed || e.Scope != tt.scope || e.Opens != !strings.HasPrefix(tt.want[0], "no") {
				t.Errorf("allowed %v, scope %s, got\n%s\nwant\n%s", e.Allowed, e.Scope, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// What Odoo has not said is not judged, which the explanation tells.
func TestExplainWithoutOdoo(t *testing.T) {
	s := compile(t, writing()...)
	e, err := s.Explain(context.Background(), undescribed{}, "res.partner", "write", "email_normalized")
	if err != nil || !e.Allowed || e.Known {
		t.Errorf("%+v, %v", e, err)
	}
	orders := source{"sale.order": erp()["sale.order"], "res.partner": {}}
	copies := compile(t, order, scheme.Configuration{Model: "res.partner", Limit: scheme.LimitBlacklist, Fields: []string{"vat"}})
	e, err = copies.Explain(context.Background(), orders, "sale.order", "read", "partner_email")
	if err != nil || !e.Allowed || !e.Known {
		t.Errorf("of a model that is not described: %+v, %v", e, err)
	}
	if _, err := s.Explain(context.Background(), source{}, "res.partner", "write", "email"); !errors.Is(err, errDown) {
		t.Errorf("outage: %v", err)
	}
	delete(orders, "res.partner")
	if _, err := copies.Explain(context.Background(), orders, "sale.order", "read", "partner_email"); !errors.Is(err, errDown) {
		t.Errorf("outage of another model: %v", err)
	}
	closed := customer
	closed.Filter = `[["nope", "=", 1]]`
	e, err = compile(t, closed).Explain(context.Background(), erp(), "res.partner", "read")
	if err != nil || e.Allowed || e.Verdicts[2].Code != scheme.CodeClosed {
		t.Errorf("closed: %+v, %v", e, err)
	}
}

// Explain and Check agree.
func TestExplainAgrees(t *testing.T) {
	s := compile(t, writing()...)
	for model, fields := range erp() {
		for name := range fields {
			for _, op := range []string{"read", "write"} {
				e, err := s.Explain(context.Background(), erp(), model, op, name)
				if err != nil {
					t.Fatal(err)
				}
				call := searchRead(model, map[string]any{"fields": []any{name}})
				if op == "write" {
					call = write(model, vals{name: false}, 1)
				}
				_, err = check(t, s, call)
				var d *scheme.Denied
				if forced := errors.As(err, &d) && d.Code == scheme.CodeFilter && strings.Contains(d.Message, "fixed"); (err == nil) != e.Allowed && !forced {
					t.Errorf("%s %s of %s: explained as %v, judged %v", op, name, model, e, err)
				}
			}
		}
	}
}

// undescribed is an Odoo that has said nothing of its fields yet.
type undescribed struct{}

func (undescribed) Fields(context.Context, string) (odoo.Fields, error) { return nil, nil }
