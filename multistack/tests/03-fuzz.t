#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The parser against its oracle: the kept corpus, then a short run of new input.
# MS_FUZZ_S: seconds of the latter.
set -eu

fuzz=${MS_BUILD:?run make check}/fuzz/fuzz-parse
corpus=${MS_SRC:?run make check}/fuzz/corpus
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

echo 1..2
if timeout 60 "$fuzz" -runs=0 "$corpus" >"$dir/log" 2>&1; then
	echo "ok 1 - the corpus"
else
	grep -a 'says\|ERROR' "$dir/log" | sed 's/^/# /'
	echo "not ok 1 - the corpus"
fi
mkdir "$dir/new"
if timeout 120 "$fuzz" -max_total_time="${MS_FUZZ_S:-10}" -max_len=600 -artifact_prefix="$dir/" \
		"$dir/new" "$corpus" >"$dir/log" 2>&1; then
	runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$dir/log")
	echo "# $runs runs"
	echo "ok 2 - new input"
else
	grep -a 'says\|ERROR\|Base64' "$dir/log" | sed 's/^/# /'
	echo "not ok 2 - new input"
fi
