#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Signals: the torture natively, rewritten, trapped, and with seccomp as net; and
# job control from outside.
set -eu
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

same "torture" -- "$B/tests/prog-signal"
for i in 2 3 4 5; do
	same "torture, again ($i)" -- "$B/tests/prog-signal"
done
same "torture, every call trapped" -n -- "$B/tests/prog-signal"
same "torture, seccomp" -c -- "$B/tests/prog-signal"
# Without a net there is a restorer of ours, which unwinders do not know.
"$GRUN" -p "$B/tests/prog-signal" >"$TMP/out" 2>&1 || true
grep -q '^ok storm: all' "$TMP/out" && ! grep '^not ok' "$TMP/out" | grep -qv backtrace && r=0 || r=1
ok "$r" "torture, no net"
[ "$r" -eq 0 ] || grep '^not' "$TMP/out" | sed 's/^/# /'
same "torture, contained" -k -- "$B/tests/prog-signal"

# Until a file has a line that matches.
await() {
	local i
	for i in $(seq 500); do
		grep -q "$2" "$1" 2>/dev/null && return 0
		sleep 0.02
	done
	return 1
}

# Stop and continue: the kernel's own doing, and the program goes on.
timeout -k 1 60 "$GRUN" "$B/tests/prog-crash" wait >"$TMP/out" 2>&1 & job=$!
await "$TMP/out" ready
pid=$(pgrep -P "$job")
kill -STOP "$pid"
r=0
await "/proc/$pid/status" '^State:.*T' || r=1
ok "$r" "SIGSTOP stops"
kill -CONT "$pid"
r=0
await "/proc/$pid/status" '^State:.*[SR]' || r=1
ok "$r" "SIGCONT continues"
kill -USR1 "$pid"
r=0
await "$TMP/out" usr1 || r=1
ok "$r" "a handler runs after that"
kill -INT "$pid"
r=0; wait "$job" || r=$?
[ "$r" -eq 130 ] && r=0 || r=1
ok "$r" "SIGINT kills"
finish
