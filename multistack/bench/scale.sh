# shellcheck shell=sh disable=SC2034,SC2154 # variables shared with the others
# SPDX-License-Identifier: GPL-2.0-only
#
# scale.sh - what the number of tuples and of ports costs
#
# Sourced. Two figures for each number: packets per second, and what the
# kernel's own clock (kernel.bpf_stats_enabled) says that the program at the
# NIC's ingress took for each of those packets. The second one is taken in a
# sample of its own, since counting costs time itself.
#
#	tuples N: one TAP port owns N tuples, and the traffic visits all in turn
#	ports N:  N TAP ports own one tuple each, the traffic goes to the last
#	idle N:   a port owns N tuples, and the traffic is the host's own
#
# And what the host pays for each of its own packets, by BPF_PROG_TEST_RUN: a
# figure that no other load on the machine disturbs.

tuple_counts="1 16 256 10000"
port_counts="1 16 256"

# run_time_ns and run_cnt of the program at the NIC's ingress
rx_prog_stats() {
	bpftool -j prog show id "$(bpftool -j link show \
		pinned "$msd_bpffs/l_nic1_in" | jq .prog_id)" |
		jq -r '"\(.run_time_ns // 0) \(.run_cnt // 0)"'
}

# ns that a program takes for a packet that is the host's own
host_packet_ns() {	# LINK-PIN
	{
		# Ethernet; IPv4 from 10.9.0.2 to 10.9.0.1; UDP 5000 to 5000
		printf '\002\000\000\000\000\001\002\000\000\000\000\002\010\000'
		printf '\105\000\000\056\000\000\100\000\100\021\000\000'
		printf '\012\011\000\002\012\011\000\001'
		printf '\023\210\023\210\000\032\000\000%018d' 0
	} >"$tmp/frame"
	bpftool prog run id "$(bpftool -j link show pinned \
		"$msd_bpffs/$1" | jq .prog_id)" data_in "$tmp/frame" \
		repeat 2000000 | sed -n 's/.*average): \([0-9]*\)ns/\1/p'
}

# ns that the program took per packet while a command ran
cost_during() {	# COMMAND...
	sysctl -qw kernel.bpf_stats_enabled=1
	rx_prog_stats >"$tmp/prog-before"
	"$@" >/dev/null
	rx_prog_stats >"$tmp/prog-after"
	sysctl -qw kernel.bpf_stats_enabled=0
	awk 'NR == FNR { t = $1; n = $2; next }
	     { if ($2 > n) printf "%.1f\n", ($1 - t) / ($2 - n); else print "nan" }' \
		"$tmp/prog-before" "$tmp/prog-after"
}

hold() {	# PORTS TUPLES FIRST-PORT
	: >"$tmp/hold"
	ip netns exec "$ms_ns" ms-hold valem "$1" "$2" "$host_addr" "$3" >"$tmp/hold" 2>&1 &
	hold_pid=$!
	wait_for 120 "$tmp/hold" grep -q ready "$tmp/hold"
}

release() {
	kill "$hold_pid"
	wait "$hold_pid" || true
}

scale_point() {	# ROUND WHAT N COMMAND...
	point_round=$1 point_what=$2 point_n=$3
	shift 3
	point=$("$@")
	record "$point_round" "$point_what-pps" "$point_n" "$scale_case" \
		"${point% *}"
	record "$point_round" "$point_what-ns" "$point_n" "$scale_case" \
		"$(cost_during "$@")"
}

run_scale() {
	scale_round=0
	while [ $scale_round -lt "$scale_rounds" ]; do
		scale_case=tap
		for n in $tuple_counts; do
			case_tap
			scale_point $scale_round tuples "$n" sample_rx 60 "$n"
		done
		for n in $port_counts; do
			case_tap
			[ "$n" -eq 1 ] || hold $((n - 1)) 1 20000
			scale_point $scale_round ports "$n" sample_rx 60 1
			[ "$n" -eq 1 ] || release
		done
		scale_case=host
		record $scale_round program-ns in host \
			"$(host_packet_ns l_nic1_in)"
		record $scale_round program-ns out host \
			"$(host_packet_ns l_nic1_out)"
		for n in 1 10000; do
			case_host
			hold 1 "$n" 20000
			scale_point $scale_round idle "$n" sample_rx 60
			release
		done
		scale_round=$((scale_round + 1))
	done
}
