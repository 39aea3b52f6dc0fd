#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Signals: what they interrupt is what they interrupt natively; Ctrl-C.
# shellcheck source=robust.sh
. "${0%/*}/robust.sh"
need "${CC:-cc}" /usr/bin/python3
begin
subject signals
subject crash
peer_echo

for case in eintr restart mask async; do
	peer timeout -k 2 "$LIMIT" "$T/signals" $PEER4 $ECHO_PORT $case > "$T/native" 2>&1 ||
		note "native: $?"
	run_nuse "$T/signals" $PEER4 $ECHO_PORT $case
	check "$case" ran_well
	same_as_native "$case: as on the host's kernel" "$T/native" "$T/out"
	proved "$case" snmp.Tcp.ActiveOpens 1
done

for how in auto trap; do
	start_nuse --intercept $how "$T/signals" $PEER4 $ECHO_PORT storm
	wait_for 30 out_has ready || :
	i=0
	while [ $i -lt 2000 ] && kill -USR1 "$NUSE_PID" 2> /dev/null; do
		i=$((i + 1))
	done
	kill -TERM "$NUSE_PID" || :
	await_end "$LIMIT"
	check "storm, $how: the program ends well" ran_well
	check "storm, $how: no byte is wrong under $i signals from outside and a timer's" \
		out_has 'storm: 4194304 bytes back, 0 bad, many signals, also from outside'
	proved "storm, $how" snmp.Tcp.InSegs 50
done

# Ctrl-C while the program blocks in the stack.
mkdir "$T/tmp" "$T/cwd"
ip -n "$NSX" -o link | cut -d: -f2 | sort > "$T/devices"
TMPDIR=$T/tmp ip netns exec "$NSX" /usr/bin/python3 "$ROBUST/ctrl-c.py" \
	"$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} -c "$T/nuse.conf" \
	"$T/crash" $PEER4 $ECHO_PORT recv > "$T/out" 2> "$T/err" || status=$?
check "Ctrl-C: status 130" test "$(cat "$T/out")" = 130
ip -n "$NSX" -o link | cut -d: -f2 | sort > "$T/devices.after"
check "Ctrl-C: no device is left" same_file "$T/devices" "$T/devices.after"
check "Ctrl-C: no file is left" test -z "$(ls -A "$T/tmp")"
left=0
for pid in $(ip netns pids "$NSX"); do
	case $(readlink "/proc/$pid/exe") in */nuse) left=1 ;; esac
done
check "Ctrl-C: no process is left" test $left -eq 0
echoed "Ctrl-C"
finish
