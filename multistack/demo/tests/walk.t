#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# walk.t - the README's five-minute walk, as it stands there
#
# Takes each block of commands and each block of output from the README, runs
# the commands in one shell, and looks for the output, line by line, in what the
# step before it printed. Runs in mount and PID namespaces of its own, with its
# own /run and bpffs: the names that the README uses cannot meet anything that
# the machine has, and when the test ends, for whatever reason, so does
# everything that it started.
# shellcheck disable=SC2317 # functions are called by name, through ok and trap
set -eu

if [ -n "${MS_BUILD:-}" ]; then
	PATH=$MS_BUILD:$PATH
	LD_LIBRARY_PATH=$MS_BUILD
	export PATH LD_LIBRARY_PATH
fi
here=$(cd "$(dirname "$0")" && pwd)
readme=$here/../../README.md

if [ "${1:-}" != inside ]; then
	if [ "$(id -u)" != 0 ]; then
		echo "1..0 # SKIP needs root for network namespaces"
		exit 0
	fi
	for tool in curl python3 setpriv nsenter lwip-httpd multistackd; do
		command -v $tool >/dev/null && continue
		echo "1..0 # SKIP $tool is not installed"
		exit 0
	done
	exec timeout 180 unshare --mount --pid --fork --kill-child=KILL \
		--mount-proc "$0" inside
fi

tmp=$(mktemp -d)
cleanup() {
	[ -z "${shell:-}" ] || kill "$shell" 2>/dev/null || true
	ip netns del host 2>/dev/null || true
	ip netns del peer 2>/dev/null || true
	rm -rf "$tmp"
}
trap cleanup EXIT

mount -t tmpfs tmpfs /run
mkdir /run/netns
[ -d /sys/fs/bpf ] && mount -t bpf bpf /sys/fs/bpf
unset MULTISTACK_SOCKET
# the walk's "nobody" cannot look into a build directory below a private home
chmod 711 "$tmp"
mkdir -m 755 "$tmp/bin"
for program in multistackd multistackctl ms-pktgen lwip-httpd; do
	cp -L "$(command -v $program)" "$tmp/bin/"
done
ldd "$tmp/bin/lwip-httpd" | awk '/libmultistack/ { print $3 }' |
	xargs -r -I{} cp -L {} "$tmp/bin/"
PATH=$tmp/bin:$PATH
LD_LIBRARY_PATH=$tmp/bin${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PATH LD_LIBRARY_PATH

# One file a block, numbered in order: N.sh or N.text
awk -v dir="$tmp" '
	/^## / { walk = /five minutes/ }
	walk && /^```sh$/ { file = sprintf("%s/%02d.sh", dir, ++n); next }
	walk && /^```text$/ { file = sprintf("%s/%02d.text", dir, ++n); next }
	/^```$/ { if (file) close(file); file = ""; next }
	file { print >file }' "$readme"

count=0

# The commands go into one shell, as a reader's would, one step at a time.
run() {
	mkfifo "$tmp/in"
	sh -eu <"$tmp/in" >"$tmp/out" 2>&1 &
	shell=$!
	exec 3>"$tmp/in"
	for block in "$tmp"/[0-9][0-9].*; do
		case $block in
		*.sh) run_step "$block" ;;
		*.text) check_output "$block" ;;
		esac
	done
	exec 3>&-
}

run_step() {
	last=$1.out
	{
		echo "exec >'$last' 2>&1"
		cat "$1"
		echo ": >'$1.done'"
	} >&3
	tries=1200
	until [ -e "$1.done" ]; do
		tries=$((tries - 1))
		if [ $tries -le 0 ] || ! kill -0 $shell 2>/dev/null; then
			break
		fi
		sleep 0.05
	done
	count=$((count + 1))
	title=$(grep -v '^#' "$1" | head -n 1)
	if [ -e "$1.done" ]; then
		echo "ok $count - runs: $title"
	else
		echo "not ok $count - runs: $title"
		sed 's/^/# /' "$last"
		echo "1..$count"
		exit 1
	fi
}

check_output() {
	while IFS= read -r line; do
		count=$((count + 1))
		if grep -qF "$line" "$last"; then
			echo "ok $count - prints: $line"
		else
			echo "not ok $count - prints: $line"
			sed 's/^/# /' "$last"
			failed=1
		fi
	done <"$1"
}

failed=0
run
count=$((count + 1))
if wait $shell; then
	echo "ok $count - ends well"
else
	echo "not ok $count - ends well"
	failed=1
fi
count=$((count + 1))
if [ -z "$(ip netns list)" ] && [ ! -e /sys/fs/bpf/multistack ]; then
	echo "ok $count - leaves nothing behind"
else
	echo "not ok $count - leaves nothing behind"
	ip netns list | sed 's/^/# netns /'
	find /sys/fs/bpf | sed 's/^/# bpffs /'
	failed=1
fi
echo "1..$count"
exit $failed
