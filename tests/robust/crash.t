#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A program that crashes: status and core are the program's, nothing is left.
# shellcheck source=robust.sh
. "${0%/*}/robust.sh"
need "${CC:-cc}" /usr/bin/python3
begin
subject crash
peer_echo
mkdir "$T/cwd" "$T/tmp"
chmod 1777 "$T/tmp"

# crashed DIR COMMAND... - run in $T/cwd with a temporary directory of its own;
# $status as a shell has it
crashed()
{
	status=0
	(
		cd "$T/cwd"
		# shellcheck disable=SC3045 # all of our shells have it
		ulimit -c "$CORE"
		TMPDIR=$T/tmp exec timeout -k 2 "$LIMIT" ip netns exec "$@"
	) > "$T/out" 2> "$T/err" || status=$?
}

# A TAP device made for the run, so that one left behind is seen.
sed 's/hostif tap0/hostif gone0/' "$T/nuse.conf" > "$T/own.conf"
devices()
{
	ip -n "$NSX" -o link | cut -d: -f2 | sort
}
devices > "$T/devices"

nothing_left()
{
	devices | cmp -s - "$T/devices" || { devices | sed 's/^/# device/'; return 1; }
	for pid in $(ip netns pids "$NSX"); do
		case $(readlink "/proc/$pid/exe") in
		*/nuse) note "process $pid is left"; return 1 ;;
		esac
	done
	find "$T/tmp" "$T/cwd" -mindepth 1 > "$T/files"
	[ ! -s "$T/files" ] || { show "$T/files"; return 1; }
}

CORE=0
for how in segv bus fpe ill abrt thread; do
	crashed "$NS" "$T/crash" $PEER4 $ECHO_PORT $how
	native=$status
	visits=$(grep -cx $OUR4 "$T/echo.log" || :)
	crashed "$NSX" "$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} -c "$T/nuse.conf" \
		"$T/crash" $PEER4 $ECHO_PORT $how
	check "$how: status as native, $native" test "$native" -gt 128 -a "$status" -eq "$native"
	check "$how: it was at the peer before, from the stack's address" \
		test "$(grep -cx $OUR4 "$T/echo.log")" -eq $((visits + 1))
	check "$how: nothing is left behind" nothing_left
done

crashed "$NSX" "$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} -c "$T/own.conf" sh -c 'exit 3'
[ "$VIF" = raw ] || check "a device made for the run is gone after it" nothing_left
if [ "$VIF" = tap ]; then
	ip -n "$NS" tuntap del dev tap0 mode tap
	devices > "$T/devices"
	sed 's/hostif tap0/hostif gone0\n\thostaddr 10.77.0.1\/24/' "$T/nuse.conf" > "$T/own.conf"
	crashed "$NSX" "$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} -c "$T/own.conf" \
		"$T/crash" $PEER4 $ECHO_PORT segv
	check "segv on a device of its own: status" test "$status" -eq 139
	check "and the device is gone" nothing_left
	ip -n "$NS" tuntap add dev tap0 mode tap
	ip -n "$NS" address add $PEER4/24 dev tap0
	ip -n "$NS" link set tap0 up
fi

# With work to do afterwards, nuse outlives the crash and ends alike.
for how in segv abrt; do
	run_nuse "$T/crash" $PEER4 $ECHO_PORT $how
	check "$how with --stats: the same status" test "$status" -gt 128
	proved "$how with --stats" snmp.Tcp.ActiveOpens 1
done

case $(cat /proc/sys/kernel/core_pattern) in
core | core.%p)
	CORE=unlimited
	for how in segv:11 fpe:8 ill:4 thread:11; do
		crashed "$NSX" "$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} -c "$T/nuse.conf" \
			"$T/crash" $PEER4 $ECHO_PORT ${how%:*}
		core=$(find "$T/cwd" -name 'core*' | head -n 1)
		check "${how%:*}: a core is made" test -s "${core:-/nonexistent}"
		check "${how%:*}: the core is the program's" \
			/usr/bin/python3 "$ROBUST/core.py" "${core:-/dev/null}" "${how#*:}"
		size=$(du -m "${core:-/dev/null}" | cut -f1)
		check "${how%:*}: the core is not the size of the arena ($size MB)" test "$size" -lt 100
		rm -f "$T/cwd"/core*
	done
	;;
*)
	skip "cores" "core_pattern leads elsewhere: $(cat /proc/sys/kernel/core_pattern)"
	;;
esac
finish
