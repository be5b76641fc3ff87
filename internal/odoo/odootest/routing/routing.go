// Package routing tells, for tests, how Odoo reads the target of a request:
// what its server decodes and its router finds. It is written to be obviously
// right, not fast, and shares nothing with the gateway, so that the two can be
// compared; a table of werkzeug's own answers is what it is tested by.
package routing

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Endpoint is what a target reaches.
type Endpoint struct {
	// Name is one of those in routes, "" for none.
	Name string
	// Args is what the path holds for it, in its order.
	Args []string
}

// Languages are those that Odoo takes off the front of a path.
var Languages = []string{"en", "fr", "pt_BR"}

// route is one rule of Odoo's.
type route struct {
	name    string
	pattern *regexp.Regexp
}

// routes are rules of Odoo's, and those that the addons had whose interfaces
// the gateway keeps. The first that matches counts: a fixed word comes before
// a number, a number before a word, and a whole path last.
var routes = compile([][2]string{
	{"json2 none", "/json/2"},
	{"json2", "/json/2/<word>/<word>"},
	{"json2 none", "/json/2/<path>"},
	{"json", "/json/1/<path>"},
	{"version", "/json/version"},
	{"json", "/json/<path>"},
	{"version", "/web/version"},
	{"jsonrpc", "/jsonrpc"},
	{"xmlrpc", "/xmlrpc/2/<word>"},
	{"xmlrpc", "/xmlrpc/<word>"},
	{"call", "/web/dataset/call_kw"},
	{"call", "/web/dataset/call_kw/<path>"},
	{"call", "/web/dataset/call_button"},
	{"call", "/web/dataset/call_button/<path>"},
	{"database", "/web/database/selector"},
	{"database", "/web/database/manager"},
	{"database", "/web/database/create"},
	{"database", "/web/database/duplicate"},
	{"database", "/web/database/drop"},
	{"database", "/web/database/backup"},
	{"database", "/web/database/restore"},
	{"database", "/web/database/change_password"},
	{"database", "/web/database/list"},
	{"file", "/web/content"},
	{"file attachment", "/web/content/<number>"},
	{"file named", "/web/content/<word>"},
	{"file attachment", "/web/content/<number>/<word>"},
	{"file named", "/web/content/<word>/<word>"},
	{"file field", "/web/content/<word>/<number>/<word>"},
	{"file field", "/web/content/<word>/<number>/<word>/<word>"},
	{"file", "/web/image"},
	{"file attachment", "/web/image/<number>"},
	{"file attachment", "/web/image/<number>-<word>"},
	{"file named", "/web/image/<word>"},
	{"file attachment", "/web/image/<number>/<number>x<number>"},
	{"file attachment", "/web/image/<number>/<word>"},
	{"file attachment", "/web/image/<number>-<word>/<number>x<number>"},
	{"file attachment", "/web/image/<number>-<word>/<word>"},
	{"file named", "/web/image/<word>/<number>x<number>"},
	{"file named", "/web/image/<word>/<word>"},
	{"file attachment", "/web/image/<number>/<number>x<number>/<word>"},
	{"file attachment", "/web/image/<number>-<word>/<number>x<number>/<word>"},
	{"file named", "/web/image/<word>/<number>x<number>/<word>"},
	{"file field", "/web/image/<word>/<number>/<word>"},
	{"file field", "/web/image/<word>/<number>/<word>/<number>x<number>"},
	{"file field", "/web/image/<word>/<number>/<word>/<word>"},
	{"file field", "/web/image/<word>/<number>/<word>/<number>x<number>/<word>"},
	{"report", "/report/download"},
	{"report", "/report/<word>/<word>"},
	{"report", "/report/<word>/<word>/<word>"},
	{"export", "/web/export/formats"},
	{"export", "/web/export/get_fields"},
	{"export", "/web/export/namelist"},
	{"export", "/web/export/csv"},
	{"export", "/web/export/xlsx"},
	{"websocket", "/websocket"},
	{"become", "/web/become"},
	{"login", "/web/login"},
	{"restapi records", "/restapi/1.0/object/<word>"},
	{"restapi record", "/restapi/1.0/object/<word>/<number>"},
	{"restapi method", "/restapi/1.0/object/<word>/<word>"},
	{"restapi record method", "/restapi/1.0/object/<word>/<number>/<word>"},
	{"restapi report", "/restapi/1.0/report/<word>"},
	{"restapi record report", "/restapi/1.0/report/<word>/<number>"},
	{"file field", "/restapi/1.0/binary/<word>/<number>/<word>"},
	{"orestapi", "/orestapi/record/read"},
	{"orestapi", "/orestapi/record/name_search"},
	{"orestapi", "/orestapi/model/field"},
})

func compile(list [][2]string) []route {
	var out []route
	for _, r := range list {
		pattern := regexp.QuoteMeta(r[1])
		pattern = strings.ReplaceAll(pattern, "<word>", `([^/]+)`)
		pattern = strings.ReplaceAll(pattern, "<number>", `(\p{Nd}+)`)
		pattern = strings.ReplaceAll(pattern, "<path>", `([^/].*)`)
		out = append(out, route{r[0], regexp.MustCompile(`\A` + pattern + `/?\z`)}) // strict_slashes=False
	}
	return out
}

// Read tells what a POST for a target reaches, as it stands in the request
// line that comes to Odoo: origin form, with valid escapes and in ASCII.
func Read(target string) (Endpoint, error) {
	encoded, _, _ := strings.Cut(target, "?")
	path, err := url.PathUnescape(encoded)
	if err != nil {
		return Endpoint{}, fmt.Errorf("target %q: %w", target, err)
	}
	path = string([]rune(path)) // what is no UTF-8 becomes U+FFFD
	if found := find(path); found.Name != "" {
		return found, nil
	}
	language, rest, _ := strings.Cut(strings.TrimLeft(path, "/"), "/")
	if slices.Contains(Languages, language) {
		return find("/" + rest), nil
	}
	return Endpoint{}, nil
}

// find is the router.
func find(path string) Endpoint {
	path = "/" + strings.TrimLeft(path, "/")
	for _, r := range routes {
		if groups := r.pattern.FindStringSubmatch(path); groups != nil {
			return Endpoint{r.name, groups[1:]}
		}
	}
	return Endpoint{}
}
