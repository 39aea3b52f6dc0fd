#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# libuv's own tests, those that have to do with the network or with what carries it
# (polling, descriptors passed between processes), on the host and under nuse.
#
# CONFORMANCE=full adds all others that need no terminal.  A test that has servers as
# helpers is several processes, made by fork and exec; the others are run in the process
# that nuse starts.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
# shellcheck source=compare.sh
. "${0%/*}/compare.sh"
need ip pkill unshare cmake
begin
suite libuv "$O/suites/libuv"
DIR=
tests=$O/suites/libuv/uv_run_tests_a
export UV_RUN_AS_ROOT=1
# The runner gives a test five seconds, or so many times as much.
export UV_TEST_TIMEOUT_MULTIPLIER="$PATIENCE"

# The runner says it in TAP; a test run by itself has 7 for a skip.
outcome()
{
	if grep -q '^ok 1 .*# SKIP' "$2"; then
		echo skip
	else
		case $1 in
		0) echo pass ;;
		7) echo skip ;;
		*) echo fail ;;
		esac
	fi
}

# Somewhere to connect to that never answers, and for multicast.
setup='ip link add d0 type veth peer name d1; ip link set d1 up; ip addr add 192.0.2.1/24 dev d0
	ip -6 addr add 2001:db8::1/64 dev d0 nodad; ip link set d0 up
	ip route add default via 192.0.2.2 dev d0; ip -6 route add default via 2001:db8::2 dev d0'

"$tests" --list > "$T/list"
# Of other systems, of terminals, of memory, or made to fail.
others='^(osx_|tty|poll_nested_kqueue|.*windows|.*osfhandle|listen_.*simultaneous|fail_always|platform_output|get_memory)'
network='^(tcp|udp|getaddrinfo|getnameinfo|getsockname|connect|delayed_accept|multiple_listen|poll_|ip6?_|ip4_
	|ipc_|socket_buffer|threadpool_cancel_get|handle_fileno|closed_fd|watcher_cross|walk_handles|req_type|emfile
	|idna|shutdown_|callback_stack|readable_on|not_|spawn_tcp_server|spawn_inherit|pipe_ping_pong|fork_socketpair)'
network=$(echo "$network" | tr -d '\n\t')
[ "${CONFORMANCE:-}" != full ] || network=.
grep -Ev "$others" "$T/list" | grep -E "$network" > "$T/cases"
while read -r name helpers <&3; do
	case $helpers/$name in
	/*_inprocess) try "$name" "$setup" "$tests" "$name" "$name" ;;
	/ipc_* | /spawn_* | /fork_* | ?*/*) try "$name" "$setup" "$tests" "$name" ;;
	*) try "$name" "$setup" "$tests" "$name" "$name" ;;
	esac
done 3< "$T/cases"
summary
