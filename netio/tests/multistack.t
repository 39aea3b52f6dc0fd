#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# test-multistack in the network that it needs: a NIC that MultiStack shares, in
# a namespace of its own, with a peer at its other end.
#
# B: the build folder of the room; MULTISTACK: that of MultiStack.
# shellcheck disable=SC2317 # cleanup is called by trap
set -eu

room=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
top=${room%/*}
O=${O:-$top/build}
B=${B:-$O/netio}
MULTISTACK=${MULTISTACK:-$O/multistack}
PATH=$MULTISTACK:$PATH:/usr/sbin:/sbin
LD_LIBRARY_PATH=$MULTISTACK${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PATH LD_LIBRARY_PATH

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}
[ "$(id -u)" = 0 ] || skip "needs root for network namespaces"
for tool in multistackd multistackctl nsenter; do
	command -v $tool >/dev/null || skip "$tool is not there"
done

host=netio-ms-$$-host
peer=netio-ms-$$-peer
tmp=$(mktemp -d)
# shellcheck source=multistack/bench/daemon.sh
. "$top/multistack/bench/daemon.sh"
cleanup() {
	stop_multistackd || :
	for ns in "$host" "$peer"; do
		ip netns del "$ns" 2>/dev/null || :
	done
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

ip netns add "$host"
ip netns add "$peer"
ip -n "$host" link add eth1 type veth peer name eth0 netns "$peer"
ip -n "$host" addr add 10.0.0.1/24 dev eth1
ip -n "$peer" addr add 10.0.0.2/24 dev eth0
ip -n "$host" link set eth1 up
ip -n "$peer" link set eth0 up
: >"$tmp/multistackd.log"
start_multistackd "$host"
multistackctl -h valem:eth1
status=0
ip netns exec "$host" "$B/tests/test-multistack" "$peer" || status=$?
exit $status
