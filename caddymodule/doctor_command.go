package caddymodule

import (
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"reflect"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/caddy-odoo/gateway/internal/doctor"
)

func doctorCommand() *cobra.Command {
	var (
		admin   adminFlags
		gateway string
		asJSON  bool
	)
	cmd := &cobra.Command{
		Use:   "doctor [--gateway <name>] [--json] [--address <interface>] [--config <path> [--adapter <name>]]",
		Short: "Tells what is wrong with the gateways of the running Caddy, and what to do",
		Long: `
Has the running Caddy look at its store and at each gateway, and changes
nothing: whether the store can be read and has room, whether the next start has
its sealing key, whether the issuer's address leads to the gateway, whether its
host and port are those of the site, whether Odoo answers, knows that people
come by https, has the database, takes the keys of service accounts, and has the
models, fields and reports that the configuration names; where applications are
sent back to, and whether their secrets are easily guessed. With a config file
it also tells whether that is what runs.

Each line is ok, unknown, warning or problem, with what to do below it. The exit
status is 1 where there is a problem.` + howFound,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SilenceUsage = true
			file, ok := admin.examineFile()
			var d diagnosis
			err := admin.list(doctorEndpoint, url.Values{"gateway": {gateway}, "store": {file.key.dir}, "seal_key": {file.key.mark}}, &d)
			if err != nil {
				return err
			}
			if ok {
				d.Findings = append([]doctor.Finding{file.finding(d.OtherKey)}, d.Findings...)
				d.OK = d.count(doctor.Problem) == 0
			}
			if err := d.print(cmd.OutOrStdout(), asJSON); err != nil {
				return err
			}
			if !d.OK {
				cmd.SilenceErrors = true // it was just said
				return errors.New("something is wrong")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&gateway, "gateway", "", "The name of a gateway; without it, the doctor looks at all")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one line of JSON for programs")
	admin.add(cmd)
	return cmd
}

func (d diagnosis) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(d)
	}
	return d.write(out)
}

// examinedFile is what was found about the config file.
type examinedFile struct {
	found doctor.Finding
	name  string
	// key is that of a file that is not what runs, and could be.
	key offeredKey
}

// finding is what was found. A file with another key than that of the store
// can not be loaded, whatever else is right in it.
func (e examinedFile) finding(otherKey bool) doctor.Finding {
	if otherKey {
		e.found.Status, e.found.Text = doctor.Problem, e.name+" is not what runs, and can not be: "+errOtherKey(e.key.dir).Error()
		e.found.Advice = "do so before Caddy restarts or reloads: neither would work"
	}
	return e.found
}

// examineFile compares the config file with what runs. It is not ok where there
// is no file.
func (f adminFlags) examineFile() (e examinedFile, ok bool) {
	e.found = doctor.Finding{Part: "configuration", Status: doctor.OK}
	if f.address != "" && f.config == "" {
		return e, false
	}
	config, file, _, err := caddycmd.LoadConfig(f.config, f.adapter)
	switch {
	case err != nil:
		e.found.Status, e.found.Text, e.found.Advice = doctor.Problem, "can not be read: "+err.Error(), "mend it before Caddy restarts"
		return e, true
	case file == "":
		return e, false
	}
	e.name = file
	var inFile struct {
		Apps map[string]json.RawMessage `json:"apps"`
	}
	runs, err := f.get("/config/apps")
	if err == nil {
		err = json.Unmarshal(config, &inFile)
	}
	var running map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(runs, &running)
	}
	if err != nil {
		e.found.Status, e.found.Text = doctor.Unknown, file+" can not be compared with what runs: "+err.Error()
		return e, true
	}
	if sameJSON(inFile.Apps["odoo_gateway"], running["odoo_gateway"]) && sameJSON(inFile.Apps["http"], running["http"]) {
		e.found.Text = file + " is what runs"
		return e, true
	}
	e.found.Status, e.found.Text = doctor.Warning, file+" is not what runs"
	e.found.Advice = "caddy reload --config " + file
	if app := inFile.Apps["odoo_gateway"]; app != nil {
		if e.key, err = tryOut(app); err != nil && !strings.Contains(err.Error(), "placeholder {") { // which Caddy's environment may have
			e.found.Status, e.found.Text = doctor.Problem, file+" is not what runs, and can not be: "+err.Error()
			e.found.Advice = "mend it before Caddy restarts"
		}
	}
	return e, true
}

// tryOut provisions the app, and returns the key that it would open its store
// with; an unknown one where this user can not read it.
func tryOut(app json.RawMessage) (offeredKey, error) {
	a, err := provisioned(app)
	if err != nil {
		return offeredKey{}, err
	}
	k := offeredKey{dir: a.store.options.name}
	if key, err := a.store.options.key(); err == nil {
		k.mark = markOf(key)
	}
	return k, a.Cleanup()
}

// sameJSON tells whether two texts, of which each may be missing, mean the same.
func sameJSON(a, b json.RawMessage) bool {
	var x, y any
	if len(a) > 0 && json.Unmarshal(a, &x) != nil || len(b) > 0 && json.Unmarshal(b, &y) != nil {
		return false
	}
	return reflect.DeepEqual(x, y)
}
