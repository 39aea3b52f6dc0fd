#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Build libuv's own tests: libuv.sh DIR.  Leaves DIR/uv_run_tests_a.
#
# Their local sockets have fixed names in /tmp, which each test removes before it begins;
# they are made names of the directory that a test runs in, so that tests can run at once.
set -eu

dir=$1
[ ! -e "$dir/built" ] || exit 0
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
src=$dir/../src/libuv1
"$(dirname "$0")/source.sh" libuv1 "$src"
sed -i 's,"/tmp/uv-test-sock,"uv-test-sock,' "$src/test/task.h"
grep -q '"uv-test-sock' "$src/test/task.h" || {
	echo "libuv.sh: task.h does not name the local sockets as it used to" >&2
	exit 1
}
cmake -S "$src" -B "$dir" -DCMAKE_BUILD_TYPE=Release -DLIBUV_BUILD_TESTS=ON -DCMAKE_C_FLAGS=-w
make -s -C "$dir" -j"${JOBS:-$(nproc)}" uv_run_tests_a
touch "$dir/built"
