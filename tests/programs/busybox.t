#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# busybox, statically linked: wget, ping, nc, nslookup, ip, traceroute, route, netstat.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need busybox openssl /usr/bin/python3
case $(file -Lb "$(command -v busybox)" 2> /dev/null || echo statically) in
*dynamically*) skip_all "busybox is not static" ;;
esac
begin
peer_http

for url in http://$PEER4:8000/big "http://[$PEER6]:8000/big"; do
	rm -f "$T/got"
	run_nuse busybox wget -q -O "$T/got" "$url"
	check "busybox wget $url" ran_well
	check "busybox wget $url: the file as it was" same_file "$T/got" "$T/www/big"
	proved "busybox wget" snmp.Tcp.ActiveOpens 1
done
run_nuse busybox ping -c 2 -W 10 $PEER4
check "busybox ping" out_has '2 packets received'
proved "busybox ping" snmp.Icmp.InEchoReps 2
run_nuse busybox ping6 -c 2 -W 10 $PEER6
check "busybox ping6" out_has '2 packets received'
proved "busybox ping6" snmp6.Icmp6InEchoReplies 2

run_nuse busybox ip address
check "busybox ip address" out_has "inet $OUR4/24"
run_nuse busybox ip route
check "busybox ip route" out_has "default via $PEER4"
run_nuse busybox route -n
check "busybox route" out_has "^0.0.0.0 +$PEER4"
run_nuse busybox ifconfig eth0
check "busybox ifconfig" out_has "inet addr:$OUR4"
run_nuse busybox netstat -rn
check "busybox netstat -r" out_has "^0.0.0.0 +$PEER4"
run_nuse busybox traceroute -n -w 5 -m 3 -q 1 $PEER4
check "busybox traceroute" out_has "^ *1 +$PEER4"

printf 'over busybox\n' > "$T/data"
ip netns exec "$NS" nc -l "$PEER4" 4200 > "$T/got" 2> /dev/null &
pids="$pids $!"
wait_for 5 peer_listens 4200
STDIN=$T/data run_nuse busybox nc -w 30 "$PEER4" 4200
wait_for 5 same_file "$T/got" "$T/data" || :
check "busybox nc" same_file "$T/got" "$T/data"
proved "busybox nc" snmp.Tcp.ActiveOpens 1

start_nuse busybox nc -l -p 4201
send()
{
	peer nc -N -w 30 "$OUR4" 4201 < "$T/data"
	same_file "$T/out" "$T/data"
}
check "busybox nc -l" wait_for 5 send
await_nuse
proved "busybox nc -l" snmp.Tcp.PassiveOpens 1

if command -v dnsmasq > /dev/null || [ -x /usr/sbin/dnsmasq ]; then
	peer_bg dnsmasq -d -C /dev/null --no-resolv --no-hosts --bind-interfaces --user=root \
		--listen-address=$PEER4 --address=/www.nuse.test/10.77.0.77
	wait_for 5 peer_listens -u 53
	run_nuse busybox nslookup www.nuse.test $PEER4
	check "busybox nslookup" out_has 10.77.0.77
	proved "busybox nslookup" snmp.Udp.InDatagrams 1
else
	skip "busybox nslookup" "no dnsmasq"
fi
finish
