#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A program sends and exits at once: its stack delivers what it wrote, as a kernel
# does, and gives up when the peer is silent or the user in a hurry.
# shellcheck source=robust.sh
. "${0%/*}/robust.sh"
need /usr/bin/python3 nft
begin
BYTES=120000	# less than a send buffer, much more than the reader's window

# reader PROTO PORT SECONDS
reader()
{
	ip netns exec "$NS" /usr/bin/python3 "$ROBUST/exit.py" read "$@" > "$T/read" 2>&1 &
	pids="$pids $!"
	wait_for 30 grep -q ready "$T/read" || { note "the reader is not ready"; show "$T/read"; }
}

# all_arrived BYTES - the reader has it all
all_arrived()
{
	/usr/bin/python3 "$ROBUST/exit.py" digest "$1" > "$T/want"
	wait_for 60 sh -c "[ \$(wc -l < '$T/read') -eq 2 ]" || :
	tail -n 1 "$T/read" | cmp -s - "$T/want" || { show "$T/want" "$T/read"; return 1; }
}

reader tcp 7200 1
run_nuse /usr/bin/python3 "$ROBUST/exit.py" send tcp $PEER4 7200 $BYTES
check "TCP: it ends well" ran_well
check "TCP: a slow reader gets everything" all_arrived $BYTES
proved "TCP" snmp.Tcp.ActiveOpens 1

reader tcp 7201 1
run_nuse /usr/bin/python3 "$ROBUST/exit.py" send tcp $PEER4 7201 $BYTES 15
check "killed by a signal: the status says so" test "$status" -eq 143
check "killed by a signal: a slow reader gets everything" all_arrived $BYTES

# The stack's first datagram waits for ARP.
ip -n "$NS" neigh flush dev tap0
reader udp 7202 0
run_nuse /usr/bin/python3 "$ROBUST/exit.py" send udp $PEER4 7202 1000
check "UDP: it ends well" ran_well
check "UDP: the one datagram arrives" all_arrived 1000
proved "UDP" snmp.Udp.OutDatagrams 1

conf 'delay tx 300ms' > "$T/nuse.conf"
reader udp 7203 0
run_nuse /usr/bin/python3 "$ROBUST/exit.py" send udp $PEER4 7203 1000
check "UDP: it arrives over a slow line, too" all_arrived 1000
conf > "$T/nuse.conf"

# deaf PORT - the peer does not hear what is longer than a few bytes
deaf()
{
	peer nft -f - <<-END
		table inet deaf {
			chain in { type filter hook input priority 0; }
		}
		flush chain inet deaf in
		add rule inet deaf in tcp dport $1 meta length > 200 counter drop
	END
}

# The peer falls silent: for a while, for good.
reader tcp 7204 1
deaf 7204
start_nuse /usr/bin/python3 "$ROBUST/exit.py" send tcp $PEER4 7204 $BYTES
dropped()
{
	peer nft list chain inet deaf in | grep -Eq 'packets ([3-9]|[0-9]{2,})'
}
wait_for 30 dropped || note "nothing is dropped"
peer nft flush chain inet deaf in
check "silent for a while: everything arrives" all_arrived $BYTES
await_end 30
check "silent for a while: it ends well" ran_well
check "silent for a while: it was sent again" test "$(counter snmp.Tcp.RetransSegs)" -gt 0

start_silent()
{
	reader tcp "$1" 1
	deaf "$1"
	start_nuse -v /usr/bin/python3 "$ROBUST/exit.py" send tcp $PEER4 "$1" $BYTES
}
start_silent 7205
await_end 60
check "silent for good: it ends all the same" ran_well
check "silent for good: and says what is lost" err_has '^nuse: 1 connection is given up'

start_silent 7206
waiting()
{
	peer ss -Htn "sport = :7206" | grep -q . && ! grep -q python "/proc/$NUSE_PID/comm"
}
wait_for 30 waiting || note "it does not wait"
before=$(date +%s%N)
kill -TERM "$NUSE_PID" || :
await_end 60
took=$((($(date +%s%N) - before) / 1000000))
check "SIGTERM in between: it ends" ran_well
check "SIGTERM in between: before its time ($took ms)" test "$took" -lt 4000
finish
