#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What tx and rx reach must not call out of the room, touch vector registers or
# thread-local storage, nor use more of the kernel stack than there is.  All of
# it is in the section .text.netio_hot (hot.h), so that can be read off the
# object files:
#  - each relocation of the section is to a symbol within such a section, or to
#    data of the room;
#  - no instruction names an xmm, ymm, zmm or mm register, or %fs;
#  - tx, rx, stats and deadline_ns of each ops table are in it;
#  - no function has a frame larger than 3 KiB.
set -eu

room=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
B=${B:?the build folder of the room}
CC=${CC:-gcc}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

if [ -n "${SAN:-}" ]; then
	echo "1..0 # SKIP a sanitizer build calls its runtime everywhere"
	exit 0
fi

n=0
failed=0
report() {	# name, command that must succeed...
	name=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		failed=1
	fi
}
# shellcheck disable=SC2317	# called by report
nothing_in() { [ ! -s "$1" ] || { head -5 "$1" | sed 's/^/# /'; false; }; }
# shellcheck disable=SC2317
something_in() { [ -s "$1" ]; }

objs=$(cd "$room" && for f in *.c; do
	o=$B/${f%.c}.o
	if objdump -h "$o" | grep -q netio_hot; then echo "$o"; fi
done)

# Functions of the room that are in the section, by name.
for o in $objs; do
	objdump -t "$o" | awk '$0 ~ /\.text\.netio_hot/ && / F / { print $NF }'
done | sort -u >"$tmp/hot"
report "there are hot functions: $(wc -l <"$tmp/hot")" something_in "$tmp/hot"

for o in $objs; do
	base=$(basename "$o" .o)

	objdump -dr --no-show-raw-insn -j .text.netio_hot "$o" >"$tmp/code"
	# Relocations: what is neither a data section nor a hot function.
	awk '/R_X86_64|R_AARCH64/ { print $3 }' "$tmp/code" |
		sed 's/[-+]0x[0-9a-f]*$//' | sort -u |
		grep -v -E '^\.(text\.netio_hot|rodata|data|bss|LC[0-9])' |
		grep -v -x -F -f "$tmp/hot" >"$tmp/out" || true
	# Static data is named by its symbol when it is not in a section of its own.
	objdump -t "$o" | awk '/ O / { print $NF }' >"$tmp/objects"
	grep -v -x -F -f "$tmp/objects" "$tmp/out" >"$tmp/bad" || true
	report "$base refers to nothing outside" nothing_in "$tmp/bad"
	grep -E '%([xyz]mm|mm)[0-9]|%fs' "$tmp/code" >"$tmp/bad" || true
	report "$base touches neither vectors nor TLS" nothing_in "$tmp/bad"
	grep -E 'sub +[$]0x[0-9a-f]+,%rsp' "$tmp/code" | sed 's/.*0x//; s/,%rsp.*//' |
		while read -r hex; do
			if [ $((0x$hex)) -gt 3072 ]; then echo "$hex"; fi
		done >"$tmp/bad"
	report "$base has no large stack frame" nothing_in "$tmp/bad"
done

# tx, rx, stats and deadline_ns as the tables name them.
grep -h -E '^[[:space:]]\.(tx|rx|stats|deadline_ns)[[:space:]]*=' "$room"/*.c |
	sed 's/.*= *\([a-z_0-9]*\),.*/\1/' | sort -u >"$tmp/ops"
grep -v -x -F -f "$tmp/hot" "$tmp/ops" >"$tmp/bad" || true
report "there are ops: $(wc -l <"$tmp/ops")" something_in "$tmp/ops"
report "tx, rx, stats and deadline_ns of each table are hot" nothing_in "$tmp/bad"

# The check must see what it looks for.
cat >"$tmp/x.c" <<-'END'
	void outside(int);
	void f(char *p, double *d);
	__attribute__((section(".text.netio_hot"))) void f(char *p, double *d)
	{ *d *= d[1]; outside(*p); }
END
"$CC" -O2 -c "$tmp/x.c" -o "$tmp/x.o"
objdump -dr -j .text.netio_hot "$tmp/x.o" >"$tmp/code"
report "the check sees a call" grep -q 'R_.*outside' "$tmp/code"
report "and a vector register" grep -q '[xv]mm\|%xmm\|[[:space:]]d[0-9]' "$tmp/code"

echo "1..$n"
exit $failed
