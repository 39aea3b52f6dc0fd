#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Install the Debian packages that the rooms name in their files `packages`:
# deps.sh KIND…, of build, test, bench.  Does nothing when all are there.
set -eu

cd "$(dirname "$0")/.."
missing=
for kind; do
	for pkg in $(cat ./packages ./*/packages 2>/dev/null | sed -n "s/^$kind:[[:space:]]*//p" | sort -u); do
		dpkg-query -W -f '${Status}' "$pkg" 2>/dev/null | grep -q ' installed' ||
			missing="$missing $pkg"
	done
done
[ -n "$missing" ] || exit 0

echo "  APT    $missing"
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
export DEBIAN_FRONTEND=noninteractive
apt="$sudo apt-get -qq -o DPkg::Lock::Timeout=600"
$apt update
# Servers that a package would start have no business on the host.
# shellcheck disable=SC2086 # lists of words
$apt install -y --no-install-recommends $missing > /dev/null
