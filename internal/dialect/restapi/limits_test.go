package restapi_test

import (
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/dialect/dialecttest"
	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
)

// TestLimitsOfInput: each way to say something has its bounds in depth, number
// and size, and what is beyond one is refused before anybody is asked.
func TestLimitsOfInput(t *testing.T) {
	nest := func(open, inside, shut string, n int) string {
		return strings.Repeat(open, n) + inside + strings.Repeat(shut, n)
	}
	const (
		post  = "POST /restapi/1.0/object/res.partner"
		multi = "Content-Type: multipart/form-data; boundary=part\r\n"
		plain = "Content-Type: text/plain\r\n"
	)
	part := func(value string) string {
		return "--part\r\nContent-Disposition: form-data; name=\"vals\"\r\n\r\n" + value + "\r\n--part--\r\n"
	}
	deep := func(n int) string { return `{"a":` + nest("[", "", "]", n) + `}` }
	many := func(n int) string { return `{"a":[` + strings.TrimSuffix(strings.Repeat("1,", n), ",") + `]}` }
	text := func(n int) string { return `{"a":"` + strings.Repeat("x", n) + `"}` }
	// With its types, so that nobody is asked for those of the fields.
	xml := func(inside string) string { return "<vals>" + inside + "</vals>" }
	null := `<item type="null"/>`
	for name, tt := range map[string]struct {
		query, headers string
		at, beyond     string
		status         int // of what is beyond
	}{
		"literal in the address, depth": {"?vals=$", "", deep(63), deep(64), 400},
		"literal in a form, depth":      {"", formType, "vals=" + deep(63), "vals=" + deep(64), 400},
		"literal in a form, number":     {"", formType, "vals=" + many(99_997), "vals=" + many(99_998), 400},
		"form, size":                    {"", formType, "vals=" + text(1<<20-13), "vals=" + text(1<<20-12), 400},
		"literal in a part, depth":      {"", multi, part(deep(63)), part(deep(64)), 400},
		"parts, size":                   {"", multi, part(text(1<<20 - 80)), part(text(1 << 20)), 400},
		"text, depth":                   {"", plain, deep(63), deep(64), 400},
		"text, number":                  {"", plain, many(99_997), many(99_998), 400},
		"text, size":                    {"", plain, text(1<<20 - 8), text(1<<20 - 7), 400},
		"without a type, depth":         {"", "", deep(63), deep(64), 400},
		"JSON, depth":                   {"", jsonType, deep(63), deep(64), 400},
		"JSON, number":                  {"", jsonType, many(99_997), many(99_998), 400},
		"JSON, size":                    {"", jsonType, text(restapi.DefaultMaxBody - 8), text(restapi.DefaultMaxBody - 7), 413},
		"XML, depth":                    {"", xmlType, xml(nest("<b>", null, "</b>", 30)), xml(nest("<b>", null, "</b>", 31)), 400},
		"XML, number":                   {"", xmlType, xml("<a>" + strings.Repeat(null, 49_998) + "</a>"), xml("<a>" + strings.Repeat(null, 49_999) + "</a>"), 400},
		"XML, size":                     {"", xmlType, xml(`<a type="str">` + strings.Repeat("x", restapi.DefaultMaxBody-31) + "</a>"), xml(`<a type="str">` + strings.Repeat("x", restapi.DefaultMaxBody-30) + "</a>"), 413},
	} {
		for _, c := range []struct {
			what   string
			status int
			calls  int
		}{{tt.at, 201, 2}, {tt.beyond, tt.status, 0}} {
			line, body := post, c.what
			if tt.query != "" {
				line, body = post+strings.ReplaceAll(tt.query, "$", c.what), ""
			}
			runner := &dialecttest.Runner{Answers: []string{"7", `[{"id":7}]`}}
			got := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: runner}))(line, tt.headers, body)
			if got.Status != c.status || len(runner.Calls) != c.calls {
				t.Errorf("%s: %d %.300s after %d calls, want %d", name, got.Status, got.Body, len(runner.Calls), c.status)
			}
		}
	}
}
