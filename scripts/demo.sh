#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The demonstration: an unmodified curl fetches a page from a web server on this
# host over a network stack of its own, the mainline Linux one as a library.
#
# Installing and building may want root; the program itself gets none: if we are
# root, it runs as nobody.
set -eu

cd "$(dirname "$0")/.."
O=${O:-$(pwd)/build}
kernel=${KERNEL:-6.12-full}
export O

scripts/deps.sh build demo
make --no-print-directory "kernel-$kernel" nuse

# Where nobody can read it, too.
dir=$(mktemp -d)
server=
cleanup() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
chmod 755 "$dir"
cp "$O/nuse/nuse" "$dir/nuse"
cp "$O/kernel/$kernel/liblinux.so" "$dir/liblinux.so"
mkdir "$dir/www" "$dir/out"
chmod 777 "$dir/out"
echo "Hello from the host's web server." > "$dir/www/index.html"

as_user() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups env -i PATH="$PATH" HOME="$dir" \
			LIBOS_LIBRARY="$dir/liblinux.so" "$@"
	else
		env LIBOS_LIBRARY="$dir/liblinux.so" "$@"
	fi
}

python3 -u -m http.server -b 127.0.0.1 -d "$dir/www" 0 > "$dir/server.log" 2>&1 &
server=$!
port=
for _ in $(seq 100); do
	port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$dir/server.log")
	[ -z "$port" ] || break
	sleep 0.05
done
[ -n "$port" ] || { cat "$dir/server.log" >&2; exit 1; }

show() {
	printf '\n\033[1m$ %s\033[0m\n' "$*"
	as_user "$@"
}

cd "$dir"
echo
echo "The host runs $(uname -sr), user $(as_user id -un)."
show ./nuse ip -brief address
show ./nuse --stats=out/stats curl -sS "http://10.0.2.2:$port/" ||
	{ echo "demo: curl failed" >&2; exit 1; }
echo
echo "What its stack counted (10.0.2.2 is this host, seen through slirp):"
grep -E '^(kernel|eth0\.[rt]x_frames|snmp\.Tcp\.(ActiveOpens|InSegs|OutSegs|RetransSegs)) ' out/stats |
	sed 's/^/  /'
