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

run_nuse traceroute -n -w 5 -q 1 -m 5 10.78.0.2
check "traceroute: first hop" out_has "^ *1 +$PEER4 "
check "traceroute: second hop" out_has "^ *2 +10\.78\.0\.2 "
proved "traceroute" snmp.Icmp.InTimeExcds 1
run_nuse traceroute -I -n -w 5 -q 1 -m 5 10.78.0.2
check "traceroute -I" out_has "^ *2 +10\.78\.0\.2 "
proved "traceroute -I" snmp.Icmp.InTimeExcds 1
run_nuse traceroute -T -n -w 5 -q 1 -m 5 -p 4 10.78.0.2
check "traceroute -T" out_has "^ *2 +10\.78\.0\.2 "
proved "traceroute -T" snmp.Icmp.InTimeExcds 1
run_nuse traceroute -6 -n -w 5 -q 1 -m 5 fd78::2
check "traceroute -6: first hop" out_has "^ *1 +$PEER6 "
check "traceroute -6: second hop" out_has "^ *2 +fd78::2 "
proved "traceroute -6" snmp6.Icmp6InTimeExcds 1

if command -v mtr-packet > /dev/null; then
	# What mtr does on the network is done by mtr-packet, a process that it starts and
	# tells so on its standard input.
	cat > "$T/probes" <<-END
		1 check-support feature send-probe
		11 send-probe ip-4 10.78.0.2 ttl 1
		12 send-probe ip-4 10.78.0.2 ttl 2
		13 send-probe ip-4 10.78.0.2 ttl 2 size 1400
		14 send-probe ip-4 10.78.0.2 ttl 1 protocol udp
		15 send-probe ip-4 10.78.0.2 ttl 2 protocol udp port 33434
		16 send-probe ip-4 10.78.0.2 ttl 2 protocol tcp port 4
		21 send-probe ip-6 fd78::2 ttl 1
		22 send-probe ip-6 fd78::2 ttl 2
		23 send-probe ip-6 fd78::2 ttl 2 protocol udp port 33434
		24 send-probe ip-6 fd78::2 ttl 2 protocol tcp port 4
		31 send-probe ip-4 10.77.0.99 ttl 1 timeout 1
	END
	STDIN=$T/probes run_nuse mtr-packet
	check "mtr-packet" ran_well
	for answer in "1 feature-support support ok" "11 ttl-expired ip-4 $PEER4" \
		"12 reply ip-4 10.78.0.2" "13 reply ip-4 10.78.0.2" "14 ttl-expired ip-4 $PEER4" \
		"15 reply ip-4 10.78.0.2" "16 reply ip-4 10.78.0.2" "21 ttl-expired ip-6 $PEER6" \
		"22 reply ip-6 fd78::2" "23 reply ip-6 fd78::2" "24 reply ip-6 fd78::2" \
		"31 no-reply"; do
		check "mtr-packet: $(sed -n "s/^${answer%% *} //p" "$T/probes"): ${answer#* }" \
			out_has "^$answer( round-trip-time [1-9]|$)"
	done
	proved "mtr-packet" snmp.Icmp.InTimeExcds 2
	proved "mtr-packet, IPv6" snmp6.Icmp6InTimeExcds 1
	check "mtr-packet: TCP by ordinary sockets" test "$(counter snmp.Tcp.ActiveOpens)" -ge 2

	run_nuse mtr -r -n -c 1 10.78.0.2
	check "mtr" ran_well
	check "mtr: both hops" sh -c "grep -q ' $PEER4 ' '$T/out' && grep -q ' 10\.78\.0\.2 ' '$T/out'"
	check "mtr: no losses" sh -c "! grep -E '100\.0%' '$T/out'"
	proved "mtr" snmp.Icmp.InTimeExcds 1
	run_nuse mtr -6 -u -r -n -c 1 fd78::2
	check "mtr -6 -u: both hops" sh -c "grep -q ' $PEER6 ' '$T/out' && grep -q ' fd78::2 ' '$T/out'"
	proved "mtr -6 -u" snmp6.Icmp6InTimeExcds 1
else
	skip "mtr" "not installed"
fi
finish
