#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Servers that are given their sockets: LISTEN_FDS, by a launcher and by systemd's own.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need python3 nc
begin
HERE=${0%/*}
PY=/usr/bin/python3
LIMIT=60
head -c 200000 /dev/urandom > "$T/data"

start_nuse $PY "$HERE/activated.py" listen 4340 $PY "$HERE/activated.py"
check "launcher: the server finds a listener at 3" wait_for 10 out_has '^3 AF_INET6 SOCK_STREAM 4340$'
peer timeout 60 nc -N $OUR4 4340 < "$T/data" > "$T/got" || :
check "launcher: 200 kB there and back by it" same_file "$T/got" "$T/data"
check "launcher: a UDP socket at 4" wait_for 10 out_has '^4 AF_INET SOCK_DGRAM 4340$'
echo question | peer timeout 30 nc -u -W 1 -w 20 $OUR4 4340 > "$T/got" || :
check "launcher: a datagram there and back" grep -qx question "$T/got"
await_nuse
check "launcher: the server ends" test "$status" -eq 0
proved "launcher" snmp.Tcp.PassiveOpens 1

# systemd-socket-activate waits for the first connection, then executes the server.
if command -v systemd-socket-activate > /dev/null; then
	start_nuse systemd-socket-activate -l $OUR4:4341 $PY "$HERE/activated.py"
	wait_for 10 err_has 'Listening on' || :
	check "systemd-socket-activate: nothing runs before the first connection" sh -c "! grep -q . '$T/out'"
	peer timeout 60 nc -N $OUR4 4341 < "$T/data" > "$T/got" || :
	check "systemd-socket-activate: the server gets the connection" same_file "$T/got" "$T/data"
	check "systemd-socket-activate: the listener was at 3" out_has '^3 AF_INET SOCK_STREAM 4341$'
	await_nuse
	check "systemd-socket-activate: the server ends" test "$status" -eq 0
	proved "systemd-socket-activate" snmp.Tcp.PassiveOpens 1

	# As inetd does it: a process for each connection, which is its input and output.
	start_nuse systemd-socket-activate -a --inetd -l $OUR4:4342 cat
	wait_for 10 err_has 'Listening on' || :
	good=0
	for _ in 1 2 3; do
		peer timeout 60 nc -N $OUR4 4342 < "$T/data" > "$T/got" || :
		! same_file "$T/got" "$T/data" || good=$((good + 1))
	done
	check "systemd-socket-activate --inetd: three connections, three processes" test $good -eq 3
	stop_nuse TERM
	proved "systemd-socket-activate --inetd" snmp.Tcp.PassiveOpens 3
else
	skip "systemd-socket-activate" "it is not installed"
fi
finish
