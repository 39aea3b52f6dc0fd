# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # for who sources it
# SPDX-License-Identifier: GPL-2.0-only
#
# two-hosts.sh - a host with a NIC, and its peer on the wire, for a shell test
#
# Sourced, with $here as the test's directory:
#
#	need TOOL...		skip the test where one is missing
#	two_hosts PREFIX	names, temporary directory, clean-up at the end
#	join_hosts		make them:
#
#	namespace $host				namespace $peer
#	eth1 10.0.0.1/24 fd00::1/64  ----------	eth0 10.0.0.2/24 fd00::2/64
#
# What a test starts goes into $pids, and is ended with it. A daemon is there by
# bench/daemon.sh, which this sources.

if [ -n "${MS_BUILD:-}" ]; then
	PATH=$MS_BUILD:$PATH
	LD_LIBRARY_PATH=$MS_BUILD
	export PATH LD_LIBRARY_PATH
fi

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}

need() {	# TOOL...
	[ "$(id -u)" = 0 ] || skip "needs root for network namespaces"
	for tool; do
		command -v "$tool" >/dev/null || skip "$tool is not installed"
	done
}

cleanup() {
	for pid in $pids; do
		kill "$pid" 2>/dev/null || true
	done
	stop_multistackd || true
	ip netns del "$host" 2>/dev/null || true
	ip netns del "$peer" 2>/dev/null || true
	rm -rf "$tmp"
}

two_hosts() {	# PREFIX
	id=$1$$
	host=$id-host
	peer=$id-peer
	pids=
	tmp=$(mktemp -d)
	trap cleanup EXIT
	trap 'exit 1' INT TERM HUP PIPE
}

# not for what is started with "&" and killed later: $! would be a subshell
in_host() { ip netns exec "$host" "$@"; }
in_peer() { ip netns exec "$peer" "$@"; }

join_hosts() {
	ip netns add "$host"
	ip netns add "$peer"
	ip -n "$host" link add eth1 type veth peer name eth0 netns "$peer"
	ip -n "$host" link set lo up
	ip -n "$host" addr add 10.0.0.1/24 dev eth1
	ip -n "$host" addr add fd00::1/64 dev eth1 nodad
	ip -n "$peer" addr add 10.0.0.2/24 dev eth0
	ip -n "$peer" addr add fd00::2/64 dev eth0 nodad
	ip -n "$host" link set eth1 up
	ip -n "$peer" link set eth0 up
}

# shellcheck source=multistack/bench/daemon.sh
. "$here/../../bench/daemon.sh"
