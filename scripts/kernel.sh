#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Build liblinux.so: kernel.sh SOURCE NAME OUT FRAGMENT...
#
#   SOURCE    6.12 or 6.1: unpack Debian's linux-source package of that version;
#             else the path of a kernel tree, of which a copy made of links is used
#   NAME      what to call the result, OUT/NAME/liblinux.so
#   OUT       directory for trees and objects
#   FRAGMENT  configuration fragments, later ones win
#
# The tree is never written to but for the link arch/lib -> ours; check-tree.sh
# proves that.  CC, JOBS and V are honoured.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
source=$1 name=$2 out=$3
shift 3
jobs=${JOBS:-$(nproc)}
mkdir -p "$out/$name" "$out/src"
out=$(cd "$out" && pwd -P)

die() {
	echo "kernel.sh: $*" >&2
	exit 1
}

case $source in
*/*)
	[ -f "$source/Kbuild" ] || die "$source is no kernel tree"
	tree=$out/src/$(basename "$source")
	if [ ! -d "$tree" ]; then
		cp -al "$source" "$tree.tmp" 2>/dev/null || {
			rm -rf "$tree.tmp"
			cp -a "$source" "$tree.tmp"
		}
		mv "$tree.tmp" "$tree"
	fi
	;;
*)
	tree=$out/src/linux-source-$source
	tarball=/usr/src/linux-source-$source.tar.xz
	if [ ! -d "$tree" ]; then
		[ -f "$tarball" ] || die "$tarball is missing: apt-get install linux-source-$source"
		echo "  UNPACK  $tarball"
		mkdir -p "$out/src/tmp.$$"
		tar -xf "$tarball" -C "$out/src/tmp.$$"
		mv "$out/src/tmp.$$/linux-source-$source" "$tree" 2>/dev/null || [ -d "$tree" ]
		rm -rf "$out/src/tmp.$$"
	fi
	;;
esac
ln -sfn "$top/arch/lib" "$tree/arch/lib"

obj=$out/$name
config=$obj/fragments.config
cat "$@" > "$config.new"
if ! cmp -s "$config.new" "$config" || [ ! -f "$obj/.config" ]; then
	make -C "$tree" ARCH=lib O="$obj" KCONFIG_ALLCONFIG="$config.new" allnoconfig \
		> "$obj/config.log" 2>&1 || {
		tail -20 "$obj/config.log" >&2
		die "configuring $name failed"
	}
	mv "$config.new" "$config"
else
	rm "$config.new"
fi

ccache=
if command -v ccache >/dev/null && [ "${CCACHE:-yes}" != no ]; then
	ccache='ccache '
	export CCACHE_BASEDIR="$out" CCACHE_NOHASHDIR=1
fi

make -C "$tree" ARCH=lib O="$obj" CC="$ccache${CC:-gcc}" -j"$jobs" liblinux.so \
	> "$obj/build.log" 2>&1 &
pid=$!
trap 'kill $pid 2>/dev/null || :' INT TERM
# A line of progress: objects made, of the number that the last build had.
total=$(cat "$obj/objects" 2>/dev/null || echo '?')
if [ -t 1 ]; then
	while kill -0 $pid 2>/dev/null; do
		printf '\r  KERNEL  %s: %s of %s objects ' "$name" \
			"$(grep -c '^  CC' "$obj/build.log" || :)" "$total"
		sleep 1
	done
	printf '\r'
fi
if ! wait $pid; then
	grep -E 'error|Error|undefined' "$obj/build.log" | head -20 >&2
	die "building $name failed, see $obj/build.log"
fi
find "$obj" -name '*.o' | wc -l > "$obj/objects"
echo "  KERNEL  $obj/liblinux.so ($(cat "$obj/include/config/kernel.release"))        "
