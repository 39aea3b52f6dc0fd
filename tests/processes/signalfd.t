#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A signalfd beside sockets in epoll, poll and select: it tells of the signals of the
# process that waits, in the stack's home and in a client, and not of the home's.
# shellcheck source=../lib.sh disable=SC2016
. "${0%/*}/../lib.sh"
need "${CC:-cc}"
begin
LIMIT=110
"${CC:-cc}" -O1 -Wall -Wextra -pthread -o "$T/signalfd" "${0%/*}/signalfd.c" || exit 1
"$T/signalfd" 30 > "$T/native"

same()
{
	[ "$status" -eq 0 ] && diff "$T/native" "$T/out"
}

check "none is missed on the host" sh -c "! grep '[^0 ][0-9]* bad' '$T/native'"
run_nuse sh -c 'ping -c 1 "$2" > /dev/null; exec "$1" 30' sh "$T/signalfd" $PEER4
check "the program of the home" same
proved "datagrams and signals" snmp.Udp.InDatagrams 30
run_nuse "$T/signalfd" 30 child
check "its child" same
run_nuse sh -c '"$1" 30; exit $?' sh "$T/signalfd"
check "one that a child executes" same
finish
