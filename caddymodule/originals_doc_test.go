package caddymodule

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/caddy-odoo/gateway/internal/console"
	"github.com/caddy-odoo/gateway/internal/oauth"
)

// screens are the settings, buttons and screens of the two addons, by the
// table of docs/compatibility.md in which their rows stand.
var screens = map[string][]string{
	"Screens of the `/orestapi` addon": {
		"menu Applications", "menu Authorizations", "menu Authorization Codes", "menu Model Schemes", "menu Model Configurations",
		"archived records by a filter", "Audit tab of each form", "changes in the chatter", "REST API debug mode", "tokens and secrets in clear",
	},
	"Application": {
		"Logo", "Name", "Description", "Client ID", "Client Secret", "Generate", "Own ID, Own Secret", "Model Scheme", "Models tab (before schemes)",
		"Company", "Active", "Client Access Token Expiry Limit",
	},
	"URIs":               {"URI", "unique across all applications", "Authorize individually", "Description of a URI", "Active of a URI"},
	"OAuth 2.0 settings": {"Authorization Code Expiry", "Authorization Code Retain", "Access Token Expiry", "Refresh Token Expiry"},
	"Model scheme and model configuration": {
		"scheme: Name, Description", "scheme: Company", "scheme: Active", "scheme: Model Limit None", "scheme: Model Limit Blacklist",
		"scheme: Model Limit Whitelist", "scheme: Application button", "Default model scheme", "the limit only says what is listed",
		"configuration: Name", "configuration: Image", "configuration: Model, Model Technical Name", "configuration: Model Display Name",
		"configuration: Filter", "configuration: Description", "configuration: Active", "configuration: Field Limit", "configuration: Schemes tab",
		"Default partner model configuration",
	},
	"Revoking, and who may": {
		"Revoke Tokens, in the list of authorizations", "Revoke Tokens, at a user", "Revoke Tokens, of several at once", "Revoke Authorization Codes",
		"one's own authorizations, in the preferences", "any internal user reads applications, secrets and authorizations",
		"the group REST API Admin", "the group App Administrator",
	},
	"The `/restapi` addon": {
		"Name, Description", "Organization name and website", "Privacy Policy URL, Terms of Service URL", "User", "Access type",
		"Consumer Key, Consumer Secret", "Regenerate Consumer key and Secret, Update Key & Secret",
		"OAuth 1: Access Token and Secret, their buttons, its endpoints", "OAuth 2: Refresh Token", "OAuth 2: Authorize Redirect URLs",
		"OAuth 2: live access tokens with validity", "Regenerate Refresh Token", "Revoke Refresh Token", "endpoint lists",
		"Basic: live tokens, endpoints", "Send By Email", "Active", "token lifetime of 30 minutes", "daily clean-up of expired tokens",
		"scopes, model and field limits, rate limits, addresses", "everybody may write all tokens", "user `auth` with the password `auth`", "one database",
	},
}

// TestScreensOfTheOriginals: each setting, button and screen of the addons has
// a row in docs/compatibility.md, which names what stands in its place: a
// setting, a page or a command that is there, or the reason why there is none.
func TestScreensOfTheOriginals(t *testing.T) {
	page, err := os.ReadFile("../docs/compatibility.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range all(t).missingScreens(string(page)) {
		t.Error(complaint)
	}
}

// TestMissingScreens: the check sees what is missing.
func TestMissingScreens(t *testing.T) {
	data, err := os.ReadFile("../docs/compatibility.md")
	if err != nil {
		t.Fatal(err)
	}
	page, there := string(data), all(t)
	for change, want := range map[[2]string]string{
		{"| menu Authorizations | yes |", "| menu Others | yes |"}:                                                                             "menu Authorizations has no row",
		{"| Logo | yes |", "| Logo | perhaps |"}:                                                                                               `Logo has the state "perhaps"`,
		{"`application.logo`", "`application.picture`"}:                                                                                        "application.picture is no setting",
		{"| Logo | yes | `application.logo` |", "| Logo | yes | soon |"}:                                                                       "Logo names nothing that is there",
		{"`/restapi/1.0/admin/codes`", "`/restapi/1.0/admin/code`"}:                                                                            "/restapi/1.0/admin/code is no page",
		{"`caddy odoo-gateway codes list`", "`caddy odoo-gateway codes show`"}:                                                                 "caddy odoo-gateway codes show: there is no such command",
		{"| user `auth` with the password `auth` | no | nothing is installed in Odoo |", "| user `auth` with the password `auth` | no | so |"}: "user `auth` with the password `auth` has no reason",
		{"### URIs", "### Addresses"}:                                                                                                          "URIs: URI has no row",
	} {
		if !strings.Contains(page, change[0]) {
			t.Fatalf("the page lacks %s", change[0])
		}
		if found := strings.Join(there.missingScreens(strings.Replace(page, change[0], change[1], 1)), "\n"); !strings.Contains(found, want) {
			t.Errorf("%s: found %q", change[1], found)
		}
	}
}

// counterparts are what may stand in the place of a screen.
type counterparts struct {
	blocks   map[string][]string
	commands map[string]*cobra.Command
	pages    []string
}

// all are those that are there.
func all(t *testing.T) counterparts {
	t.Helper()
	return counterparts{parsedSettings(t), leafCommands(t), append(console.Paths(), oauth.AuthorizationsPath)}
}

// missingScreens says what is wrong with the page.
func (c counterparts) missingScreens(page string) (wrong []string) {
	_, page, _ = strings.Cut(page, "\n## What administrators and people had\n")
	rows := map[string][]string{}
	table := ""
	for line := range strings.Lines(page) {
		if title, ok := strings.CutPrefix(line, "### "); ok {
			table = strings.TrimSpace(title)
		}
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) >= 3 {
			rows[table+": "+strings.TrimPrefix(cells[0], "| ")] = []string{cells[1], strings.Trim(strings.Join(cells[2:], " | "), " |")}
		}
	}
	for table, names := range screens {
		for _, name := range names {
			row := rows[table+": "+name]
			switch {
			case row == nil:
				wrong = append(wrong, fmt.Sprintf("%s: %s has no row", table, name))
				continue
			case !slices.Contains([]string{"yes", "no", "differs"}, row[0]):
				wrong = append(wrong, fmt.Sprintf("%s has the state %q", name, row[0]))
			}
			there, bad := c.named(row[1])
			wrong = append(wrong, bad...)
			named := there > 0 || strings.Contains(name, "efault") || strings.HasPrefix(name, "unique") || strings.HasPrefix(name, "the limit")
			if row[0] != "no" && !named {
				wrong = append(wrong, name+" names nothing that is there")
			}
			if row[0] == "no" && len(row[1]) < len("likewise") {
				wrong = append(wrong, name+" has no reason")
			}
		}
	}
	return wrong
}

// named counts the settings, pages and commands that a text names, and says
// which of them are not there.
func (c counterparts) named(text string) (there int, wrong []string) {
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		name := m[1]
		block, setting, dotted := strings.Cut(name, ".")
		line, command := strings.CutPrefix(name, "caddy odoo-gateway ")
		switch {
		case command:
			if bad := wrongCommand(c.commands, line); bad != "" {
				wrong = append(wrong, name+": "+bad)
				continue
			}
		case strings.HasPrefix(name, "/restapi/"):
			if !slices.Contains(c.pages, name) {
				wrong = append(wrong, name+" is no page")
				continue
			}
		case dotted && name != "odoo_gateway.audit" && c.blocks[block] != nil:
			if !slices.Contains(c.blocks[block], setting) {
				wrong = append(wrong, name+" is no setting")
				continue
			}
		default:
			continue
		}
		there++
	}
	return there, wrong
}
