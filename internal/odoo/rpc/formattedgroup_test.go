package rpc_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

type dict = map[string]any

func strs(names ...string) []any {
	out := make([]any, len(names))
	for i, name := range names {
		out[i] = name
	}
	return out
}

// TestFormattedGroupBefore19: the newer method is answered as 19 answers it.
func TestFormattedGroupBefore19(t *testing.T) {
	reference := oneLanguage(t, 19, "admin")
	for version := 16; version <= 18; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			run := oneLanguage(t, version, "admin")
			for _, kwargs := range []dict{
				{"groupby": strs("state"), "aggregates": strs("amount_total:sum", "__count")},
				{"groupby": strs("state")},
				{"aggregates": strs("__count", "amount_total:max", "date_order:min", "user_id:count_distinct")},
				{"aggregates": strs("__count", "amount_total:sum"), "domain": []any{[]any{"id", "=", int64(0)}}},
				{"groupby": strs("state"), "domain": []any{[]any{"id", "=", int64(0)}}},
				{"groupby": strs("date_order:month", "state"), "aggregates": strs("amount_total:sum")},
				{"groupby": strs("date_order:year", "date_order:quarter"), "aggregates": strs("id:max")},
				{"groupby": strs("state", "partner_id"), "aggregates": strs("__count"), "limit": int64(2), "offset": int64(1)},
				{"groupby": strs("state"), "offset": int64(1)},
				{"groupby": strs("state"), "order": "__count desc"},
				{"groupby": strs("state"), "order": "amount_total:sum desc, state", "aggregates": strs("__count")},
				{"groupby": strs("date_order:day"), "order": "date_order:day desc", "limit": int64(3)},
				{"groupby": strs("state"), "aggregates": strs("amount_total:sum"), "having": []any{[]any{"__count", "<", int64(2)}}},
				{"groupby": strs("state"), "aggregates": strs("__count"), "order": "__count desc", "limit": int64(1), "offset": int64(1), "having": []any{[]any{"amount_total:sum", ">", int64(0)}}},
				{"aggregates": strs("__count"), "having": []any{[]any{"__count", "<", int64(0)}}}, // of everything there are no conditions
			} {
				if kwargs["domain"] == nil {
					kwargs["domain"] = []any{}
				}
				call := odoo.Call{Model: "sale.order", Method: "formatted_read_group", Kwargs: kwargs}
				want, err := reference(call)
				if err != nil {
					t.Fatalf("%v: 19: %v", kwargs, err)
				}
				got, err := run(call)
				if got, want := withoutIDs(got), withoutIDs(want); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("%v: %v\n got %v\nwant %v", kwargs, err, got, want)
				}
			}
		})
	}
}

// withoutIDs leaves of partners what is the same in the demo data of all.
func withoutIDs(v any) any {
	items, _ := v.([]any)
	if len(items) == 3 && items[0] == "partner_id" {
		return "the partner"
	}
	if object, ok := v.(dict); ok {
		for name, value := range object {
			if pair, ok := value.([]any); ok && name == "partner_id" && len(pair) == 2 {
				object[name] = pair[1]
				continue
			}
			object[name] = withoutIDs(value)
		}
	}
	for i, item := range items {
		items[i] = withoutIDs(item)
	}
	return v
}

// TestFormattedGroupPositional: arguments count by their place, too.
func TestFormattedGroupPositional(t *testing.T) {
	run := oneLanguage(t, 17, "admin")
	named, err := run(odoo.Call{Model: "sale.order", Method: "formatted_read_group", Kwargs: dict{"domain": []any{}, "groupby": strs("state"), "aggregates": strs("__count")}})
	if err != nil {
		t.Fatal(err)
	}
	placed, err := run(odoo.Call{Model: "sale.order", Method: "formatted_read_group", Args: []any{[]any{}, strs("state"), strs("__count")}})
	if err != nil || !reflect.DeepEqual(placed, named) {
		t.Errorf("%v, %v; want %v", placed, err, named)
	}
}

// TestFormattedGroupOn16: what 16 leaves out of its answer is refused in words.
func TestFormattedGroupOn16(t *testing.T) {
	run := oneLanguage(t, 16, "admin")
	for _, kwargs := range []dict{
		{"groupby": strs("id")},
		{"groupby": strs("date_order:month"), "aggregates": strs("date_order:max")},
		{"groupby": strs("state"), "order": "state:count_distinct"},
	} {
		kwargs["domain"] = []any{}
		_, err := run(odoo.Call{Model: "sale.order", Method: "formatted_read_group", Kwargs: kwargs})
		var e *odoo.Error
		if !errors.As(err, &e) || e.Kind != odoo.Unsupported || !strings.HasPrefix(e.Message, "Odoo 16 cannot ") {
			t.Errorf("%v: %v", kwargs, err)
		}
	}
}
