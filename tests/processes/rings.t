#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A packet socket's ring in processes that fork, exec and go: memory that the stack and
# the program share, in the home as in a client.
# shellcheck source=../lib.sh disable=SC2016
. "${0%/*}/../lib.sh"
need python3
begin
LIMIT=60

for who in home client; do
	if [ $who = home ]; then
		rings() { run_nuse /usr/bin/python3 "${0%/*}/rings.py" "$@"; }
	else
		rings() { run_nuse sh -c '/usr/bin/python3 "$@"; exit $?' sh "${0%/*}/rings.py" "$@"; }
	fi
	rings forks
	check "$who: a child has the ring, also when its parent has it no more" out_has '^forks True 0$'
	check "$who: the program ends well" ran_well
	check "$who: its datagrams went through the stack" test "$(counter snmp.Udp.InDatagrams)" -eq 300
	rings execs
	check "$who: a ring is mapped" out_has '^execs True 1$'
	check "$who: execve() drops it" sh -c '[ "$(wc -l < "$1")" -eq 2 ]' sh "$T/out"
	rm -f "$T/daemon"
	rings daemon "$T/daemon"
	check "$who: a daemon's parent returns" ran_well
	check "$who: the daemon comes to its end" wait_for 20 test -e "$T/daemon"
	check "$who: it has the ring that its parent made" grep -qx 'daemon True 1' "$T/daemon"
done
finish
