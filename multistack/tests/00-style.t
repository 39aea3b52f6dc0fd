#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What can be seen without running: licences, the library's symbols, the header
# in C and C++, shell scripts, installation into DESTDIR.
set -eu

src=${MS_SRC:?run make check}
build=${MS_BUILD:?run make check}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0

check() {	# NAME COMMAND...
	name=$1
	shift
	n=$((n + 1))
	if "$@" >"$dir/out" 2>&1; then
		echo "ok $n - $name"
	else
		sed 's/^/# /' "$dir/out"
		echo "not ok $n - $name"
	fi
}

spdx() {
	files=$(find "$src/bpf" "$src/daemon" "$src/lib" "$src/ctl" "$src/include" "$src/tests" \
		"$src/fuzz" -name '*.[cht]' -o -name '*.py')
	for f in $files; do
		head -3 "$f" | grep -q SPDX-License-Identifier || { echo "$f"; return 1; }
	done
}

# The library and what it includes are LGPL, all else is not linked into it.
lgpl() {
	for f in "$src"/lib/*.[ch] "$src"/include/*.h; do
		head -1 "$f" | grep -q LGPL-2.1-only || { echo "$f"; return 1; }
	done
}

symbols() {
	nm -D --defined-only "$build/libmultistack.so" | sed -n 's/.* T \(.*\)@@.*/\1/p' |
		sort >"$dir/have"
	sed -n 's/^\(.* [*]*\)\{0,1\}\(ms_[a-z_]*\)(.*/\2/p' "$src/include/multistack.h" |
		sort -u >"$dir/want"
	diff "$dir/want" "$dir/have"
}

soname() {
	readelf -d "$build/libmultistack.so" | grep 'SONAME.*\[libmultistack.so.1\]'
}

header() {	# LANGUAGE
	echo '#include "multistack.h"' >"$dir/t.$1"
	gcc -x "$1" -Wall -Wextra -Werror -pedantic -I"$src/include" -fsyntax-only "$dir/t.$1"
}

# Each function and structure of the public header has kernel-doc.
kerneldoc() {
	# shellcheck disable=SC2013 # a word a line
	for s in $(cat "$dir/want"); do
		grep -q "^ \* $s() - " "$src/include/multistack.h" || { echo "$s"; return 1; }
	done
	# shellcheck disable=SC2013 # a word a line
	for s in $(sed -n 's/^\(struct\|enum\) \(ms_[a-z_]*\) {$/\1:\2/p' "$src"/include/multistack*.h); do
		grep -q "^ \* ${s%%:*} ${s#*:} - " "$src"/include/multistack.h \
			"$src"/include/multistack_reason.h || { echo "$s"; return 1; }
	done
}

reasons() {	# R_MAX of the tests' library is the header's
	want=$(sed -n '/^enum ms_reason {/,/^}/p' "$src/include/multistack_reason.h" | grep -c '^	MS_R_[A-Z_]*,$')
	grep -q "^R_MAX = $((want - 1))$" "$src/tests/mslib.py"
}

install_it() {
	make -s -C "$src" O="$build" DESTDIR="$dir/root" PREFIX=/usr install >/dev/null
	for f in sbin/multistackd sbin/multistackctl lib/libmultistack.so.1 include/multistack.h \
			lib/pkgconfig/libmultistack.pc; do
		[ -e "$dir/root/usr/$f" ] || { echo "$f is missing"; return 1; }
	done
	# Each time by the prefix of that time.
	make -s -C "$src" O="$build" DESTDIR="$dir/opt" PREFIX=/opt/ms install >/dev/null
	for p in root/usr opt/opt/ms; do
		grep -qx "prefix=/${p#*/}" "$dir/$p/lib/pkgconfig/libmultistack.pc" ||
			{ echo "libmultistack.pc has another prefix than /${p#*/}"; return 1; }
	done
}

links() {	# a program built against what was installed
	cat >"$dir/p.c" <<-'END'
		#include <multistack.h>
		#include <stdio.h>
		int main(void) { puts(ms_version()); return 0; }
	END
	flags=$(PKG_CONFIG_SYSROOT_DIR=$dir/root PKG_CONFIG_PATH=$dir/root/usr/lib/pkgconfig \
		pkg-config --cflags --libs libmultistack)
	# shellcheck disable=SC2086 # the flags are several words
	gcc -o "$dir/p" "$dir/p.c" -I"$dir/root/usr/include" -L"$dir/root/usr/lib" $flags
	[ "$(LD_LIBRARY_PATH=$dir/root/usr/lib "$dir/p")" = "$(PKG_CONFIG_PATH=$dir/root/usr/lib/pkgconfig \
		pkg-config --modversion libmultistack)" ]
}

shell() (	# from where the paths in "source=" start
	cd "$src/.." || return
	for f in multistack/tests/*.t multistack/*/tests/*.t multistack/*/*.sh; do
		case $f in
		*.sh) shellcheck -x "$f" ;;
		*) ! head -1 "$f" | grep -q '/sh$' || shellcheck -x "$f" ;;
		esac || return
	done
)

sizes() {
	find "$src/bpf" "$src/daemon" "$src/lib" "$src/ctl" -name '*.[ch]' | while read -r f; do
		[ "$(wc -l <"$f")" -le 900 ] || { echo "$f"; exit 1; }
	done
}

check "every file has its licence" spdx
check "the library is LGPL throughout" lgpl
check "the library exports what the header declares, and no more" symbols
check "soname" soname
check "the header is C" header c
check "the header is C++" header c++
check "every function and type has kernel-doc" kerneldoc
check "the tests know all drop reasons" reasons
check "no file is too long" sizes
check "shell scripts" shell
check "make install" install_it
check "a program builds against what is installed" links
echo "1..$n"
