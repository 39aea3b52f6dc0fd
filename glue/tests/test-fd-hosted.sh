#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Programs that print what the calls of a program give, run natively and on a
# stack of their own: the outputs must not differ.  A trace proves that the
# sockets of the hosted run were the stack's.
#
# LIBOS_LIBRARY names the kernel library; the built programs are beside this one.
set -eu

bin=$(dirname "$0")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0
failed=0

result()	# STATUS NAME
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
	fi
}

same()		# NAME PROGRAM [ARGUMENT...]
{
	name=$1
	shift
	timeout 100 "$@" >"$tmp/native" 2>&1 || echo "exit $?" >>"$tmp/native"
	timeout 100 "$bin/fd-run" "$@" >"$tmp/hosted" 2>&1 || echo "exit $?" >>"$tmp/hosted"
	if diff "$tmp/native" "$tmp/hosted" >"$tmp/diff"; then
		result 0 "$name: $(wc -l <"$tmp/native") lines, the same natively and hosted"
	else
		result 1 "$name: the same natively and hosted"
		head -40 "$tmp/diff" | sed 's/^/# /'
	fi
}

if ! "$bin/fd-run" /bin/true 2>"$tmp/why"; then
	echo "1..0 # SKIP $(head -1 "$tmp/why")"
	exit 0
fi

same "descriptor numbers" "$bin/prog-fd-numbers"
same "sockets" "$bin/prog-fd-sockets"
same "polling" "$bin/prog-fd-poll" 200
same "polling many" "$bin/prog-fd-poll" 4000

timeout 100 "$bin/fd-run" -t 2 "$bin/prog-fd-sockets" >/dev/null 2>"$tmp/trace" || true
calls=$(grep -c ' stack|connect(.*127.0.0.1' "$tmp/trace" || true)
escaped=$(grep ' host|connect(.*127.0.0.1' "$tmp/trace" | grep -vc ENOTSOCK || true)
if [ "$calls" -gt 3 ] && [ "$escaped" -eq 0 ]; then status=0; else status=1; fi
result $status "$calls connections were the stack's, $escaped the host's"

timeout 100 "$bin/fd-run" cat /proc/net/dev >"$tmp/dev" 2>&1 || true
if grep -q '^ *lo:' "$tmp/dev"; then status=0; else status=1; fi
result $status "cat /proc/net/dev is the stack's"

echo "1..$n"
exit $failed
