#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# iperf3: TCP, UDP, -R, -P 8, IPv6, as client and as server.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need iperf3
begin

peer_bg iperf3 -s
wait_for 5 peer_listens 5201

# client TEXT COUNTER MIN OPTION...
client()
{
	what=$1 name=$2 min=$3
	shift 3
	run_nuse iperf3 -t 1 "$@"
	check "iperf3 $what" ran_well
	proved "iperf3 $what" "$name" "$min"
}

client "TCP" snmp.Tcp.OutSegs 1000 -c $PEER4
client "TCP -R" snmp.Tcp.InSegs 100 -c $PEER4 -R
client "TCP -P 8" snmp.Tcp.ActiveOpens 9 -c $PEER4 -P 8
client "TCP -6" snmp6.Ip6OutRequests 500 -c $PEER6
client "TCP -6 -R" snmp6.Ip6InReceives 100 -c $PEER6 -R
client "UDP" snmp.Udp.OutDatagrams 200 -c $PEER4 -u -b 50M -l 1024
client "UDP -R" snmp.Udp.InDatagrams 200 -c $PEER4 -u -b 50M -l 1024 -R
client "UDP -6" snmp6.Udp6OutDatagrams 200 -c $PEER6 -u -b 50M -l 1024
client "TCP --bidir" snmp.Tcp.InSegs 100 -c $PEER4 --bidir

# serve TEXT COUNTER MIN OPTION...
serve()
{
	what=$1 name=$2 min=$3
	shift 3
	start_nuse iperf3 -s -1 --forceflush
	wait_for 5 grep -q listening "$T/out" || note "it does not listen"
	status=0
	peer timeout "$LIMIT" iperf3 -t 1 "$@" > "$T/client.out" 2>&1 || status=$?
	check "iperf3 server $what" test "$status" -eq 0
	await_nuse
	proved "iperf3 server $what" "$name" "$min"
}

serve "TCP" snmp.Tcp.InSegs 100 -c $OUR4
serve "TCP -R -P 4" snmp.Tcp.PassiveOpens 5 -c $OUR4 -R -P 4
serve "TCP -6" snmp6.Ip6InReceives 100 -c $OUR6
serve "UDP" snmp.Udp.InDatagrams 200 -c $OUR4 -u -b 50M -l 1024
finish
