# shellcheck shell=sh disable=SC2034,SC2154 # variables shared with the others
# SPDX-License-Identifier: GPL-2.0-only
#
# columns.sh - how each column runs a program on its stack
#
# Sourced. A column is a pair of functions: COLUMN_up lays what its stack stands on
# and names the commands that put a program there, COLUMN_router does it with both
# of near's interfaces and forwarding. They leave in
#
#	near_cmd	what to put before a program to run it at near
#	far_cmd		likewise at far, usually nothing: the host's stack
#	end_cmd		likewise at end
#
# words all of them. near_exec, far_exec and end_exec replace the (sub)shell by the
# program, limited in time, so that $! of one started with & is the process to kill:
# timeout(1) passes a SIGTERM on.
#
#	native	near's own stack with the addresses on nic0 and nic1
#	tap	nuse, TAP devices, each in a bridge with its nic
#	raw	nuse, packet sockets on nic0 and nic1
#	pipe	nuse at all three places, FIFOs in place of the veth pairs
#	gvisor	runsc, which takes over the addresses of nic0 and nic1

limit=20	# seconds for any one program

near_exec() {
	# shellcheck disable=SC2086 # lists of words
	exec timeout -k 2 $limit ip netns exec "$near" ${BENCH_WRAP:-} $near_cmd "$@"
}

far_exec() {
	# shellcheck disable=SC2086
	exec timeout -k 2 $limit ip netns exec "$far" $far_cmd "$@"
}

end_exec() {
	# shellcheck disable=SC2086
	exec timeout -k 2 $limit ip netns exec "$end" $end_cmd "$@"
}

column_up() {	# COLUMN up | router
	near_cmd=
	far_cmd=
	end_cmd=
	stats=
	kernel=$kernel_full
	clear_near
	rm -f "$tmp"/pipe* "$tmp"/*.conf "$tmp"/stats
	"$1_$2"
}

# --- native ----------------------------------------------------------------

native_up() {
	ip -n "$near" addr add "$near_addr/24" dev nic0
}

native_router() {
	native_up
	ip -n "$near" addr add "$near2_addr/24" dev nic1
	in_ns "$near" sysctl -qw net.ipv4.ip_forward=1
}

# --- nuse ------------------------------------------------------------------

nuse_cmd() {	# PLACE
	echo "$nuse --kernel=$kernel -c $tmp/$1.conf"
}

# IPv6 is off, as in the namespaces: its duplicate address detection would be what
# the start of a stack waits for.
near_nuse() {	# the near end of any, with counters
	for conf in "$tmp"/*.conf; do
		sed -i '1i sysctl net.ipv6.conf.all.disable_ipv6 1' "$conf"
	done
	stats=$tmp/stats
	near_cmd="$(nuse_cmd near) --stats=$stats"
}

tap_if() {	# 0 | 1 ADDRESS
	bridge_near "$1"
	cat <<-CONF
		interface eth$1
			viftype TAP
			hostif tap$1
			bridge br$1
			address $2/24

	CONF
}

tap_up() {
	tap_if 0 "$near_addr" >"$tmp/near.conf"
	near_nuse
}

tap_router() {
	{
		tap_if 0 "$near_addr"
		tap_if 1 "$near2_addr"
		echo "sysctl net.ipv4.ip_forward 1"
	} >"$tmp/near.conf"
	near_nuse
}

raw_if() {	# 0 | 1 ADDRESS
	cat <<-CONF
		interface eth$1
			viftype RAW
			hostif nic$1
			address $2/24

	CONF
}

raw_up() {
	raw_if 0 "$near_addr" >"$tmp/near.conf"
	near_nuse
}

raw_router() {
	{
		raw_if 0 "$near_addr"
		raw_if 1 "$near2_addr"
		echo "sysctl net.ipv4.ip_forward 1"
	} >"$tmp/near.conf"
	near_nuse
}

pipe_if() {	# 0 | 1 ADDRESS [GATEWAY]
	cat <<-CONF
		interface eth$1
			viftype PIPE
			pipepath $tmp/pipe$1
			address $2/24
			${3:+gateway $3}

	CONF
}

pipe_up() {
	pipe_if 0 "$far_addr" "$near_addr" >"$tmp/far.conf"
	pipe_if 0 "$near_addr" >"$tmp/near.conf"
	far_cmd=$(nuse_cmd far)
	near_nuse
}

pipe_router() {
	pipe_if 0 "$far_addr" "$near_addr" >"$tmp/far.conf"
	{
		pipe_if 0 "$near_addr"
		pipe_if 1 "$near2_addr"
		echo "sysctl net.ipv4.ip_forward 1"
	} >"$tmp/near.conf"
	pipe_if 1 "$end_addr" "$near2_addr" >"$tmp/end.conf"
	far_cmd=$(nuse_cmd far)
	end_cmd=$(nuse_cmd end)
	near_nuse
}

# --- gVisor ----------------------------------------------------------------

gvisor_up() {
	ip -n "$near" addr add "$near_addr/24" dev nic0
	near_cmd="$here/gvisor.sh $tmp/gvisor"
}

# It forwards a frame whose checksum the host left to the NIC as if that were there:
# the sender has to compute it.
gvisor_router() {
	in_ns "$far" ethtool -K far0 tx off >/dev/null
	gvisor_up
	ip -n "$near" addr add "$near2_addr/24" dev nic1
	near_cmd="env GVISOR_FORWARD=1 $near_cmd"
}
