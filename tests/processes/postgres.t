#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# PostgreSQL: a process for each connection and several beside them, which talk by
# signals, latches and shared memory; not root on the host, as it demands.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need psql setpriv
bin=$(echo /usr/lib/postgresql/*/bin)
bin=${bin##* }
[ -x "$bin/postgres" ] || skip_all "no postgres"
id postgres > /dev/null 2>&1 || skip_all "no user postgres"
begin
LIMIT=60
PGCONNECT_TIMEOUT=60 PGUSER=postgres PGDATABASE=postgres
export PGCONNECT_TIMEOUT PGUSER PGDATABASE
chmod 755 "$T"
mkdir "$T/db"
chown postgres: "$T/db"

as_postgres()
{
	(cd "$T/db" && exec setpriv --reuid=postgres --regid=postgres --clear-groups "$@")
}

ask()
{
	ip netns exec "$NS" timeout "$LIMIT" psql -h $OUR4 -X -A -t -q -v ON_ERROR_STOP=1 "$@"
}

as_postgres "$bin/initdb" -D "$T/db/data" -U postgres -A trust -E UTF8 --locale=C --no-sync > "$T/out" 2>&1 ||
	{ check "initdb" false; finish; }
cat >> "$T/db/data/postgresql.conf" <<END
listen_addresses = '*'
port = 5432
unix_socket_directories = '$T/db'
fsync = off
max_connections = 20
shared_buffers = 16MB
END
echo 'host all all all trust' >> "$T/db/data/pg_hba.conf"

start_nuse setpriv --reuid=postgres --regid=postgres --clear-groups "$bin/postgres" -D "$T/db/data"
check "postgres answers" wait_for 10 ask -c 'select 1'
ask -c 'select inet_client_addr(), inet_server_addr()' > "$T/got" 2> "$T/out" || :
check "it sees the addresses" grep -q "^$PEER4.*|$OUR4" "$T/got"
ask -h $OUR6 -c 'select inet_server_addr()' > "$T/got" 2> "$T/out" || :
check "IPv6" grep -q "^$OUR6" "$T/got"

ask -c 'create table t (i int, s text)' 2> "$T/out" || :
ask -c "insert into t select i, repeat('x', 100) from generate_series(1, 10000) i" 2> "$T/out" || :
ask -c "select sum(i), sum(length(s)) from t" > "$T/got" 2> "$T/out" || :
check "10000 rows" grep -qx '50005000|1000000' "$T/got"
ask -c "copy t to stdout" > "$T/got" 2> "$T/out" || :
check "1 MB comes out by COPY" test "$(wc -l < "$T/got")" -eq 10000
ask -c "truncate t" -c "copy t from stdin" < "$T/got" 2> "$T/out" || :
ask -c "select count(*), sum(i) from t" > "$T/got" 2> "$T/out" || :
check "and in again" grep -qx '10000|50005000' "$T/got"

# Eight connections at once, each in a process.
asking=
for i in 1 2 3 4 5 6 7 8; do
	ask -c "select pg_sleep(0.3)" -c "select $i, pg_backend_pid()" > "$T/got.$i" 2>&1 &
	asking="$asking $!"
done
for p in $asking; do
	wait "$p" || :
done
check "eight backends at once" test "$(cat "$T"/got.[1-8] | sed -n 's/^[1-8]|//p' | sort -u | wc -l)" -eq 8

# One waits for a notification from another; one is cancelled, one is terminated.
ask -c "select pg_sleep(50)" > /dev/null 2> "$T/got.slow" &
slow=$!
busy="from pg_stat_activity where query like 'select pg_sleep(50)%'"
wait_for 5 sh -c "ip netns exec $NS psql -h $OUR4 -X -A -t -c \"select count(*) $busy\" | grep -qx 1" || :
ask -c "select pg_cancel_backend(pid) $busy" > "$T/out" 2>&1 || :
wait $slow || :
check "a query is cancelled by another backend" grep -q 'canceling statement' "$T/got.slow"

# Parallel workers come and go.
ask -c "set max_parallel_workers_per_gather = 2" -c "set parallel_setup_cost = 0" -c "set parallel_tuple_cost = 0" \
	-c "set min_parallel_table_scan_size = 0" -c "explain analyze select count(*) from t" > "$T/got" 2> "$T/out" || :
check "parallel workers" grep -Eq 'Workers Launched: [12]' "$T/got"

# INT: the fast shutdown, with a client connected.
ask -c "select pg_sleep(50)" > /dev/null 2> "$T/got.slow" &
slow=$!
wait_for 5 sh -c "ip netns exec $NS psql -h $OUR4 -X -A -t -c \"select count(*) $busy\" | grep -qx 1" || :
stop_nuse INT
wait $slow || :
check "clients are told of the shutdown" grep -q 'terminating connection due to administrator command' "$T/got.slow"
check "postgres shuts down in order" sh -c "test $status -eq 0 && grep -q 'database system is shut down' '$T/err'"
proved "postgres" snmp.Tcp.PassiveOpens 15
finish
