package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// originals are the endpoints and rules of the two older interfaces, by the
// interface and the table of docs/compatibility.md in which their rows stand.
var originals = map[string]map[string][]string{
	"/restapi/1.0": {
		"Endpoints that need no token": {
			"version", "/start", "oauth1/request_token", "oauth1/authorize", "oauth1/access_token", "oauth2/authorize", "oauth2/access_token",
			"basic/access_token", "access_token_validity", "wrong client", "wrong code", "wrong refresh token", "static refresh token",
			"missing grant_type", "client_credentials", "authorize: unknown client", "authorize: redirect URI not registered", "authorize: another person",
		},
		"Objects": {
			"GET {model}/check_access_rights", "GET {model}/search", "GET {model}/search_count", "GET {model}/{id}", "GET {model}?ids=", "GET {model}?domain=",
			"GET {model}/fields_get", "POST {model}", "PUT {model}/{id}", "PUT {model}?ids=", "DELETE {model}/{id}", "DELETE {model}?ids=",
			"{model}/{method}", "{model}/{id}/{method}", "workflow/{model}/{id}/{signal}", "ir.model, ir.actions.report",
			"search_read", "read", "read_group", "default_get", "user_has_groups", "name_create", "name_search", "onchange", "export_data", "copy",
			"check_field_access_rights", "check_access_rule", "import_data",
		},
		"Reports": {"report/{name}/{id}", "report/{name}?ids=", "group"},
		"Answers": {"key of the envelope", "one record of a list as an object", "false as \"\"", "nothing found", "values", "Content-Type", "XML"},
		"Parameters": {
			"Python literals", "JSON values", "not percent-encoded", "form bodies", "JSON bodies", "XML bodies", "body of a GET", "vals as a list",
			"unknown parameters", "any HTTP method",
		},
		"Authentication": {
			"OAuth 1 signature", "Authorization: Bearer", "access_token=", "Authorization: Basic <token>", "basic_access_token=", "Odoo's session",
			"HTTP Basic with a login", "X-Authorization", "life of a token", "refusal",
		},
		"Statuses":               {"200, 201", "400", "401", "403", "403 Connection Error", "404"},
		"What others have added": {"common/oauth2/token", "common/oauth2/userinfo", "common/userinfo", "expires_in"},
	},
	"/orestapi": {
		"Endpoints": {
			"version", "application/status", "application/model", "application/user", "oauth2/authorization", "oauth2/access_token",
			"application/confluence/link", "record/name_search", "record/read", "model/field", "model/icon",
		},
		"Answers and tokens": {
			"action_id, menu_id", "count", "Content-Type", "authorization_code", "refresh_token", "status 401 for every error", "one token set for a person", "a new code ends the earlier ones", "32 characters",
			"no consent page", "redirect URI", "expiry of refresh tokens", "Bearer", "model schemes",
		},
		"What was wrong with the original": {
			"1. name_search as superuser", "2. fields without limit in record/read", "3. model/field for whitelists alone", "4. no paging with a name",
			"5. offset=0, limit=0", "6. an expired code answers 200", "7. archived applications read on", "8. filters that are not applied",
			"9. dates and files", "10. application/user broken", "11. secrets for everybody", "12. kept codes are never purged",
		},
		"Codes": codesOf(
			"OrestapiApplicationData-", "0010 0020 0030", "OrestapiApplicationGetModel-", "0010 0020 0050 0060",
			"OrestapiApplicationUserClient-", "0001 0002 0003 0004 0005 0006 0007 0008", "OrestapiOauth2Authorization-", "0001 0002 0003 0004 0005 0006",
			"OrestapiOauth2AccessToken-", "0001 0020 0021 0030 0040 0050 0051 0060 0070 0201 0202 0203 0204 0205 0220",
			"OrestapiNameSearch-", "0010 0020 0021 0022", "OrestapiContentRecordRead-", "0010 0020 0021 0030 0040", "OrestapiContentRecordRead ", "0050",
			"OrestapiModelFields-", "0010", "OrestapiModelField-", "0020 0021 0022 0030 0031 0032 0040 0041",
		),
	},
}

// codesOf puts prefixes before numbers.
func codesOf(pairs ...string) (codes []string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		for number := range strings.FieldsSeq(pairs[i+1]) {
			codes = append(codes, pairs[i]+number)
		}
	}
	return codes
}

// TestCompatibilityNamesItsTests: docs/compatibility.md has a row for every
// endpoint and rule of the originals, with its state and with tests that exist.
func TestCompatibilityNamesItsTests(t *testing.T) {
	for _, complaint := range incompatibility(compatibility(t), testsByPackage(t)) {
		t.Error(complaint)
	}
}

func compatibility(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "docs", "compatibility.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// testsByPackage are the packages in which there is a test of a name.
func testsByPackage(t *testing.T) map[string][]string {
	t.Helper()
	packages := map[string][]string{}
	for name := range testsOf(t, "..") {
		if folder, test, ok := strings.Cut(name, "."); ok {
			packages[test] = append(packages[test], folder)
		}
	}
	return packages
}

var (
	quotedTest = regexp.MustCompile("`(?:(\\w+)\\.)?((?:Test|Benchmark|Fuzz)[A-Z0-9]\\w*)`")
	moreCodes  = regexp.MustCompile(`, -(\d+)`)
)

// incompatibility says what is wrong with the page.
func incompatibility(page string, packages map[string][]string) []string {
	var wrong []string
	rows := map[string][]string{} // by interface, table and row
	section, table := "", ""
	for line := range strings.Lines(page) {
		for _, name := range quotedTest.FindAllStringSubmatch(line, -1) {
			switch found := packages[name[2]]; {
			case len(found) == 0 || name[1] != "" && !slices.Contains(found, name[1]):
				wrong = append(wrong, fmt.Sprintf("there is no %s: %.60s…", name[0], line))
			case name[1] == "" && len(found) > 1:
				wrong = append(wrong, fmt.Sprintf("%s is in %v: %.60s…", name[0], found, line))
			}
		}
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section, table = strings.Trim(strings.TrimSpace(title), "`"), ""
		} else if title, ok := strings.CutPrefix(line, "### "); ok {
			table = strings.TrimSpace(title)
		}
		cells := strings.Split(line, "|")
		if len(cells) != 6 || cells[0] != "" {
			continue
		}
		cells = cells[1:5]
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		first := strings.ReplaceAll(cells[0], "`", "")
		names := []string{first}
		if table == "Codes" { // one row for several
			one, _, _ := strings.Cut(first, ", -")
			names = []string{one}
			for _, number := range moreCodes.FindAllStringSubmatch(first, -1) {
				names = append(names, one[:len(one)-len("0000")]+number[1])
			}
		}
		for _, name := range names {
			key := section + ": " + table + ": " + name
			if rows[key] != nil {
				wrong = append(wrong, key+" has two rows")
			}
			rows[key] = cells
		}
	}
	for section, tables := range originals {
		for table, names := range tables {
			for _, name := range names {
				key := section + ": " + table + ": " + name
				cells := rows[key]
				switch {
				case cells == nil:
					wrong = append(wrong, key+" has no row")
				case !slices.Contains([]string{"yes", "no", "differs", "compat"}, cells[1]):
					wrong = append(wrong, fmt.Sprintf("%s has the state %q", key, cells[1]))
				case cells[1] != "yes" && cells[1] != "compat" && table != "What was wrong with the original" && len(cells[2]) < len("likewise"):
					wrong = append(wrong, key+" has no reason")
				case !quotedTest.MatchString(cells[3]):
					wrong = append(wrong, key+" has no test")
				}
			}
		}
	}
	return wrong
}

// TestIncompatibilityIsFound: the check sees what is missing.
func TestIncompatibilityIsFound(t *testing.T) {
	page, packages := compatibility(t), testsByPackage(t)
	row := func(begin, by string) string {
		return regexp.MustCompile(`(?m)^\| `+regexp.QuoteMeta(begin)+`.*\n`).ReplaceAllString(page, by)
	}
	for what, c := range map[string]struct{ page, want string }{
		"an endpoint that is not there":   {row("`GET {model}/search` |", ""), "/restapi/1.0: Objects: GET {model}/search has no row"},
		"a code that is not there":        {strings.Replace(page, ", -0203, ", ", ", 1), "OrestapiOauth2AccessToken-0203 has no row"},
		"a row twice":                     {page + "\n## `/orestapi`\n\n### Endpoints\n| `version` | yes | | `TestIcon` |\n", "/orestapi: Endpoints: version has two rows"},
		"a test that does not exist":      {strings.Replace(page, "`TestIcon`", "`TestIconography`", 1), "there is no `TestIconography`"},
		"a test of a package without it":  {strings.Replace(page, "`TestIcon`", "`restapi.TestIcon`", 1), "there is no `restapi.TestIcon`"},
		"a test that several could be":    {strings.Replace(page, "`restapi.TestMethods`", "`TestMethods`", 1), "`TestMethods` is in "},
		"a row without a test":            {row("`record/read`", "| `record/read` | yes | | soon |\n"), "/orestapi: Endpoints: record/read has no test"},
		"a row without a reason":          {row("`copy`", "| `copy` | no | | `TestIcon` |\n"), "/restapi/1.0: Objects: copy has no reason"},
		"a row of another state":          {row("`copy`", "| `copy` | partly | so to say | `TestIcon` |\n"), `/restapi/1.0: Objects: copy has the state "partly"`},
		"a page with another interface":   {strings.Replace(page, "## `/orestapi`", "## Others", 1), "/orestapi: Codes: OrestapiContentRecordRead 0050 has no row"},
		"an empty page":                   {"", "/restapi/1.0: Statuses: 404 has no row"},
		"a table under another heading":   {strings.Replace(page, "### Codes", "### Numbers", 1), "/orestapi: Codes: OrestapiModelFields-0010 has no row"},
		"a row under another table's row": {strings.Replace(page, "| `group` |", "| `grouped` |", 1), "/restapi/1.0: Reports: group has no row"},
	} {
		if found := strings.Join(incompatibility(c.page, packages), "\n"); !strings.Contains(found, c.want) {
			t.Errorf("%s: found %q", what, found)
		}
	}
}
