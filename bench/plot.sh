#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# plot.sh - the pictures of a run: DIR/results.csv to DIR/*.svg
#
#	plot.sh DIR
#
# ratios.svg shows each row's ratio to native; figure4.svg (routing) and figure5.svg
# (transmitting) are those of the LibOS paper, one bar for each way of packet I/O,
# throughput at the left and round trip at the right.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
dir=${1:?usage: plot.sh DIR}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# A row for each metric, a column for each column: ratios, "?" where there is none.
awk -F , -v metrics="$here/metrics.tsv" '
	BEGIN {
		FS = "\t"
		while ((getline <metrics) > 0)
			if ($0 !~ /^#/) {
				order[++n] = $1
				text[$1] = $2
				better[$1] = $4
			}
		FS = ","
		ncol = split("tap raw pipe gvisor", col, " ")
	}
	NR > 1 && $6 != "" { ratio[$1, $4] = $6; any[$1] = 1 }
	END {
		for (i = 1; i <= n; i++) {
			m = order[i]
			if (!any[m] || text[m] ~ /^ /)	# details of the row above
				continue
			sub(/ \(Figure.*/, "", text[m])
			printf "\"%s\"", text[m]
			for (c = 1; c <= ncol; c++)
				printf "\t%s", (m, col[c]) in ratio ? ratio[m, col[c]] : "?"
			print ""
		}
	}' "$dir/results.csv" >"$tmp/ratios"
[ ! -s "$tmp/ratios" ] || gnuplot -e "in='$tmp/ratios'" -e "svg='$dir/ratios.svg'" "$here/ratios.gp" 2>"$tmp/log" ||
	cat "$tmp/log" >&2

# figure NAME THROUGHPUT RTT TITLE - bars in the order of the columns
figure() {
	for metric in "$2" "$3"; do
		awk -F , -v m="$metric" '$1 == m { print $4 "\t" $5 }' "$dir/results.csv" \
			>"$tmp/$1-$metric"
	done
	[ -s "$tmp/$1-$2" ] && [ -s "$tmp/$1-$3" ] || return 0
	gnuplot -e "throughput='$tmp/$1-$2'" -e "rtt='$tmp/$1-$3'" \
		-e "svg='$dir/$1.svg'" -e "what='$4'" "$here/figure.gp"
}

figure figure4 fwd.gbps fwd-ping.p50 routing
figure figure5 tx1024.gbps ping.p50 transmitting
