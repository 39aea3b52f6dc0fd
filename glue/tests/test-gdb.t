#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# An unmodified gdb sees the program's functions, and through the glue.
set -eu
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

if ! command -v gdb >/dev/null; then
	skip "gdb" "no gdb"
	finish
fi
timeout -k 1 60 gdb -q -nx -batch -ex 'set breakpoint pending on' \
	-ex 'handle SIGSYS nostop noprint pass' -ex 'set debuginfod enabled off' \
	-ex 'break work' -ex run -ex bt -ex delete -ex 'break glue_enter' -ex continue -ex bt \
	--args "$GRUN" "$B/tests/prog-debug" >"$TMP/out" 2>&1 </dev/null || true

has() { # has NAME PATTERN
	local r=0
	grep -Eq "$2" "$TMP/out" || r=1
	ok $r "$1"
	[ $r -eq 0 ] || sed 's/^/# /' "$TMP/out"
}
has "a breakpoint in the program, set by name" 'Breakpoint 1, .*work \('
has "the program's callers" '^#1 .* outer \('
has "a breakpoint in the glue" 'Breakpoint 2, .*glue_enter'
has "a backtrace from the glue to main()" '^#[2-9] .* main \('

"$GRUN" "$B/tests/prog-debug" wait >"$TMP/ready" & pid=$!
for _ in $(seq 200); do
	grep -q ready "$TMP/ready" && break
	sleep 0.05
done
timeout -k 1 60 gdb -q -nx -batch -ex 'set debuginfod enabled off' -p "$pid" -ex bt \
	>"$TMP/out" 2>&1 </dev/null || true
kill "$pid"
wait "$pid" || true
has "attached: a backtrace from the host's call to main()" ' outer \('
finish
