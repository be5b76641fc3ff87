package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant/pgtest"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// cluster is several gateways on one PostgreSQL, behind a plain Caddy that
// balances, and before one Odoo.
type cluster struct {
	odoo
	t        *testing.T
	sim      *odootest.Server
	postgres *pgtest.Cluster
	base     string // issuer: the address of the balancer
	nodes    []*node
}

// node is one of them: a process, with a way of its own to PostgreSQL.
type node struct {
	*cluster
	dir       string
	at, admin string
	way       *pgtest.Relay
	// staleness is how long it serves without the store, and more is of its own
	// configuration: placeholders and what stands for them.
	staleness string
	more      []string
	caddy     *process
	// wire leads every request to this node, whatever it is addressed to.
	wire *http.Transport
}

// clients are those of a load, and loaded their applications, which nobody is asked
// about: with each of them there is another authorization.
const (
	clients = 8
	loaded  = 12 * clients
)

func loadedApp(n int) app {
	return app{id: "load-" + strconv.Itoa(n), secret: "load-has-a-secret-of-its-own", redirect: "http://localhost:9/load"}
}

const clusterCaddyfile = `{
	admin {ADMIN}
	persist_config off
	auto_https off
	servers {
		trusted_proxies static 127.0.0.1/32
	}
	odoo_gateway {
		seal_key 0f0e0d0c0b0a09080706050403020100f0e0d0c0b0a090807060504030201000
		store postgres "{DSN}" {
			staleness {STALENESS}
		}
		gateway erp {
			issuer {BASE}
			database {DATABASE}
			odoo_calls 100
			application wiki {
				name "Team wiki"
				client_id wiki-0123456789abcdef
				client_secret {env.E2E_WIKI_SECRET}
				redirect_uri http://localhost:9/plugins/odoo-connector/callback.action
				model_scheme sales
			}
{APPLICATIONS}			model_scheme sales {
				whitelist customer
			}
			model_configuration customer {
				model res.partner
				fields whitelist name email{FIELDS}
			}
		}
	}
}

:{PORT} {
	bind 127.0.0.1
	odoo_gateway erp
	reverse_proxy {ODOO}
}
`

const balancerCaddyfile = `{
	admin off
	persist_config off
	auto_https off
}

{BASE} {
	bind 127.0.0.1
	reverse_proxy {NODES} {
		lb_policy round_robin
		lb_retries 3
		fail_duration 1s
	}
}
`

// startCluster starts so many nodes at once, on a database where nothing is.
func startCluster(t *testing.T, nodes int) *cluster {
	t.Helper()
	sim := odootest.Start(odootest.Options{Version: 19})
	t.Cleanup(sim.Close)
	at, err := url.Parse(sim.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{
		odoo: odoo{url: at, database: sim.Database(), login: "demo", password: "demo"},
		t:    t, sim: sim, postgres: pgtest.Own(t), base: "http://127.0.0.1:" + freePort(t),
	}
	var to []string
	for range nodes {
		n := &node{
			cluster: c, dir: t.TempDir(), at: "127.0.0.1:" + freePort(t), admin: "127.0.0.1:" + freePort(t),
			way: pgtest.NewRelay(t, c.postgres), staleness: "1s",
		}
		n.wire = &http.Transport{
			MaxIdleConnsPerHost: 64,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, n.at)
			},
		}
		t.Cleanup(n.wire.CloseIdleConnections)
		n.launch()
		c.nodes, to = append(c.nodes, n), append(to, n.at)
	}
	config := filepath.Join(t.TempDir(), "Caddyfile")
	text := strings.NewReplacer("{BASE}", c.base, "{NODES}", strings.Join(to, " ")).Replace(balancerCaddyfile)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	startCaddy(t, nil, serving, "run", "--config", config)
	for _, n := range c.nodes {
		n.caddy.await(0, serving)
	}
	return c
}

// configuration is the node's Caddyfile.
func (n *node) configuration() string {
	var applications strings.Builder
	for i := range loaded {
		a := loadedApp(i)
		fmt.Fprintf(&applications, "\t\t\tapplication %s {\n\t\t\t\tclient_id %[1]s\n\t\t\t\tclient_secret %s\n\t\t\t\tredirect_uri %s\n"+
			"\t\t\t\tmodel_scheme sales\n\t\t\t\tconsent trusted\n\t\t\t\tconnection session\n\t\t\t}\n", a.id, a.secret, a.redirect)
	}
	_, port, _ := net.SplitHostPort(n.at)
	text := strings.NewReplacer(n.more...).Replace(clusterCaddyfile)
	return strings.NewReplacer(
		"{ADMIN}", n.admin, "{DSN}", n.way.DSN(), "{STALENESS}", n.staleness, "{BASE}", n.base, "{DATABASE}", n.database,
		"{APPLICATIONS}", applications.String(), "{FIELDS}", "", "{PORT}", port, "{ODOO}", n.url.Host,
	).Replace(text)
}

// launch starts the process, and waits for nothing.
func (n *node) launch() {
	n.t.Helper()
	config := filepath.Join(n.dir, "Caddyfile")
	if err := os.WriteFile(config, []byte(n.configuration()), 0o600); err != nil {
		n.t.Fatal(err)
	}
	n.caddy = launchCaddy(n.t, []string{"XDG_DATA_HOME=" + n.dir, "XDG_CONFIG_HOME=" + n.dir, "E2E_WIKI_SECRET=" + wiki.secret}, "run", "--config", config)
}

// reload has the node take its configuration as it is now.
func (n *node) reload() {
	n.t.Helper()
	r, err := http.NewRequest("POST", "http://"+n.admin+"/load", strings.NewReader(n.configuration()))
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "text/caddyfile")
	// A reload replaces the admin endpoint, too.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		n.t.Fatalf("reload: %s %s", resp.Status, body)
	}
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
	if strings.Contains(p.said(), "DATA RACE") {
		p.t.Errorf("a data race in caddy:\n%s", p.said())
	}
}

// said is what the processes of the nodes have said so far.
func (c *cluster) said() (all []string) {
	for _, n := range c.nodes {
		all = append(all, n.caddy.said())
	}
	return all
}

// visitor is a person whose browser comes over the balancer.
func (c *cluster) visitor(t *testing.T) *person { return newPerson(t, c.base) }

// on has a person's next requests go to one node.
func (p *person) on(n *node) *person {
	p.http.Transport = n.wire
	return p
}

// administer asks a node's admin API, and fails the test where that refuses.
func (n *node) administer(t *testing.T, method, path string, question, into any) {
	t.Helper()
	body, err := json.Marshal(question)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(method, "http://"+n.admin+"/odoo_gateway"+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || into != nil && json.Unmarshal(text, into) != nil {
		t.Fatalf("%s %s: %s %s %v", method, path, resp.Status, text, err)
	}
}

// eventually waits until something holds, and gives up long after it should, and
// before a minute has gone, when nodes read again whatever they were not told of.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// status is what one node answers to a token.
func (p *person) status(n *node, token string) int {
	p.t.Helper()
	return p.on(n).api(token, "/restapi/1.0/object/res.partner/search_count", url.Values{"domain": {"[]"}}).StatusCode
}

// refusedEverywhere waits until all nodes refuse a token, and fails where one of
// them takes it again.
func (c *cluster) refusedEverywhere(t *testing.T, p *person, token string) {
	t.Helper()
	for i, n := range c.nodes {
		eventually(t, fmt.Sprintf("node %d refuses what has ended", i), func() bool { return p.status(n, token) == http.StatusUnauthorized })
	}
	for i, n := range c.nodes {
		if got := p.status(n, token); got != http.StatusUnauthorized {
			t.Errorf("node %d answers %d to what it had refused", i, got)
		}
	}
}
