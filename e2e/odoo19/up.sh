#!/bin/bash
# Brings up a real, stock Odoo 19 from Debian's packages, with demo data, for the end-to-end tests.
#
#   up.sh         starts it where it is not running and prints its settings, one VARIABLE=value per line
#   up.sh down    stops what up.sh started, and keeps the folder for the next time
#
# It needs root, Debian's apt sources and about 2.5 GB in ${XDG_CACHE_HOME:-~/.cache}/odoo-gateway-e2e. The first time takes
# two minutes, later times seconds. Everything runs in a mount and process namespace of its own: no mount and no process
# outlives it, and nothing of the machine is touched. It listens on loopback, on ports that are free.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
home=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/odoo-gateway-e2e
root=$home/root
state=$home/state # "pid start-time port" of the namespace's outer process

fail() { echo "e2e/odoo19: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "needs root to build a Debian folder; without root, name an Odoo that is already there in ODOO_GATEWAY_E2E_URL, _DB, _LOGIN and _PASSWORD"
mkdir -p "$home"
exec 9>"$home/lock"
flock 9

# started_at tells when a process began, in clock ticks since boot: with the process id it names one process for good.
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# running reads the state file and tells whether that very process still lives.
running() {
  [ -f "$state" ] && read -r pid since port <"$state" && [ -n "$since" ] && [ "$(started_at "$pid")" = "$since" ]
}

down() {
  running || return 0
  # The namespace's own first process stops Odoo and PostgreSQL in order; the kernel ends whatever is left with it.
  kill -TERM $(cat "/proc/$pid/task/$pid/children") 2>/dev/null || true
  for _ in $(seq 150); do running || break; sleep 0.1; done
  if running; then kill -KILL "$pid"; fi
  rm -f "$state"
}

settings() {
  echo "ODOO_GATEWAY_E2E_URL=http://127.0.0.1:$port"
  echo "ODOO_GATEWAY_E2E_DB=e2e"
  echo "ODOO_GATEWAY_E2E_LOGIN=demo"
  echo "ODOO_GATEWAY_E2E_PASSWORD=demo"
}

answers() { curl -sf -m 5 -o /dev/null "http://127.0.0.1:$port/web/login"; }

# free_port finds a port on which nothing listens, below the range from which the kernel takes its own.
free_port() {
  local p
  while p=$(shuf -n1 -i 20000-32000); (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null; do :; done
  echo "$p"
}

install() {
  local mirror
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v -- '-security' | grep -m1 '/debian/*$') ||
    fail "apt's configuration names no Debian mirror"
  local proxy=''
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  [ -z "$proxy" ] || export http_proxy=$proxy

  rm -rf --one-file-system "$root" # of an attempt that did not come to its end
  echo "e2e/odoo19: building $root (two minutes, logs beside it)" >&2
  unshare --mount debootstrap --variant=minbase trixie "$root" "$mirror" >"$home/debootstrap.log" 2>&1 9>&- ||
    { tail -n 20 "$home/debootstrap.log" >&2; fail "debootstrap failed"; }
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # packages start no services
  chmod +x "$root/usr/sbin/policy-rc.d"
  echo "deb $mirror trixie main" >"$root/etc/apt/sources.list"
  # Odoo alone comes from unstable, what it needs from stable: unstable's own Python is too new for Odoo 19.
  # The unstable index may be past its date, which is refused unless one says so.
  mkdir -p "$root/srv/unstable/lists/partial"
  echo "deb $mirror sid main" >"$root/srv/unstable/sources.list"
  unshare --mount --pid --fork sh -ec '
    mount --rbind /dev "$1/dev"
    mount -t proc proc "$1/proc"
    exec chroot "$1" sh -ec "
      apt-get update -qq
      cd /srv/unstable
      apt-get -o Dir::Etc::sourcelist=/srv/unstable/sources.list -o Dir::Etc::sourceparts=- -o Dir::State::Lists=/srv/unstable/lists \
        -o Acquire::Check-Valid-Until=false update -qq
      apt-get -o Dir::Etc::sourcelist=/srv/unstable/sources.list -o Dir::Etc::sourceparts=- -o Dir::State::Lists=/srv/unstable/lists \
        -o APT::Sandbox::User=root download odoo-19
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ./odoo-19_*.deb postgresql tzdata tzdata-legacy
      apt-get clean
      rm -rf /srv/unstable
    "' sh "$root" >"$home/install.log" 2>&1 9>&- ||
    { tail -n 20 "$home/install.log" >&2; fail "installing Odoo failed"; }
  touch "$root/srv/installed"
}

case ${1:-up} in
  down) down; exit 0 ;;
  up) ;;
  *) fail "unknown command $1" ;;
esac

for tool in curl debootstrap unshare; do
  command -v "$tool" >/dev/null || fail "needs $tool; on Debian: apt-get install curl debootstrap util-linux"
done
if running; then
  if answers; then settings; exit 0; fi
  down
fi
[ -f "$root/srv/installed" ] || install

port=$(free_port)
# The descriptor of the lock is closed for what stays behind, or the next up.sh would wait for it.
setsid unshare --mount --pid --fork --kill-child bash "$here/serve.sh" "$root" "$port" "$(free_port)" >"$home/serve.log" 2>&1 </dev/null 9>&- &
pid=$!
echo "$pid $(started_at "$pid") $port" >"$state"
for _ in $(seq 600); do
  if answers; then settings; exit 0; fi
  running || { tail -n 20 "$home/serve.log" >&2; fail "Odoo ended; see $home/serve.log"; }
  sleep 0.5
done
down
fail "no answer within five minutes; see $home/serve.log"
