#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ip, ss, ethtool, tc and tcpdump look at the stack, not at the host, and change it.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need ip ss tc
begin

run_nuse ip -br address
check "ip address: our addresses" sh -c "grep -q '$OUR4/24' '$T/out' && grep -q '$OUR6/64' '$T/out'"
check "ip address: lo and eth0, nothing of the host" \
	sh -c "[ \"\$(cut -d' ' -f1 '$T/out' | cut -d@ -f1 | grep -cvE '^(lo|eth0|sit0|tunl0|ip6tnl0|gre0|gretap0|erspan0|ip_vti0|ip6_vti0|ip6gre0|ifb0|ifb1|teql0|dummy0|bond0)$')\" = 0 ]"
run_nuse ip -4 route get 192.0.2.1
check "ip route get" out_has "192.0.2.1 via $PEER4 dev eth0 src $OUR4"
run_nuse ip -6 route
check "ip -6 route" out_has "default via $PEER6 dev eth0"
run_nuse ip -s -d link show eth0
check "ip -s -d link" out_has 'state (UP|UNKNOWN)'
run_nuse ip neigh
check "ip neigh" ran_well
run_nuse ip link add nope type dummy
check "ip link add dummy" ran_well
run_nuse ip maddress show dev eth0
check "ip maddress (by /proc/net)" out_has '224.0.0.1'

# One command after the other on one stack: the run lines.
{
	conf
	echo 'run ip link add dummy1 type dummy'
	echo 'run ip address add 10.99.0.1/24 dev dummy1'
	echo 'run ip link set dummy1 up mtu 1400'
	echo 'run ip link add br1 type bridge'
	echo 'run ip link add link eth0 name eth0.7 type vlan id 7'
	echo 'run ip link add v0 type veth peer name v1'
	echo 'run ip link set v0 master br1'
	echo 'run ip rule add from 10.99.0.1 table 77'
	echo 'run ip route add default via 10.77.0.1 dev eth0 table 77'
	echo 'run ip neigh add 10.77.0.50 lladdr 02:00:00:00:00:50 dev eth0'
	echo 'run tc qdisc add dev eth0 root handle 1: prio'
	echo 'run tc qdisc add dev eth0 parent 1:1 handle 10: fq_codel'
	echo 'run tc filter add dev eth0 parent 1: protocol ip u32 match ip dst 10.77.0.1/32 flowid 1:1'
} > "$T/nuse.conf"
run_nuse ip -br link
check "run lines: links are there" sh -c "for l in dummy1 br1 eth0.7 v0 v1; do grep -q \"^\$l[@ ]\" '$T/out' || exit 1; done"
run_nuse ip route show table 77
check "run lines: a table of its own" out_has "default via $PEER4 dev eth0"
run_nuse ip rule
check "run lines: a rule" out_has 'from 10.99.0.1 lookup 77'
run_nuse bridge link
check "bridge link" out_has 'v0@v1.*master br1'
run_nuse tc -s qdisc show dev eth0
check "tc qdisc" sh -c "grep -q 'qdisc prio 1:' '$T/out' && grep -q 'qdisc fq_codel 10:' '$T/out'"
run_nuse tc filter show dev eth0
check "tc filter" out_has 'flowid 1:1'
run_nuse ping -c 1 -W 10 $PEER4
check "traffic through the qdiscs" ran_well
proved "traffic through the qdiscs" snmp.Icmp.InEchoReps 1

conf > "$T/nuse.conf"
run_nuse ss -s
check "ss -s" out_has '^TCP:'
run_nuse ss -ant
check "ss -ant: none of the host's sockets" sh -c "! grep -q LISTEN '$T/out'"
run_nuse ss -a -f netlink
check "ss -f netlink" out_has '^UNCONN .*tcpdiag:'

if command -v ethtool > /dev/null || [ -x /usr/sbin/ethtool ]; then
	run_nuse ethtool -i eth0
	check "ethtool -i" out_has '^driver: '
	run_nuse ethtool -k eth0
	check "ethtool -k" out_has '^tx-checksumming: '
	run_nuse ethtool -S eth0
	check "ethtool -S" sh -c "grep -q : '$T/out' || grep -q 'no stats' '$T/err'"
	run_nuse ethtool eth0
	check "ethtool: link detected" out_has 'Link detected: yes'
	run_nuse ethtool -K eth0 tso off
	check "ethtool -K" ran_well
else
	skip "ethtool" "not installed"
fi

if command -v tcpdump > /dev/null; then
	start_nuse tcpdump -n -i eth0 -c 4 -l icmp
	wait_for 10 grep -q 'listening on eth0' "$T/err" || :
	peer ping -c 4 -i 0.2 -W 10 $OUR4 > /dev/null || :
	await_nuse
	check "tcpdump: our own stack's echo replies" out_has "$OUR4 > $PEER4: ICMP echo reply"
	check "tcpdump counts to 4 and ends" ran_well
	proved "tcpdump" snmp.Icmp.InEchos 2
	run_nuse tcpdump -D
	check "tcpdump -D lists our interfaces" out_has '^[0-9]+\.eth0 '
else
	skip "tcpdump" "not installed"
fi

run_nuse cat /proc/net/dev /proc/sys/net/ipv4/ip_forward /sys/class/net/eth0/address
check "/proc/net, /proc/sys/net, /sys/class/net" out_has 'eth0:'
run_nuse sysctl net.ipv4.tcp_congestion_control
check "sysctl reads" out_has '^net.ipv4.tcp_congestion_control = '
before=$(cat /proc/sys/net/ipv4/ip_default_ttl)
run_nuse sysctl -w net.ipv4.ip_default_ttl=33
check "sysctl -w" ran_well
check "sysctl -w leaves the host alone" test "$(cat /proc/sys/net/ipv4/ip_default_ttl)" = "$before"
finish
