package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/caddy-odoo/gateway/internal/doctor"
)

// How long the doctor looks at one gateway, and at the store.
const (
	gatewayTime = 15 * time.Second
	storeTime   = 10 * time.Second
)

// gatewayDiagnosis is what was found about one gateway.
type gatewayDiagnosis struct {
	Name        string           `json:"name"`
	Issuer      string           `json:"issuer"`
	OdooVersion string           `json:"odoo_version,omitempty"`
	Findings    []doctor.Finding `json:"findings"`
}

// diagnosis is the answer of the admin endpoint.
type diagnosis struct {
	// OK is false where there is a problem; warnings are none.
	OK bool `json:"ok"`
	// Findings are those that belong to no gateway.
	Findings []doctor.Finding   `json:"findings"`
	Gateways []gatewayDiagnosis `json:"gateways"`
	// OtherKey says that the store is sealed with another key than the one that
	// was asked about.
	OtherKey bool `json:"other_seal_key,omitempty"`
}

// count tells how many findings have a status.
func (d diagnosis) count(status doctor.Status) int {
	n := 0
	d.each(func(f doctor.Finding) {
		if f.Status == status {
			n++
		}
	})
	return n
}

func (d diagnosis) each(look func(doctor.Finding)) {
	for _, f := range d.Findings {
		look(f)
	}
	for _, g := range d.Gateways {
		for _, f := range g.Findings {
			look(f)
		}
	}
}

// examine looks at the store and at one gateway, or at all where the name is
// empty.
func (a *App) examine(ctx context.Context, name string) (diagnosis, error) {
	names := slices.Sorted(maps.Keys(a.gateways))
	if name != "" {
		if _, err := a.gateway(name); err != nil {
			return diagnosis{}, err
		}
		names = []string{name}
	}
	d := diagnosis{Findings: a.examineStore(ctx), Gateways: []gatewayDiagnosis{}}
	if len(names) == 0 {
		d.Findings = append(d.Findings, doctor.Finding{
			Part: "gateways", Status: doctor.Problem, Text: "none is configured", Advice: "configure one, as in `gateway erp { … }`",
		})
	}
	for _, name := range names {
		d.Gateways = append(d.Gateways, a.examineGateway(ctx, name, a.gateways[name]))
	}
	d.OK = d.count(doctor.Problem) == 0
	return d, nil
}

func (a *App) examineGateway(parent context.Context, name string, s *served) gatewayDiagnosis {
	ctx, cancel := context.WithTimeout(parent, gatewayTime)
	defer cancel()
	d := gatewayDiagnosis{Name: name, Issuer: s.settings.issuer.String()}
	add := func(all ...doctor.Finding) { d.Findings = append(d.Findings, all...) }
	if err := s.Open(context.WithoutCancel(ctx)); err != nil {
		add(doctor.Finding{Part: "gateway", Status: doctor.Problem, Text: "is not open: " + err.Error()})
	}
	patient := s.Patient()
	add(patient.RedirectURIs()...)
	add(patient.Secrets()...)
	reached := false
	err := a.withUpstream(ctx, s, func(rt http.RoundTripper) error {
		reached = true
		add(doctor.Finding{Part: "site", Status: doctor.OK, Text: "serves the gateway"})
		address := examineAddress(ctx, patient)
		add(address)
		if address.Status != doctor.OK {
			add(examineListener(s)...)
		}
		var findings []doctor.Finding
		d.OdooVersion, findings = patient.Odoo(ctx, s.Asking(rt))
		add(findings...)
		return nil
	})
	if reached {
		return d
	}
	site := siteFinding(err)
	if errors.As(err, new(errNotReached)) {
		if f, ok := hostFinding(s.settings.issuer, s.places()); ok {
			site = f
		}
	}
	add(site)
	return d
}

// siteFinding says why there is no way to Odoo through the site of an issuer.
func siteFinding(err error) doctor.Finding {
	f := doctor.Finding{Part: "site", Status: doctor.Problem, Text: "none has odoo_gateway for this gateway", Advice: "put odoo_gateway into the site of its issuer"}
	var unreached errNotReached
	switch {
	case errors.Is(err, errNotServed):
	case errors.As(err, &unreached):
		f.Text = "no request for " + unreached.issuer + " gets to odoo_gateway"
		f.Advice += ", before all that answers there"
	case errors.Is(err, errNoServer):
		f.Text, f.Advice = err.Error(), "see Caddy's log: the site of its issuer is not served"
	default:
		f.Text, f.Advice = fmt.Sprintf("does not work: %v", err), "see Caddy's log"
	}
	return f
}

// write prints a diagnosis for people.
func (d diagnosis) write(out io.Writer) error {
	var lines strings.Builder
	line := func(status, part, text string) {
		fmt.Fprintf(&lines, "  %-7s  %-15s  %s\n", status, part, oneLine(text))
	}
	add := func(all []doctor.Finding) {
		for _, f := range all {
			line(string(f.Status), f.Part, f.Text)
			if f.Advice != "" {
				line("", "", "→ "+f.Advice)
			}
		}
	}
	add(d.Findings)
	for _, g := range d.Gateways {
		fmt.Fprintln(&lines, oneLine("gateway "+g.Name+", "+g.Issuer))
		add(g.Findings)
	}
	fmt.Fprintf(&lines, "\n%s, %s\n", several(d.count(doctor.Problem), "problem"), several(d.count(doctor.Warning), "warning"))
	_, err := io.WriteString(out, lines.String())
	return err
}

func several(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// oneLine makes a text fit for a terminal: Odoo may have written parts of it.
func oneLine(text string) string {
	const most = 400 // characters
	clean := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text))
	if len(clean) > most {
		return string(clean[:most]) + " …"
	}
	return string(clean)
}
