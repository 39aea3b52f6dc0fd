#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# socat: TCP, UDP, IPv6, raw IP; as client, as server, as a relay between stack and host.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need socat
begin
head -c 500000 /dev/urandom > "$T/data"

peer_bg socat -u TCP6-LISTEN:4100,reuseaddr,fork,ipv6only=0 CREATE:"$T/got"
wait_for 5 peer_listens 4100
for to in TCP4:$PEER4:4100 "TCP6:[$PEER6]:4100"; do
	: > "$T/got"
	run_nuse socat -u FILE:"$T/data" "$to"
	check "socat to $to" ran_well
	wait_for 5 same_file "$T/got" "$T/data" || :
	check "socat to $to: all arrived" same_file "$T/got" "$T/data"
	proved "socat to $to" snmp.Tcp.ActiveOpens 1
done

start_nuse socat -u TCP4-LISTEN:4101,reuseaddr CREATE:"$T/got2"
wait_for 5 peer socat -u FILE:"$T/data" TCP4:$OUR4:4101 || :
wait_for 5 same_file "$T/got2" "$T/data" || :
check "socat listening: all arrived" same_file "$T/got2" "$T/data"
await_nuse
proved "socat listening" snmp.Tcp.PassiveOpens 1

peer_bg socat -u UDP4-RECV:4102 CREATE:"$T/got3"
wait_for 5 peer_listens -u 4102
printf 'line' > "$T/line"
run_nuse socat -t 1 -u FILE:"$T/line" UDP4-SENDTO:$PEER4:4102
check "socat UDP" ran_well
check "socat UDP: it arrived" wait_for 5 same_file "$T/got3" "$T/line"
proved "socat UDP" snmp.Udp.OutDatagrams 1

# A relay: the host's local socket on one side, the stack on the other.
peer_bg socat TCP4-LISTEN:4103,reuseaddr EXEC:cat
wait_for 5 peer_listens 4103
start_nuse socat UNIX-LISTEN:"$T/sock" TCP4:$PEER4:4103
wait_for 5 test -S "$T/sock"
check "socat relays a local socket" sh -c "echo ping-pong | socat -t 2 - UNIX-CONNECT:'$T/sock' | grep -q ping-pong"
await_nuse
proved "socat relay" snmp.Tcp.ActiveOpens 1
finish
