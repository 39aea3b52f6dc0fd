#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A debugger sees the mappings that loader.c makes: an unmodified gdb lists them,
# and finds their functions.
set -eu

bin=${B:?the build folder of the room}/tests
if ! command -v gdb >/dev/null; then
	echo "1..0 # SKIP gdb is not installed"
	exit 0
fi
out=$(mktemp)
trap 'rm -f "$out"' EXIT

timeout 60 gdb -q -batch -nx \
	-ex 'set breakpoint pending on' -ex 'set debuginfod enabled off' \
	-ex 'break mock_boot' -ex 'run' -ex 'info sharedlibrary' -ex 'backtrace' \
	-ex 'kill' "$bin/test-loader" >"$out" 2>&1 </dev/null || true

n=0
check() {
	n=$((n + 1))
	if grep -Eq "$2" "$out"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' "$out"
	fi
}
check 'a breakpoint in a mapped library is hit' 'Breakpoint 1.*mock_boot'
check 'the mapping is listed' '0x[0-9a-f]+ +0x[0-9a-f]+ +Yes .*mock\.so'
check 'the backtrace goes from it to the program' 'in libos_open'
check 'and to main' '#[0-9]+ +(0x[0-9a-f]+ in )?main \('
echo "1..$n"
