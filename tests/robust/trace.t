#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# NUSE_TRACE says of each call who had it; what is unknown goes to the host and is listed.
# shellcheck source=robust.sh
. "${0%/*}/robust.sh"
need "${CC:-cc}" /usr/bin/python3
begin
subject unknown
peer_echo
peer timeout -k 2 "$LIMIT" "$T/unknown" $PEER4 $ECHO_PORT > "$T/native" 2>&1 || note "native: $?"

run_nuse "$T/unknown" $PEER4 $ECHO_PORT
check "without a trace" ran_well
same_as_native "unknown calls return what the host says" "$T/native" "$T/out"
check "and nothing is written" test ! -s "$T/err"
proved "without a trace" snmp.Tcp.ActiveOpens 1

for level in 1 stack; do
	export NUSE_TRACE=$level
	run_nuse "$T/unknown" $PEER4 $ECHO_PORT
	unset NUSE_TRACE
	grep -E '^[0-9]+ (stack|host)\|' "$T/err" > "$T/lines" || :
	check "NUSE_TRACE=$level" ran_well
	same_as_native "NUSE_TRACE=$level changes nothing" "$T/native" "$T/out"
	check "NUSE_TRACE=$level: socket went to the stack" \
		grep -Eq '^[0-9]+ stack\|socket\(AF_INET, SOCK_STREAM.*\) = [0-9]+$' "$T/lines"
	check "NUSE_TRACE=$level: so did connect, with the address" \
		grep -Eq "stack\\|connect\\([0-9]+, .*10\\.77\\.0\\.1.*\\) = 0" "$T/lines"
	check "NUSE_TRACE=$level: no line of its own is torn" \
		sh -c "! grep -Ev '^[0-9]+ (stack|host)\\||^nuse: ' '$T/err'"
	check "NUSE_TRACE=$level: unknown calls are listed" \
		sh -c "grep -v '^[0-9]* stack|' '$T/err' | grep -Eq '(^|[^0-9])511([^0-9]|\$)'"
	proved "NUSE_TRACE=$level" snmp.Tcp.ActiveOpens 1
	case $level in
	1)
		check "NUSE_TRACE=1: files are the host's" grep -q 'host|open.*ostype' "$T/lines"
		check "NUSE_TRACE=1: unknown calls are the host's" grep -Eq 'host\|.*511.*ENOSYS' "$T/lines"
		;;
	stack)
		check "NUSE_TRACE=stack: no lines of the host's calls" sh -c "! grep -q 'host|' '$T/lines'"
		;;
	esac
done

run_nuse --trace "$T/unknown" $PEER4 $ECHO_PORT
check "--trace is NUSE_TRACE=1" sh -c "grep -q 'stack|socket' '$T/err' && grep -q 'host|open' '$T/err'"
run_nuse --trace=stack "$T/unknown" $PEER4 $ECHO_PORT
check "--trace=stack is NUSE_TRACE=stack" sh -c "grep -q 'stack|socket' '$T/err' && ! grep -q 'host|open' '$T/err'"
finish
