//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	_ "net/http/pprof" // with -pprof
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard" // reverse_proxy, forward_auth

	_ "github.com/caddy-odoo/gateway" // what is measured
)

// contender is one row of the table.
type contender struct {
	name      string
	address   string
	processes []*process
	requests  func(round int) [][]byte
	judge     func(body []byte) error
	want      []byte // what judge has accepted
	missing   string // why it can not run
}

// caddyRole is Caddy with the gateway, as its command is.
func caddyRole() {
	if at := os.Getenv("PPROF"); at != "" {
		go func() { log.Fatal(http.ListenAndServe(at, nil)) }()
	}
	caddycmd.Main()
}

// port is that of an address: a site of Caddy's has it alone, for any host.
func port(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }

const caddyOptions = `	admin off
	persist_config off
	auto_https off
	storage file_system %s
	log {
		level ERROR
	}
	servers {
		protocols h1
	}
`

const plainConfig = `{
` + caddyOptions + `}
http://:%s {
	bind 127.0.0.1
	reverse_proxy %s
}
`

const forwardAuthConfig = `{
` + caddyOptions + `}
http://:%s {
	bind 127.0.0.1
	forward_auth %s {
		uri /check
	}
	reverse_proxy %s
}
`

// gatewayConfig has the rules of every request: a whitelist of models and of
// fields, and a filter. odoo_calls is for an Odoo with workers, which the
// upstream has none of.
const gatewayConfig = `{
` + caddyOptions + `	odoo_gateway {
		store badger %s
		seal_key %s
%s	}
}
%s`

const gatewayBlock = `		gateway %s {
			issuer %s
			database ` + database + `
			signing_algorithm %s
			odoo_calls 1000
			application wiki {
				client_id ` + clientID + `
				client_secret ` + secret + `
				redirect_uri ` + callback + `
				model_scheme sales
				service_connection {
					login ` + serviceLogin + `
					api_key key-1000
				}
			}
			model_scheme sales {
				whitelist customer
			}
			model_configuration customer {
				model res.partner
				fields whitelist name email phone city country_id display_name
				filter ` + "`" + `[["customer_rank", ">", 0]]` + "`" + `
			}
		}
`

// caddy starts Caddy.
func (b *bench) caddy(ctx context.Context, at place, name, address, config string) (*process, error) {
	file := filepath.Join(b.dir, name+".caddyfile")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	if name != "gateway" {
		at.pprof = ""
	}
	return b.begin(ctx, "caddy", at, address, "", "run", "--config", file, "--adapter", "caddyfile")
}

func (b *bench) startPlain(ctx context.Context, at place) (*contender, error) {
	p, err := b.caddy(ctx, at, "plain", b.plainAt, fmt.Sprintf(plainConfig, b.dir, port(b.plainAt), b.upstreamAt))
	return &contender{
		name: "Caddy `reverse_proxy`", address: b.plainAt, processes: []*process{p}, requests: b.searchRead(b.world.warm), judge: wantContacts,
	}, err
}

func (b *bench) startForwardAuth(ctx context.Context, at place) (*contender, error) {
	checker, err := b.begin(ctx, "checker", at, b.checkerAt, "")
	if err != nil {
		return nil, err
	}
	p, err := b.caddy(ctx, at, "forward_auth", b.forwardAt, fmt.Sprintf(forwardAuthConfig, b.dir, port(b.forwardAt), b.checkerAt, b.upstreamAt))
	return &contender{
		name: "Caddy `forward_auth` to a checker of signatures", address: b.forwardAt, processes: []*process{p, checker},
		requests: b.searchRead(b.world.warm), judge: wantContacts,
	}, err
}

const nginxConfig = `daemon off;
pid %[1]s/nginx.pid;
error_log stderr error;
worker_processes %[2]s;
events {
	worker_connections 1024;
}
http {
	access_log off;
	client_body_temp_path %[1]s/nginx-body;
	proxy_temp_path %[1]s/nginx-proxy;
	fastcgi_temp_path %[1]s/nginx-fastcgi;
	uwsgi_temp_path %[1]s/nginx-uwsgi;
	scgi_temp_path %[1]s/nginx-scgi;
	keepalive_requests 1000000;
	upstream odoo {
		server %[3]s;
		keepalive 64;
		keepalive_requests 1000000;
	}
	server {
		listen %[4]s;
		location / {
			proxy_pass http://odoo;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $http_host;
			proxy_set_header X-Forwarded-For $remote_addr;
		}
	}
}
`

// startNginx starts nginx, or says that there is none.
func (b *bench) startNginx(ctx context.Context, at place) (*contender, error) {
	c := &contender{name: "nginx `proxy_pass`", address: b.nginxAt, requests: b.searchRead(b.world.warm), judge: wantContacts}
	path, err := exec.LookPath(b.nginx)
	if err != nil {
		c.missing = "not found: on Debian, `apt-get install nginx`"
		return c, nil
	}
	workers := "auto"
	if at.pinned {
		workers = "1"
	}
	file := filepath.Join(b.dir, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, nginxConfig, b.dir, workers, b.upstreamAt, b.nginxAt), 0o600); err != nil {
		return nil, err
	}
	p, err := b.begin(ctx, "", at, b.nginxAt, path, "-p", b.dir, "-c", file, "-e", "stderr")
	c.processes = []*process{p}
	return c, err
}

// startGateway starts the gateway: one process for all of its rows.
func (b *bench) startGateway(ctx context.Context, at place) (*process, error) {
	blocks, sites := "", ""
	for name, algorithm := range gateways {
		blocks += fmt.Sprintf(gatewayBlock, name, issuerOf(name), algorithm)
		sites += fmt.Sprintf("http://:%s {\n\tbind 127.0.0.1\n\todoo_gateway %s\n\treverse_proxy %s\n}\n", port(b.gatewayAt[name]), name, b.upstreamAt)
	}
	return b.caddy(ctx, at, "gateway", b.gatewayAt["rs256"],
		fmt.Sprintf(gatewayConfig, b.dir, filepath.Join(b.dir, "grants"), b.world.sealKey, blocks, sites))
}

// gatewayRows are the rows of the gateway. The tokens of the second are new to
// it, all of them.
func (b *bench) gatewayRows(p *process) []*contender {
	w, at := b.world, b.gatewayAt["rs256"]
	each := len(w.fresh) / b.rounds
	return []*contender{
		{name: "gateway `json2` search_read", requests: b.searchRead(w.warm), judge: wantContacts, address: at, processes: []*process{p}},
		{
			name: "gateway `json2` search_read, every token new", judge: wantContacts, address: at, processes: []*process{p},
			requests: func(round int) [][]byte {
				if round < 0 {
					return b.searchRead(w.warm)(round)
				}
				return b.searchRead(w.fresh[round*each : (round+1)*each])(round)
			},
		},
		{
			name: "gateway `restapi` read", judge: wantObject, address: at, processes: []*process{p},
			requests: get(w.warm, "/restapi/1.0/object/res.partner?ids=1,2,3,4,5,6,7&fields=['name','email','phone','city','country_id']"),
		},
		{
			name: "gateway `orestapi` name_search", judge: wantNames, address: at, processes: []*process{p},
			requests: get(w.warm, "/orestapi/record/name_search?model=res.partner&name=example&limit=21"),
		},
	}
}

// searchRead asks as a client of Odoo 19 does, with each of these tokens.
func (b *bench) searchRead(tokens []string) func(int) [][]byte {
	const body = `{"domain": [["name", "ilike", "example"], ["city", "!=", false]], "fields": ["name", "email", "phone", "city", "country_id"], "limit": 10, "order": "name"}`
	return func(int) [][]byte {
		return forTokens(tokens, func(token string) []byte {
			return fmt.Appendf(nil, "POST /json/2/res.partner/search_read HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAuthorization: Bearer %s\r\n"+
				"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", hostOf("rs256"), token, len(body), body)
		})
	}
}

func get(tokens []string, path string) func(int) [][]byte {
	return func(int) [][]byte {
		return forTokens(tokens, func(token string) []byte {
			return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAuthorization: Bearer %s\r\n\r\n", path, hostOf("rs256"), token)
		})
	}
}

func forTokens(tokens []string, request func(string) []byte) [][]byte {
	var all [][]byte
	for _, t := range tokens {
		all = append(all, request(t))
	}
	return all
}

// wantContacts takes the records of the upstream, in any spelling.
func wantContacts(body []byte) error { return same(body, contactRecords()) }

// wantObject takes them as restapi tells them.
func wantObject(body []byte) error { return same(body, `{"res.partner":`+contactRecords()+"}") }

// wantNames takes the names of the upstream as orestapi tells them.
func wantNames(body []byte) error {
	return same(body, fmt.Sprintf(`[{"header":{"model":"res.partner","action_id":false,"menu_id":false,"count":%d,"offset":0,"limit":%d}},{"data":%s}]`,
		3*contacts, 3*contacts, named()))
}

func same(body []byte, want string) error {
	var a, b any
	if err := errors.Join(json.Unmarshal(body, &a), json.Unmarshal([]byte(want), &b)); err != nil {
		return fmt.Errorf("%w: %.600s", err, body)
	}
	if !reflect.DeepEqual(a, b) {
		return fmt.Errorf("the answer is %.600s\nwanted is %.600s", body, want)
	}
	return nil
}

// hidden is a request for a field that the rules hide.
func (b *bench) hidden() []byte {
	return []byte(strings.Replace(string(b.searchRead(b.world.warm[:1])(0)[0]), `"phone"`, `"vatid"`, 1))
}
