#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Build the functional tests of lksctp-tools, which Debian ships as source only:
# lksctp.sh DIR.  Leaves DIR/test_* and DIR/test_*_v6; does nothing if they are there.
set -eu

dir=$1
[ ! -e "$dir/done" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$dir"
"$(dirname "$0")/suites/source.sh" lksctp-tools "$work/lksctp-tools"
dir=$(cd "$dir" && pwd)
cd "$work/lksctp-tools"

for src in src/func_tests/test_*.c; do
	name=$(basename "$src" .c)
	for v6 in '' _v6; do
		${CC:-cc} -w -O1 ${v6:+-DCONFIG_IPV6=1 -DTEST_V6=1} -Isrc/testlib -Isrc/include \
			"$src" src/testlib/sctputil.c -o "$dir/$name$v6" -lsctp -lpthread
	done
done
touch "$dir/done"
