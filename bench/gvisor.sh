#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# gvisor.sh - run a program on gVisor's stack, as nuse runs it on ours
#
#	gvisor.sh DIR PROGRAM [ARGUMENT...]
#
# In the network namespace it is called in, as root: runsc moves the addresses of
# its interfaces into the sandbox. The program sees the host's files read-only and
# an empty /tmp. DIR takes the bundle and runsc's state.
#
# The release in Debian 12 takes every namespace that shows net.core.dev_weight for
# the root one, and refuses; kernels since 6.x show it in each. So /proc/sys/net/core
# is covered by an empty tmpfs, in the mount namespace that "ip netns exec" has made.
#
# GVISOR_FORWARD=1 switches on forwarding before the program starts; GVISOR_PLATFORM
# is ptrace unless set (KVM does not start inside most virtual machines).
set -eu

dir=${1:?usage: gvisor.sh DIR PROGRAM [ARGUMENT...]}
shift
name=gv$$
mkdir -p "$dir/$name"

if [ -n "${GVISOR_FORWARD:-}" ]; then
	# shellcheck disable=SC2016 # expanded in the sandbox
	set -- sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward && exec "$@"' sh "$@"
fi

netns=/run/netns/$(ip netns identify $$)
jq -n --arg path "$PATH" --arg netns "$netns" '
	{
		ociVersion: "1.0.0",
		process: {
			user: { uid: 0, gid: 0 },
			args: $ARGS.positional,
			env: [ "PATH=" + $path ],
			cwd: "/",
			capabilities: (["CAP_NET_RAW", "CAP_NET_ADMIN", "CAP_SYS_ADMIN",
				"CAP_NET_BIND_SERVICE", "CAP_SYS_RESOURCE", "CAP_DAC_OVERRIDE"] as $caps |
				{ bounding: $caps, effective: $caps, permitted: $caps }),
			rlimits: [ { type: "RLIMIT_NOFILE", hard: 65536, soft: 65536 } ]
		},
		root: { path: "/", readonly: true },
		hostname: "gvisor",
		mounts: [
			{ destination: "/proc", type: "proc", source: "proc" },
			{ destination: "/tmp", type: "tmpfs", source: "tmpfs" }
		],
		linux: { namespaces: [ { type: "pid" }, { type: "ipc" }, { type: "uts" },
			{ type: "mount" }, { type: "network", path: $netns } ] }
	}' --args -- "$@" >"$dir/$name/config.json"

mount -t tmpfs none /proc/sys/net/core
runsc="runsc --root=$dir/state --ignore-cgroups --net-raw --network=sandbox"
runsc="$runsc --platform=${GVISOR_PLATFORM:-ptrace} --log=/dev/null"

# The shell stays, to clear up; signals go on to the sandbox.
pid=
# shellcheck disable=SC2317 # called by the trap
stop() {
	[ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null || true
}
trap stop TERM INT HUP
status=0
# shellcheck disable=SC2086 # a list of words
$runsc run --bundle="$dir/$name" $name </dev/null &
pid=$!
while kill -0 $pid 2>/dev/null; do
	status=0
	wait $pid || status=$?
done
# shellcheck disable=SC2086
$runsc delete -force $name >/dev/null 2>&1 || true
rm -rf "${dir:?}/$name"
exit $status
