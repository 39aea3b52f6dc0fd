#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The cable is pulled while TCP runs: carrier is seen, and the connection goes on
# when it is back, or ends with an error when it does not come back in time.
# shellcheck source=robust.sh
. "${0%/*}/robust.sh"
need /usr/bin/python3 ip
begin
peer_echo

# start TIMEOUT_MS - the program, in a directory of its own
start()
{
	rm -rf "$T/cwd"
	mkdir "$T/cwd"
	cd "$T/cwd"
	start_nuse /usr/bin/python3 "$ROBUST/cable.py" $PEER4 $ECHO_PORT "$1"
	cd "$TOP"
	wait_for 60 out_has '^flows, carrier 1' || { note "it does not flow"; show "$T/out" "$T/err"; }
}

# lines EXPECTED TEXT - so many lines of output say TEXT
lines()
{
	[ "$(grep -cx "$2" "$T/out")" -ge "$1" ]
}

# Down and up again, three times: the same connection.
start 300000
for round in 1 2 3; do
	peer ip link set tap0 down
	check "pull $round: no carrier" wait_for 60 lines $round 'carrier 0'
	peer ip link set tap0 up
	check "back $round: carrier" wait_for 60 lines $((round + 1)) 'carrier 1'
	check "back $round: the connection goes on" wait_for 90 lines $((round + 1)) 'flows, carrier 1'
done
# The news comes along with a frame: both wait for a program that is stopped.
kill -STOP "$NUSE_PID"
peer ping -n -c 1 -W 1 $OUR4 > "$T/ping.out" 2>&1 || :
peer ip link set tap0 down
kill -CONT "$NUSE_PID"
check "with a frame: no carrier" wait_for 10 lines 4 'carrier 0'
peer ip link set tap0 up
check "with a frame: carrier again" wait_for 60 lines 5 'carrier 1'
check "with a frame: the connection goes on" wait_for 90 lines 5 'flows, carrier 1'
: > "$T/cwd/stop"
await_end 30
check "it ends well" ran_well
check "with all its bytes" sh -c "! grep -q ended '$T/out' && grep -q '^got [1-9]' '$T/out'"
proved "down and up" snmp.Tcp.InSegs 10

# ip monitor, on the stack, is told.  The stack is there before the program listens.
start_nuse ip monitor link
wait_for 30 we_answer_ping || note "no ping"
pulled()
{
	peer ip link set tap0 down
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		! out_has 'NO-CARRIER.*eth0|eth0.*NO-CARRIER' || return 0
		sleep 0.1
	done
	peer ip link set tap0 up
	return 1
}
check "ip monitor sees the carrier go" wait_for 60 pulled
peer ip link set tap0 up
check "and come back" wait_for 60 out_has 'eth0:.*LOWER_UP'
check "and ping goes" wait_for 60 we_answer_ping
stop_nuse

# Down for longer than the program waits.
start 2000
peer ip link set tap0 down
check "down for long: the connection ends with an error" \
	wait_for 60 out_has '^ended: (ETIMEDOUT|EHOSTUNREACH)'
await_end 30
check "down for long: the program goes on after it" ran_well
peer ip link set tap0 up

# Gone for good.
start 2000
case $VIF in
tap) peer ip link del tap0 ;;
raw) ip -n "$NSN" link del nic0 ;;
esac
check "deleted: no carrier" wait_for 60 lines 1 'carrier 0'
check "deleted: the connection ends with an error" \
	wait_for 60 out_has '^ended: (ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)'
await_end 30
check "deleted: the program goes on after it" ran_well
cpu=$(awk '$1 == "cpu" { print int($2) }' "$T/out")
check "deleted: nobody spins on it (${cpu:-?} s)" test "${cpu:-99}" -lt 5
check "deleted: it had flowed before, on the stack" test "$(counter eth0.rx_frames)" -ge 3
finish
