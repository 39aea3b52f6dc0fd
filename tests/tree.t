#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The kernel trees that were built are the distribution's, but for arch/lib.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
O=${O:-$top/build}
n=0
for version in 6.12 6.1; do
	[ -d "$O/kernel/src/linux-source-$version" ] || continue
	"$top/scripts/check-tree.sh" "$version" "$O/kernel" | sed '/^1\.\./d' > "$O/tree.$$" || :
	while read -r line; do
		case $line in
		ok*) n=$((n + 1)); echo "ok $n - ${line#* - }" ;;
		'not ok'*) n=$((n + 1)); echo "not ok $n - ${line#* - }" ;;
		*) echo "$line" ;;
		esac
	done < "$O/tree.$$"
	rm -f "$O/tree.$$"
done
[ "$n" -gt 0 ] || echo "ok $((n = 1)) - trees # SKIP none was built from a package"
echo "1..$n"
