#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# redis-server under redis-benchmark, and redis-cli as a client.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need redis-server redis-benchmark redis-cli
begin

start_nuse redis-server --save '' --appendonly no --protected-mode no --dir "$T" --bind 0.0.0.0 ::
check "redis-server accepts" wait_for 10 we_accept 6379
check "PING" sh -c "ip netns exec $NS redis-cli -h $OUR4 ping | grep -q PONG"
check "SET and GET over IPv6" sh -c "ip netns exec $NS redis-cli -h $OUR6 set k v && ip netns exec $NS redis-cli -h $OUR6 get k | grep -qx v"
check "redis-benchmark" peer timeout "$LIMIT" redis-benchmark -h $OUR4 -n 5000 -c 20 -q -t set,get,lpush
check "redis-benchmark -P 16" peer timeout "$LIMIT" redis-benchmark -h $OUR4 -n 20000 -c 20 -P 16 -q -t set,get
peer redis-cli -h $OUR4 shutdown nosave 2> /dev/null || :
await_nuse
check "redis-server shuts down" test "$status" -eq 0
proved "redis-server" snmp.Tcp.PassiveOpens 40

peer_bg redis-server --save '' --appendonly no --protected-mode no --dir "$T" --bind 0.0.0.0
wait_for 5 peer_listens 6379
run_nuse redis-cli -h $PEER4 ping
check "redis-cli" out_has PONG
proved "redis-cli" snmp.Tcp.ActiveOpens 1
run_nuse redis-benchmark -h $PEER4 -n 5000 -c 20 -q -t set,get
check "redis-benchmark on the stack" ran_well
proved "redis-benchmark on the stack" snmp.Tcp.ActiveOpens 20
finish
