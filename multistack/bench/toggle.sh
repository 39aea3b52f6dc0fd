#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# toggle.sh - what the host pays for MultiStack on its NIC: (b) to (a), decided
#
#	toggle.sh OUTDIR		(as root; programs from PATH)
#
# One flow of the host's own, all the time, while the NIC is attached and
# detached (ms-toggle.c). On a veth pair all that the kernel does for a packet, as
# far as the receiver's socket, it does in the sender's system call or its softirq.
# For each size and direction one line: the median of the rounds' ratios of
# processor time per packet, attached to detached, and a confidence interval of 95
# per cent for the median, which assumes nothing of how the ratios are distributed
# (the binomial ranks about the middle one). So it says itself whether the machine
# was quiet enough to decide. Samples go to OUTDIR/toggle.tsv, the table to
# standard output and OUTDIR/toggle.txt.
#
# Environment: TOGGLE_ROUNDS (150), TOGGLE_MS a window (50), TOGGLE_SIZES,
# TOGGLE_WHAT: multistack, or empty: programs that do nothing in its place.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: toggle.sh OUTDIR}
rounds=${TOGGLE_ROUNDS:-150}
window_ms=${TOGGLE_MS:-50}
sizes=${TOGGLE_SIZES:-64 512 1500}
id=msg$$
# shellcheck source=multistack/bench/place.sh
. "$here/place.sh"

start() {	# p|q NS CPU ms-pktgen's ARGS...
	role=$1
	where=$2
	cpu=$3
	shift 3
	ip netns exec "$where" taskset -c "$cpu" ms-pktgen "$@" -C -j -q -T 3600 \
		>"$tmp/pktgen" 2>&1 &
	pids="$pids $!"
	flow="$flow -$role $!"
}

# What is received at the sender's cost may be put off to these.
softirqs() {
	pgrep -x 'ksoftirqd/[0-9]*' | sed 's/^/-p /' | tr '\n' ' '
}

stop_flow() {
	for pid in $pids; do
		kill "$pid"
		wait "$pid" 2>/dev/null || true
	done
	pids=
}

# Not a pipe about all of it: what is started must be this shell's child.
say() {	# FORMAT ARGS...
	# shellcheck disable=SC2059 # a format it is
	printf "$@" | tee -a "$out/toggle.txt"
}

case ${TOGGLE_WHAT:-multistack} in
multistack)
	off='multistackctl -d valem'
	on='multistackctl -h valem:eth1'
	;;
empty)
	off="kill \$(cat $tmp/floor); rm $tmp/floor"
	on=": >$tmp/floor.out; ip netns exec $id-toggle ms-floor eth1 >>$tmp/floor.out & echo \$! >$tmp/floor"
	on="$on; until grep -q ready $tmp/floor.out; do sleep 0.01; done"
	;;
*)
	echo "toggle.sh: TOGGLE_WHAT is multistack or empty" >&2
	exit 2
	;;
esac

measure() {	# WHAT SIZE COUNTER
	sh -c "$on"
	# shellcheck disable=SC2046,SC2086 # lists of options
	ip netns exec "$peer_ns" ms-toggle -n "$rounds" -t "$window_ms" \
		-c "/sys/class/net/peer0/statistics/$3" $flow $(softirqs) -- \
		"$off" -- "$on" |
		sed -u "s/^/$1 $2 /" | tee -a "$out/toggle.tsv" |
		awk -f "$here/median.awk" -f "$here/toggle.awk" |
		tee -a "$out/toggle.txt"
}

make_pair toggle
ip -n "$host_ns" addr add $host_addr/24 dev eth1
sink_on "$peer_ns"
start_multistackd "$host_ns"
near_mac=$(mac_of "$host_ns" eth1)
: >"$out/toggle.tsv"
: >"$out/toggle.txt"
say '%s, %s CPUs, %s rounds of 4 windows of %s ms\n\n' "$(uname -sr)" "$(nproc)" \
	"$rounds" "$window_ms"
for len in $sizes; do
	frame=$((len == 1500 ? 1514 : len - 4))
	flow=
	start q "$host_ns" $cpu_near -f rx -i host -s $host_addr:5000
	wait_for 5 "$tmp/pktgen" in_ns "$host_ns" sh -c \
		'ss -Hlun sport = 5000 | grep -q .'
	start p "$peer_ns" $cpu_far -f tx -i packet:peer0 -D "$near_mac" \
		-s $peer_addr:5000 -d $host_addr:5000 -l $frame
	measure in "$len" tx_packets
	stop_flow
	flow=
	start p "$host_ns" $cpu_near -f tx -i host -s $host_addr:5000 \
		-d $peer_addr:5000 -l $frame
	measure out "$len" rx_packets
	stop_flow
done
say "\nload average at the end: %s\n" "$(cut -d" " -f1 /proc/loadavg)"
