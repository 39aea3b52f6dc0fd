# shellcheck shell=sh disable=SC2034,SC2154 # variables shared with the others
# SPDX-License-Identifier: GPL-2.0-only
#
# daemon.sh - a multistackd of one's own for a test
#
# Sourced. start_multistackd NS puts a daemon with its own directory, socket,
# maps and link names into a network namespace, and exports MULTISTACK_SOCKET;
# stop_multistackd removes everything that it made. Needs $tmp, a directory that
# others may enter, and $id, unique on this machine.

start_multistackd() {	# NS [OPTION...]
	msd_ns=$1
	shift
	# short: a socket's path has at most 107 bytes
	msd_dir=$tmp/d
	msd_bpffs=$tmp/bpf
	MULTISTACK_SOCKET=$msd_dir/multistack.sock
	export MULTISTACK_SOCKET
	chmod 711 "$tmp"
	nsenter --net="/run/netns/$msd_ns" multistackd --run-dir "$msd_dir" \
		--bpffs "$msd_bpffs" "$@" >"$tmp/multistackd.log" 2>&1 &
	msd_pid=$!
	tries=200
	until grep -q 'ready on' "$tmp/multistackd.log"; do
		tries=$((tries - 1))
		if [ $tries -le 0 ] || ! kill -0 "$msd_pid" 2>/dev/null; then
			echo "multistackd did not start:" >&2
			cat "$tmp/multistackd.log" >&2
			return 1
		fi
		sleep 0.05
	done
}

stop_multistackd() {
	[ -n "${msd_pid:-}" ] || return 0
	kill -TERM "$msd_pid" 2>/dev/null || true
	wait "$msd_pid" 2>/dev/null || true
	msd_pid=
	timeout 30 nsenter --net="/run/netns/$msd_ns" multistackd \
		--run-dir "$msd_dir" --bpffs "$msd_bpffs" --cleanup >>"$tmp/multistackd.log" 2>&1
}
