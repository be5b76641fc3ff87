package rpc_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// oneLanguage runs calls on a simulated version, as a person.
func oneLanguage(t *testing.T, version int, login string) func(odoo.Call) (any, error) {
	t.Helper()
	// One time for all: the dates of the demo data are so many days before it.
	now := clock.NewFake(time.Date(2026, 10, 7, 12, 30, 0, 0, time.UTC)).Now
	server := odootest.Start(odootest.Options{Version: version, Now: now})
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := rpc.New(rpc.Config{Issuer: at, Database: server.Database()})
	session := rpc.Session{ID: server.NewSession(login), UserAgent: "test"}
	return func(call odoo.Call) (any, error) {
		result, _, err := client.Call(t.Context(), http.DefaultTransport, session, call)
		if err != nil {
			return nil, err
		}
		v, err := odoo.ParseJSON(result.Value, odoo.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		return v, nil
	}
}

// TestRightsOnEveryVersion: both ways to ask for rights are answered by all.
func TestRightsOnEveryVersion(t *testing.T) {
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			demo, portal := oneLanguage(t, version, "demo"), oneLanguage(t, version, "portal")
			ask := func(run func(odoo.Call) (any, error), method string, ids []int64, kwargs map[string]any) any {
				t.Helper()
				v, err := run(odoo.Call{Model: "res.partner", Method: method, IDs: ids, Kwargs: kwargs})
				var e *odoo.Error
				if errors.As(err, &e) {
					return e.Kind
				}
				return v
			}
			mine, err := portal(odoo.Call{Model: "res.partner", Method: "search", Kwargs: map[string]any{"domain": []any{}, "order": "id", "limit": int64(1)}})
			if err != nil {
				t.Fatal(err)
			}
			own, _ := mine.([]any)[0].(int64)
			read, unlink := map[string]any{"operation": "read"}, map[string]any{"operation": "unlink"}
			for _, c := range []struct {
				name      string
				got, want any
			}{
				{"has_access", ask(demo, "has_access", []int64{}, read), true},
				{"has_access to a record", ask(demo, "has_access", []int64{1}, read), true},
				{"no access to a record, by a rule", ask(portal, "has_access", []int64{1}, read), false},
				{"no access to one of two records", ask(portal, "has_access", []int64{own, 1}, read), false},
				{"access to the own record", ask(portal, "has_access", []int64{own}, read), true},
				{"no access", ask(portal, "has_access", []int64{}, unlink), false},
				{"rights", ask(demo, "check_access_rights", nil, read), true},
				{"no rights", ask(portal, "check_access_rights", nil, map[string]any{"operation": "unlink", "raise_exception": false}), false},
				{"no rights, raised", ask(portal, "check_access_rights", nil, unlink), odoo.AccessError},
				{"no rights, raised by name", ask(portal, "check_access_rights", nil, map[string]any{"operation": "unlink", "raise_exception": true}), odoo.AccessError},
			} {
				if c.got != c.want {
					t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
				}
			}
		})
	}
}

// TestReadGroupOn20: the older method is answered as 19 answers it.
func TestReadGroupOn20(t *testing.T) {
	before, after := oneLanguage(t, 19, "admin"), oneLanguage(t, 20, "admin")
	type dict = map[string]any
	for _, kwargs := range []dict{
		{"fields": []any{"amount_total"}, "groupby": []any{"state"}},
		{"fields": []any{"amount_total:avg"}, "groupby": []any{"state", "partner_id"}, "orderby": "state desc"},
		{"fields": []any{"amount_total:sum"}, "groupby": []any{"date_order"}, "orderby": "date_order"},
		{"fields": []any{"amount_total:sum"}, "groupby": []any{"date_order:year"}, "orderby": "amount_total desc", "lazy": false},
		{"fields": []any{"__count"}, "groupby": []any{"state", "date_order:month"}, "lazy": false, "domain": []any{[]any{"amount_total", ">", int64(0)}}, "orderby": "state"},
		{"fields": []any{"amount_total:max"}, "groupby": []any{}, "lazy": false},
		{"fields": []any{"state"}, "groupby": "partner_id", "limit": int64(2), "offset": int64(1)},
	} {
		if _, ok := kwargs["domain"]; !ok {
			kwargs["domain"] = []any{}
		}
		call := odoo.Call{Model: "sale.order", Method: "read_group", Kwargs: kwargs}
		want, err := before(call)
		if err != nil {
			t.Fatalf("%v: 19: %v", kwargs, err)
		}
		got, err := after(call)
		if err != nil {
			t.Errorf("%v: 20: %v", kwargs, err)
			continue
		}
		for _, list := range []any{want, got} {
			for _, group := range list.([]any) {
				delete(group.(dict), "__domain") // written otherwise, see TestRestapiEndpoints
				delete(group.(dict), "__context")
			}
		}
		if !reflect.DeepEqual(got, want) || len(got.([]any)) == 0 {
			t.Errorf("%v:\n20 %v\n19 %v", kwargs, got, want)
		}
	}
}

// TestReadGroupByTheOldest: groups are sorted by their lowest id on every version.
func TestReadGroupByTheOldest(t *testing.T) {
	for version := 16; version <= 20; version++ {
		run := oneLanguage(t, version, "admin")
		if got, err := run(odoo.Call{Model: "sale.order", Method: "read_group", Kwargs: map[string]any{
			"domain": []any{}, "fields": []any{"id:sum"}, "groupby": []any{"partner_id"}, "orderby": "id:min",
		}}); err != nil {
			t.Errorf("%d beside another sum of ids: %v, %v", version, got, err)
		}
		for _, way := range []string{"", " desc"} {
			for _, order := range []string{"id:min" + way, "state, id:min" + way} {
				got, err := run(odoo.Call{Model: "sale.order", Method: "read_group", Kwargs: map[string]any{
					"domain": []any{}, "fields": []any{"id:min"}, "groupby": []any{"state", "partner_id"}, "orderby": order, "lazy": false,
				}})
				groups, _ := got.([]any)
				if err != nil || len(groups) < 5 {
					t.Errorf("%d by %s: %v, %v", version, order, got, err)
				}
				if len(groups) > 0 && len(groups[0].(map[string]any)) != 5 {
					t.Errorf("%d by %s has more than was asked: %v", version, order, groups[0])
				}
				sorted := slices.IsSortedFunc(groups, func(a, b any) int {
					one, other := a.(map[string]any), b.(map[string]any)
					n := cmp.Compare(one["id"].(int64), other["id"].(int64))
					if way != "" {
						n = -n
					}
					if strings.HasPrefix(order, "state") && one["state"] != other["state"] {
						return 0
					}
					return n
				})
				if !sorted {
					t.Errorf("%d by %s: %v", version, order, got)
				}
			}
		}
	}
}
