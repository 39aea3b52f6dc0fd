#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# bench-multistack - what MultiStack costs, beside other ways to share a NIC
#
#	bench-multistack.sh OUTDIR		(as root; programs from PATH)
#
# Cases: (a) plain, (b) host beside MultiStack, (c) TAP port, (d) AF_XDP port,
# (e) bridge and TAP, (f) macvtap; and, if named in BENCH_CASES, (g) floor, a TAP by
# bare redirects, and (h) single, a TAP port by a system call a frame. Every round measures every case once, in an
# order that turns, so that what the machine does besides hits all of them; a
# figure is the median over the rounds, and a ratio is the median of the ratios
# within each round. Raw samples go to OUTDIR/samples.tsv, the table to standard
# output and OUTDIR/table.txt, the picture to OUTDIR/bench-multistack.svg.
#
# Environment: BENCH_ROUNDS (5), BENCH_SECONDS a sample (1), BENCH_CASES, BENCH_SIZES,
# BENCH_SCALE_ROUNDS for the numbers of tuples and ports (as BENCH_ROUNDS; 0: not).
# BENCH_BASE (plain) is the case that ratios are to. BENCH_TCP=0 leaves TCP and
# round trips out. What (b) costs more than (a) is decided by toggle.sh, which
# never stops the traffic.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: bench-multistack.sh OUTDIR}
rounds=${BENCH_ROUNDS:-5}
scale_rounds=${BENCH_SCALE_ROUNDS:-$rounds}
seconds=${BENCH_SECONDS:-1}
cases=${BENCH_CASES:-plain host tap xdp bridge macvtap}
sizes=${BENCH_SIZES:-64 128 512 1500}
id=msb$$	# names of our network namespaces begin with it
# shellcheck source=multistack/bench/place.sh
. "$here/place.sh"
# shellcheck source=multistack/bench/measure.sh
. "$here/measure.sh"
# shellcheck source=multistack/bench/scale.sh
. "$here/scale.sh"

samples=$out/samples.tsv

record() {	# ROUND WHAT SIZE CASE VALUE
	printf '%s\t%s\t%s\t%s\t%s\n' "$@" >>"$samples"
}

# A rate and a cost.
record_packets() {	# ROUND WHAT SIZE CASE "PPS NS"
	record "$1" "$2" "$3" "$4" "${5% *}"
	record "$1" "$2-cpu" "$3" "$4" "${5#* }"
}

# A rate, and a cost where no relay is between.
record_tcp() {	# ROUND WHAT CASE "GBPS NS"
	record "$1" "$2" bulk "$3" "${4% *}"
	case $3 in
	plain | host) record "$1" "$2-cpu" bulk "$3" "${4#* }" ;;
	esac
}

# The cases, beginning with another one each round.
turned() {	# ROUND
	echo "$cases" | tr ' ' '\n' | awk -v r="$1" '
		{ c[NR - 1] = $0 }
		END { for (i = 0; i < NR; i++) print c[(i + r) % NR] }'
}

run_round() {	# ROUND
	for len in $sizes; do
		# 64 ... 1500 on the wire count the FCS or the MTU, frames do not
		frame=$((len == 1500 ? 1514 : len - 4))
		for c in $(turned "$1"); do
			"case_$c"
			record_packets "$1" rx "$len" "$c" "$(sample_rx $frame)"
			record_packets "$1" tx "$len" "$c" "$(sample_tx $frame)"
		done
	done
	[ "${BENCH_TCP:-1}" != 0 ] || return 0
	for c in $(turned "$1"); do
		"case_$c"
		[ -n "$tcp_port" ] || continue
		record_tcp "$1" tcp-in "$c" "$(sample_tcp "$c")"
		record_tcp "$1" tcp-out "$c" "$(sample_tcp "$c" -R)"
		record "$1" rtt 64 "$c" "$(sample_rtt)"
	done
}

make_cases() {
	made_ms=
	for c in $cases; do
		case $c in
		host | tap | xdp | single)
			[ -n "$made_ms" ] || make_multistack
			made_ms=1
			;;
		*) "make_$c" ;;
		esac
	done
}

: >"$samples"
make_cases
round=0
while [ $round -lt "$rounds" ]; do
	echo "round $((round + 1)) of $rounds" >&2
	run_round $round
	round=$((round + 1))
done
if [ -n "$made_ms" ] && [ "$scale_rounds" -gt 0 ]; then
	echo "tuples and ports" >&2
	run_scale
fi

{
	printf '%s, %s CPUs, %s rounds of %s s\n' "$(uname -sr)" "$(nproc)" \
		"$rounds" "$seconds"
	awk -v base="${BENCH_BASE:-plain}" -f "$here/median.awk" \
		-f "$here/table.awk" "$samples"
} | tee "$out/table.txt"
# its panels are of the cases that are always there
case " $cases " in
*' plain '*) "$here/plot.sh" "$samples" "$out/bench-multistack.svg" ;;
esac
