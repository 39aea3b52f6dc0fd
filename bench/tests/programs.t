#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the measuring programs report is what happened; over the loopback of a
# network namespace of their own.
set -eu

id=lbt$$
server=
tmp=$(mktemp -d)

cleanup() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	ip netns del $id 2>/dev/null || true
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root: makes a network namespace"; exit 0; }
ip netns add $id
ip -n $id link set lo up
n=0

check() {	# TEXT AWK-CONDITION FILE...
	text=$1 condition=$2
	shift 2
	n=$((n + 1))
	if awk '{ v[$1] = $2 } END { exit !('"$condition"') }' "$@"; then
		echo "ok $n - $text"
	else
		echo "not ok $n - $text"
		sed 's/^/# /' "$@"
	fi
}

serve() {
	timeout 20 ip netns exec $id "$@" >"$tmp/server" 2>&1 &
	server=$!
	tries=200
	until grep -q ready "$tmp/server"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { echo "Bail out! $1 does not serve"; exit 1; }
		sleep 0.05
	done
}

stop() {
	kill "$server" 2>/dev/null || true
	wait "$server" 2>/dev/null || true
	server=
}

ask() {
	timeout 20 ip netns exec $id "$@" >"$tmp/out" 2>&1
}

# shellcheck disable=SC2016 # awk's own $f
tcp_count() {	# FIELD of the line Tcp: in /proc/net/snmp
	ip netns exec $id awk -v f="$1" '/^Tcp: [0-9]/ { print $f }' /proc/net/snmp
}

serve bench-rr -s 7001
ask bench-rr -t 0.3 -l 100 127.0.0.1 7001
check "TCP round trips: some, none lost, percentiles in order" \
	'v["transactions"] > 10 && v["lost"] == 0 && v["p50_us"] > 0 && v["p50_us"] <= v["p99_us"]' \
	"$tmp/out"
echo "segments $(tcp_count 11)" >>"$tmp/out"
check "as many as the stack counted segments for" \
	'v["segments"] >= 2 * v["transactions"]' "$tmp/out"
stop

serve bench-rr -u -s 7001
ask bench-rr -u -t 0.3 127.0.0.1 7001
check "UDP round trips" 'v["transactions"] > 10 && v["p50_us"] > 0' "$tmp/out"
stop

serve bench-conn -s 7001
ask bench-conn -t 0.3 -n 4 127.0.0.1 7001
echo "opened $(tcp_count 6)" >>"$tmp/out"
check "connections: all were accepted, as the stack counted" \
	'v["connections"] > 10 && v["failed"] == 0 && v["opened"] >= v["connections"]' "$tmp/out"
stop

for batch in 1 32; do
	serve bench-udp -b $batch -s 7001
	ask bench-udp -b $batch -t 0.3 -l 100 127.0.0.1 7001
	wait $server || true
	server=
	sed 's/^/sink_/' "$tmp/server" >"$tmp/sink"
	check "datagrams, $batch a call: those sent are those received and lost" \
		'v["sent"] > 100 && v["sink_packets"] + v["sink_lost"] == v["sent"] && v["sink_late"] == 0' \
		"$tmp/out" "$tmp/sink"
done

# Every second datagram is thrown away: the sink must say so.
if ip netns exec $id nft -f - 2>/dev/null <<-'NFT'
	table ip lossy {
		chain out {
			type filter hook output priority 0;
			udp dport 7001 udp length > 60 numgen inc mod 2 == 0 drop;
		}
	}
	NFT
then
	serve bench-udp -s 7001
	# A drop in the output hook is the sender's own error, EPERM.
	ask bench-udp -t 0.2 -l 100 127.0.0.1 7001 || true
	stop
	n=$((n + 1))
	if grep -q 'send: Operation not permitted' "$tmp/out"; then
		echo "ok $n - a send that is refused for good ends the sender with a message"
	else
		echo "not ok $n - a send that is refused for good ends the sender with a message"
	fi
	ip netns exec $id nft -f - <<-'NFT'
		flush ruleset
		table ip lossy {
			chain in {
				type filter hook input priority 0;
				udp dport 7001 udp length > 60 numgen inc mod 2 == 0 drop;
			}
		}
	NFT
	serve bench-udp -s 7001
	ask bench-udp -t 0.2 -l 100 127.0.0.1 7001
	wait $server || true
	server=
	sed 's/^/sink_/' "$tmp/server" >"$tmp/sink"
	check "half of them dropped on the way: half of them lost" \
		'v["sink_lost"] >= v["sent"] * 0.49 && v["sink_packets"] + v["sink_lost"] == v["sent"]' \
		"$tmp/out" "$tmp/sink"
else
	n=$((n + 1))
	echo "ok $n - datagrams dropped on the way # SKIP no nft"
fi

ask bench-null -t 0.05
check "null calls" 'v["null_ns"] > 1 && v["sockopt_ns"] > 1 && v["host_ns"] > 1' "$tmp/out"

ask bench-null -f -t 0.05
check "null calls of a child, one after another and after a sleep" \
	'v["null_ns"] > 1 && v["asleep_us"] > 0 && !("sockopt_ns" in v)' "$tmp/out"

ask bench-null -e -t 0.05
check "an echo between two processes" 'v["echo_us"] > 0 && !("null_ns" in v)' "$tmp/out"

ask bench-spawn -n 3 sh -c 'echo first; sleep 0.1'
check "a command's first word, and its end 100 ms later" \
	'v["min_ms"] >= 100 && v["end_ms"] >= v["first_ms"] + 99 && v["first_ms"] > 0' "$tmp/out"

n=$((n + 1))
if ask bench-spawn false || ! grep -q 'false: exit status 1' "$tmp/out"; then
	echo "not ok $n - a command that fails is no figure"
else
	echo "ok $n - a command that fails is no figure"
fi
echo "1..$n"
