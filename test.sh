#!/bin/bash
# Runs every check of the project. On a Debian machine, as root, it installs what it needs.
#
# The real Odoo that the end-to-end tests need is built by e2e/odoo19/up.sh (root, two minutes the first time), or named
# by ODOO_GATEWAY_E2E_URL, ODOO_GATEWAY_E2E_DB, ODOO_GATEWAY_E2E_LOGIN and ODOO_GATEWAY_E2E_PASSWORD (README.md has them all).
set -euo pipefail
cd "$(dirname "$0")"

staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.2
govulncheck=golang.org/x/vuln/cmd/govulncheck@v1.9.0
tags=browser,clients,packaging,realodoo # the suites that need a browser, other languages' libraries, systemd or a real Odoo

step() { printf '\n== %s (%ss)\n' "$1" "$SECONDS"; }
fail() { echo "test.sh: $*" >&2; exit 1; }

step "tools"
# has WHAT: tells whether a command, a module of Debian's Python, or a PostgreSQL server is there.
has() {
  case $1 in
    postgresql) compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ;;
    python3:*) /usr/bin/python3 -c "import ${1#python3:}" 2>/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac
}
# need WHAT PACKAGE…: installs the packages where it is missing.
need() {
  has "$1" && return
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "$1 is missing; on Debian: apt-get install ${*:2}"
  [ -n "${updated:-}" ] || { apt-get update -qq; updated=1; }
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${@:2}" >/dev/null
  has "$1" || fail "$1 is missing although ${*:2} is installed"
}
need git git
need go golang-go ca-certificates
need gcc gcc libc6-dev
need curl curl ca-certificates
need jq jq
need chromium chromium fonts-dejavu-core
need node nodejs
need npm npm
need python3:requests_oauthlib python3-requests-oauthlib
need systemd-analyze systemd
need nginx nginx
need postgresql postgresql
if [ -z "${ODOO_GATEWAY_E2E_URL:-}" ]; then
  need debootstrap debootstrap
  need unshare util-linux
  # Built beside the checks that follow; waited for where it is needed.
  log=$(mktemp)
  e2e/odoo19/up.sh >"$log" 2>&1 &
  odoo=$!
  trap 'wait "$odoo" || true; e2e/odoo19/up.sh down || true; rm -f "$log"' EXIT
fi

step "format"
unformatted=$(git ls-files -z '*.go' | xargs -0 gofmt -l)
[ -z "$unformatted" ] || fail "not gofmt'ed: $unformatted"

step "layout"
# No file that people write is over 500 lines.
long=$(git ls-files -z -- . ':!go.sum' ':!LICENSE' ':!*/testdata/*' | xargs -0 grep -L 'Code generated .* DO NOT EDIT' | xargs -d '\n' wc -l |
  awk '$2 != "total" && $1 > 500 {print $2 ": " $1 " lines"}')
[ -z "$long" ] || fail "too long: $long"
# Everything under internal works without Caddy; Odoo's words and the rules work without HTTP. The lists are made
# before they are searched, so that a package that does not build is a failure, not silence.
each='{{$p := .ImportPath}}{{range .Imports}}{{$p}} imports {{.}}
{{end}}{{range .TestImports}}{{$p}} imports {{.}}
{{end}}{{range .XTestImports}}{{$p}} imports {{.}}
{{end}}'
imports=$(go list -tags "$tags" -f "$each" ./internal/...)
! grep -E ' imports (github.com/caddyserver/|github.com/caddy-odoo/gateway/caddymodule)' <<<"$imports" || fail "internal imports Caddy"
! grep -E '/internal/(odoo|scheme) imports net/http$' <<<"$imports" || fail "Odoo's words or the rules know HTTP"

step "vet"
go vet -tags "$tags" ./...

step "staticcheck"
go run "$staticcheck" -tags "$tags" ./...

step "govulncheck"
if curl -fsS -m 20 -o /dev/null https://vuln.go.dev/index/db.json; then
  go run "$govulncheck" ./...
else
  echo "NOT RUN: the vulnerability database at vuln.go.dev can not be reached from here"
fi

step "tests"
go test -race ./...

step "benchmark, short"
go test ./bench/proxy # which the race detector would only slow down

step "random calls against model schemes"
# Ten times as many as above, and others. With another seed the same command tries what nobody has tried.
go test ./internal/scheme -run TestNothing -v -cases 10000 -seed 1795260335 -timeout 30m | grep -v '^=== '

step "fuzzing"
./fuzz.sh # FUZZ_SECONDS for each target, 20 unless set

step "mistakes that the tests must notice"
go run ./bench/mutate -kill 96 ./internal/application
go run ./bench/mutate -sample 60 -seed 1 -kill 70 ./internal/oauth # another sample after each edit: 86 %, give or take 9

step "client libraries of other languages"
go test -race -tags "$tags" -run Client ./e2e

step "container and service"
go test -race -tags "$tags" -run Packaging ./e2e

step "real Odoo"
if [ -n "${odoo:-}" ]; then
  wait "$odoo" || { cat "$log" >&2; fail "the real Odoo did not come up"; }
  grep -h '^ODOO_GATEWAY_E2E_' "$log"
  export $(grep -h '^ODOO_GATEWAY_E2E_' "$log")
fi
curl -fsS -m 20 -o /dev/null "$ODOO_GATEWAY_E2E_URL/web/login" || fail "no Odoo answers at $ODOO_GATEWAY_E2E_URL"

step "end to end with the real Odoo, and in a browser"
go test -race -tags "$tags" -run 'Real|Browser' -timeout 25m ./e2e/...

step "modules"
go mod tidy -diff || fail "go.mod and go.sum are not tidy: run go mod tidy"

step "all passed"
