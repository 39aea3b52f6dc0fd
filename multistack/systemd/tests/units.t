#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# units.t - systemd reads the units without complaint, and what they pass to the
# daemon is what the daemon takes
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
command -v systemd-analyze >/dev/null || {
	echo "1..0 # SKIP systemd-analyze is not installed"
	exit 0
}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# "true" stands for the daemon: whether the program exists is not the question
sed 's|@SBINDIR@/multistackd|/bin/true|' "$here/multistackd.service.in" \
	>"$tmp/multistackd.service"
cp "$here/multistackd.socket" "$tmp"

echo 1..3
SYSTEMD_UNIT_PATH=$tmp: systemd-analyze verify --man=no \
	"$tmp/multistackd.service" "$tmp/multistackd.socket" >"$tmp/out" 2>&1 ||
	true
failed=0
if grep -q multistackd "$tmp/out"; then
	echo "not ok 1 - systemd-analyze verify"
	sed 's/^/# /' "$tmp/out"
	failed=1
else
	echo "ok 1 - systemd-analyze verify"
fi

path=$(sed -n 's/^#define MS_SOCKET_DEFAULT[^"]*"\(.*\)"/\1/p' \
	"$here/../include/multistack.h")
if grep -qx "ListenSequentialPacket=$path" "$here/multistackd.socket"; then
	echo "ok 2 - the socket is where clients look: $path"
else
	echo "not ok 2 - the socket is where clients look: $path"
	failed=1
fi

if grep -q MULTISTACK_FDSTORE "$here/../daemon/store.c" &&
	grep -q '^Environment=MULTISTACK_FDSTORE=1' \
		"$here/multistackd.service.in"; then
	echo "ok 3 - the descriptor store's variable is the daemon's"
else
	echo "not ok 3 - the descriptor store's variable is the daemon's"
	failed=1
fi
exit $failed
