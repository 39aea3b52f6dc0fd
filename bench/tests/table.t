#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Medians, ratios and failures come out of table.awk as they went in.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

{
	printf '%s\t%s\t%s\t%s\n' \
		1 native tcp-in.gbps 10 2 native tcp-in.gbps 20 3 native tcp-in.gbps 90 \
		1 tap tcp-in.gbps 5 2 tap tcp-in.gbps 40 3 tap tcp-in.gbps 63 \
		1 native rr.p50 10 1 tap rr.p50 20 \
		1 native fwd.gbps 1 3 native fwd.gbps 1 2 tap fwd.gbps 7 3 tap fwd.gbps 2 \
		1 tap tcp-in.rx_batch 12.5 1 tap tcp-in.tx_batch 3 \
		1 - load 0.5
} >"$tmp/samples"
printf '%s\t%s\t%s\t%s\n' 1 rr raw 'no such stack' 2 rr raw 'no such stack' >"$tmp/failures"
awk -v columns="native tap raw" -v machine=M -v csv="$tmp/csv" -f "$here/table.awk" \
	"$here/metrics.tsv" "$tmp/samples" "$tmp/failures" >"$tmp/table"

n=0
check() {	# TEXT FILE REGEX
	n=$((n + 1))
	if grep -Eq "$3" "$2"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' "$2"
	fi
}

check "medians of values, median of the rounds' ratios" "$tmp/table" \
	'^TCP, one flow, in  +20\.00 +40\.00 0\.70x +-  Gbit/s$'
check "of what should be small, the ratio is turned round" "$tmp/table" \
	'^TCP_RR, median +10\.0 +20\.0 0\.50x +failed \[1\]  us$'
check "why it failed, once" "$tmp/table" '^\[1\] rr, raw: no such stack$'
check "frames a call" "$tmp/table" 'in/out, tap: tcp-in 12\.5/3\.0\.'
check "CSV" "$tmp/csv" '^tcp-in\.gbps,Gbit/s,more,tap,40,0\.7$'
check "a round that one column lacks counts for no ratio" "$tmp/csv" \
	'^fwd\.gbps,Gbit/s,more,tap,4\.5,2$'
n=$((n + 1))
if grep -q UDP "$tmp/table"; then
	echo "not ok $n - rows without samples are left out"
else
	echo "ok $n - rows without samples are left out"
fi
echo "1..$n"
