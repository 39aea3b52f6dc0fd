#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Peers that reset, die, or were never there: errors are those of the host's kernel.
# shellcheck source=robust.sh
. "${0%/*}/robust.sh"
need /usr/bin/python3
begin

serve()
{
	peer_bg /usr/bin/python3 "$ROBUST/peer-reset.py" serve
	SERVER=$!
	for port in 7100 7101 7102; do
		wait_for 30 peer_listens $port || show "$T/peer.out"
	done
}

# kill_peer FILE - when the program in it is ready
kill_peer()
{
	wait_for 30 grep -q ready "$1" || note "never ready"
	kill -9 "$SERVER" 2> /dev/null
	wait "$SERVER" 2> /dev/null || :
}

serve
for case in sending receiving epoll orderly refused; do
	for addr in $PEER4 $PEER6; do
		peer timeout -k 2 "$LIMIT" /usr/bin/python3 "$ROBUST/peer-reset.py" get "$addr" $case \
			> "$T/native" 2>&1 || note "native: $?"
		run_nuse /usr/bin/python3 "$ROBUST/peer-reset.py" get "$addr" $case
		check "$case, $addr" ran_well
		same_as_native "$case, $addr: as on the host's kernel" "$T/native" "$T/out"
		case $case in
		orderly) proved "$case, $addr" snmp.Tcp.ActiveOpens 1 ;;
		refused) proved "$case, $addr" snmp.Tcp.AttemptFails 1 ;;
		*) proved "$case, $addr" snmp.Tcp.EstabResets 1 ;;
		esac
	done
done

peer timeout -k 2 "$LIMIT" /usr/bin/python3 "$ROBUST/peer-reset.py" get $PEER4 killed > "$T/native" 2>&1 &
native=$!
kill_peer "$T/native"
wait $native || note "native: $?"
serve
start_nuse /usr/bin/python3 "$ROBUST/peer-reset.py" get $PEER4 killed
kill_peer "$T/out"
await_end "$LIMIT"
check "peer killed" ran_well
same_as_native "peer killed: as on the host's kernel" "$T/native" "$T/out"
check "peer killed: reset is what was seen" out_has 'ECONNRESET'
proved "peer killed" snmp.Tcp.EstabResets 1
finish
