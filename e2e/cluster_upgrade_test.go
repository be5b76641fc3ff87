package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// clusterConfigurations: a node has a newer configuration than the others, with one
// more application and one more field. Each serves what it knows, and ends nothing
// that it does not; then all have it.
func clusterConfigurations(t *testing.T, c *cluster) {
	late := app{id: "late-0123456789abcdef", secret: "the-late-one-has-a-secret-too", redirect: "http://localhost:9/late"}
	newer := []string{"{APPLICATIONS}", `			application late {
				client_id late-0123456789abcdef
				client_secret the-late-one-has-a-secret-too
				redirect_uri http://localhost:9/late
				model_scheme sales
				consent trusted
				connection session
			}
{APPLICATIONS}`, "{FIELDS}", " phone"}
	old, other, first := c.nodes[0], c.nodes[1], c.nodes[2]
	p := c.visitor(t)
	p.on(old).logIn(c.odoo, "/web/login")
	tok := p.redeem(wiki, p.consent(wiki))

	l := startLoad(t, c)
	first.more = newer
	first.reload()
	fresh := p.on(first).redeem(late, p.consent(late))
	alive(p, fresh.Access)
	phone := func(n *node, token string) int {
		return p.on(n).api(token, "/restapi/1.0/object/res.partner", url.Values{"domain": {"[]"}, "fields": {"['name','phone']"}, "limit": {"1"}}).StatusCode
	}
	if got := phone(first, tok.Access); got != http.StatusOK {
		t.Errorf("the newer configuration answers %d to a field that it has", got)
	}
	for i, n := range []*node{old, other} {
		if got := p.status(n, fresh.Access); got != http.StatusUnauthorized {
			t.Errorf("node %d answers %d to a token of an application that it does not know", i, got)
		}
		if a := p.on(n).refresh(late, fresh.Refresh); a.StatusCode != http.StatusUnauthorized && a.StatusCode != http.StatusBadRequest {
			t.Errorf("node %d refreshes for an application that it does not know: %s", i, a.Status)
		}
		if got := phone(n, tok.Access); got != http.StatusForbidden {
			t.Errorf("node %d answers %d to a field that it does not have", i, got)
		}
	}
	alive(p.on(first), fresh.Access)
	for _, n := range []*node{old, other} { // one after the other, as an upgrade goes
		n.caddy.kill()
		n.more = newer
		n.launch()
		n.caddy.await(0, serving)
	}
	for i, n := range c.nodes {
		alive(p.on(n), fresh.Access)
		if got := phone(n, tok.Access); got != http.StatusOK {
			t.Errorf("node %d answers %d to a field that it has now", i, got)
		}
	}
	alive(p.on(other), p.good(p.on(old).refresh(late, fresh.Refresh)).Access)
	l.judge()
}

// clusterVersions: a node waits while another makes the tables new; those of the
// version before go on beside them, and start no more.
func clusterVersions(t *testing.T, c *cluster) {
	conn, err := pgx.Connect(t.Context(), c.postgres.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	// The other node's transaction, in which it makes the tables new.
	migration, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migration.Exec(t.Context(), `UPDATE odoo_gateway.store SET layout = layout + 1`); err != nil {
		t.Fatal(err)
	}
	stays, goes := c.nodes[0], c.nodes[1]
	p := c.visitor(t)
	p.on(stays).logIn(c.odoo, "/web/login")
	goes.caddy.kill()
	goes.launch()
	look, err := pgx.Connect(t.Context(), c.postgres.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer look.Close(t.Context())
	eventually(t, "the node waits for the other", func() bool {
		var waits bool
		err := look.QueryRow(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%store%')`).Scan(&waits)
		return err == nil && waits
	})
	tok := p.redeem(wiki, p.consent(wiki)) // which the one that runs does not
	if err := migration.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-goes.caddy.done
	if said := goes.caddy.said(); !strings.Contains(said, "which a newer version of the gateway has made") {
		t.Errorf("a node of the version before ends with\n%s", said)
	}
	tok = p.good(p.refresh(wiki, tok.Refresh))
	alive(p, tok.Access)
	if _, err := conn.Exec(t.Context(), `UPDATE odoo_gateway.store SET layout = layout - 1`); err != nil {
		t.Fatal(err)
	}
	goes.launch()
	goes.caddy.await(0, serving)
	alive(p.on(goes), tok.Access)
}
