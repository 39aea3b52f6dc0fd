#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# node's cluster: workers that share a listener, and workers that are passed each
# connection by the master (SCM_RIGHTS of stack sockets between processes).
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need node curl
begin
HERE=${0%/*}
LIMIT=60
head -c 200000 /dev/urandom > "$T/data"

# ask N - one connection each
ask()
{
	i=0
	while [ $i -lt "$1" ]; do
		peer curl -sS --max-time 30 http://$OUR4:4330/ 2>&1
		i=$((i + 1))
	done > "$T/pids"
}

two_workers()
{
	ask 6
	[ "$(grep -x '[0-9]*' "$T/pids" | sort -u | wc -l)" -ge 2 ]
}

for policy in rr shared; do
	start_nuse node "$HERE/cluster.js" 4330 $policy
	check "cluster ($policy) answers" wait_for 20 peer curl -sS --max-time 30 -o "$T/got" http://$OUR4:4330/
	ask 30
	check "cluster ($policy): 30 answers" test "$(grep -cx '[0-9]*' "$T/pids")" -eq 30
	check "cluster ($policy): none by the master" sh -c "! grep -qx $NUSE_PID '$T/pids'"
	# Who accepts from a shared listener is the kernel's choice; the master's is by turns.
	[ $policy = shared ] || check "cluster ($policy): by both workers" wait_for 10 two_workers
	peer curl -sS --max-time 30 --data-binary "@$T/data" -o "$T/got" "http://[$OUR6]:4330/" 2> "$T/out" || :
	check "cluster ($policy): 200 kB there and back, IPv6" same_file "$T/got" "$T/data"

	victim=$(head -n 1 "$T/pids")
	kill -9 "$victim" || :
	check "cluster ($policy): the master sees a worker killed" wait_for 10 out_has 'exit [12] null SIGKILL'
	wait_for 10 peer curl -sS --max-time 30 -o "$T/got" http://$OUR4:4330/ || :
	ask 10
	check "cluster ($policy): 10 answers after that" test "$(grep -cx '[0-9]*' "$T/pids")" -eq 10
	check "cluster ($policy): not by the dead" sh -c "! grep -qx $victim '$T/pids'"
	stop_nuse TERM
	check "cluster ($policy) ends" test "$status" -eq 0
	proved "cluster ($policy)" snmp.Tcp.PassiveOpens 41
done
finish
