#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Build everything and run every test: check.sh KERNEL…, as 6.12-full 6.1-full.
#
# Tests that need no kernel library run once; those of the kernel layer, and of rooms
# with it, on each; programs on each full one.  ONLY=pattern limits the run to files
# whose path matches.
set -eu

cd "$(dirname "$0")/.."
top=$(pwd)
O=${O:-$top/build}
export O
jobs=${JOBS:-$(nproc)}
[ $# -gt 0 ] || set -- 6.12-full 6.1-full

[ "$(id -u)" = 0 ] || {
	echo "make check needs root: its tests make network namespaces (sudo make check)" >&2
	exit 1
}
# Tests send themselves signals that a job in the background may have been told to ignore.
[ "${CHECK_SIGNALS:-}" ] || CHECK_SIGNALS=default exec env --default-signal "$top/scripts/check.sh" "$@"
scripts/deps.sh build test

export TALLY="$O/tally" PERL5LIB="$top/scripts/perl"
mkdir -p "$O"
: > "$TALLY"
failed=0

# run NAME FILE…: under prove, each with a time limit
run() {
	name=$1
	shift
	[ $# -gt 0 ] || return 0
	echo "== $name"
	prove --harness Tally --timer -j "$jobs" \
		-e 'timeout -k 10 600' "$@" < /dev/null || failed=1
}

# Is anything of it to be run?
selected() {
	case ${ONLY:-$1} in *"$1"*) ;; *) return 1 ;; esac
}

# select_tests FILE…: those that exist, are executable and match $ONLY
select_tests() {
	for f; do
		{ [ -f "$f" ] && [ -x "$f" ]; } || continue
		case $f in *"${ONLY:-}"*) echo "$f" ;; esac
	done
}

for k; do make --no-print-directory "kernel-$k"; done
make --no-print-directory rooms multistack tests
scripts/lksctp.sh "$O/lksctp" || echo "check.sh: no tests of lksctp-tools (their source cannot be had)" >&2

# Each room tests itself; where a kernel is wanted, on the first of them.
export TEST_KERNEL="$1" LIBOS_LIBRARY="$O/kernel/$1/liblinux.so"
prove="prove --harness Tally -e 'timeout -k 10 600'"
for room in netio host glue nuse bench; do
	selected "$room" || continue
	echo "== $room"
	make --no-print-directory -C "$room" check PROVE="$prove" < /dev/null || failed=1
done
if selected multistack; then
	echo "== multistack"
	make --no-print-directory -C multistack O="$O/multistack" check PROVE="$prove" \
		< /dev/null || failed=1
fi
# shellcheck disable=SC2046 # file names of ours, without spaces
run "trees" $(select_tests tests/*.t)

first=$1
for k; do
	export TEST_KERNEL="$k" LIBOS_LIBRARY="$O/kernel/$k/liblinux.so"
	# shellcheck disable=SC2046
	run "kernel $k" $(select_tests "$O"/tests/tests/kernel-*)
	# shellcheck disable=SC2046
	[ "$k" = "$first" ] || run "rooms on $k" $(select_tests "$O"/host/tests/test-linux \
		"$O"/host/tests/test-sim "$O"/host/tests/test-remote* "$O"/glue/tests/kernel-*)
	case $k in
	*-full)
		# shellcheck disable=SC2046
		run "programs on $k" $(select_tests tests/programs/*.t tests/processes/*.t tests/named/*.t \
			tests/robust/*.t tests/conformance/*.t)
		;;
	esac
done

awk '{ p += $1; f += $2; s += $3 }
     END { printf "%d passed, %d failed%s\n", p, f, s ? ", " s " skipped" : "" }' "$TALLY"
exit $failed
