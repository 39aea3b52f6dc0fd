# shellcheck shell=sh disable=SC2034,SC2154 # variables shared with the others
# SPDX-License-Identifier: GPL-2.0-only
#
# net.sh - the network namespaces, and the two veth pairs between them
#
# Sourced. There is one network for all columns:
#
#	<id>-far               <id>-near              <id>-end
#	10.71.1.1/24           10.71.1.2  10.71.2.2   10.71.2.1/24
#	   far0 ================= nic0      nic1 ======= end0
#
# The stack under test is at "near"; what of nic0 and nic1 it takes is for its
# column to say (columns.sh). "far" and "end" are the host's own stack, and know
# each other through near. Before each sample near is laid bare: no addresses, no
# bridge, no forwarding.

far_addr=10.71.1.1
near_addr=10.71.1.2
near2_addr=10.71.2.2
end_addr=10.71.2.1

far=$id-far
near=$id-near
end=$id-end

in_ns() {
	in_ns=$1
	shift
	ip netns exec "$in_ns" "$@"
}

new_netns() {
	ip netns add "$1"
	netns_list="$netns_list $1"
	ip -n "$1" link set lo up
	in_ns "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
		net.ipv6.conf.default.disable_ipv6=1
}

make_net() {
	new_netns "$far"
	new_netns "$near"
	new_netns "$end"
	ip -n "$near" link add nic0 type veth peer name far0 netns "$far"
	ip -n "$near" link add nic1 type veth peer name end0 netns "$end"
	ip -n "$far" addr add "$far_addr/24" dev far0
	ip -n "$far" link set far0 up
	ip -n "$far" route add default via "$near_addr"
	ip -n "$end" addr add "$end_addr/24" dev end0
	ip -n "$end" link set end0 up
	ip -n "$end" route add default via "$near2_addr"
	clear_near
}

# What the last sample left: addresses, bridges, offloads, neighbours with other
# hardware addresses.
clear_near() {
	for i in 0 1; do
		ip -n "$near" link del br$i 2>/dev/null || true
		ip -n "$near" addr flush dev nic$i
		ip -n "$near" link set nic$i promisc off up
	done
	in_ns "$near" sysctl -qw net.ipv4.ip_forward=0
	in_ns "$far" ethtool -K far0 tx on >/dev/null
	ip -n "$far" neigh flush all
	ip -n "$end" neigh flush all
}

# Without detours through the host's IP filters, which some hosts configure.
bridge_near() {	# 0 | 1
	ip -n "$near" link add br"$1" type bridge
	in_ns "$near" sysctl -qw net.bridge.bridge-nf-call-iptables=0 \
		net.bridge.bridge-nf-call-arptables=0 2>/dev/null || true
	ip -n "$near" link set nic"$1" master br"$1"
	ip -n "$near" link set br"$1" up
}

wait_for() {	# SECONDS COMMAND...
	tries=$(($1 * 50))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.02
	done
}
