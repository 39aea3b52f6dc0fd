#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A short run of each fuzz target, FUZZ_SECONDS each (default 10).
set -eu

room=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
seconds=${FUZZ_SECONDS:-10}

if ! command -v clang >/dev/null || ! echo 'int LLVMFuzzerTestOneInput(void){return 0;}' |
   clang -fsanitize=fuzzer -x c - -o "$tmp/probe" 2>/dev/null; then
	echo "1..0 # SKIP no clang with libFuzzer (packages clang, libclang-rt-14-dev)"
	exit 0
fi

flags="-std=gnu11 -D_GNU_SOURCE -O1 -g -I$room/../include -I$room/.. -fno-sanitize-recover=all"
# shellcheck disable=SC2086	# flags are words
clang $flags -fsanitize=fuzzer,address,undefined "$room/tests/fuzz-pipe.c" "$room/pipe.c" \
	"$room/pipelink.c" "$room/frame.c" "$room/room.c" -o "$tmp/fuzz-pipe"
# shellcheck disable=SC2086
clang $flags -fsanitize=fuzzer,address,undefined "$room/tests/fuzz-open.c" "$room/open.c" \
	"$room/impair.c" "$room/null.c" "$room/frame.c" "$room/room.c" -lm -o "$tmp/fuzz-open"

n=0
failed=0
for target in fuzz-pipe fuzz-open; do
	n=$((n + 1))
	mkdir -p "$tmp/corpus-$target"
	dict=$room/tests/$target.dict
	if "$tmp/$target" -max_total_time="$seconds" -max_len=70000 -rss_limit_mb=2048 \
	   -timeout=10 -dict="$dict" -artifact_prefix="$tmp/" "$tmp/corpus-$target" \
	   >"$tmp/log" 2>&1; then
		echo "ok $n - $target: $(sed -n 's/^Done \([0-9]* runs\).*/\1/p' "$tmp/log")"
	else
		echo "not ok $n - $target"
		tail -40 "$tmp/log" | sed 's/^/# /'
		failed=1
	fi
done
echo "1..$n"
exit $failed
