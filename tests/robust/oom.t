#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A stack without memory: errors, no crash, and all is well when it is given back.
# shellcheck source=robust.sh
. "${0%/*}/robust.sh"
need "${CC:-cc}" /usr/bin/python3
# shellcheck disable=SC3045 # all of our shells have it
ulimit -n 20000 2> /dev/null || skip_all "cannot have 20000 files open"
ROUNDS=4
begin
subject eat
peer_echo

# The protocols' own limits come first by default; without them the arena is the limit.

for limits in limits arena; do
	for how in tcp udp sockets; do
		if [ $limits = arena ]; then
			# As words, since the values have blanks.
			set -- -o 'sysctl.net.ipv4.tcp_mem=1000000 1000000 1000000' \
				-o 'sysctl.net.ipv4.udp_mem=1000000 1000000 1000000'
		else
			set --
		fi
		run_nuse -o memory=48M "$@" "$T/eat" $PEER4 $ECHO_PORT $how $ROUNDS
		show "$T/out"
		check "$how, $limits: the program lives" ran_well
		check "$how, $limits: no odd errors" test "$(grep -c 'other none$' "$T/out")" -eq $ROUNDS
		if [ $how-$limits = udp-limits ]; then
			# Datagrams beyond the limit are accepted and lost, as natively.
			check "$how, $limits: losses are counted" test "$(counter snmp.Udp.MemErrors)" -gt 0
		else
			check "$how, $limits: it was refused each time" test $ROUNDS -eq \
				"$(grep -Ec ' (ENOBUFS|ENOMEM|EAGAIN|files) [1-9]' "$T/out")"
		fi
		check "$how, $limits: it goes on after freeing" \
			sh -c "[ \$(grep -c 'echoed afterwards' '$T/out') -eq $ROUNDS ]"
		proved "$how, $limits" snmp.Tcp.ActiveOpens $ROUNDS
	done
done
echoed "oom"
finish
