#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Make what libos-gdb.py needs of a kernel: types.sh KERNEL-BUILD OUT-DIR NAME
#
#   OUT-DIR/NAME.types    an object of types only, compiled as the kernel was
#   OUT-DIR/NAME.symbols  vmlinux without its contents: symbols, and debug
#                         information if the kernel was built with it
#
# Nothing is written to the build tree.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd) out=$2 name=$3
arch=$here/../../arch/lib

[ -f "$build/vmlinux" ] || { echo "types.sh: $build: no kernel was built here" >&2; exit 1; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# What is private to a file, in its own words.
{
	sed -n -e '/^#define \(TX_BURST\|RX_BURST\|GSO_PAGES\)\>/p' -e '/^enum drop /p' \
		-e '/^struct libos_netdev {/,/^};/p' "$arch/drivers/netdev.c"
	sed -n -e '/^static struct {/,/^} vcpu;/p' "$arch/kernel/vcpu.c" |
		sed -e 's/^static struct {/struct libos_vcpu {/' -e 's/^} vcpu;/};/'
	sed -n -e '/^struct prb_data_block {/,/^};/p' "$build/source/kernel/printk/printk_ringbuffer.c"
} > "$tmp/private.h"
cp "$here/types.c" "$tmp/types.c"
cat > "$tmp/Kbuild" <<'END'
obj-y := types.o
ccflags-y := -g -gdwarf-4 -fno-eliminate-unused-debug-types -I$(src) \
	-I$(srctree)/kernel/printk -I$(srctree)/net/packet -I$(srctree)/net/netlink
END
unset MAKEFLAGS MFLAGS MAKEOVERRIDES O KBUILD_OUTPUT	# of a make that called us
make -C "$build" ARCH=lib ${CC:+CC="$CC"} M="$tmp" types.o > "$tmp/log" 2>&1 || {
	tail -20 "$tmp/log" >&2
	echo "types.sh: compiling the types of $build failed" >&2
	exit 1
}
mkdir -p "$out"
objcopy --only-keep-debug "$build/vmlinux" "$out/$name.symbols"
cp "$tmp/types.o" "$out/$name.types"
chmod 644 "$out/$name.symbols" "$out/$name.types"
