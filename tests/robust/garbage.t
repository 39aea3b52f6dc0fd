#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A flood of malformed and random frames; afterwards all works, and each frame is
# accounted for.
# shellcheck source=robust.sh
. "${0%/*}/robust.sh"
need "${CC:-cc}" /usr/bin/python3
COUNT=${GARBAGE:-150000}
begin
subject flood
peer_echo

for how in plain vnet; do
	ip -n "$NS" link set tap0 down
	ip -n "$NS" link set tap0 up
	ip -n "$NS" address replace $PEER6/64 dev tap0 nodad
	before=$(peer cat /sys/class/net/tap0/statistics/tx_packets)
	rm -f "$T/go"
	start_nuse /usr/bin/python3 "$ROBUST/hold.py" $PEER4 $ECHO_PORT "$T/go"
	wait_for 60 out_has ready || { note "not ready"; show "$T/err"; }
	word=
	[ $how = plain ] || word=vnet
	status=0
	peer timeout "$LIMIT" "$T/flood" tap0 02:00:00:77:00:02 "$COUNT" 7 $word > "$T/flood.out" 2>&1 ||
		status=$?
	show "$T/flood.out"
	sent=$(awk '/^sent/ { print $2 }' "$T/flood.out")
	check "$how: a flood of ${sent:-0} frames" test "${sent:-0}" -gt $((COUNT / 10))
	check "$how: the stack answers ping afterwards" wait_for 60 we_answer_ping
	: > "$T/go"
	await_end "$LIMIT"
	check "$how: the program lives" ran_well
	check "$how: its old connection and a new one work" out_has '^both work'
	proved "$how" snmp.Tcp.ActiveOpens 2
	left=$(($(peer cat /sys/class/net/tap0/statistics/tx_packets) - before))
	over=$(counter eth0.drop.rx_overrun)
	lost=$(awk '/^eth0\.drop\.rx_(runt|trunc|error) / { s += $2 } END { print s + 0 }' "$T/stats")
	got=$(counter eth0.rx_frames)
	note "$left left the peer; the stack got $got, lost $lost on the way, $over before it could read"
	# What is in the device's queue when the program ends is neither.
	check "$how: each frame was got or is a counted drop" \
		test $((got + lost)) -le $((left + over)) -a $((got + lost + over + 1000)) -ge "$left"
	check "$how: at least half of the flood arrived" test "$got" -gt $((sent / 2))
	for reason in snmp.Ip.InHdrErrors snmp.Icmp.InErrors \
		netstat.IpExt.InTruncatedPkts snmp6.Ip6InHdrErrors; do
		check "$how: drops are counted by reason: $reason $(counter $reason)" \
			test "$(counter $reason)" -gt 0
	done
done
finish
