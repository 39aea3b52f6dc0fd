#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A signal that kills the program of a stack's home kills the program, not the stack:
# what it had sent arrives, its connections are closed, its children stay connected,
# and its parent sees that signal.  Nothing is to be written or given back here: no
# --stats, no capture, no name.
# shellcheck source=../lib.sh disable=SC2034
. "${0%/*}/../lib.sh"
# shellcheck source=named.sh
. "${0%/*}/named.sh"
need ip
[ -x /usr/bin/python3 ] || skip_all "no /usr/bin/python3"
begin_named

nobody_left()
{
	[ -z "$(ip netns pids "$NS")" ]
}

for what in TERM:15:sleeping INT:2:sleeping HUP:1:sleeping USR2:12:sleeping RTMAX:64:sleeping \
	TERM:15:receiving TERM:15:computing; do
	sig=${what%%:*}
	how=${what##*:}
	number=${what#*:}
	number=${number%:*}
	in_ns /usr/bin/python3 "$TESTS/named/killed.py" "$sig" $PEER4 $OUR4 \
		"$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} -c "$T/nuse.conf" \
		-- /usr/bin/python3 "$TESTS/named/killed.py" home $PEER4 $OUR4 "$how"
	check "SIG$sig, $how: a child was there" out_has '^child before True$'
	check "SIG$sig, $how: the parent sees the signal" out_has "^status -$number\$"
	check "SIG$sig, $how: the peer got all, and the connection's end" \
		out_has '^peer got 200000 and the end$'
	check "SIG$sig, $how: the child is still connected" out_has '^child after True$'
	check "SIG$sig, $how: with the child the stack ends" wait_for 5 nobody_left
done
finish
