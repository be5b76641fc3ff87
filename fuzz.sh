#!/bin/bash
# Runs the fuzz targets: ./fuzz.sh for all, ./fuzz.sh FuzzPath FuzzVerify for some. Each runs for FUZZ_SECONDS (20), two
# at a time; FUZZ_SECONDS=3600 ./fuzz.sh is for a night. What it finds is kept in Go's cache and tried first the next
# time; an input that fails is written to the package's testdata/fuzz, where go test tries it ever after.
set -euo pipefail
cd "$(dirname "$0")"
export seconds=${FUZZ_SECONDS:-20} work
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cache=$(go env GOCACHE)/fuzz
export cache

# one PACKAGE TARGET: runs a target, and is silent but for its last line unless it fails.
one() {
  local log=$work/$1/$2.log
  if (cd "$1" && "$work/$1/test" -test.run '^$' -test.fuzz "^$2\$" -test.fuzztime "${seconds}s" -test.parallel 1 -test.fuzzcachedir "$cache/$1") >"$log" 2>&1; then
    echo "$1 $2: $(grep -o 'execs: [0-9]*' "$log" | tail -1)"
  elif grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input' "$log"; then
    echo "$1 $2: its time was over" # which Go now and then takes for a failure
  else
    echo "$1 $2 has failed:" && cat "$log" && return 1
  fi
}
export -f one

targets=$(grep -rhoE --include='*_test.go' --with-filename '^func Fuzz[A-Za-z0-9]+' . | sed -E 's|^\./(.*)/[^/]*:func (.*)|\1 \2|' | sort)
for name in "$@"; do
  grep -q " $name\$" <<<"$targets" || { echo "fuzz.sh: there is no $name" >&2; exit 1; }
done
[ $# = 0 ] || targets=$(grep -E " ($(IFS='|'; echo "$*"))\$" <<<"$targets")
# The project's own packages are watched, those of others are not: they would take minutes to build and lead astray.
cut -d' ' -f1 <<<"$targets" | sort -u | while read -r package; do
  mkdir -p "$work/$package"
  go test -c -gcflags='github.com/caddy-odoo/gateway/...=-d=libfuzzer' -o "$work/$package/test" "./$package"
done
xargs -P 2 -L 1 bash -c 'one "$@"' _ <<<"$targets"
