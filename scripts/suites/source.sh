#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Unpack the source of a Debian package as its authors shipped it, without touching
# apt's own lists: source.sh PACKAGE DIR.  DIR is the top of the tree; does nothing
# if it is there.  What suites are built from comes from nowhere else.
set -eu

package=$1 dir=$2
[ ! -d "$dir" ] || exit 0
mkdir -p "$(dirname "$dir")"
work=$(mktemp -d "$dir.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
mkdir -p "$work/lists/partial" "$work/sources" "$work/tree"

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
apt-get $apt source --download-only "$package" > /dev/null
tar -xf "$(ls ./*.orig.tar.*[!c])" --strip-components=1 -C tree	# not the .asc
mv tree "$dir"
