package e2e

import (
	"encoding/json"
	"strings"
	"testing"
)

// demo is a running demo command and what it says.
type demo struct {
	*process
	WikiURL       string `json:"wiki_url"`
	GatewayURL    string `json:"gateway_url"`
	OdooURL       string `json:"odoo_url"`
	ClientID      string `json:"client_id"`
	ClientSecret  string `json:"client_secret"`
	RedirectURI   string `json:"redirect_uri"`
	ConsoleURL    string `json:"console_url"`
	Database      string
	Login         string
	Password      string
	AdminLogin    string `json:"admin_login"`
	AdminPassword string `json:"admin_password"`
	APIKey        string `json:"api_key"`
	// folder is where it keeps its temporary files.
	folder string
}

// startDemo runs the demo command with arguments.
func startDemo(t *testing.T, args ...string) *demo {
	t.Helper()
	d := &demo{folder: t.TempDir()}
	var line string
	d.process = startCaddy(t, []string{"TMPDIR=" + d.folder}, func(l string) bool {
		if strings.HasPrefix(l, `{"wiki_url"`) {
			line = l // read after startCaddy has returned
			return true
		}
		return false
	}, append([]string{"odoo-gateway", "demo", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(line), d); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	return d
}
