package caddymodule

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"go.yaml.in/yaml/v3"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/gateway"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// series is a metric with its labels, in their order.
type series struct {
	kind   string
	labels string
}

// registeredMetrics are the metrics of a running configuration.
func registeredMetrics(t *testing.T) map[string]series {
	t.Helper()
	s := site{addr: "ADDR", upstream: echo(t)}
	options, inSite, _ := strings.Cut(s.caddyfile()[strings.Index(s.caddyfile(), "odoo_gateway {"):], "}\nhttp://ADDR {")
	runCaddy(t, options, "http://ADDR {"+inSite)
	ctx := caddy.ActiveContext()
	families, err := ctx.GetMetricsRegistry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]series{}
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "odoo_gateway_") {
			var labels []string
			for _, l := range f.GetMetric()[0].GetLabel() {
				labels = append(labels, l.GetName())
			}
			slices.Sort(labels)
			found[f.GetName()] = series{strings.ToLower(f.GetType().String()), strings.Join(labels, " ")}
		}
	}
	return found
}

// The table of metrics in the documentation is that of the registry, and what
// expressions of the dashboard and of the rules name is there.
func TestMetricsAreDocumented(t *testing.T) {
	have := registeredMetrics(t)
	text := readPage(t, "../docs/operations.md")
	documented := map[string]series{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(odoo_gateway_\\w+)` \\| (\\w+) \\|([^|]*)\\|").FindAllStringSubmatch(text, -1) {
		labels := strings.Fields(strings.ReplaceAll(row[3], "`", ""))
		slices.Sort(labels)
		documented[row[1]] = series{row[2], strings.Join(labels, " ")}
	}
	if !maps.Equal(have, documented) {
		t.Errorf("the registry has\n%v\nand docs/operations.md\n%v", have, documented)
	}
	for name := range outcomePlaceholders {
		field := name[strings.LastIndexByte(name, '.')+1:]
		if !strings.Contains(text, fmt.Sprintf("| `{%s}` | `%s` |", name, field)) {
			t.Errorf("docs/operations.md lacks the placeholder {%s}", name)
		}
	}

	var board struct {
		Templating struct {
			List []struct{ Name, Type, Definition string }
		}
		Panels []struct {
			Title      string
			Datasource struct{ UID string }
			GridPos    struct{ X, Y, W, H int }
			Targets    []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(readPage(t, "../docs/grafana.json")), &board); err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, v := range board.Templating.List {
		checkExpression(t, have, "variable "+v.Name, v.Definition, shown)
	}
	for _, p := range board.Panels {
		if p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %s is not one to import", p.Title)
		}
		for _, target := range p.Targets {
			checkExpression(t, have, "panel "+p.Title, target.Expr, shown)
		}
	}
	for name := range have {
		if !shown[name] && name != "odoo_gateway_store_open" { // an alert
			t.Errorf("the dashboard does not show %s", name)
		}
	}

	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Annotations struct{ Summary, Description string }
			}
		}
	}
	if err := yaml.Unmarshal([]byte(readPage(t, "../docs/alerts.yml")), &rules); err != nil {
		t.Fatal(err)
	}
	if len(rules.Groups) != 1 || len(rules.Groups[0].Rules) < 6 {
		t.Fatalf("alerts %+v", rules)
	}
	for _, rule := range rules.Groups[0].Rules {
		if rule.Annotations.Summary == "" || rule.Annotations.Description == "" {
			t.Errorf("alert %s does not say what it is", rule.Alert)
		}
		checkExpression(t, have, "alert "+rule.Alert, rule.Expr, map[string]bool{})
	}
}

func readPage(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	metricIn   = regexp.MustCompile(`(odoo_gateway_\w+)(?:\{([^}]*)\})?`)
	matcherIn  = regexp.MustCompile(`(\w+)(=~|!~|!=|=)"([^"]*)"`)
	groupingIn = regexp.MustCompile(`(?:by|ignoring) \(([^)]*)\)`)
	valuesIn   = regexp.MustCompile(`label_values\((odoo_gateway_\w+), (\w+)\)`)
	suffix     = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// checkExpression looks for metrics and labels that there are not, and for
// values of labels that the code never gives.
func checkExpression(t *testing.T, have map[string]series, where, expression string, shown map[string]bool) {
	t.Helper()
	if expression == "" {
		return
	}
	var labels []string
	for _, m := range metricIn.FindAllStringSubmatch(expression, -1) {
		name := m[1]
		if base := suffix.ReplaceAllString(name, ""); have[base].kind == "histogram" {
			name, labels = base, append(labels, "le")
		}
		s, ok := have[name]
		if !ok {
			t.Errorf("%s: there is no metric %s", where, m[1])
			continue
		}
		shown[name] = true
		labels = append(labels, strings.Fields(s.labels)...)
		for _, matcher := range matcherIn.FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(strings.Fields(s.labels), matcher[1]) {
				t.Errorf("%s: %s has no label %s", where, name, matcher[1])
			}
			for value := range strings.SplitSeq(matcher[3], "|") {
				if !strings.HasPrefix(value, "$") && value != "" && !knownValue(matcher[1], value) {
					t.Errorf("%s: %s is never %q", where, matcher[1], value)
				}
			}
		}
	}
	if len(labels) == 0 && !strings.Contains(expression, "odoo_gateway_store_") {
		t.Errorf("%s: %s names no metric of the gateway", where, expression)
	}
	for _, g := range groupingIn.FindAllStringSubmatch(expression, -1) {
		for label := range strings.SplitSeq(g[1], ",") {
			if !slices.Contains(labels, strings.TrimSpace(label)) {
				t.Errorf("%s: grouped by %s, which none of its metrics has", where, label)
			}
		}
	}
	for _, v := range valuesIn.FindAllStringSubmatch(expression, -1) {
		if !slices.Contains(strings.Fields(have[v[1]].labels), v[2]) {
			t.Errorf("%s: %s has no label %s", where, v[1], v[2])
		}
	}
}

// knownValue tells whether a label may have a value.
func knownValue(label, value string) bool {
	values := map[string][]string{
		"part": {partGateway, partOdoo}, "outcome": {"answered", "failed"}, "grant_type": oauth.GrantTypes, "dialect": gateway.Dialects,
		"operation": gateway.Operations, "connection": gateway.ConnectionKinds, "reason": connection.Reasons, "code": scheme.Codes,
	}
	for _, d := range gateway.Decisions {
		values["decision"] = append(values["decision"], string(d))
	}
	for _, k := range audit.Kinds {
		values["event"] = append(values["event"], string(k))
	}
	return slices.Contains(values[label], value)
}
