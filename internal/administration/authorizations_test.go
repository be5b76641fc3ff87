package administration_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// crowd is a store of very many authorizations, of which one is somebody's.
type crowd struct {
	grant.Store
	size, somebody int
	asked          int
}

func (c *crowd) Authorizations(_ context.Context, q grant.AuthorizationQuery) ([]grant.Authorization, error) {
	c.asked++
	first := 0
	if q.After != "" {
		_, _ = fmt.Sscanf(q.After, "%d", &first)
		first++
	}
	var page []grant.Authorization
	for i := first; i < c.size && len(page) < grant.Page(q.Limit); i++ {
		a := grant.Authorization{ID: fmt.Sprintf("%08d", i), Application: "wiki", Login: "login", Name: "Name"}
		if i == c.somebody {
			a.Name = "Somebody Special"
		}
		page = append(page, a)
	}
	return page, nil
}

// A search by name looks at so many authorizations and says where to go on,
// however many there are.
func TestSearchByNameIsBounded(t *testing.T) {
	store := &crowd{size: 35 * grant.MaxPage, somebody: 25 * grant.MaxPage}
	registry, err := application.NewRegistry(nil)
	if err != nil {
		t.Fatal(err)
	}
	desk := administration.New(administration.Config{
		Gateway: "erp", Applications: registry, Store: store, Audit: audit.Discard, Now: time.Now,
	}, administration.Actor{})
	found, pages := 0, 0
	page := administration.Page{Limit: 50}
	for {
		store.asked = 0
		list, err := desk.Authorizations(t.Context(), administration.Filter{Person: "sPECIAL"}, false, page)
		if err != nil {
			t.Fatal(err)
		}
		if store.asked > 10 {
			t.Errorf("page %d has asked for %d pages of the store", pages, store.asked)
		}
		found, pages = found+len(list.Authorizations), pages+1
		if page.After = list.Next; page.After == "" {
			break
		}
	}
	if found != 1 || pages != 4 {
		t.Errorf("%d found on %d pages", found, pages)
	}
	// Nobody of that name is no error, and neither is a page that goes on.
	if list, err := desk.Authorizations(t.Context(), administration.Filter{Person: "nobody"}, false, administration.Page{Limit: 50}); err != nil || len(list.Authorizations) != 0 || list.Next == "" {
		t.Errorf("%+v, %v", list, err)
	}
}
