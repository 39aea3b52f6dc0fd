#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# wrk and ab on the stack, against a server of the host's.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need nginx wrk ab
begin
make_nginx 'master_process off;' <<END
	server { listen 80; listen [::]:80; location / { return 200 "hello\n"; } }
END
peer_bg nginx -e stderr -c "$T/nginx.conf"
wait_for 5 peer_listens 80

run_nuse wrk --timeout 30s -t 2 -c 32 -d 1s http://$PEER4/
check "wrk" ran_well
requests=$(awk '/requests in/ { print $1 }' "$T/out")
check "wrk: ${requests:-0} requests" test "${requests:-0}" -ge 100
check "wrk: no errors" sh -c "! grep -E 'Non-2xx|Socket errors' '$T/out'"
proved "wrk" snmp.Tcp.ActiveOpens 32

run_nuse ab -q -n 500 -c 10 http://$PEER4/
check "ab" out_has 'Complete requests: +500'
check "ab: none failed" out_has 'Failed requests: +0'
proved "ab" snmp.Tcp.ActiveOpens 500

run_nuse ab -q -k -n 2000 -c 10 "http://[$PEER6]/"
check "ab -k, IPv6" out_has 'Failed requests: +0'
proved "ab -k, IPv6" snmp6.Ip6OutRequests 1000
finish
