#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Build libuv's own tests: libuv.sh DIR.  Leaves DIR/uv_run_tests_a.
set -eu

dir=$1
[ ! -e "$dir/built" ] || exit 0
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
src=$dir/../src/libuv1
"$(dirname "$0")/source.sh" libuv1 "$src"
cmake -S "$src" -B "$dir" -DCMAKE_BUILD_TYPE=Release -DLIBUV_BUILD_TESTS=ON -DCMAKE_C_FLAGS=-w
make -s -C "$dir" -j"${JOBS:-$(nproc)}" uv_run_tests_a
touch "$dir/built"
