# shellcheck shell=sh disable=SC2034,SC2154 # variables shared with the others
# SPDX-License-Identifier: GPL-2.0-only
#
# measure.sh - one sample of each kind, for the case that net.sh has selected
#
# Sourced. Each function prints one number, or "nan" with a line on standard
# error when the sample failed; a failed sample is left out of the medians.
# Those of packets print two: packets per second, and ns of processor time per
# packet, of both sides. On a veth pair the far end's receiving happens inside
# the sender's system call, so that is all that a packet costs; and unlike the
# rate it does not depend on what else the machine does.

# iperf3 takes whole seconds only
tcp_seconds=$(awk -v s="$seconds" 'BEGIN { print s < 1 ? 1 : int(s) }')

field() {	# NAME FILE: a number of ms-pktgen's JSON summary, its last line
	tail -n 1 "$2" | jq -r ".$1 // \"nan\"" 2>/dev/null || echo nan
}

# ns of processor time per packet, from summaries.
cpu_ns() {	# FILE...
	for file; do
		tail -n 1 "$file"
	done | jq -s 'map(.cpu_seconds / .packets * 1e9) | add' 2>/dev/null ||
		echo nan
}

# What is measured must be ready before the far end starts.
await_ready() {	# LOG PID
	tries=1200
	until grep -q ready "$1" || ! kill -0 "$2" 2>/dev/null; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || break
		sleep 0.05
	done
}

# Packets received behind the port, the far end sending all it can.
# With PORTS, single segments of TCP to so many tuples in turn.
sample_rx() {	# LEN [PORTS]
	far_ports=5000 far_proto=udp far_len=$1
	if [ $# -gt 1 ]; then
		far_ports=10000-$((10000 + $2 - 1)) far_proto=tcp
		far_len=$(($1 + 12))	# its header is longer
	fi
	: >"$tmp/rx"
	# shellcheck disable=SC2086 # io_opts is a list of options
	ip netns exec "$host_ns" taskset -c "$cpu_near" ms-pktgen -f rx -i $io \
		$io_opts -s "$addr:$far_ports" -P "$far_proto" -C -j \
		-T "$seconds" -w 5 >"$tmp/rx" 2>"$tmp/rx.err" &
	rx_pid=$!
	await_ready "$tmp/rx" $rx_pid
	ip netns exec "$peer_ns" taskset -c "$cpu_far" ms-pktgen -f tx \
		-i packet:peer0 -D "$mac" -s "$peer_addr:5000" \
		-d "$addr:$far_ports" -P "$far_proto" -l "$far_len" -C \
		-j -q -T 10 >"$tmp/tx" 2>"$tmp/tx.err" &
	tx_pid=$!
	wait $rx_pid || cat "$tmp/rx.err" >&2
	kill -TERM $tx_pid 2>/dev/null || true
	wait $tx_pid || cat "$tmp/tx.err" >&2
	echo "$(field pps "$tmp/rx") $(cpu_ns "$tmp/rx" "$tmp/tx")"
}

# Packets that reach the far end, sent through the port.
sample_tx() {	# LEN
	counter=/sys/class/net/peer0/statistics/rx_packets
	before=$(in_ns "$peer_ns" cat $counter)
	# shellcheck disable=SC2086 # io_opts is a list of options
	in_ns "$host_ns" taskset -c "$cpu_near" ms-pktgen -f tx -i $io $io_opts \
		-D "$(mac_of "$peer_ns" peer0)" -s "$addr:5000" \
		-d "$peer_addr:5000" -l "$1" -C -j -q -T "$seconds" \
		>"$tmp/tx" 2>"$tmp/tx.err" || cat "$tmp/tx.err" >&2
	after=$(in_ns "$peer_ns" cat $counter)
	awk -v n=$((after - before)) -v s="$(field seconds "$tmp/tx")" \
		-v cpu="$(field cpu_seconds "$tmp/tx")" 'BEGIN {
			if (s > 0 && n > 0)
				printf "%.0f %.1f\n", n / s, cpu / n * 1e9
			else
				print "nan nan"
		}'
}

# One TCP flow; with -R from the port's side to the peer. Prints Gbit/s, and the
# processor time of both iperf3s in ns per KiB; a relay's is not in it, so the
# latter is to be used between cases without one.
sample_tcp() {	# CASE [-R]
	# shellcheck disable=SC2086
	in_ns "$peer_ns" iperf3 -c "$(tcp_addr "$1")" -p "$tcp_port" \
		-t "$tcp_seconds" ${2:-} -J >"$tmp/iperf" 2>&1 || {
		jq -r '.error // empty' "$tmp/iperf" >&2 || true
		echo nan nan
		return
	}
	jq -r '.end | "\(.sum_received.bits_per_second / 1e9) \(
		(.cpu_utilization_percent | .host_total + .remote_total) / 100
		* .sum_received.seconds * 1e9
		/ (.sum_received.bytes / 1024))"' "$tmp/iperf"
}

# Round trip in us, median of one second.
sample_rtt() {
	# nobody answers ARP for a test port
	ip -n "$peer_ns" neigh replace "$addr" lladdr "$mac" dev peer0
	: >"$tmp/rx"
	# shellcheck disable=SC2086 # io_opts is a list of options
	ip netns exec "$host_ns" taskset -c "$cpu_near" ms-pktgen -f pong -i $io \
		$io_opts -D "$(mac_of "$peer_ns" peer0)" -s "$addr:5001" \
		-d "$peer_addr:5001" -T "$seconds" -w 3 >"$tmp/rx" \
		2>"$tmp/rx.err" &
	rx_pid=$!
	await_ready "$tmp/rx" $rx_pid
	in_ns "$peer_ns" taskset -c "$cpu_far" ms-pktgen -f ping -i host \
		-s "$peer_addr:5001" -d "$addr:5001" -w 0.2 -j -q \
		-T "$seconds" >"$tmp/tx" 2>"$tmp/tx.err" || cat "$tmp/tx.err" >&2
	kill -TERM $rx_pid 2>/dev/null || true
	wait $rx_pid || cat "$tmp/rx.err" >&2
	jq -r '.rtt_ns.p50 / 1000' "$tmp/tx" 2>/dev/null || echo nan
}
