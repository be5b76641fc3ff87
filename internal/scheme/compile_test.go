package scheme_test

import (
	"context"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

func TestCompileRefuses(t *testing.T) {
	whitelist := func(fields ...string) scheme.Configuration {
		return scheme.Configuration{Model: "res.partner", Limit: scheme.LimitWhitelist, Fields: fields}
	}
	filter := func(f string) scheme.Configuration { return scheme.Configuration{Model: "res.partner", Filter: f} }
	written := func(limit scheme.Limit, fields ...string) scheme.Configuration {
		return scheme.Configuration{Model: "res.partner", Operations: readWrite, WriteLimit: limit, WriteFields: fields}
	}
	forced := func(forced, preset map[string]any) scheme.Configuration {
		return scheme.Configuration{Model: "res.partner", Operations: readWrite, Forced: forced, Preset: preset}
	}
	creating := func(filter string, forced map[string]any) scheme.Configuration {
		return scheme.Configuration{Model: "res.partner", Filter: filter, Operations: readWrite, Forced: forced,
			WriteLimit: scheme.LimitWhitelist, WriteFields: []string{"name"}}
	}
	method := func(name string, arguments ...string) scheme.Configuration {
		return scheme.Configuration{Model: "res.partner", Methods: []scheme.Method{{Name: name, Arguments: arguments}}}
	}
	tests := []struct {
		name string
		c    scheme.Configuration
		want string
	}{
		{"no model", scheme.Configuration{}, "not a model name"},
		{"upper case", scheme.Configuration{Model: "Res.Partner"}, "not a model name"},
		{"dot at the end", scheme.Configuration{Model: "res.partner."}, "not a model name"},
		{"look-alike", scheme.Configuration{Model: "res．partner"}, "not a model name"},
		{"fields without limit", scheme.Configuration{Model: "res.partner", Fields: []string{"name"}}, "all are open"},
		{"whitelist without fields", whitelist(), "at least one field"},
		{"blacklist without fields", scheme.Configuration{Model: "res.partner", Limit: scheme.LimitBlacklist}, "at least one field"},
		{"unknown limit", scheme.Configuration{Model: "res.partner", Limit: "all"}, "none of none"},
		{"field path", whitelist("country_id.code"), "not a field name"},
		{"field twice", whitelist("name", "name"), "named twice"},
		{"hidden id", scheme.Configuration{Model: "res.partner", Limit: scheme.LimitBlacklist, Fields: []string{"id"}}, "cannot be hidden"},
		{"filter no JSON", filter(`[("a", "=", 1)]`), "filter"},
		{"filter no domain", filter(`{"a": 1}`), "filter"},
		{"filter with bad operator", filter(`[["a", "any!", []]]`), "filter"},
		{"filter lacks operand", filter(`["|", ["a", "=", 1]]`), "filter"},

		{"sensitive for nothing", scheme.Configuration{Model: "res.partner", Sensitive: true}, "not on the list"},
		{"unknown operation", scheme.Configuration{Model: "res.partner", Operations: []scheme.Operation{"copy"}}, "none of read"},
		{"operation twice", scheme.Configuration{Model: "res.partner", Operations: []scheme.Operation{"read", "read"}}, "named twice"},
		{"write fields of a reader", scheme.Configuration{Model: "res.partner", WriteLimit: scheme.LimitWhitelist, WriteFields: []string{"name"}}, "of no use"},
		{"write fields without a limit", written("", "name"), "without saying how"},
		{"write fields of all", written(scheme.LimitNone, "name"), "all are open"},
		{"no write field", written(scheme.LimitWhitelist), "at least one field"},
		{"write field twice", written(scheme.LimitWhitelist, "name", "name"), "named twice"},
		{"write field no name", written(scheme.LimitBlacklist, "a.b"), "not a field name"},
		{"write field of Odoo's own", written(scheme.LimitWhitelist, "create_uid"), "Odoo's own"},
		{"forced without create", scheme.Configuration{Model: "res.partner", Forced: map[string]any{"name": "x"}}, "of no use"},
		{"preset without create", scheme.Configuration{Model: "res.partner", Preset: map[string]any{"name": "x"}}, "of no use"},
		{"forced and preset without create", scheme.Configuration{Model: "res.partner", Forced: map[string]any{"name": "x"}, Preset: map[string]any{"phone": "x"}}, "of no use"},
		{"forced no field", forced(map[string]any{"a.b": "x"}, nil), "no field that can be written"},
		{"forced id", forced(map[string]any{"id": int64(1)}, nil), "no field that can be written"},
		{"forced and preset", forced(map[string]any{"name": "x"}, map[string]any{"name": "y"}), "forced already"},
		{"forced value of no JSON", forced(map[string]any{"name": struct{}{}}, nil), "force name"},
		{"create outside of the filter", creating(`[["customer_rank", ">", 0]]`, map[string]any{"customer_rank": int64(0)}), "no record that it makes"},
		{"create without what the filter needs", creating(`[["country_id.code", "=", "BE"]]`, nil), "no record that it makes"},
		{"create with all but one", creating(`[["customer_rank", ">", 0], ["vat", "=", "x"]]`, map[string]any{"customer_rank": int64(1)}), "no record that it makes"},
		{"private method", method("_x"), "not the name of a public method"},
		{"own method", method("write"), "by operations"},
		{"group as a method", method("read_group"), "by operations"},
		{"copy as a method", method("copy"), "around the rules"},
		{"export", method("export_data"), "around the rules"},
		{"web_read", method("web_read"), "around the rules"},
		{"groups of records", method("formatted_read_grouping_sets"), "around the rules"},
		{"a tree of records", method("hierarchy_read"), "around the rules"},
		{"a view", method("qweb_render_view"), "around the rules"},
		{"context of a method", method("action_x", "context"), "no argument"},
		{"ids of a method", method("action_x", "ids"), "no argument"},
		{"argument twice", method("action_x", "a", "a"), "named twice"},
		{"method twice", scheme.Configuration{Model: "res.partner", Methods: []scheme.Method{{Name: "a"}, {Name: "a"}}}, "named twice"},
		{"report no name", scheme.Configuration{Model: "res.partner", Reports: []string{"sale/../x"}}, "not a name such as"},
		{"report twice", scheme.Configuration{Model: "res.partner", Reports: []string{"a.b", "a.b"}}, "named twice"},
		{"search by a hidden field", scheme.Configuration{Model: "res.partner", Limit: scheme.LimitWhitelist, Fields: []string{"name"}, SearchFields: []string{"email"}}, "not an open field"},
		{"search by a path", scheme.Configuration{Model: "res.partner", SearchFields: []string{"country_id.name"}}, "not an open field"},
		{"search by a credential", scheme.Configuration{Model: "res.partner", SearchFields: []string{"access_token"}}, "not an open field"},
		{"search field twice", scheme.Configuration{Model: "res.partner", SearchFields: []string{"name", "name"}}, "named twice"},
		{"rows", scheme.Configuration{Model: "res.partner", RowLimit: 1001}, "not between"},
		{"rows below none", scheme.Configuration{Model: "res.partner", RowLimit: -1}, "not between"},
		{"name in no language", scheme.Configuration{Model: "res.partner", DisplayNames: map[string]string{"German": "Kunde"}}, "language code"},
		{"empty name", scheme.Configuration{Model: "res.partner", DisplayNames: map[string]string{"de_DE": ""}}, "language code"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := scheme.Compile(scheme.Definition{Name: "s", Configurations: []scheme.Configuration{tt.c}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
	if err := whitelist("id", "name").Check(); err != nil {
		t.Errorf("an id that is named: %v", err)
	}
	_, err := scheme.Compile(scheme.Definition{Configurations: []scheme.Configuration{customer, customer}})
	if err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("model twice: %v", err)
	}
}

// Models that read all others, or hold credentials, rights or mail: A77.
func TestSensitive(t *testing.T) {
	for _, name := range []string{
		"ir.config_parameter", "ir.rule", "ir.cron", "ir.actions.act_window", "ir.actions.server", "ir.model", "ir.model.fields",
		"ir.model.access", "ir.attachment", "ir.property", "ir.exports", "ir.filters", "ir.ui.view", "ir.logging",
		"res.users", "res.users.apikeys", "res.users.identitycheck", "res.users.log", "res.users.settings", "res.groups",
		"res.config.settings", "res.device", "res.device.log", "mail.message", "mail.mail", "mail.thread", "mail.template",
		"bus.bus", "bus.presence", "base.module.upgrade", "base.language.export", "base_import.import", "base",
		"auth_totp.device", "auth.oauth.provider", "auth_totp.wizard", "change.password.wizard", "change.password.user",
		"portal.wizard", "portal.wizard.user", "some.wizard", "fetchmail.server", "payment.provider", "payment.token",
		"discuss.channel", "iap.account", "certificate.key",
	} {
		for _, limit := range []scheme.Configuration{
			{Model: name}, {Model: name, Limit: scheme.LimitWhitelist, Fields: []string{"name"}},
		} {
			if _, err := scheme.Compile(scheme.Definition{Configurations: []scheme.Configuration{limit}}); err == nil || !strings.Contains(err.Error(), "sensitive") {
				t.Errorf("%s: error %v", name, err)
			}
			limit.Sensitive = true
			if _, err := scheme.Compile(scheme.Definition{Configurations: []scheme.Configuration{limit}}); err != nil {
				t.Errorf("%s: opened by name: %v", name, err)
			}
		}
		for _, limit := range []scheme.Definition{{Limit: scheme.LimitNone}, {Limit: scheme.LimitBlacklist, Blacklist: []string{"hr.*"}}} {
			s, err := scheme.Compile(limit)
			if err != nil || s.Opens(name) {
				t.Errorf("%s: open in a scheme without a whitelist: %v", name, err)
			}
		}
	}
	for _, name := range []string{"res.partner", "res.company", "res.country", "sale.order", "product.template", "crm.lead", "mailing.contact", "base_geo.place", "reporting.line"} {
		if _, err := scheme.Compile(scheme.Definition{Configurations: []scheme.Configuration{{Model: name}}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestModelsAndWords(t *testing.T) {
	c := filtered()
	c.Fields = []string{"name", "email", "fax"}
	s := compile(t, c, country, order)
	want := []scheme.Model{{Model: "res.partner", Name: "Customer"}, {Model: "res.country", Name: "Country"}, {Model: "sale.order", Name: "Order"}}
	got := s.Models(context.Background())
	if len(got) != len(want) {
		t.Fatalf("models %v", got)
	}
	for i := range want {
		if got[i].Model != want[i].Model || got[i].Name != want[i].Name {
			t.Errorf("model %d is %v", i, got[i])
		}
	}
	blacklist := func(fields ...string) scheme.Configuration {
		return scheme.Configuration{Model: "res.partner", Limit: scheme.LimitBlacklist, Fields: fields}
	}
	for name, tt := range map[string]struct {
		words []string
		want  string
	}{
		"labels":         {say(s, context.Background(), erp(), nil), "read Customer: Name, Email (only the records that your administrator selected)|read Country: all fields|read Order: all fields except Margin"},
		"nobody":         {say(s, context.Background(), nil, nil), "read Customer: name, email, fax (only the records that your administrator selected)|read Country: all fields|read Order: all fields except margin"},
		"outage":         {say(s, context.Background(), source{}, nil), "read Customer: name, email, fax (only the records that your administrator selected)|read Country: all fields|read Order: all fields except margin"},
		"one more":       {say(compile(t, blacklist("fax", "email")), context.Background(), erp(), nil), "read res.partner: all fields except Email"},
		"none known":     {say(compile(t, blacklist("fax")), context.Background(), erp(), nil), "read res.partner: all fields"},
		"no field known": {say(compile(t, scheme.Configuration{Model: "res.partner", Limit: scheme.LimitWhitelist, Fields: []string{"fax"}}), context.Background(), erp(), nil), "read res.partner: the ID alone"},
		"nothing":        {say(compile(t), context.Background(), nil, nil), ""},
	} {
		if words := strings.Join(tt.words, "|"); words != tt.want {
			t.Errorf("%s: %q", name, words)
		}
	}
}

// A consent covers what is granted, not how it is called.
func TestDigest(t *testing.T) {
	base := compile(t, customer, order).Digest()
	renamed, swapped := customer, customer
	renamed.DisplayName, renamed.Name = "Client", "client"
	swapped.Fields = []string{"props", "image", "user_ids", "category_id", "contact_address", "child_ids", "parent_id", "country_id", "phone", "email", "name"}
	if len(base) != 64 || base != compile(t, order, renamed).Digest() || base != compile(t, swapped, order).Digest() {
		t.Error("the digest depends on names or order")
	}
	more, other := customer, filtered()
	more.Fields = append([]string{"vat"}, customer.Fields...)
	other.Filter = `[["customer_rank", ">", 1]]`
	unlimited := scheme.Configuration{Model: "res.partner"}
	seen := map[string]int{base: -1}
	for i, s := range []*scheme.Scheme{
		compile(t, customer), compile(t, more, order), compile(t, filtered(), order), compile(t, other, order),
		compile(t, unlimited, order), compile(t, customer, order, country), compile(t),
	} {
		if j, same := seen[s.Digest()]; same {
			t.Errorf("schemes %d and %d have one digest", i, j)
		}
		seen[s.Digest()] = i
	}
}

// What none and blacklist do not open, whoever may read it in Odoo.
func TestCredentialFields(t *testing.T) {
	src := source{"a.b": fields(stored("name", "Name", "char"))}
	credentials := []string{
		"access_token", "access_url", "api_key", "api_secret", "client_secret", "new_password", "oauth_access_token", "password", "password_crypt",
		"private_key", "secret", "signup_token", "signup_type", "signup_url", "signup_valid", "token", "totp_secret",
		// Of ways to pay, connections to tax offices and carriers, and what others call theirs.
		"adyen_api_key", "refresh_token", "ups_passwd", "mp_bearer_token", "x_apikey", "twilio_auth_token", "stripe_secret_key", "signing_private_key", "bank_access_token",
	}
	for _, name := range []string{"name_of_secretary", "token_count", "api_key_name", "nosecret", "unsecret"} {
		src["a.b"][name] = stored(name, name, "char")
		if _, err := compile(t, scheme.Configuration{Model: "a.b"}).Check(context.Background(), src, searchRead("a.b", map[string]any{"fields": []any{name}})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range credentials {
		src["a.b"][name] = stored(name, name, "char")
	}
	for _, c := range []scheme.Configuration{
		{}, {Limit: scheme.LimitBlacklist, Fields: []string{"name"}}, {WriteLimit: scheme.LimitNone}, {WriteLimit: scheme.LimitBlacklist, WriteFields: []string{"name"}},
	} {
		c.Model, c.Operations = "a.b", readWrite
		s := compile(t, c)
		for _, name := range credentials {
			for _, call := range []odoo.Call{
				searchRead("a.b", map[string]any{"fields": []any{name}}), searchRead("a.b", domain(leaf(name, "=", "x"))), searchRead("a.b", map[string]any{"order": name}),
				{Model: "a.b", Method: "read_group", Kwargs: vals{"groupby": name}}, {Model: "a.b", Method: "fields_get", Args: []any{[]any{name}}},
				write("a.b", vals{name: "x"}, 1), create("a.b", vals{name: "x"}),
			} {
				if _, err := s.Check(context.Background(), src, call); code(err) != scheme.CodeField {
					t.Errorf("%s in %s: %v", name, call.Method, err)
				}
			}
		}
	}
	for _, c := range []scheme.Configuration{
		{Model: "res.partner"}, {Model: "res.partner", Limit: scheme.LimitBlacklist, Fields: []string{"vat"}},
	} {
		for _, field := range []string{"access_token", "message_ids"} {
			s := compile(t, c)
			if _, err := check(t, s, searchRead("res.partner", map[string]any{"fields": []any{field}})); code(err) != scheme.CodeField {
				t.Errorf("%s: error %v", field, err)
			}
			if _, err := check(t, s, searchRead("res.partner", domain(leaf(field, "=", false)))); code(err) != scheme.CodeField {
				t.Errorf("domain on %s: error %v", field, err)
			}
		}
	}
	named := scheme.Configuration{Model: "res.partner", Limit: scheme.LimitWhitelist, Fields: []string{"access_token"}}
	if _, err := check(t, compile(t, named), searchRead("res.partner", nil)); err != nil {
		t.Error(err)
	}
}

// display_name is open where name is, unless a blacklist names it.
func TestDisplayName(t *testing.T) {
	limited := func(l scheme.Limit, fields ...string) *scheme.Scheme {
		return compile(t, scheme.Configuration{Model: "res.partner", Limit: l, Fields: fields})
	}
	for name, tt := range map[string]struct {
		s    *scheme.Scheme
		open bool
	}{
		"whitelist with name":         {limited(scheme.LimitWhitelist, "name"), true},
		"whitelist with display_name": {limited(scheme.LimitWhitelist, "display_name"), true},
		"whitelist of others":         {limited(scheme.LimitWhitelist, "phone"), false},
		"blacklist of others":         {limited(scheme.LimitBlacklist, "phone"), true},
		"blacklist of name":           {limited(scheme.LimitBlacklist, "name"), false},
		"blacklist of display_name":   {limited(scheme.LimitBlacklist, "display_name"), false},
	} {
		_, err := check(t, tt.s, searchRead("res.partner", map[string]any{"fields": []any{"display_name"}}))
		if open := err == nil; open != tt.open {
			t.Errorf("%s: error %v", name, err)
		}
		got, err := check(t, tt.s, searchRead("res.partner", nil))
		if err != nil || strings.Contains(text(t, got.Kwargs["fields"]), `"display_name"`) != tt.open {
			t.Errorf("%s: asked for %v, %v", name, got.Kwargs["fields"], err)
		}
		_, err = check(t, tt.s, nameSearch("x"))
		if open := err == nil; open != (tt.open && name != "whitelist with display_name") {
			t.Errorf("%s: name_search: error %v", name, err)
		}
	}
}

// Fields that show what a hidden field holds are hidden with it: A74. Those
// that a person may change, sums, and what a whitelist names stay open.
func TestCopiedFields(t *testing.T) {
	all := func(model string, more ...scheme.Configuration) *scheme.Scheme {
		return compile(t, append(more, scheme.Configuration{Model: model, Limit: scheme.LimitBlacklist, Fields: []string{"margin", "email", "vat"}})...)
	}
	hiding := func(field string) *scheme.Scheme {
		return compile(t, scheme.Configuration{Model: "res.partner", Limit: scheme.LimitBlacklist, Fields: []string{field}})
	}
	phoneOnly := scheme.Configuration{Model: "res.partner", Limit: scheme.LimitWhitelist, Fields: []string{"phone"}}
	for _, tt := range []struct {
		s            *scheme.Scheme
		model, field string
		open         bool
	}{
		{all("res.partner"), "res.partner", "email_normalized", false},
		{all("res.partner"), "res.partner", "email_twice", false},
		{all("res.partner"), "res.partner", "round", false},
		{all("res.partner"), "res.partner", "roundabout", false},
		{all("res.partner"), "res.partner", "family", false},
		{all("res.partner"), "res.partner", "score", true},
		{all("res.partner"), "res.partner", "display_name", true},
		{compile(t, scheme.Configuration{Model: "sale.order", Limit: scheme.LimitBlacklist, Fields: []string{"order_line"}}), "sale.order", "summary", true}, // a sum
		{all("sale.order"), "sale.order", "margin_percent", false},
		{all("sale.order"), "sale.order", "pricelist", true},
		{all("sale.order", phoneOnly), "sale.order", "partner_email", false},
		{all("sale.order", phoneOnly), "sale.order", "warning", true},
		{all("sale.order", customer), "sale.order", "partner_email", true},
		{all("sale.order"), "sale.order", "partner_email", true},
		{all("sale.order", line), "sale.order", "summary", true},
		// Related fields that a person may change are as good copies.
		{all("sale.order", phoneOnly), "sale.order", "contact_email", false},
		{all("sale.order", customer), "sale.order", "contact_email", true},
		{all("res.partner"), "res.partner", "country_code", true},
		{hiding("country_id"), "res.partner", "country_code", false},
		{all("res.partner"), "res.partner", "child_phone", true},
		{hiding("child_ids"), "res.partner", "child_phone", false},
		{all("res.partner"), "res.partner", "message_text", false},
		{compile(t, scheme.Configuration{Model: "res.partner"}), "res.partner", "message_text", false},
		{compile(t, order, scheme.Configuration{Model: "res.partner", Limit: scheme.LimitWhitelist, Fields: []string{"email_normalized"}}), "res.partner", "email_normalized", true},
	} {
		for name, call := range map[string]odoo.Call{
			"fields":     searchRead(tt.model, map[string]any{"fields": []any{tt.field}}),
			"fields_get": {Model: tt.model, Method: "fields_get", Args: []any{[]any{tt.field}}},
		} {
			if _, err := check(t, tt.s, call); (err == nil) != tt.open || err != nil && code(err) != scheme.CodeField {
				t.Errorf("%s: %s of %s: error %v", name, tt.field, tt.model, err)
			}
		}
		got, err := check(t, tt.s, odoo.Call{Model: tt.model, Method: "fields_get"})
		if err != nil {
			t.Fatal(err)
		}
		if listed := strings.Contains(text(t, got.Kwargs["allfields"]), `"`+tt.field+`"`); listed != tt.open {
			t.Errorf("%s of %s is listed: %v", tt.field, tt.model, listed)
		}
		if _, err := check(t, tt.s, searchRead(tt.model, domain(leaf(tt.field, "=", "x")))); !tt.open && code(err) != scheme.CodeField {
			t.Errorf("domain on %s of %s: error %v", tt.field, tt.model, err)
		}
	}
}
