#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A short run of libFuzzer on the parser of nuse.conf, from the kept corpus.
#
# O: the build tree.  FUZZ_SECONDS: how long, default 10.
set -eu

room=$(cd "$(dirname "$0")/.." && pwd)
NUSE_BUILD=${NUSE_BUILD:-${O:-$room/../build}/nuse}
if [ ! -x "$NUSE_BUILD/fuzz-conf" ]; then
	echo "1..0 # SKIP no libFuzzer (clang, libclang-rt)"
	exit 0
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
mkdir corpus
seconds=${FUZZ_SECONDS:-10}
if timeout $((seconds * 3 + 30)) "$NUSE_BUILD/fuzz-conf" -max_total_time="$seconds" -max_len=2048 \
	-dict="$room/fuzz/conf.dict" corpus "$room/fuzz/corpus" > out 2>&1; then
	echo "ok 1 - $(tail -n1 out)"
	status=0
else
	echo "not ok 1 - libFuzzer found something"
	tail -n 40 out | sed 's/^/#   /'
	status=1
fi
echo "1..1"
exit $status
