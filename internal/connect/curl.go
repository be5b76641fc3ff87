package connect

import (
	"net/url"
	"strings"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// curl is a script for a POSIX shell that gets a token and asks for records, to
// run or to copy lines from. What changes something is commented out. The
// secret comes from the environment. Neither it nor the token stands in an
// argument of a process, which everybody on the machine may read.
func (g *Guide) curl() []byte {
	s := &script{Guide: g}
	s.say(
		"#!/bin/sh",
		"# Connects by hand what the gateway knows as "+line(g.app.Name)+": gets a token, and asks for records.",
		"# Needs curl, sed and openssl.",
		"set -eu",
		"erp="+shell(g.Issuer),
		"client_id="+shell(g.app.ClientID),
		"scope="+shell(strings.Join(g.scopes, " ")),
	)
	if g.confidential() {
		s.say(`: "${CLIENT_SECRET:?set it to the client secret of the application}"`)
	}
	switch {
	case g.forPeople():
		s.code()
	case g.service():
		s.say("", "# The application acts for itself.")
		s.token(`-d grant_type=client_credentials`)
	default:
		s.say("", "# No redirect_uri and no service_connection is configured: there is no way to a token.", "exit 1")
		return []byte(s.String())
	}
	s.requests()
	return []byte(s.String())
}

// script is one that is being written.
type script struct {
	*Guide
	strings.Builder
}

func (s *script) say(lines ...string) {
	for _, text := range lines {
		s.WriteString(text + "\n")
	}
}

// code gets a code from the person, and a token for it.
func (s *script) code() {
	callback := s.redirectURIs()[0]
	query := url.Values{
		"response_type": {"code"}, "client_id": {s.app.ClientID}, "redirect_uri": {callback}, "code_challenge_method": {"S256"},
		"scope": {strings.Join(s.scopes, " ")},
	}
	s.say(
		"redirect_uri="+shell(callback),
		"",
		"# A person opens an address in a browser, and allows it.",
		"state=$(openssl rand -hex 16)",
		"verifier=$(openssl rand -hex 32)",
		`challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | openssl base64 | tr '+/' '-_' | tr -d '=\n')`,
		`echo 'Open this address in a browser, and allow:' >&2`,
		`printf '%s\n' "$erp"`+shell(s.Endpoints.Authorize+"?"+query.Encode())+`"&code_challenge=$challenge&state=$state"`,
		"",
		"# The browser is sent back with a code, and with the state that was sent.",
		`echo 'Enter the address that the browser is sent to then, also where it fails to open it, or the code in it:' >&2`,
		"read -r code",
		`case $code in`,
		`*[?\&]state="$state"*) ;;`,
		`*[?\&]code=*) echo 'this is the answer to another question' >&2 && exit 1 ;;`,
		`esac`,
		`code=${code##*[?\&]code=}`,
		`code=${code%%[\&#]*}`,
	)
	s.token(
		`-d grant_type=authorization_code`, `--data-urlencode "code=$code"`, `--data-urlencode "redirect_uri=$redirect_uri"`,
		`--data-urlencode "code_verifier=$verifier"`,
	)
}

// token asks the token endpoint.
func (s *script) token(parameters ...string) {
	secret, ask := "", "curl -sS --fail-with-body"
	if s.confidential() {
		secret, ask = ` --data-urlencode client_secret@-`, `printf %s "$CLIENT_SECRET" | curl -sS --fail-with-body`
	}
	s.say(
		`tokens=$(`+ask+` "$erp"`+shell(s.Endpoints.Token)+` \`,
		`	--data-urlencode "client_id=$client_id"`+secret+` --data-urlencode "scope=$scope" \`,
		`	`+strings.Join(parameters, " ")+`) || { printf '%s\n' "$tokens" >&2 && exit 1; }`,
		`access_token=$(printf %s "$tokens" | sed -n 's/.*"access_token": *"\([^"]*\)".*/\1/p')`,
		`api() { printf 'Authorization: Bearer %s\n' "$access_token" | curl -sS -H @- "$@"; echo; }`,
	)
}

// requests are those that the application may make.
func (s *script) requests() {
	s.say("", "# Who is connected.", `api "$erp"`+shell(s.Endpoints.Me))
	for _, m := range s.models {
		s.model(m, m.Model.Model)
	}
	if name := s.unnamed(); name != "" {
		s.model(s.others.model, name)
	}
}

func (s *script) model(m model, at string) {
	s.say("", "# "+line(m.Name)+" ("+at+")")
	for _, c := range m.calls() {
		comment := "# "
		if c.reads {
			comment = ""
		}
		s.say(comment + `api "$erp"` + shell(s.Endpoints.JSON2+at+"/"+c.method) + ` -H 'Content-Type: application/json' -d ` + shell(string(marshal(c.arguments))))
	}
	if m.may(scheme.Read) {
		s.say(`api -G "$erp"` + shell(s.Endpoints.Objects+at) + ` -d limit=5 --data-urlencode ` + shell("fields="+list(m.sample())))
	}
	for _, report := range m.Reports {
		s.say(`# api "$erp"` + shell(s.Endpoints.Reports+report+"/1") + ` -H 'Accept: application/pdf' -o report.pdf`)
	}
}
