#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Install the Debian packages that the rooms name in their files `packages`:
# deps.sh KIND…, of build, test, bench.  Does nothing when all are there.
set -eu

cd "$(dirname "$0")/.."
missing=
for kind; do
	# shellcheck disable=SC2013 # a package is a word
	for pkg in $(cat ./packages ./*/packages ./*/*/packages 2>/dev/null | sed -n "s/^$kind:[[:space:]]*//p" | sort -u); do
		dpkg-query -W -f '${Status}' "$pkg" 2>/dev/null | grep -q ' installed' ||
			missing="$missing $pkg"
	done
done
[ -n "$missing" ] || exit 0

echo "  APT    $missing"
sudo=
if [ "$(id -u)" != 0 ]; then
	command -v sudo > /dev/null || {
		echo "deps.sh: not root, and there is no sudo; as root: apt-get install$missing" >&2
		exit 1
	}
	sudo=sudo
fi
command -v apt-get > /dev/null || {
	echo "deps.sh: no apt-get here; what is needed are Debian's$missing" >&2
	exit 1
}
apt="$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600"
# Servers that a package would start have no business on the host.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap '$sudo rm -f "$policy"' EXIT
	trap 'exit 1' INT TERM HUP
	printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" > /dev/null
	$sudo chmod 755 "$policy"
fi
$apt update
# shellcheck disable=SC2086 # a list of words
$apt install -y --no-install-recommends $missing > /dev/null
