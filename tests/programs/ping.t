#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ping and ping -6, out of the stack and into it.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need ping
begin

run_nuse ping -c 3 -i 0.2 -W 10 $PEER4
check "ping" ran_well
check "ping: all three came back" out_has '3 received, 0% packet loss'
proved "ping" snmp.Icmp.InEchoReps 3

run_nuse ping -6 -c 3 -i 0.2 -W 10 $PEER6
check "ping -6" ran_well
check "ping -6: all three came back" out_has '3 received, 0% packet loss'
proved "ping -6" snmp6.Icmp6InEchoReplies 3

run_nuse ping -c 2 -i 0.2 -s 20000 -W 10 $PEER4
check "ping -s 20000: in fragments" ran_well
proved "ping -s 20000" snmp.Ip.FragCreates 28

run_nuse ping -c 1 -W 1 10.77.0.99
check "ping of nobody fails" test "$status" -eq 1

run_nuse ping -c 1 -W 1 127.0.0.1
check "ping of our own loopback" ran_well
check "which is not the host's" test "$(counter eth0.tx_frames)" -le 8

start_nuse sleep 120
check "the peer pings us" wait_for 5 we_answer_ping
check "the peer pings us, IPv6" peer ping -6 -c 2 -i 0.2 -W 10 $OUR6
stop_nuse
check "sleep ended by our signal" test "$status" -eq 143
proved "pinged" snmp.Icmp.OutEchoReps 1
finish
