#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Build the functional tests of lksctp-tools, which Debian ships as source only:
# lksctp.sh DIR.  Leaves DIR/test_* and DIR/test_*_v6; does nothing if they are there.
set -eu

dir=$1
[ ! -e "$dir/done" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/sources" "$dir"

# The sources that apt has, as sources of source packages, beside its own lists.
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
	[ ! -f "$file" ] || sed -n 's/^deb /deb-src /p' "$file" > "$work/sources/$(basename "$file" .list).list"
done
for file in /etc/apt/sources.list.d/*.sources; do
	[ ! -f "$file" ] || sed 's/^Types:.*/Types: deb-src/' "$file" > "$work/sources/$(basename "$file")"
done
apt="-qq -o APT::Sandbox::User=root -o Dir::Etc::sourcelist=/dev/null
	-o Dir::Etc::sourceparts=$work/sources -o Dir::State::lists=$work/lists"
cd "$work"
# shellcheck disable=SC2086 # a list of options
apt-get $apt update 2> /dev/null || :	# other sources than Debian's may have none
# shellcheck disable=SC2086
apt-get $apt source --download-only lksctp-tools > /dev/null
tar -xf lksctp-tools_*.orig.tar.*
cd lksctp-tools-*/

for src in src/func_tests/test_*.c; do
	name=$(basename "$src" .c)
	for v6 in '' _v6; do
		${CC:-cc} -w -O1 ${v6:+-DCONFIG_IPV6=1 -DTEST_V6=1} -Isrc/testlib -Isrc/include \
			"$src" src/testlib/sctputil.c -o "$dir/$name$v6" -lsctp -lpthread
	done
done
touch "$dir/done"
