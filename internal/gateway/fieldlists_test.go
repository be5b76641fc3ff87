package gateway

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// TestFieldListsAreKeptOnce: people who see the same share it, each is asked for,
// and nobody is told what another sees, also where lists make room for others.
func TestFieldListsAreKeptOnce(t *testing.T) {
	const groups = 3
	l := newFieldLists(100, 2, time.Minute, clock.System)
	asked := make(map[int64]int)
	get := func(uid int64) odoo.Fields {
		t.Helper()
		fields, err := l.get(t.Context(), uid, "res.partner", func(context.Context) (jsontext.Value, error) {
			asked[uid]++
			return fmt.Appendf(nil, `{"id": {"type": "integer"}, "group_%d": {"type": "char"}}`, uid%groups), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := fields[fmt.Sprintf("group_%d", uid%groups)]; !ok || len(fields) != 2 {
			t.Errorf("person %d sees %v", uid, fields)
		}
		return fields
	}
	same := func(a, b odoo.Fields) bool { return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer() }
	if !same(get(1), get(4)) || !same(get(1), get(1)) || same(get(1), get(2)) {
		t.Error("people of the same groups do not share a list, or others do")
	}
	if want := map[int64]int{1: 1, 2: 1, 4: 1}; !reflect.DeepEqual(asked, want) {
		t.Errorf("asked for %v times, want %v", asked, want)
	}
	if get(3); l.lists.Len() != 2 {
		t.Errorf("%d lists, the bound is 2", l.lists.Len())
	}
	if get(1); asked[1] != 2 { // its list had to go
		t.Errorf("asked for person 1 %d times", asked[1])
	}
	if len(l.largest("res.partner")) != 2 || l.largest("res.users") != nil {
		t.Error("the longest list is another one")
	}
}
