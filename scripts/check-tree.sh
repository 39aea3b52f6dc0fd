#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Prove that a tree that liblinux.so was built from is the distribution's:
# check-tree.sh VERSION OUT.  Prints TAP.
set -eu

version=$1 tree=$2/src/linux-source-$1
tarball=/usr/src/linux-source-$version.tar.xz
echo 1..2
# tar names what differs from or is missing beside the archive; who has unpacked it
# and with which umask is no difference ...
diff=$(tar -df "$tarball" -C "$2/src" 2>&1 | grep -Ev ': (Uid|Gid|Mode) differs$' || :)
if [ -z "$diff" ]; then
	echo "ok 1 - linux-source-$version: every file is as in the package"
else
	echo "not ok 1 - linux-source-$version: files differ from the package"
	echo "$diff" | head -10 | sed 's/^/# /'
fi
# ... and a count shows that nothing was added but arch/lib.
want=$(tar -tf "$tarball" | grep -vc '/$')
have=$(find "$tree" ! -type d ! -path "$tree/arch/lib" | wc -l)
if [ "$want" = "$have" ]; then
	echo "ok 2 - linux-source-$version: no file beside arch/lib was added"
else
	echo "not ok 2 - linux-source-$version: $have files, the package has $want"
fi
