# shellcheck shell=sh disable=SC2034,SC2154 # variables shared with the others
# SPDX-License-Identifier: GPL-2.0-only
#
# measure.sh - one sample of each kind, for the case that net.sh has selected
#
# Sourced. Each function prints one number, or "nan" with a line on standard
# error when the sample failed; a failed sample is left out of the medians. The
# far end and the side under test each have a CPU of their own where there are
# two.

cpu_far=0
cpu_near=$(($(nproc) > 1))

field() {	# NAME FILE: a number of ms-pktgen's JSON summary
	jq -r ".$1 // \"nan\"" "$2" 2>/dev/null || echo nan
}

# Packets per second received behind the port, the far end sending all it can.
sample_rx() {	# LEN [PORTS]
	far_ports=5000${2:+-$((5000 + $2 - 1))}
	# shellcheck disable=SC2086 # io_opts is a list of options
	ip netns exec "$host_ns" taskset -c $cpu_near ms-pktgen -f rx -i $io $io_opts \
		-s "$addr:$far_ports" -C -j -q -T "$seconds" -w 5 \
		>"$tmp/rx" 2>"$tmp/rx.err" &
	rx_pid=$!
	ip netns exec "$peer_ns" taskset -c $cpu_far ms-pktgen -f tx -i packet:peer0 \
		-D "$mac" -s "$peer_addr:5000" -d "$addr:$far_ports" -l "$1" -C \
		-j -q -T 10 >"$tmp/tx" 2>"$tmp/tx.err" &
	tx_pid=$!
	wait $rx_pid || cat "$tmp/rx.err" >&2
	kill -TERM $tx_pid 2>/dev/null || true
	wait $tx_pid || cat "$tmp/tx.err" >&2
	field pps "$tmp/rx"
}

# Packets per second that reach the far end, sent through the port.
sample_tx() {	# LEN
	counter=/sys/class/net/peer0/statistics/rx_packets
	before=$(in_ns "$peer_ns" cat $counter)
	# shellcheck disable=SC2086 # io_opts is a list of options
	in_ns "$host_ns" taskset -c $cpu_near ms-pktgen -f tx -i $io $io_opts \
		-D "$(mac_of "$peer_ns" peer0)" -s "$addr:5000" \
		-d "$peer_addr:5000" -l "$1" -C -j -q -T "$seconds" \
		>"$tmp/tx" 2>"$tmp/tx.err" || cat "$tmp/tx.err" >&2
	after=$(in_ns "$peer_ns" cat $counter)
	awk -v n=$((after - before)) -v s="$(field seconds "$tmp/tx")" \
		'BEGIN { if (s > 0) printf "%.0f\n", n / s; else print "nan" }'
}

# Gbit/s of one TCP flow; with -R from the port's side to the peer.
sample_tcp() {	# CASE [-R]
	# shellcheck disable=SC2086 # io_opts is a list of options
	in_ns "$peer_ns" iperf3 -c "$(tcp_addr "$1")" -p "$tcp_port" \
		-t "$seconds" -O 0.3 ${2:-} -J >"$tmp/iperf" 2>&1 || {
		jq -r '.error // empty' "$tmp/iperf" >&2 || true
		echo nan
		return
	}
	jq -r '.end.sum_received.bits_per_second / 1e9' "$tmp/iperf"
}

# Round trip in us, median of one second.
sample_rtt() {
	# nobody answers ARP for a test port
	ip -n "$peer_ns" neigh replace "$addr" lladdr "$mac" dev peer0
	# shellcheck disable=SC2086 # io_opts is a list of options
	ip netns exec "$host_ns" taskset -c $cpu_near ms-pktgen -f pong -i $io $io_opts \
		-D "$(mac_of "$peer_ns" peer0)" -s "$addr:5001" \
		-d "$peer_addr:5001" -q -T "$seconds" -w 3 >/dev/null \
		2>"$tmp/rx.err" &
	rx_pid=$!
	in_ns "$peer_ns" taskset -c $cpu_far ms-pktgen -f ping -i host \
		-s "$peer_addr:5001" -d "$addr:5001" -w 0.2 -j -q \
		-T "$seconds" >"$tmp/tx" 2>"$tmp/tx.err" || cat "$tmp/tx.err" >&2
	kill -TERM $rx_pid 2>/dev/null || true
	wait $rx_pid || cat "$tmp/rx.err" >&2
	jq -r '.rtt_ns.p50 / 1000' "$tmp/tx" 2>/dev/null || echo nan
}
