# shellcheck shell=sh disable=SC2034,SC2154 # variables shared with the others
# SPDX-License-Identifier: GPL-2.0-only
#
# net.sh - the namespaces, ports and stacks that bench-multistack compares
#
# Sourced. Each case has a host namespace with a NIC and a peer namespace at the
# other end of a veth pair, so that no case sees another's traffic:
#
#	<id>-CASE: eth1 10.9.0.1/24  ----  peer0 10.9.0.2/24 :<id>-CASE-peer
#
# A case is described by what it leaves in these variables for the measuring
# functions:
#
#	host_ns, peer_ns, mac (of whoever receives), addr (likewise),
#	io (for ms-pktgen -i), io_opts, stack_ns (for iperf3), tcp_port; if that is
#	empty, there is no stack behind the port

host_addr=10.9.0.1
peer_addr=10.9.0.2
port_addr=10.9.0.3	# of what is bridged or stacked beside the host
guest_mac=02:00:00:00:00:09	# behind the bridge's TAP

# Not for what is started with "&" and killed later: $! would be a subshell.
in_ns() {
	ns=$1
	shift
	ip netns exec "$ns" "$@"
}

mac_of() {	# NS IF
	ip -n "$1" -br link show dev "$2" | awk '{ print $3 }'
}

# Poll for a condition; time out loudly. WHAT may be a log, which is shown then.
wait_for() {	# SECONDS WHAT COMMAND...
	tries=$(($1 * 20))
	what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		if [ "$tries" -le 0 ]; then
			echo "bench-multistack: timed out: $what" >&2
			[ ! -f "$what" ] || cat "$what" >&2
			return 1
		fi
		sleep 0.05
	done
}

new_netns() {	# NAME
	ip netns add "$1"
	netns_list="$netns_list $1"
	ip -n "$1" link set lo up
	in_ns "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
}

make_pair() {	# CASE
	host_ns=$id-$1
	peer_ns=$id-$1-peer
	new_netns "$host_ns"
	new_netns "$peer_ns"
	ip -n "$host_ns" link add eth1 type veth peer name peer0 netns "$peer_ns"
	ip -n "$host_ns" link set eth1 up
	ip -n "$peer_ns" addr add $peer_addr/24 dev peer0
	ip -n "$peer_ns" link set peer0 up
	wait_for 5 "$peer_ns: carrier" \
		in_ns "$peer_ns" grep -q 1 /sys/class/net/peer0/carrier
}

# A receiver that costs the same for every case: count and drop at the door.
sink_on() {	# NS
	in_ns "$1" nft -f - <<-NFT
		table netdev sink {
			chain in {
				type filter hook ingress device peer0 priority 0;
				udp dport 5000 counter drop;
			}
		}
	NFT
}

# A namespace whose stack sits behind a TAP named "stack".
make_stack() {	# CASE ADDR MAC
	stack_ns=$id-$1-stack
	new_netns "$stack_ns"
	ip -n "$stack_ns" tuntap add stack mode tap vnet_hdr
	ip -n "$stack_ns" link set stack address "$3" txqueuelen 10000
	ip -n "$stack_ns" addr add "$2/24" dev stack
	ip -n "$stack_ns" link set stack up
}

start_relay() {	# HOST-NS STACK-NS ARGS...
	relay_ns=$1
	relay_log=$tmp/relay-$2
	relay_stack=$2
	shift 2
	ip netns exec "$relay_ns" ms-relay -n "$relay_stack" -s stack "$@" \
		>"$relay_log" 2>&1 &
	pids="$pids $!"
	wait_for 10 "$relay_log" grep -q ready "$relay_log"
}

start_iperf() {	# NS PORT
	ip netns exec "$1" iperf3 --forceflush -s -p "$2" >"$tmp/iperf-$1-$2" 2>&1 &
	pids="$pids $!"
	wait_for 10 "$tmp/iperf-$1-$2" grep -q listening "$tmp/iperf-$1-$2"
}

# (a) the host's stack alone
make_plain() {
	make_pair plain
	ip -n "$host_ns" addr add $host_addr/24 dev eth1
	sink_on "$peer_ns"
	start_iperf "$host_ns" 5201
}

case_plain() {
	host_ns=$id-plain peer_ns=$id-plain-peer
	addr=$host_addr io=host io_opts='' tcp_port=5201
	mac=$(mac_of "$host_ns" eth1)
}

# (b), (c), (d) one NIC with MultiStack: its host, a TAP and an AF_XDP port
make_multistack() {
	make_pair ms
	ms_ns=$host_ns
	ip -n "$ms_ns" addr add $host_addr/24 dev eth1
	sink_on "$peer_ns"
	start_multistackd "$ms_ns"
	in_ns "$ms_ns" multistackctl -h valem:eth1
	start_iperf "$ms_ns" 5203
	for kind in tap xdp; do
		make_stack "ms-$kind" $host_addr "$(mac_of "$ms_ns" eth1)"
		ip -n "$stack_ns" neigh add $peer_addr dev stack nud permanent \
			lladdr 02:00:00:00:00:02
		tcp_port=5201
		[ "$kind" = tap ] || tcp_port=5202
		start_relay "$ms_ns" "$stack_ns" -k $kind \
			-t tcp:$host_addr:$tcp_port "valem:tcp-$kind"
		start_iperf "$stack_ns" $tcp_port
	done
}

case_host() {
	host_ns=$id-ms peer_ns=$id-ms-peer
	addr=$host_addr io=host io_opts='' tcp_port=5203
	mac=$(mac_of "$host_ns" eth1)
}

case_tap() {
	case_host
	io=valem:bench io_opts='-k tap' tcp_port=5201
}

case_xdp() {
	case_host
	io=valem:bench io_opts='-k xdp' tcp_port=5202
}

# (e) the NIC and a TAP in a bridge
make_bridge() {
	make_pair bridge
	ip -n "$host_ns" link add br0 type bridge
	ip -n "$host_ns" link set eth1 master br0
	ip -n "$host_ns" tuntap add bench mode tap vnet_hdr
	ip -n "$host_ns" tuntap add relay mode tap vnet_hdr
	for port in bench relay; do
		ip -n "$host_ns" link set "$port" master br0 txqueuelen 1024
		ip -n "$host_ns" link set "$port" up
	done
	ip -n "$host_ns" link set br0 up
	in_ns "$host_ns" bridge fdb add $guest_mac dev bench master static
	sink_on "$peer_ns"
	make_stack bridge $port_addr 02:00:00:00:00:03
	start_relay "$host_ns" "$stack_ns" tap:relay
	start_iperf "$stack_ns" 5201
}

case_bridge() {
	host_ns=$id-bridge peer_ns=$id-bridge-peer
	addr=$host_addr io=tap:bench io_opts="-M $guest_mac" tcp_port=5201
	mac=$guest_mac
}

# (f) a macvtap on the NIC
make_macvtap() {
	make_pair macvtap
	for port in bench relay; do
		ip -n "$host_ns" link add link eth1 name $port type macvtap \
			mode bridge
		ip -n "$host_ns" link set "$port" txqueuelen 1024 up
	done
	sink_on "$peer_ns"
	make_stack macvtap $port_addr "$(mac_of "$host_ns" relay)"
	start_relay "$host_ns" "$stack_ns" macvtap:relay
	start_iperf "$stack_ns" 5201
}

case_macvtap() {
	host_ns=$id-macvtap peer_ns=$id-macvtap-peer
	addr=$host_addr io=macvtap:bench io_opts='' tcp_port=5201
	mac=$(mac_of "$host_ns" bench)
}

# (g) a TAP on the NIC by bare redirects, unvalidated: what no port can cost less than
make_floor() {
	make_pair floor
	ip -n "$host_ns" tuntap add bench mode tap vnet_hdr
	ip -n "$host_ns" link set bench txqueuelen 1024 up
	sink_on "$peer_ns"
	: >"$tmp/floor"
	ip netns exec "$host_ns" ms-floor eth1 bench >"$tmp/floor" 2>&1 &
	pids="$pids $!"
	wait_for 5 "$tmp/floor" grep -q ready "$tmp/floor"
}

case_floor() {
	host_ns=$id-floor peer_ns=$id-floor-peer
	addr=$port_addr io=tap:bench io_opts="-M $guest_mac" tcp_port=
	mac=$guest_mac
}

# (h) a TAP port where each frame is a system call: three are too few for a ring
case_single() {
	case_tap
	io_opts='-k tap -b 3' tcp_port=
}

# Where iperf3's peer connects to: beside the host or the host's own address.
tcp_addr() {	# CASE
	case $1 in
	bridge | macvtap) echo $port_addr ;;
	*) echo $host_addr ;;
	esac
}
