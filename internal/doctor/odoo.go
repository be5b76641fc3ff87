package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// The versions of Odoo that the gateway is made for.
const oldest, newest = 16, 20

// maxSkew is how far two clocks may be apart before somebody should look.
const maxSkew = time.Minute

// Asking is how Odoo is asked.
type Asking struct {
	// Transport is the way to Odoo.
	Transport http.RoundTripper
	// Version asks for its version.
	Version func(context.Context, http.RoundTripper) (string, error)
	// ServiceAccount tries that of an application.
	ServiceAccount func(context.Context, http.RoundTripper, *application.Application) error
	// Models asks about the models of the model schemes.
	Models func(context.Context, http.RoundTripper) (Models, error)
}

// Odoo asks Odoo all that is to be asked. The version is "" where it does not
// answer.
func (p Patient) Odoo(ctx context.Context, a Asking) (version string, all []Finding) {
	dated := &datedTransport{RoundTripper: a.Transport}
	version, err := a.Version(ctx, dated)
	if err != nil {
		return "", []Finding{{
			Part: "odoo", Status: Problem, Text: "does not answer: " + err.Error(),
			Advice: "see whether Odoo runs, and compare its address with the one after reverse_proxy",
		}}
	}
	all = append(all, versionFinding(version))
	if !dated.date.IsZero() {
		all = append(all, clockFinding(dated.date.Sub(dated.now)))
	}
	l, err := p.lookAtLogin(ctx, a.Transport)
	if err != nil {
		return version, append(all, Finding{
			Part: "login page", Status: Problem, Text: "/web/login does not answer: " + err.Error(),
			Advice: "people log in there: let the site hand it on to Odoo",
		})
	}
	database := p.database(ctx, a.Transport, l)
	all = append(all, p.proxyMode(ctx, a.Transport, l), database)
	for i := range p.Applications {
		if app := &p.Applications[i]; app.Active && app.Service != nil {
			all = append(all, serviceFinding(app, a.ServiceAccount(ctx, a.Transport, app)))
		}
	}
	if database.Status == Problem {
		return version, all // what is in it is the next question
	}
	models, err := a.Models(ctx, a.Transport)
	all = append(all, modelFindings(models, err)...)
	return version, append(all, reportFindings(models.Reports)...)
}

// datedTransport remembers when Odoo says it is, and when that was.
type datedTransport struct {
	http.RoundTripper
	date, now time.Time
}

func (d *datedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := d.RoundTripper.RoundTrip(r)
	if err == nil {
		d.now = time.Now()
		if date, err := http.ParseTime(res.Header.Get("Date")); err == nil {
			d.date = date
		}
	}
	return res, err
}

func versionFinding(version string) Finding {
	f := Finding{Part: "odoo", Status: OK, Text: "answers, version " + version}
	// Odoo Online calls versions "saas~17.2".
	number, _, _ := strings.Cut(strings.TrimPrefix(version, "saas~"), ".")
	if major, err := strconv.Atoi(number); err != nil || major < oldest || major > newest {
		f.Status, f.Advice = Warning, fmt.Sprintf("the gateway is made for Odoo %d to %d: try what your applications do", oldest, newest)
	}
	return f
}

func clockFinding(ahead time.Duration) Finding {
	f := Finding{Part: "clock", Status: OK, Text: "Odoo's clock and this machine's agree"}
	if ahead.Abs() > maxSkew {
		direction := "ahead of"
		if ahead < 0 {
			direction = "behind"
		}
		f.Status, f.Text = Warning, fmt.Sprintf("Odoo's clock is %v %s this machine's", ahead.Abs().Round(time.Second), direction)
		f.Advice = "let both follow a time server: sessions and keys end at other times than people are told"
	}
	return f
}

// database tells whether people of this address get to the database.
func (p Patient) database(ctx context.Context, rt http.RoundTripper, l login) Finding {
	f := Finding{Part: "database", Status: OK, Text: p.Database + " is there"}
	has, err := p.Client.HasDatabase(ctx, rt, p.UserAgent)
	switch {
	case err == nil && !has:
		f.Status, f.Text = Problem, "Odoo has no database "+p.Database
		f.Advice = "set database to the name of one that Odoo has"
	case l.providerDatabase != "" && l.providerDatabase != p.Database:
		f.Status, f.Text = Problem, "people of this address get to the database "+l.providerDatabase+", and not to "+p.Database
		f.Advice = "set database to it, or dbfilter in Odoo's configuration so that this host name leads to " + p.Database
	case l.chooser:
		f.Status, f.Text = Warning, "Odoo lets people of this address choose a database"
		f.Advice = "set dbfilter in Odoo's configuration so that this host name leads to " + p.Database + " alone"
	case err != nil:
		f.Status, f.Text = Unknown, "Odoo does not tell whether it has the database "+p.Database
	}
	return f
}

func serviceFinding(app *application.Application, err error) Finding {
	f := Finding{Part: "service account", Status: OK, Text: "application " + app.Name + ": Odoo takes the key of " + app.Service.Login}
	if err == nil {
		return f
	}
	f.Status, f.Text = Problem, "application "+app.Name+": "+err.Error()
	f.Advice = "ask again once Odoo answers"
	if failed := (*odoo.Error)(nil); errors.As(err, &failed) && failed.Kind == odoo.AccessDenied {
		f.Text = "application " + app.Name + ": Odoo refuses the login or the key of " + app.Service.Login
		f.Advice = "compare the login; else make a new API key in the preferences of that user, set api_key of the service_connection to it, and reload; where a file holds it, with `caddy reload --force`; where an environment variable does, restart Caddy instead"
	}
	return f
}
