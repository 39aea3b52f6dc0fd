# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034
#
# What tests of named stacks share, beside tests/lib.sh.
#
#	namespace $NS		home: nuse --daemon		attached, one after the other
#	10.77.0.1 tap0 ======= eth0 10.77.0.2 <-- calls -- ip, ss, tcpdump, ...
#
# Names are in a directory of the test's own.  Stacks that a failing test leaves
# are killed with its namespace (cleanup() of lib.sh).

# lib.sh is sourced by the test.

STACK=t

# begin_named - as begin, and a place for names
begin_named()
{
	begin
	mkdir -m 700 "$T/run"
	export XDG_RUNTIME_DIR="$T/run"
}

# in_ns COMMAND... - where stacks of the test are; status, out, err
in_ns()
{
	status=0
	timeout -k 2 "$LIMIT" ip netns exec "$NS" "$@" > "$T/out" 2> "$T/err" < "${STDIN:-/dev/null}" ||
		status=$?
}

# boot [OPTION...] - the stack $STACK, without a program, by $T/nuse.conf
boot()
{
	in_ns "$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} -c "$T/nuse.conf" --stats="$T/stats" \
		--log-file "$T/log" --daemon --name "$STACK" "$@"
}

# at COMMAND... - attached to $STACK, in another namespace than the home: what it does
# to the network is the stack's doing
at()
{
	status=0
	timeout -k 2 "$LIMIT" "$NUSE" --attach "$STACK" -- "$@" > "$T/out" 2> "$T/err" \
		< "${STDIN:-/dev/null}" || status=$?
}

# at_bg FILE COMMAND... - the same in the background, output and errors to FILE; AT_PID
at_bg()
{
	file=$1
	shift
	"$NUSE" --attach "$STACK" -- "$@" > "$file" 2>&1 < /dev/null &
	AT_PID=$!
	pids="$pids $AT_PID"
}

stop_stack()
{
	in_ns "$NUSE" --stop "$STACK"
}

# has NAME - is there a stack of that name?
has()
{
	"$NUSE" --list | awk -v name="$1" '$1 == name { found = 1 } END { exit !found }'
}

# home [NAME] - pid of its home
home()
{
	"$NUSE" --list --json | jq -r --arg name "${1:-$STACK}" '.[] | select(.name == $name) | .pid'
}

# Is the process $1 gone, or a zombie?
gone()
{
	case $(sed 's/.*) //' "/proc/$1/stat" 2> /dev/null) in
	'' | Z*) return 0 ;;
	esac
	return 1
}
