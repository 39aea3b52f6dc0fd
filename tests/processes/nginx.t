#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# nginx reloads under load: each reload starts new workers on the master's listeners
# while the old ones finish what they have, and no request may be lost.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need nginx curl wrk ab
begin
LIMIT=60
head -c 100000 /dev/urandom > "$T/data"
chmod 755 "$T"
make_nginx 'worker_processes 2;' <<END
	keepalive_requests 1000000;
	server {
		listen 80;
		root $T;
		location = /hello { return 200 "hello\n"; }
		location = /pid { return 200 "\$pid\n"; }
	}
END

# The pids of the workers; the master's are its children.
workers()
{
	cat "/proc/$master/task/$master/children"
}

other_workers()
{
	peer curl -sS --max-time 30 "http://$OUR4/pid" > "$T/pid" &&
		! echo " $1" | grep -q " $(cat "$T/pid") "
}

start_nuse nginx -e stderr -c "$T/nginx.conf"
check "nginx with 2 workers accepts" wait_for 10 we_accept 80
master=$(cat "$T/nginx.pid")
check "two workers" wait_for 5 sh -c "test \$(wc -w < /proc/$master/task/$master/children) -eq 2"

# load NAME N C PATH - ab, again and again until the reloads are over, however fast the
# stack is: N requests by C clients, a connection for each; false once one is lost
load()
{
	while
		{ peer ab -q -s 60 -n "$2" -c "$3" "http://$OUR4/$4" > "$T/$1" 2>&1 &&
			grep -q "^Complete requests: *$2\$" "$T/$1" &&
			grep -q '^Failed requests: *0$' "$T/$1" &&
			! grep -q Non-2xx "$T/$1"; } || { show "$T/$1"; return 1; }
		[ ! -e "$T/reloaded" ]
	do :; done
}

load ab 1500 8 hello &
ab=$!
load ab2 300 2 data &
ab2=$!
reloads=0
while [ $reloads -lt 5 ]; do
	before=$(workers)
	# As an administrator does it: from another process, by nginx's own command.
	nginx -e stderr -s reload -c "$T/nginx.conf" 2> "$T/err.reload" || break
	wait_for 10 other_workers "$before" || break
	reloads=$((reloads + 1))
done
: > "$T/reloaded"
check "nginx -s reload under load, $reloads times: new workers answer" test $reloads -eq 5
check "ab: requests by eight, none failed" wait $ab
check "ab: files by two, none failed" wait $ab2

# wrk keeps its connections: an old worker ends those that are idle, which is no error.
before=$(workers)
peer wrk --timeout 30s -t 1 -c 8 -d 3s http://$OUR4/hello > "$T/wrk" 2>&1 &
wrk=$!
wait_for 5 sh -c "ip netns exec $NS ss -Htn state established 'dport = :80' | grep -q ." || :
nginx -e stderr -s reload -c "$T/nginx.conf" 2> "$T/err.reload" || :
wait $wrk || :
requests=$(awk '/requests in/ { print $1 }' "$T/wrk")
check "reload under wrk: ${requests:-0} requests, no error" sh -c \
	"test '${requests:-0}' -ge 100 && ! grep -E 'Non-2xx|timeout [1-9]|(connect|write) [1-9]' '$T/wrk'"
check "other workers than before" wait_for 10 other_workers "$before"
check "the old ones have gone" wait_for 10 sh -c "test \$(wc -w < /proc/$master/task/$master/children) -eq 2"
check "no worker died of a signal" sh -c "! grep 'exited on signal' '$T/err'"

nginx -e stderr -s quit -c "$T/nginx.conf" 2> "$T/err.reload" || :
await_nuse
check "nginx -s quit" test "$status" -eq 0
proved "nginx under load" snmp.Tcp.PassiveOpens 1800
finish
