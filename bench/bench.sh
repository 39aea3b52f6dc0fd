#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# bench.sh - the stack against the native one and gVisor's, in one run
#
#	O=BUILD bench/bench.sh			(as root; `make bench` does it)
#
# Every round takes one sample of each row for all columns, in an order that turns,
# so that what the machine does besides hits all of them alike. A figure is the
# median over the rounds; a ratio is the median of the ratios within each round.
#
# Environment:
#	BENCH_ONLY	rows to measure, e.g. "tcp-in ping" (all, see rows= below)
#	BENCH_COLUMNS	columns (native tap raw pipe gvisor)
#	BENCH_ROUNDS	(3)
#	BENCH_SECONDS	of one sample (1)
#	BENCH_NICE	priority of the whole run (-10), against what else the machine does
#	BENCH_WRAP	what to put before the stack under test, e.g. "perf record -g"
#	NUSE, BENCH_FULL, BENCH_TINY	the launcher, and the two kernel libraries
#
# Results, in $O/bench: results.csv, table.txt, samples.tsv (raw), failures.tsv,
# ratios.svg, figure4.svg, figure5.svg.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
O=${O:-$top/build}
out=$O/bench
nuse=${NUSE:-$O/nuse/nuse}
kernel_full=${BENCH_FULL:-$O/kernel/6.12-full/liblinux.so}
kernel_tiny=${BENCH_TINY:-$O/kernel/6.12-tiny/liblinux.so}
rows="tcp-in tcp-out tcp8-in tcp8-out udp1024-in udp64-in tx1024 tx64 ping rr conn \
fwd fwd-ping null process remote nginx tcp-child boot-full boot-tiny rss-full rss-tiny"
only=$(echo "${BENCH_ONLY:-$rows}" | tr ',\n' '  ')
columns=${BENCH_COLUMNS:-native tap raw pipe gvisor}
rounds=${BENCH_ROUNDS:-3}
priority=${BENCH_NICE:--10}
PATH=$out:$PATH:/usr/sbin:/sbin
export PATH

id=lb$$
netns_list=
tmp=
session_nice=

say() {
	echo "bench: $*" >&2
}

# shellcheck source=net.sh
. "$here/net.sh"
# shellcheck source=columns.sh
. "$here/columns.sh"
# shellcheck source=rows.sh
. "$here/rows.sh"
# shellcheck source=remote.sh
. "$here/remote.sh"

cleanup() {
	stop
	[ -z "$session_nice" ] || echo "$session_nice" >/proc/$$/autogroup
	for ns in $netns_list; do
		ip netns del "$ns" || true
	done
	[ -z "$tmp" ] || rm -rf "$tmp"
}

# What a column cannot do without; prints what is missing.
missing() {	# COLUMN
	case $1 in
	native) ;;
	gvisor) command -v runsc >/dev/null || echo "runsc is not installed" ;;
	*)
		[ -x "$nuse" ] || echo "no $nuse"
		[ -e "$kernel_full" ] || echo "no $kernel_full"
		;;
	esac
}

# The columns, beginning with another one each round.
turned() {	# ROUND
	echo "$columns" | tr -s ' ' '\n' | awk -v r="$1" '
		{ c[NR - 1] = $0 }
		END { for (i = 0; i < NR; i++) print c[(i + r) % NR] }'
}

# One sample. A row that a column cannot have returns 2.
sample() {	# ROUND ROW COLUMN
	column=$3
	status=0
	: >"$tmp/why"
	lacks=$(missing "$column")
	if [ -n "$lacks" ]; then
		echo "$lacks" >"$tmp/why"
		status=1
	else
		# A subshell with -e: the first command that fails ends the sample.
		set +e
		(
			set -e
			trap stop EXIT
			column_up "$column" "$(row_setup "$2")"
			"row_$(echo "$2" | tr - _)"
		) >"$tmp/values" 2>"$tmp/why"
		status=$?
		set -e
	fi
	case $status in
	0)
		while read -r metric value; do
			printf '%s\t%s\t%s\t%s\n' "$1" "$column" "$metric" "$value" >>"$samples"
		done <"$tmp/values"
		awk -v c="$column" 'NR == 1 { printf "  %s %.4g", c, $2 }' "$tmp/values" >&2
		;;
	2) ;;
	*)
		printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$column" "$(reason "$tmp/why")" >>"$failures"
		printf '  %s FAILED' "$column" >&2
		;;
	esac
}

run_round() {	# ROUND
	for row in $rows; do
		case " $only " in
		*" $row "*) ;;
		*) continue ;;
		esac
		printf 'bench: round %d of %d, %-10s' "$1" "$rounds" "$row" >&2
		for c in $(turned "$1"); do
			sample "$1" "$row" "$c"
		done
		printf '\n' >&2
	done
	printf '%s\t-\tload\t%s\n' "$1" "$(cut -d ' ' -f 1 /proc/loadavg)" >>"$samples"
}

for row in $only; do
	case " $rows " in
	*" $row "*) ;;
	*) say "BENCH_ONLY: no row '$row'; there are: $rows"; exit 2 ;;
	esac
done
[ "$(id -u)" = 0 ] || { say "needs root: it makes network namespaces"; exit 1; }
for tool in ip ethtool iperf3 jq ping awk curl nginx wrk; do
	command -v "$tool" >/dev/null || { say "$tool is not installed: scripts/deps.sh bench"; exit 1; }
done

make -s -C "$here" O="$O" all
mkdir -p "$out"
trap cleanup EXIT
trap 'exit 1' INT TERM HUP
tmp=$(mktemp -d)
samples=$out/samples.tsv
failures=$out/failures.tsv
: >"$samples"
: >"$failures"

make_net
renice -n "$priority" -p $$ >/dev/null
# With autogrouping whole sessions compete, by a niceness of their own. What starts
# another session (runsc's sandbox) is not in ours.
if [ -w /proc/$$/autogroup ]; then
	session_nice=$(sed 's/.* nice //' /proc/$$/autogroup)
	echo "$priority" >/proc/$$/autogroup
fi
round=1
while [ "$round" -le "$rounds" ]; do
	run_round "$round"
	round=$((round + 1))
done

machine="$(nproc) CPUs ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)), Linux $(uname -r)"
awk -v columns="$columns" -v machine="$machine" -v csv="$out/results.csv" \
	-f "$here/table.awk" "$here/metrics.tsv" "$samples" "$failures" >"$out/table.txt"
cat "$out/table.txt"
if command -v gnuplot >/dev/null; then
	"$here/plot.sh" "$out"
else
	say "gnuplot is not installed: no pictures"
fi
say "results in $out"
