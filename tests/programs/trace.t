#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# traceroute and mtr over two hops: the peer routes to another namespace.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need traceroute
begin
FAR=nt-$$-far
NS_MORE=$FAR
ip netns add "$FAR"
ip -n "$NS" link add far0 type veth peer name near0 netns "$FAR"
ip -n "$NS" address add 10.78.0.1/24 dev far0
ip -n "$NS" address add fd78::1/64 dev far0 nodad
ip -n "$NS" link set far0 up
ip -n "$FAR" address add 10.78.0.2/24 dev near0
ip -n "$FAR" address add fd78::2/64 dev near0 nodad
ip -n "$FAR" link set near0 up
ip -n "$FAR" route add default via 10.78.0.1
ip -n "$FAR" route add default via fd78::1
# Neighbours are asked from the link-local address, once that is no longer tentative.
settled()
{
	! ip -n "$NS" -6 address show dev far0 | grep -q tentative &&
		! ip -n "$FAR" -6 address show dev near0 | grep -q tentative
}
wait_for 10 settled
peer sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1

run_nuse traceroute -n -w 1 -q 1 -m 5 10.78.0.2
check "traceroute: first hop" out_has "^ *1 +$PEER4 "
check "traceroute: second hop" out_has "^ *2 +10\.78\.0\.2 "
proved "traceroute" snmp.Icmp.InTimeExcds 1
run_nuse traceroute -I -n -w 1 -q 1 -m 5 10.78.0.2
check "traceroute -I" out_has "^ *2 +10\.78\.0\.2 "
proved "traceroute -I" snmp.Icmp.InTimeExcds 1
run_nuse traceroute -T -n -w 1 -q 1 -m 5 -p 4 10.78.0.2
check "traceroute -T" out_has "^ *2 +10\.78\.0\.2 "
proved "traceroute -T" snmp.Icmp.InTimeExcds 1
run_nuse traceroute -6 -n -w 1 -q 1 -m 5 fd78::2
check "traceroute -6: first hop" out_has "^ *1 +$PEER6 "
check "traceroute -6: second hop" out_has "^ *2 +fd78::2 "
proved "traceroute -6" snmp6.Icmp6InTimeExcds 1

if command -v mtr-packet > /dev/null; then
	printf '1 check-support feature send-probe\n2 send-probe ip-4 10.78.0.2 ttl 1\n3 send-probe ip-4 10.78.0.2 ttl 2\n' > "$T/probes"
	STDIN=$T/probes run_nuse mtr-packet
	check "mtr-packet: first hop" out_has "^2 ttl-expired ip-4 $PEER4 "
	check "mtr-packet: second hop" out_has "^3 reply ip-4 10\.78\.0\.2 "
	proved "mtr-packet" snmp.Icmp.InTimeExcds 1
	run_nuse mtr -r -n -c 1 10.78.0.2
	check "mtr cannot fork yet, and is told so" err_has 'mtr: clone: .* cannot start other processes yet'
	later "fork" check "mtr: both hops" sh -c "grep -q $PEER4 '$T/out' && grep -q '10\.78\.0\.2' '$T/out'"
	later "fork" proved "mtr" snmp.Icmp.InTimeExcds 1
else
	skip "mtr" "not installed"
fi
finish
