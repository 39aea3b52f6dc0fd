#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# 10,000 TCP connections at once to a program, and from one; what they took comes back.
# shellcheck source=robust.sh
. "${0%/*}/robust.sh"
need "${CC:-cc}"
N=10000
RESERVE=256	# pages, SK_MEMORY_PCPU_RESERVE: what a CPU may have put aside
# shellcheck disable=SC3045 # all of our shells have it
ulimit -n 20000 2> /dev/null || skip_all "cannot have 20000 files open"
begin
subject many
peer sysctl -qw net.ipv4.ip_local_port_range="1024 65000" net.core.somaxconn=4096 net.ipv4.tcp_max_syn_backlog=8192
printf 'sysctl net.core.somaxconn 4096\nsysctl net.ipv4.tcp_max_syn_backlog 8192\n' >> "$T/nuse.conf"

# value LINE KEY [FILE] - from the last line that begins so
value()
{
	awk -v line="$1" -v key="$2" '$1 == line { for (i = 2; i < NF; i += 2) if ($i == key) v = $(i + 1) }
		END { print v + 0 }' "${3:-$T/out}"
}

we_listen()
{
	out_has before && peer ping -c 1 -W 1 "$OUR4"
}

start_nuse "$T/many" serve 7200 $N 3
wait_for 30 we_listen || note "it does not come up"
for round in 1 2 3; do
	status=0
	peer timeout "$LIMIT" "$T/many" get $OUR4 7200 $N > "$T/peer.out" 2>&1 || status=$?
	check "round $round: $N connections to us" \
		sh -c "test $status -eq 0 && grep -q '^$N connections, 0 wrong' '$T/peer.out'"
	show "$T/peer.out"
	# The server writes a line when it has seen them all go.
	wait_for "$LIMIT" sh -c "[ \$(grep -c ^round '$T/out') -eq $round ]" || note "they do not go"
	show "$T/out"
	[ $round -gt 1 ] || first=$(value round rss)
done
await_end "$LIMIT"
check "the server ends well" ran_well
show "$T/out"
check "all were there at once" test "$(value full inuse)" -gt $N
check "and all are gone" test "$(value round alloc)" -le $(($(value before alloc) + 10))
check "their buffers, too" test "$(value round pages)" -le $(($(value before pages) + RESERVE))
last=$(value round rss)
check "two more rounds take no more memory ($first kB, then $last kB)" \
	test "$last" -lt $((first + first / 5))
check "all echoes" out_has "^echoed $((N * 6))\$"
proved "server" snmp.Tcp.PassiveOpens $((3 * N))
check "nothing overflowed" test "$(counter netstat.TcpExt.ListenOverflows)" -eq 0

peer_bg "$T/many" serve 7201 $N 2
wait_for 30 peer_listens 7201
for round in 1 2; do
	run_nuse "$T/many" get $PEER4 7201 $N
	check "$N connections from us, $round" ran_well
	check "$N connections from us, $round: all answers" out_has "^$N connections, 0 wrong"
	show "$T/out"
	check "$N connections from us, $round: all are gone" \
		test "$(value round alloc)" -le $(($(value before alloc) + 10))
	check "$N connections from us, $round: buffers are given back" \
		test "$(value round pages)" -le $(($(value before pages) + RESERVE))
	proved "client" snmp.Tcp.ActiveOpens $N
done
finish
