#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The network tools of Debian on a stack that is there: each command is a process of
# its own, attached from another network namespace, and the next one sees what it did.
# shellcheck source=../lib.sh disable=SC2016,SC2034
. "${0%/*}/../lib.sh"
# shellcheck source=named.sh
. "${0%/*}/named.sh"
need ip ss tc bridge nft ping nc
begin_named
boot
check "the stack is up" ran_well

# --- ip ----------------------------------------------------------------------
at ip link add d1 type dummy
check "ip link add" ran_well
at ip link set d1 up mtu 1300
at ip link property add dev d1 altname another
at ip -d link show another
check "ip link set, property; a later process sees it" out_has 'd1: .* mtu 1300 .*state (UP|UNKNOWN)'
at ip address add 10.50.0.1/24 dev d1
at ip -6 address add fd50::1/64 dev d1 nodad
at ip -o address show dev d1
check "ip address" sh -c "grep -q 'inet 10.50.0.1/24' '$T/out' && grep -q 'inet6 fd50::1/64' '$T/out'"
at ip route add 10.60.0.0/16 via $PEER4
at ip -6 route add fd60::/48 via $PEER6
at ip route get 10.60.1.1
check "ip route" out_has "10.60.1.1 via $PEER4 dev eth0 src $OUR4"
at ip -6 route get fd60::1
check "ip -6 route" out_has "via $PEER6 dev eth0"
at ip rule add from 10.50.0.1 lookup 50 priority 500
at ip rule
check "ip rule" out_has '^500:.*from 10.50.0.1 lookup 50'
at ip neigh replace 10.77.0.9 lladdr 02:00:00:00:00:09 dev eth0
at ip neigh
check "ip neigh" out_has '10.77.0.9 dev eth0 lladdr 02:00:00:00:00:09 PERMANENT'
# The ioctl asks a device tunl0, which instances are made without.
at ip link add tunl0 type ipip
check "ip link: tunl0, for ip tunnel" ran_well
at ip tunnel add tun7 mode ipip remote $PEER4 local $OUR4
at ip tunnel show
check "ip tunnel" out_has '^tun7: ip/ip remote 10.77.0.1 local 10.77.0.2'
at ip tunnel change tun7 ttl 9
at ip tunnel show tun7
check "ip tunnel change" out_has 'ttl 9'
at ip link add ip6tnl0 type ip6tnl
at ip -6 tunnel add tun8 mode ip6ip6 remote $PEER6 local $OUR6
at ip -6 tunnel show
check "ip -6 tunnel" out_has '^tun8: ipv6/ipv6'
at ip link add gre7 type gre remote $PEER4 local $OUR4
at ip -d link show gre7
check "ip link type gre" out_has 'gre remote 10.77.0.1 local 10.77.0.2'
at ip maddress add 01:00:5e:00:00:77 dev eth0
at ip maddress show dev eth0
check "ip maddress" out_has '01:00:5e:00:00:77'
at ip nexthop add id 7 via $PEER4 dev eth0
at ip nexthop
check "ip nexthop" out_has "id 7 via $PEER4 dev eth0"
at ip xfrm state add src $OUR4 dst $PEER4 proto esp spi 0x77 mode transport enc 'cbc(aes)' 0x00112233445566778899aabbccddeeff auth 'hmac(sha256)' 0x00112233445566778899aabbccddeeff
at ip xfrm state
check "ip xfrm" out_has 'proto esp spi 0x00000077'
at ip xfrm state flush
at ip vrf show
check "ip vrf" ran_well
at ip mptcp endpoint add $OUR4 dev eth0 signal
at ip mptcp endpoint
check "ip mptcp" out_has "^$OUR4 id 1 signal dev eth0"
at ip l2tp add tunnel tunnel_id 5 peer_tunnel_id 6 encap udp local $OUR4 remote $PEER4 udp_sport 5000 udp_dport 5001
at ip l2tp show tunnel
check "ip l2tp" out_has '^Tunnel 5, encap UDP'
at ip fou add port 5555 ipproto 4
at ip fou show
check "ip fou" out_has '^port 5555 ipproto 4'
at ip addrlabel
check "ip addrlabel" out_has '^prefix ::1/128 label 0'
at ip token
check "ip token" out_has 'dev eth0'
at ip ntable show dev eth0
check "ip ntable" out_has 'arp_cache'
at ip netconf show dev eth0
check "ip netconf" out_has '^inet eth0 '
at ip tcp_metrics
check "ip tcp_metrics" ran_well
at ip mroute
check "ip mroute" ran_well
at ip macsec show
check "ip macsec" ran_well
at ip sr tunsrc show
check "ip sr" out_has '^tunsrc addr'
at ip ioam namespace show
check "ip ioam" ran_well
at_bg "$T/monitor" ip -ts monitor link
watch=$AT_PID
# It says nothing before something happens.
monitored()
{
	at ip link set d1 mtu 1301
	at ip link set d1 mtu 1302
	grep -q 'd1: .*mtu 1302' "$T/monitor"
}
check "ip monitor: one process sees what another does" wait_for 10 monitored
kill "$watch"
at ip netns add inner
check "ip netns add" ran_well
at ip netns
check "ip netns: a later process sees it" out_has '^inner'
at ip link add v0 type veth peer name v1 netns inner
at ip -n inner -br link show v1
check "ip -n: a link in it" out_has '^v1'
at ip netns exec inner ip -br link
check "ip netns exec" sh -c "grep -q ^v1 '$T/out' && ! grep -q ^eth0 '$T/out'"

# --- who is connected ----------------------------------------------------------
at_bg "$T/server" nc -lk 7777
check "a server on the stack" wait_for 10 peer nc -z -w 1 "$OUR4" 7777
at ss -Hltn
check "ss: the listener of another process" out_has '^LISTEN .*:7777 '
at ss -Hltnp
check "ss -p" ran_well
at ss -s
check "ss -s" out_has '^TCP:'
if command -v netstat > /dev/null; then
	at netstat -ltn
	check "netstat -ltn" out_has '^tcp .*:7777 .*LISTEN'
	at netstat -i
	check "netstat -i" out_has '^eth0 '
	at netstat -s
	check "netstat -s" out_has 'segments received'
else
	skip "netstat" "not installed"
fi
at nc -z -w 10 $OUR4 7777
check "one client connects to another's server" ran_well

# --- the interface --------------------------------------------------------------
at ethtool -i eth0
check "ethtool -i" out_has '^driver: '
at ethtool -K eth0 gro off
at ethtool -k eth0
check "ethtool -K, -k" out_has '^generic-receive-offload: off'
at tc qdisc replace dev eth0 root handle 1: htb default 1
at tc class add dev eth0 parent 1: classid 1:1 htb rate 1gbit
at tc qdisc add dev eth0 parent 1:1 fq_codel
at tc filter add dev eth0 parent 1: protocol ip flower dst_ip 192.0.2.1 action drop
at tc -s qdisc show dev eth0
check "tc qdisc" sh -c "grep -q 'qdisc htb 1:' '$T/out' && grep -q fq_codel '$T/out'"
at tc filter show dev eth0
check "tc filter, flower" out_has 'dst_ip 192.0.2.1'
at ping -c 1 -W 10 $PEER4
check "traffic through it" ran_well
at tc -s class show dev eth0
check "which the class has counted" out_has 'Sent [1-9][0-9]* bytes'
at tc qdisc del dev eth0 root
at ip link add br7 type bridge vlan_filtering 1
at ip link set v0 master br7
at bridge vlan add dev v0 vid 7
at bridge vlan show dev v0
check "bridge vlan" out_has '(^| )7( |$)'
at bridge fdb add 02:00:00:00:00:07 dev v0 master static
at bridge fdb show br br7
check "bridge fdb" out_has '02:00:00:00:00:07 dev v0'

# --- filters --------------------------------------------------------------------
reject()
{
	! peer nc -z -w 1 "$OUR4" 7777
}
accept()
{
	peer nc -z -w 1 "$OUR4" 7777
}
# filter NAME RULE-ON... ; RULE-OFF... - it closes port 7777, and opens it
filter()
{
	tool=$1
	shift
	on=
	while [ "$1" != ';' ]; do
		on="$on $1"
		shift
	done
	shift
	command -v "${on%% -*}" > /dev/null || command -v "$tool" > /dev/null ||
		{ skip "$tool" "not installed"; return; }
	# shellcheck disable=SC2086
	at $on
	check "$tool: a rule" ran_well
	check "$tool: the port is closed" reject
	at "$@"
	check "$tool: the port is open again" accept
}
at nft add table inet t
at nft 'add chain inet t in { type filter hook input priority 0; }'
filter nft nft add rule inet t in tcp dport 7777 drop ';' nft flush chain inet t in
filter iptables iptables -A INPUT -p tcp --dport 7777 -m conntrack --ctstate NEW -j DROP ';' iptables -F
filter iptables-legacy iptables-legacy -A INPUT -p tcp --dport 7777 -j DROP ';' iptables-legacy -F
at ip6tables -A INPUT -p tcp --dport 7777 -j DROP
check "ip6tables: the port is closed" sh -c "! ip netns exec $NS nc -6 -z -w 1 $OUR6 7777"
at ip6tables -nvL
check "ip6tables has counted" out_has '^ +[1-9][0-9]* .*DROP.*dpt:7777'
at ip6tables -F
if command -v ipset > /dev/null; then
	at ipset create bad hash:ip
	at ipset add bad $PEER4
	at ipset list bad
	check "ipset" out_has "^$PEER4\$"
	filter "iptables with ipset" iptables -A INPUT -m set --match-set bad src -j DROP ';' iptables -F
else
	skip "ipset" "not installed"
fi
if command -v conntrack > /dev/null; then
	at iptables -A INPUT -m conntrack --ctstate INVALID -j DROP
	peer nc -z -w 1 $OUR4 7777 || :
	at conntrack -L
	check "conntrack -L" out_has "tcp .* src=$PEER4 dst=$OUR4 .*dport=7777"
	at conntrack -F
	at conntrack -C
	check "conntrack -F, -C" out_has '^[0-9]$'
	at iptables -F
else
	skip "conntrack" "not installed"
fi

# --- settings, packets -------------------------------------------------------------
before=$(cat /proc/sys/net/ipv4/ip_default_ttl)
at sysctl -qw net.ipv4.ip_default_ttl=44
at sysctl -n net.ipv4.ip_default_ttl
check "sysctl: a later process sees it" out_has '^44$'
check "the host does not" test "$(cat /proc/sys/net/ipv4/ip_default_ttl)" = "$before"
# libpcap wants a ring, which is memory of the home.
at_bg "$T/dump" tcpdump -n -l -i eth0 -c 3 icmp
watch=$AT_PID
check "tcpdump listens" wait_for 10 grep -q 'listening on eth0' "$T/dump"
at ping -c 2 -i 0.2 -W 10 $PEER4
check "tcpdump: what another process sends" \
	wait_for 10 grep -q "$OUR4 > $PEER4: ICMP echo request" "$T/dump"
check "tcpdump ends by itself" wait_for 10 gone "$watch"
at sh -c "tcpdump -n -i eth0 -c 2 -w $T/child.pcap icmp 2> $T/child.err & until grep -q 'listening on' $T/child.err; do sleep 0.05; done; ping -c 2 -i 0.2 -W 10 $PEER4; wait"
check "tcpdump as a child of an attached shell" test "$(tcpdump -nr "$T/child.pcap" 2> /dev/null | wc -l)" -eq 2
at_bg "$T/dump" tcpdump -n -i eth0 icmp
watch=$AT_PID
wait_for 10 grep -q 'listening on eth0' "$T/dump" || :
kill -9 "$watch"
no_packet_sockets()
{
	at cat /proc/net/packet
	[ "$(wc -l < "$T/out")" -eq 1 ]
}
check "a killed tcpdump leaves no socket behind" wait_for 5 no_packet_sockets
if command -v arping > /dev/null; then
	at arping -c 2 -i eth0 $PEER4
	check "arping" out_has '2 packets received'
else
	skip "arping" "not installed"
fi
if command -v wg > /dev/null; then
	at ip link add wg7 type wireguard
	(umask 077 && wg genkey > "$T/key")
	at wg set wg7 listen-port 7777 private-key "$T/key"
	at wg show wg7
	check "wg" out_has '^  listening port: 7777$'
	check "wg: the key of the file" grep -qF "  public key: $(wg pubkey < "$T/key")" "$T/out"
else
	skip "wg" "not installed"
fi

# Every one of them was a client that came and went.
programs()
{
	"$NUSE" --list --json | jq -e '.[0].programs_total == 1'
}
check "one program is left, the server" wait_for 5 programs
at sh -c 'cat /proc/net/dev'
stop_stack
check "--stop" ran_well
check "nothing was lost on the way" no_drops
finish
