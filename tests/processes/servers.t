#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Servers that fork: socat for each connection, nginx with master and workers.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need socat nginx curl
begin
LIMIT=60
head -c 300000 /dev/urandom > "$T/data"

# The program is gone; a child of its may be on the stack, and that on tap0, for a moment.
device_free()
{
	ip -n "$NS" link show tap0 | grep -q NO-CARRIER
}
stop_stack()
{
	stop_nuse TERM
	wait_for 5 device_free || note "the stack keeps its device"
}

start_nuse socat TCP-LISTEN:4320,reuseaddr,fork EXEC:cat
wait_for 10 we_accept 4320 || :
asking=
for i in 1 2 3 4 5; do
	peer socat -t 5 - TCP:$OUR4:4320 < "$T/data" > "$T/got.$i" &
	asking="$asking $!"
done
good=0
i=0
for p in $asking; do
	i=$((i + 1))
	wait "$p" || :
	! same_file "$T/data" "$T/got.$i" || good=$((good + 1))
done
check "socat fork, EXEC:cat: five at once, all of it back" test "$good" -eq 5
stop_stack
proved "socat fork" snmp.Tcp.PassiveOpens 5

start_nuse socat TCP-LISTEN:4321,reuseaddr,fork "SYSTEM:ip -4 -o addr show dev eth0; exit 0"
wait_for 10 we_accept 4321 || :
peer socat -t 5 - TCP:$OUR4:4321 < /dev/null > "$T/got" || :
check "socat fork, SYSTEM: the child's program is on the stack, too" grep -q "$OUR4/24" "$T/got"
stop_stack

mkdir -p "$T/www"
cp "$T/data" "$T/www/data"
chmod 755 "$T" "$T/www"
make_nginx 'worker_processes 2; user root;' <<END
	server {
		listen 80;
		root $T/www;
		location = /pid { return 200 "\$pid\n"; }
	}
END
start_nuse nginx -e stderr -c "$T/nginx.conf"
check "nginx with workers accepts" wait_for 10 we_accept 80
peer curl -sS --max-time 30 -o "$T/got" http://$OUR4/data || :
check "nginx: the file as it is" same_file "$T/got" "$T/data"
i=0
while [ $i -lt 60 ]; do
	peer curl -sS --max-time 10 http://$OUR4/pid 2>&1
	i=$((i + 1))
done > "$T/pids"
check "nginx: 60 answers, none from the master" sh -c \
	"test \$(grep -cx '[0-9]*' '$T/pids') -eq 60 && ! grep -qx \$(cat '$T/nginx.pid') '$T/pids'"

# Reload while it is asked.
(i=0; while [ $i -lt 80 ]; do
	peer curl -sS --max-time 10 http://$OUR4/pid 2>&1 || echo failed
	i=$((i + 1))
done > "$T/pids2") &
asker=$!
sleep 0.3
kill -HUP "$(cat "$T/nginx.pid")"
wait $asker || :
check "nginx reload: no request lost" test "$(grep -cx '[0-9]*' "$T/pids2")" -eq 80
check "nginx reload: other workers" sh -c "! tail -n 1 '$T/pids2' | grep -qxFf '$T/pids'"
kill -QUIT "$(cat "$T/nginx.pid")"
await_nuse
check "nginx quits" test "$status" -eq 0
proved "nginx with workers" snmp.Tcp.PassiveOpens 100
finish
