# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034
# Test points of this room's shell tests.  NUSE: the program.

set -eu
NUSE=${NUSE:-${O:-${0%/*}/../../build}/nuse/nuse}
n=0
failed=0
T=$(mktemp -d "${TMPDIR:-/tmp}/nuse-test.XXXXXX")
trap 'rm -rf "$T"' EXIT
trap 'exit 1' INT TERM HUP
: > "$T/out"
: > "$T/err"
status=0

# run COMMAND... - status, $T/out, $T/err
run()
{
	status=0
	timeout -k 2 "${LIMIT:-60}" "$@" > "$T/out" 2> "$T/err" < /dev/null || status=$?
}

# check TEXT COMMAND...
check()
{
	text=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $text"
	else
		echo "not ok $n - $text"
		echo "#   failed: $*"
		echo "#   exit status $status"
		for file in out err; do
			tail -n 12 "$T/$file" | sed "s/^/#   $file: /"
		done
		failed=1
	fi
}

skip()
{
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

ended()
{
	[ "$status" -eq "$1" ]
}

out_has()
{
	grep -Eq -- "$1" "$T/out"
}

err_has()
{
	grep -Eq -- "$1" "$T/err"
}

# One line, by nuse.
one_line()
{
	[ "$(wc -l < "$T/err")" -eq 1 ] && err_has '^nuse: '
}

finish()
{
	echo "1..$n"
	exit $failed
}
