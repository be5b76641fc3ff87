package doctor

import (
	"fmt"
	"strings"
)

// RedirectURIs judges where applications have people sent back to.
func (p Patient) RedirectURIs() []Finding {
	var all []Finding
	add := func(status Status, text, advice string) {
		all = append(all, Finding{Part: "redirect URIs", Status: status, Text: text, Advice: advice})
	}
	applications, uris := 0, 0
	var without []string
	for _, app := range p.Applications {
		if !app.Active {
			continue
		}
		applications++
		active := 0
		for _, u := range app.RedirectURIs {
			if !u.Active {
				continue
			}
			active++
			if u.Insecure && strings.HasPrefix(u.URI, "http://") {
				add(Warning, "application "+app.Name+": codes go to "+u.URI+" without TLS", "give it an https address, and take insecure away")
			}
		}
		if active == 0 && app.Service == nil {
			add(Problem, "application "+app.Name+": none is active", "give it a redirect_uri, or set active false")
		}
		if active == 0 {
			without = append(without, app.Name)
		}
		uris += active
	}
	switch {
	case applications == 0:
		add(Warning, "no application is active", "configure one")
	case len(all) == 0:
		of := "applications"
		if applications == 1 {
			of = "application"
		}
		text := fmt.Sprintf("%d of %d %s", uris, applications, of)
		if len(without) > 0 {
			text += "; service accounts need none: " + strings.Join(without, ", ")
		}
		add(OK, text, "")
	}
	return all
}

// Secrets judges what applications prove themselves with. A hash tells nothing.
func (p Patient) Secrets() []Finding {
	var all []Finding
	for _, app := range p.Applications {
		for _, secret := range app.Secrets {
			if why := secret.Weakness(); why != "" && app.Active {
				all = append(all, Finding{
					Part: "client secret", Status: Warning, Text: "application " + app.Name + ": it " + why,
					Advice: "make one with `caddy odoo-gateway generate-secret` for a second line client_secret, give it to the application, and take the old line away",
				})
			}
		}
	}
	return all
}
