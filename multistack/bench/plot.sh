#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# plot.sh - the picture of a run of bench-multistack
#
#	plot.sh samples.tsv OUT.svg
set -eu

here=$(cd "$(dirname "$0")" && pwd)
samples=${1:?usage: plot.sh samples.tsv OUT.svg}
svg=${2:?usage: plot.sh samples.tsv OUT.svg}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

awk -v dir="$tmp" -f "$here/median.awk" -f "$here/plot.awk" "$samples"
gnuplot -e "dir='$tmp'" -e "svg='$svg'" "$here/plot.gp"
sed -i '1a <!-- SPDX-License-Identifier: GPL-2.0-only -->' "$svg"
