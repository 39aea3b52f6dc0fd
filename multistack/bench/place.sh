# shellcheck shell=sh disable=SC2034,SC2154 # variables shared with the others
# SPDX-License-Identifier: GPL-2.0-only
#
# place.sh - where a benchmark runs, and what must be gone when it ends
#
# Sourced, with $here the folder of the benchmark, $out that of its results and
# $id, with which the names of its network namespaces begin. Makes $tmp. At the
# end go the processes in $pids and all that are left in the namespaces of
# $netns_list, the daemon, the namespaces, and $tmp.

netns_list=
pids=
mkdir -p "$out"
tmp=$(mktemp -d)

# The far end and the side under test, each on a CPU of its own where there are two.
cpu_far=0
cpu_near=$(($(nproc) > 1))

cleanup() {
	exec 2>/dev/null	# the shell reports each job that it ends
	for pid in $pids; do
		kill "$pid" || true
	done
	for pid in $pids; do
		wait "$pid" || true
	done
	stop_multistackd || true
	for ns in $netns_list; do
		for pid in $(ip netns pids "$ns"); do
			kill "$pid" || true
		done
		ip netns del "$ns" || true
	done
	rm -rf "$tmp"
}

# shellcheck source=multistack/bench/daemon.sh
. "$here/daemon.sh"
# shellcheck source=multistack/bench/net.sh
. "$here/net.sh"
trap cleanup EXIT
trap 'exit 1' INT TERM HUP PIPE
