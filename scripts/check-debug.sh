#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What takes too long for each commit: tests on a debug kernel, where a WARN or a
# report of lockdep, RCU or the slab allocator ends the instance, and the rooms' own
# tests with ASan and UBSan.
#
# PARTS selects from: kernel programs san.  KVER is the kernel's version.
set -eu

cd "$(dirname "$0")/.."
top=$(pwd)
O=${O:-$top/build}
KVER=${KVER:-6.12}
PARTS=${PARTS:-kernel programs san}
export O

[ "$(id -u)" = 0 ] || {
	echo "make check-debug needs root: its tests make network namespaces" >&2
	exit 1
}
[ "${CHECK_SIGNALS:-}" ] ||
	CHECK_SIGNALS=default exec env --default-signal "$top/scripts/check-debug.sh" "$@"
scripts/deps.sh build test

export TALLY="$O/tally-debug" PERL5LIB="$top/scripts/perl"
mkdir -p "$O"
: > "$TALLY"
failed=0
prove="prove --harness Tally --timer -e 'timeout -k 10 900'"

# build TARGET... - without the sanitizers that our own make may have been given
build() {
	make --no-print-directory SAN= "$@"
}

run() {
	prove --harness Tally --timer -e 'timeout -k 10 900' "$@" < /dev/null || failed=1
}

# library KERNEL - what the tests from here on use
library() {
	build "kernel-$1"
	export TEST_KERNEL="$1" LIBOS_LIBRARY="$O/kernel/$1/liblinux.so"
}

on_debug_kernel() {
	echo "== tests on $KVER-debug"
	library "$KVER-debug"
	build tests
	build -C host tests
	build -C glue tests
	# shellcheck disable=SC2046 # file names of ours, without spaces
	run $(find "$O/tests/tests" "$O/glue/tests" -name 'kernel-*' -type f -perm -1 | sort) \
		"$O"/host/tests/test-linux "$O"/host/tests/test-sim
}

# A debug kernel is several times slower.
programs_on_debug_kernel() {
	echo "== programs on $KVER-debug"
	library "$KVER-debug"
	build nuse
	LIMIT=180 run tests/programs/ping.t tests/programs/curl.t tests/programs/iperf3.t \
		tests/programs/nc.t tests/programs/mptcp.t tests/robust/signals.t \
		tests/robust/garbage.t
}

# A launcher under ASan runs no program: ASan wants addresses that are the
# program's.  All that is below the launcher is tested so.
with_sanitizers() {
	echo "== rooms with sanitizers"
	library "$KVER-full"
	for room in netio host glue; do
		make --no-print-directory -C "$room" SAN=1 all
		make --no-print-directory -C "$room" SAN=1 check PROVE="$prove" < /dev/null || failed=1
	done
	make --no-print-directory -C nuse SAN=1 all tests
	# shellcheck disable=SC2046
	run $(find "$O/san/nuse/tests" -name 'test-*' -type f -perm -1 | sort)
	make --no-print-directory -C multistack O="$O/san/multistack" SAN=1 check PROVE="$prove" \
		< /dev/null || failed=1
}

for part in $PARTS; do
	case $part in
	kernel) on_debug_kernel ;;
	programs) programs_on_debug_kernel ;;
	san) with_sanitizers ;;
	*) echo "check-debug.sh: no part '$part'" >&2; exit 2 ;;
	esac
done

awk '{ p += $1; f += $2; s += $3 }
     END { printf "%d passed, %d failed%s\n", p, f, s ? ", " s " skipped" : "" }' "$TALLY"
exit $failed
