#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Build the programs of a kernel tree's tools/testing/selftests/net: selftests.sh
# TREE DIR.  Leaves DIR/bin; DIR/unbuilt names those that do not build, and why.
#
# They are compiled one by one, against the headers of their own tree: its Makefile
# wants clang and a BPF toolchain for programs that are not used here.
set -eu

tree=$1 dir=$2
[ ! -e "$dir/built" ] || exit 0
src=$tree/tools/testing/selftests/net
[ -d "$src" ] || { echo "selftests.sh: no $src" >&2; exit 1; }
mkdir -p "$dir/bin" "$dir/headers"
dir=$(cd "$dir" && pwd)
make -s -C "$tree" O="$dir/headers" headers > "$dir/headers.log" 2>&1 || {
	tail -5 "$dir/headers.log" >&2
	exit 1
}

: > "$dir/unbuilt"
for file in "$src"/*.c "$src"/mptcp/*.c; do
	name=$(basename "$file" .c)
	libs='' flags=''
	case $name in
	*.bpf) continue ;;
	epoll_busy_poll) libs=-lcap ;;
	reuseport_bpf_numa) libs=-lnuma flags='-include stdbool.h' ;;
	tcp_mmap) libs='-lpthread -lcrypto' ;;
	tcp_inq | bind_bhash | nettest) libs=-lpthread ;;
	io_uring_zerocopy_tx) flags="-I$tree/tools/include" ;;
	tls)
		# Debian's 6.12 has tests of a later tree, whose function takes a key number, too.
		sed '/^static void tls_crypto_info_init/,/)$/s/\*tls12)$/*tls12, ...)/' "$file" > "$dir/tls.c"
		file=$dir/tls.c
		;;
	esac
	# shellcheck disable=SC2086 # lists of options
	${CC:-cc} -w -O1 -D_GNU_SOURCE -isystem "$dir/headers/usr/include" $flags \
		-I"$src" -I"$src/.." -I"$src/mptcp" "$file" -o "$dir/bin/$name" $libs 2> "$dir/cc.log" ||
		printf '%s %s\n' "$name" "$(grep -m1 -E 'error:|undefined reference' "$dir/cc.log")" >> "$dir/unbuilt"
done
rm -f "$dir/cc.log"
touch "$dir/built"
