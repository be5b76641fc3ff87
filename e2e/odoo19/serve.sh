#!/bin/bash
# The first process of the namespace that up.sh makes: PostgreSQL and Odoo in the Debian folder, until it is told to stop.
# usage: serve.sh ROOT HTTP-PORT WEBSOCKET-PORT
set -euo pipefail
root=$1 http=$2 websocket=$3

mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"

as() { local user=$1; shift; exec chroot --userspec="$user:$user" "$root" env HOME=/var/lib/odoo TZ=UTC LC_ALL=C.UTF-8 "$@"; }

postgres='' odoo=''
stop() {
  [ -z "$odoo" ] || { kill -TERM "$odoo"; wait "$odoo"; } 2>/dev/null || true
  [ -z "$postgres" ] || { kill -INT "$postgres"; wait "$postgres"; } 2>/dev/null || true
  exit 0
}
trap stop TERM INT

bin=$(cd "$root" && echo usr/lib/postgresql/*/bin)
if [ ! -f "$root/srv/pg/PG_VERSION" ]; then
  chroot "$root" install -d -o postgres -g postgres /srv/pg
  (as postgres "/$bin/initdb" -D /srv/pg -A trust -E UTF8 --locale=C.UTF-8) >/dev/null
fi
chroot "$root" install -d -m 0755 -o postgres -g postgres /srv/socket
rm -f "$root/srv/pg/postmaster.pid" # of an end by force: nothing of an earlier namespace can still run
(as postgres "/$bin/postgres" -D /srv/pg -c listen_addresses= -c unix_socket_directories=/srv/socket -c fsync=off) &
postgres=$!
for _ in $(seq 300); do
  (as postgres "/$bin/pg_isready" -q -h /srv/socket) && break
  sleep 0.1
done

options=(-d e2e --db_host=/srv/socket --db_user=odoo --data-dir=/var/lib/odoo --log-level=warn)
if [ ! -f "$root/srv/database-ready" ]; then
  (as postgres "/$bin/psql" -qh /srv/socket -d postgres -c 'drop database if exists e2e' -c 'drop role if exists odoo' -c 'create role odoo login createdb')
  # In the background, so that a signal is heard while it runs.
  (as odoo odoo "${options[@]}" -i contacts,crm,sale_management,auth_oauth,auth_totp,portal --with-demo --stop-after-init) &
  odoo=$!
  wait "$odoo"
  touch "$root/srv/database-ready"
fi

(as odoo odoo "${options[@]}" --http-interface=127.0.0.1 --http-port="$http" --gevent-port="$websocket" \
  --workers=2 --max-cron-threads=0 --proxy-mode --no-database-list) &
odoo=$!
wait "$odoo"
