# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034
#
# What the robustness tests share, on top of ../lib.sh.
#
# Their subjects are small programs of this directory.  Those that compare two
# kernels run twice: natively in the peer's namespace, and on the stack; what they
# print must be the same.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"

ROBUST=$TESTS/robust
PATIENCE=${ROBUST_PATIENCE:-2}
LIMIT=${ROBUST_LIMIT:-120}	# these wait for conditions; a loaded machine may be slow
ECHO_PORT=7007

# subject NAME [OPTION...] - compile NAME.c of this directory to $T/NAME
subject()
{
	subject=$1
	shift
	${CC:-cc} -O2 -Wall -Wextra -pthread "$@" -o "$T/$subject" "$ROBUST/$subject.c" ||
		{ echo "Bail out! cannot compile $subject.c"; exit 1; }
}

# peer_echo - the peer echoes TCP on port $ECHO_PORT and writes who came to $T/echo.log
peer_echo()
{
	ip netns exec "$NS" /usr/bin/python3 "$ROBUST/echo.py" "$ECHO_PORT" > "$T/echo.log" 2> "$T/echo.err" &
	pids="$pids $!"
	wait_for 30 peer_listens "$ECHO_PORT" || { note "no echo server"; show "$T/echo.err"; }
}

# echoed TEXT - the echo server was visited from our address
echoed()
{
	check "$1: the peer was visited from $OUR4" grep -qx "$OUR4" "$T/echo.log"
}

# await_end SECONDS - NUSE_PID ends by itself; collect status
await_end()
{
	wait_for "$1" nuse_is_gone || note "the program did not end within $1 s"
	kill -9 "$NUSE_PID" 2> /dev/null || :
	status=0
	wait "$NUSE_PID" 2> /dev/null || status=$?
}

# same_as_native TEXT NATIVE HOSTED - two outputs, line by line
same_as_native()
{
	if [ -s "$2" ] && cmp -s "$2" "$3"; then
		pass "$1 ($(wc -l < "$2") lines)"
	else
		fail "$1"
		diff "$2" "$3" | sed 's/^/# /' | head -n 40
	fi
}
