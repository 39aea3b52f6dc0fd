#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# make install, and what one has from it: nuse finds its kernel, programs are built
# and linked by pkg-config, the completion completes, the manual can be read.
#
# Environment: O, the build tree; TEST_KERNEL, the kernel that is installed: a name
# such as 6.12-full, or the path of a liblinux.so.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
O=${O:-$top/build}
kernel=${TEST_KERNEL:-6.12-full}
unset LIBOS_LIBRARY NUSE_KERNELS NUSECONF NUSE_TRACE NUSE_HOSTNET
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
trap 'exit 1' INT TERM HUP
dest=$T/dest
usr=$dest/usr/local
n=0
failed=0

# check TEXT COMMAND...
check()
{
	text=$1
	shift
	n=$((n + 1))
	: > "$T/log"
	if "$@" > "$T/log" 2>&1; then
		echo "ok $n - $text"
	else
		echo "not ok $n - $text"
		echo "#   failed: $*"
		tail -n 15 "$T/log" | sed 's/^/#   /'
		failed=1
	fi
}

skip()
{
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

# --- installing ------------------------------------------------------------

# shellcheck disable=SC2317 # called by name
do_install()
{
	case $kernel in
	*/*)
		for room in host nuse; do
			make --no-print-directory -C "$top/$room" O="$O" DESTDIR="$dest" PREFIX=/usr/local install ||
				return 1
		done
		install -D -m 755 "$kernel" "$usr/lib/libos/liblinux-test.so"
		;;
	*)
		make --no-print-directory -C "$top" O="$O" DESTDIR="$dest" PREFIX=/usr/local \
			KERNEL="$kernel" install
		;;
	esac
}

check "make install" do_install
check "make install again, over it" do_install
for file in bin/nuse lib/libos.so.0 lib/libos.so lib/pkgconfig/libos.pc include/libos/libos.h \
	share/man/man1/nuse.1 share/man/man5/nuse.conf.5 share/man/man3/libos.3 \
	share/bash-completion/completions/nuse share/doc/libos/examples; do
	check "there is $file" test -e "$usr/$file"
done
check "there is a kernel" sh -c "ls '$usr'/lib/libos/liblinux-*.so"
case $kernel in
*/*) skip "MultiStack's files" "TEST_KERNEL is a path: not all was installed" ;;
*)
	check "the kernel's name is $kernel" test -f "$usr/lib/libos/liblinux-$kernel.so"
	for file in multistackd multistackctl libmultistack.so.1 libmultistack.pc multistack.h; do
		check "there is MultiStack's $file" sh -c "find '$usr' -name '$file' | grep -q ."
	done
	;;
esac
# shellcheck disable=SC2317 # called by name
only_below_prefix()
{
	find "$dest" ! -type d ! -path "$usr/*" | tee "$T/outside"
	[ ! -s "$T/outside" ]
}
check "nothing is elsewhere" only_below_prefix
check "nothing is writable by others" sh -c "! find '$dest' ! -type l -perm /022 | grep ."

# --- the library -----------------------------------------------------------

check "libos.so.0 says that it is libos.so.0" \
	sh -c "readelf -d '$usr/lib/libos.so.0' | grep -q 'SONAME.*\\[libos\\.so\\.0\\]'"
check "libos.so leads there" test "$(readlink "$usr/lib/libos.so")" = libos.so.0
check "it shows what is public and nothing else" sh -c "nm -D --defined-only '$usr/lib/libos.so.0' |
	awk '\$2 != \"A\" { sub(/@.*/, \"\", \$3); print \$3 }' | sort -u > '$T/symbols';
	grep -q '^libos_open$' '$T/symbols' && ! grep -Ev '^(libos|netio|sim)_' '$T/symbols'"

PKG_CONFIG_PATH=$usr/lib/pkgconfig
PKG_CONFIG_SYSROOT_DIR=$dest
LD_LIBRARY_PATH=$usr/lib
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
check "pkg-config knows its version" sh -c "pkg-config --modversion libos | grep -Eq '^[0-9]+\\.[0-9]+'"

# The example of libos(3), as it stands there.
{
	printf '#include <%s>\n' libos/libos.h stdio.h stdlib.h sys/socket.h sys/syscall.h
	echo 'int main(void) {'
	awk '/^\.Sh EXAMPLES/ { on = 1 } /^\.Ed/ { code = 0 } on && code { gsub(/\\e/, "\\"); print }
		on && /^\.Bd/ { code = 1 } /^\.Sh ERRORS/ { on = 0 }' "$usr/share/man/man3/libos.3"
	echo 'return 0; }'
} > "$T/example.c"
# shellcheck disable=SC2317 # called by name
compile()
{
	# shellcheck disable=SC2046 # words
	"$1" -Wall -o "$2" "$3" $(pkg-config --cflags --libs libos)
}
lib=$(find "$usr/lib/libos" -name 'liblinux-*.so' | head -n 1)
check "the example of libos(3) is built by pkg-config" compile "${CC:-cc}" "$T/example" "$T/example.c"
check "and runs" sh -c "LD_LIBRARY_PATH='$LD_LIBRARY_PATH' LIBOS_LIBRARY='$lib' '$T/example' |
	grep -E '^Linux 6\\.[0-9.]+: socket [0-9]+$'"
for header in "$usr"/include/libos/*.h; do
	printf '#include <libos/%s>\nint x;\n' "$(basename "$header")" > "$T/one.c"
	check "libos/$(basename "$header") stands alone" \
		"${CC:-cc}" -std=gnu11 -Wall -Werror -fsyntax-only -I"$usr/include" "$T/one.c"
done

# --- the launcher ----------------------------------------------------------

check "nuse --version names a kernel" sh -c "'$usr/bin/nuse' --version | grep -Eq '6\\.[0-9]+\\.[0-9]+.* $usr/'"
check "nuse finds its kernel beside it" \
	sh -c "'$usr/bin/nuse' -o fallback=none cat /proc/net/dev | grep -q '^ *lo:'"
for example in "$usr"/share/doc/libos/examples/*.conf; do
	check "example $(basename "$example")" "$usr/bin/nuse" -n -c "$example"
done
if command -v mandoc > /dev/null; then
	for page in man1/nuse.1 man5/nuse.conf.5 man3/libos.3; do
		check "man $(basename "$page")" sh -c "mandoc -Tmarkdown '$usr/share/man/$page' | grep -q '^# NAME'"
	done
else
	skip "manual pages" "no mandoc"
fi

# --- the completion --------------------------------------------------------

# completes WANTED WORD... - to what the last of the words can be completed
# shellcheck disable=SC2016,SC2317 # bash's; called by name
completes()
{
	wanted=$1
	shift
	PATH=$usr/bin:$PATH bash -c '
		compopt() { :; }
		. "$0" || exit
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
		_nuse
		printf "%s\n" "${COMPREPLY[@]}"' "$usr/share/bash-completion/completions/nuse" "$@" > "$T/completed"
	cat "$T/completed"
	grep -Fxq -- "$wanted" "$T/completed"
}

if command -v bash > /dev/null; then
	printf 'interface lan0\nviftype SLIRP\n' > "$T/lan.conf"
	check "completion: an option" completes --dry-run nuse --dr
	check "completion: a key" completes eth0.viftype= nuse -o eth0.vi
	check "completion: a global key" completes nameserver= nuse -o names
	check "completion: a key of the configuration's interface" \
		completes lan0.mtu= nuse -c "$T/lan.conf" -o lan0.m
	check "completion: a value" completes eth0.viftype=TAP nuse -o eth0.viftype=T
	check "completion: how to trace" completes stack nuse --trace=st
	check "completion: a kernel" \
		completes "$("$usr/bin/nuse" --list-kernels | head -n 1 | cut -d' ' -f1)" nuse --kernel ''
	check "completion: a file" completes "$T/lan.conf" nuse -c "$T/la"
	check "completion: a program" completes cat nuse -v ca
else
	skip "completion" "no bash"
fi

echo "1..$n"
exit $failed
