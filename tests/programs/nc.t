#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# nc: TCP and UDP, both families, as client and as server.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need nc
begin
head -c 1000000 /dev/urandom > "$T/data"

for addr in $PEER4 $PEER6; do
	ip netns exec "$NS" nc -l "$addr" 4001 > "$T/got" 2> /dev/null &
	pids="$pids $!"
	wait_for 5 peer_listens 4001
	STDIN=$T/data run_nuse nc -N "$addr" 4001
	check "nc to $addr" ran_well
	wait_for 5 same_file "$T/got" "$T/data" || :
	check "nc to $addr: all arrived" same_file "$T/got" "$T/data"
	proved "nc to $addr" snmp.Tcp.OutSegs 10
done

for addr in $OUR4 $OUR6; do
	start_nuse nc -l "$addr" 4002
	send()
	{
		peer nc -N -w 30 "$addr" 4002 < "$T/data"
	}
	check "nc -l $addr accepts" wait_for 5 send
	wait_for 5 same_file "$T/out" "$T/data" || :
	check "nc -l $addr: all arrived" same_file "$T/out" "$T/data"
	await_nuse
	proved "nc -l $addr" snmp.Tcp.PassiveOpens 1
done

for addr in $OUR4 $OUR6; do
	start_nuse nc -u -l "$addr" 4003
	say()
	{
		echo hello | peer nc -u -w 1 "$addr" 4003
		grep -q hello "$T/out"
	}
	check "nc -u -l $addr" wait_for 5 say
	stop_nuse
	proved "nc -u -l $addr" eth0.rx_frames 1
done

peer_bg nc -u -l $PEER4 4004
wait_for 5 peer_listens -u 4004
echo datagram > "$T/line"
STDIN=$T/line run_nuse nc -u -w 1 $PEER4 4004
check "nc -u" wait_for 5 grep -q datagram "$T/peer.out"
proved "nc -u" snmp.Udp.OutDatagrams 1
finish
