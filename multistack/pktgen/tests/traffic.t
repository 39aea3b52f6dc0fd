#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# traffic.t - ms-pktgen over each kind of interface, and what it must notice
#
# A host with MultiStack on eth1 and a peer at the other end of the cable. Every
# run must arrive whole, in order and unchanged, or, where the peer's firewall
# drops or changes packets, be reported as what it is. Needs root.
#
# shellcheck disable=SC2317,SC2016 # functions are called by name; $rc is jq's
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=multistack/tests/two-hosts.sh
. "$here/../../tests/two-hosts.sh"
need nft jq ethtool nsenter ms-pktgen multistackd multistackctl
two_hosts mst

count=0
failed=0
result() {	# STATUS NAME
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		failed=1
	fi
}

# Send N packets from one side to the other; JQ must hold of the receiver's
# summary. The receiver is ready when its socket or port shows; it ends itself.
transfer() {	# NAME JQ RX-SIDE RX-ARGS -- TX-SIDE TX-ARGS
	name=$1 want=$2 rx_side=$3
	shift 3
	rx_args=
	while [ "$1" != -- ]; do
		rx_args="$rx_args $1"
		shift
	done
	shift
	tx_side=$1
	shift
	: >"$tmp/rx.json"
	# shellcheck disable=SC2086 # a list of options
	"in_$rx_side" timeout 60 ms-pktgen -f rx -w 10 $rx_args -j \
		>"$tmp/rx.json" 2>"$tmp/rx.err" &
	rx_pid=$!
	wait_ready "$tmp/rx.json"
	tx=0
	"in_$tx_side" timeout 60 ms-pktgen -f tx "$@" -j -q >"$tmp/tx.json" \
		2>"$tmp/tx.err" || tx=$?
	rx=0
	wait $rx_pid || rx=$?
	if [ $tx = 0 ] && summary "$tmp/rx.json" "$want"; then
		result 0 "$name"
	else
		result 1 "$name"
		echo "# rx: status $rx $(cat "$tmp/rx.json" "$tmp/rx.err")"
		echo "# tx: status $tx $(cat "$tmp/tx.json" "$tmp/tx.err")"
	fi
}

wait_ready() {	# LOG
	tries=1200
	until grep -q ready "$1" || [ $tries = 0 ]; do
		tries=$((tries - 1))
		sleep 0.05
	done
}

# The summary is the last line; rates of each second and "ready" are before it.
summary() {	# LOG QUERY
	tail -n 1 "$1" | jq -e --argjson rc $rx "$2" >/dev/null 2>&1
}

mac_of() {	# SIDE IF
	"in_$1" cat "/sys/class/net/$2/address"
}

whole='.packets == 3000 and .lost == 0 and .reordered == 0 and
	.duplicate == 0 and .corrupt == 0 and .bad_csum == 0 and $rc == 0'

join_hosts
ip -n "$host" tuntap add tap0 mode tap vnet_hdr
ip -n "$host" link set tap0 txqueuelen 4096 up	# for what a receiver is late for
ip -n "$host" link add link eth1 name mv0 type macvtap mode bridge
ip -n "$host" link set mv0 txqueuelen 4096 up
host_mac=$(mac_of host eth1)
peer_mac=$(mac_of peer eth0)

start_multistackd "$host"
multistackctl -h valem:eth1

# ---- what is sent arrives ----

transfer "host to host" "$whole" \
	peer -i host -s 10.0.0.2:5000 -n 3000 -e -- \
	host -i host -s 10.0.0.1:5000 -d 10.0.0.2:5000 -n 3000 -R 20k
transfer "packet socket to packet socket, IPv6" "$whole" \
	peer -i packet:eth0 -s '[fd00::2]:5000' -d '[fd00::1]:5001' \
	-n 3000 -e -- \
	host -i packet:eth1 -D "$peer_mac" -s '[fd00::1]:5001' \
	-d '[fd00::2]:5000' -n 3000 -R 20k -l 200
transfer "packet socket to TAP" "$whole" \
	host -i tap:tap0 -s 10.1.0.1:5000 -n 3000 -e -- \
	host -i packet:tap0 -D 02:00:00:00:00:0b -s 10.1.0.2:5000 \
	-d 10.1.0.1:5000 -n 3000 -R 20k
transfer "packet socket to macvtap" "$whole" \
	host -i macvtap:mv0 -s 10.1.0.1:5000 -n 3000 -e -- \
	peer -i packet:eth0 -D "$(mac_of host mv0)" -s 10.1.0.2:5000 \
	-d 10.1.0.1:5000 -n 3000 -R 20k
transfer "macvtap to packet socket" "$whole" \
	peer -i packet:eth0 -s 10.1.0.2:5000 -d 10.1.0.1:5000 -n 3000 -e -- \
	host -i macvtap:mv0 -D "$peer_mac" -s 10.1.0.1:5000 \
	-d 10.1.0.2:5000 -n 3000 -R 20k

for kind in tap xdp; do
	transfer "to a $kind port" "$whole" \
		host -i valem:vp0 -k $kind -s 10.0.0.1:5000 -n 3000 -e -- \
		peer -i host -s 10.0.0.2:5000 -d 10.0.0.1:5000 -n 3000 -R 20k
	transfer "from a $kind port" "$whole" \
		peer -i host -s 10.0.0.2:5000 -n 3000 -e -- \
		host -i valem:vp0 -k $kind -s 10.0.0.1:5000 -d 10.0.0.2:5000 \
		-n 3000 -R 20k -l 1514
	transfer "to a $kind port, IPv6, from a packet socket" "$whole" \
		host -i valem:vp0 -k $kind -s '[fd00::1]:5000' -n 3000 -e -- \
		peer -i packet:eth0 -D "$host_mac" -s '[fd00::2]:5000' \
		-d '[fd00::1]:5000' -n 3000 -R 20k -l 1514
	transfer "from a $kind port, IPv6" "$whole" \
		peer -i host -s '[fd00::2]:5000' -n 3000 -e -- \
		host -i valem:vp0 -k $kind -s '[fd00::1]:5000' \
		-d '[fd00::2]:5000' -n 3000 -R 20k
	transfer "16 tuples of a $kind port" "$whole" \
		host -i valem:vp0 -k $kind -s 10.0.0.1:5000-5015 \
		-n 3000 -e -- \
		peer -i host -s 10.0.0.2:5000 -d 10.0.0.1:5000-5015 \
		-n 3000 -R 20k
	for proto in tcp udplite; do
		transfer "$proto to a $kind port" "$whole" \
			host -i valem:vp0 -k $kind -P $proto \
			-s 10.0.0.1:5000 -n 3000 -e -- \
			peer -i packet:eth0 -P $proto -D "$host_mac" \
			-s 10.0.0.2:5000 -d 10.0.0.1:5000 -n 3000 -R 20k
		transfer "$proto from a $kind port" "$whole" \
			peer -i packet:eth0 -P $proto -s 10.0.0.2:5000 \
			-d 10.0.0.1:5000 -n 3000 -e -- \
			host -i valem:vp0 -k $kind -P $proto \
			-s 10.0.0.1:5000 -d 10.0.0.2:5000 -n 3000 -R 20k
	done
done
transfer "from a TAP port with checksum offload" "$whole" \
	peer -i host -s 10.0.0.2:5000 -n 3000 -e -- \
	host -i valem:vp0 -o -s 10.0.0.1:5000 -d 10.0.0.2:5000 -n 3000 -R 20k
transfer "from a TAP port, ten packets a frame" "$whole" \
	peer -i host -s 10.0.0.2:5000 -n 3000 -e -- \
	host -i valem:vp0 -g 10 -l 1000 -s 10.0.0.1:5000 -d 10.0.0.2:5000 \
	-n 3000 -R 20k
# a packet socket would see the super-packet: let the host finish segments and checksums
in_host ethtool -K eth1 tx off
transfer "from a TAP port, ten TCP segments a frame" "$whole" \
	peer -i packet:eth0 -P tcp -s 10.0.0.2:5000 -d 10.0.0.1:5000 \
	-n 3000 -e -- \
	host -i valem:vp0 -g 10 -l 1000 -P tcp -s 10.0.0.1:5000 \
	-d 10.0.0.2:5000 -n 3000 -R 20k

in_host ethtool -K eth1 tx on

# ---- what went wrong is noticed ----

transfer "another seed is foreign" \
	'.packets == 0 and .foreign == 3000 and .lost == 3000 and $rc == 3' \
	peer -i host -S 2 -s 10.0.0.2:5003 -n 3000 -w 4 -e -- \
	host -i host -s 10.0.0.1:5003 -d 10.0.0.2:5003 -n 3000 -R 20k
in_peer nft -f - <<-NFT
	table ip fault {
		chain in {
			type filter hook prerouting priority raw;
			udp dport 5001 numgen inc mod 10 0 drop
			udp dport 5002 numgen inc mod 10 0 @th,320,8 set 0x55
		}
	}
NFT
transfer "every tenth is lost" '.packets == 2700 and .lost == 300 and $rc == 3' \
	peer -i host -s 10.0.0.2:5001 -n 3000 -w 4 -e -- \
	host -i host -s 10.0.0.1:5001 -d 10.0.0.2:5001 -n 3000 -R 20k -l 200
transfer "every tenth is damaged, checksum mended" \
	'.packets >= 2700 and .packets < 2710 and .corrupt == 3000 - .packets
	and $rc == 3' \
	peer -i host -s 10.0.0.2:5002 -n 3000 -w 4 -e -- \
	host -i host -s 10.0.0.1:5002 -d 10.0.0.2:5002 -n 3000 -R 20k -l 200

# ---- what it prints while it runs ----

: >"$tmp/rx.out"
in_peer timeout 30 ms-pktgen -f rx -i host -s 10.0.0.2:5004 -T 5 -w 10 >"$tmp/rx.out" 2>&1 &
rx_pid=$!
wait_ready "$tmp/rx.out"
in_host timeout 30 ms-pktgen -f tx -i valem:vp0 -s 10.0.0.1:5004 -d 10.0.0.2:5004 \
	-T 5.5 -R 2k -l 1000 >"$tmp/tx.out" 2>&1 || true
wait $rx_pid || true
for side in rx tx; do
	status=1
	# near 2000 packets and 16 Mbit a second, and some rest in the last line
	awk '/ s .* pps .* Gbit\/s/ && $3 == "s" { n++; if ($4 > 1000 && $4 < 3000) good++ }
		END { exit !(n >= 2 && good >= 2) }' "$tmp/$side.out" && status=0
	result $status "$side prints its rate each second"
	status=1
	grep -Eq "^$side: [0-9]+ packets, [0-9]+ bytes in [0-9.]+ s: [0-9]+ pps, 0\.01[0-9]* Gbit/s" \
		"$tmp/$side.out" && status=0
	result $status "$side prints a summary"
	[ $status = 0 ] || sed 's/^/# /' "$tmp/$side.out"
done

# ---- round trips ----

for kind in tap xdp; do
	: >"$tmp/pong"
	in_host timeout 30 ms-pktgen -f pong -i valem:vp0 -k $kind \
		-s 10.0.0.1:5000 -d 10.0.0.2:5000 -w 5 >"$tmp/pong" 2>&1 &
	pong=$!
	wait_ready "$tmp/pong"
	status=0
	in_peer timeout 30 ms-pktgen -f ping -i host -s 10.0.0.2:5000 \
		-d 10.0.0.1:5000 -n 500 -j -q >"$tmp/ping.json" || status=1
	jq -e '.packets == 500 and .lost == 0 and .rtt_ns.min > 0 and
		.rtt_ns.p50 >= .rtt_ns.min and .rtt_ns.max >= .rtt_ns.p99' \
		"$tmp/ping.json" >/dev/null || status=1
	result $status "ping and pong over a $kind port"
	[ $status = 0 ] || sed 's/^/# /' "$tmp/ping.json" "$tmp/pong"
	wait $pong || true
done

# ---- errors: one line, and the status that the manual page says ----

refuses() {	# STATUS NAME ARGS...
	want=$1 name=$2 status=0
	shift 2
	in_host timeout 10 ms-pktgen "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
	if [ $status = "$want" ] && [ "$(wc -l <"$tmp/err")" = 1 ]; then
		result 0 "$name: $(cat "$tmp/err")"
	else
		result 1 "$name"
		echo "# status $status"
		sed 's/^/# /' "$tmp/err"
	fi
}

refuses 2 "no mode" -i host -s 10.0.0.1:1
refuses 2 "unknown mode" -f fx -i host -s 10.0.0.1:1
refuses 2 "no port" -f rx -s 10.0.0.1:1
refuses 2 "no tuple" -f rx -i host
refuses 2 "no destination" -f tx -i host -s 10.0.0.1:1
refuses 2 "two families" -f tx -i host -s 10.0.0.1:1 -d '[fd00::2]:1'
refuses 2 "ports for a protocol without" -f rx -i valem:vp0 -P 47 -s 10.0.0.1:1
refuses 2 "too short" -f rx -i host -s 10.0.0.1:1 -l 59
refuses 2 "too long" -f rx -i host -s 10.0.0.1:1 -l 70000
refuses 2 "not a number" -f rx -i host -s 10.0.0.1:1 -n 1x
refuses 2 "burst of nothing" -f rx -i host -s 10.0.0.1:1 -b 0
refuses 1 "no such switch" -f rx -i valeno:vp0 -s 10.0.0.1:1
refuses 1 "not a name" -f rx -i 'no such thing' -s 10.0.0.1:1
refuses 1 "unknown kind" -f rx -i valem:vp0 -k netmap -s 10.0.0.1:1
refuses 1 "not our address" -f rx -i valem:vp0 -s 10.0.0.77:1
refuses 1 "not the NIC's address" -f rx -i valem:vp0 -s 127.0.0.1:1
refuses 1 "no such interface" -f rx -i packet:nope0 -s 10.0.0.1:1
refuses 1 "no such TAP" -f rx -i tap:nope0 -s 10.0.0.1:1
refuses 1 "TCP over a plain socket" -f rx -i host -P tcp -s 10.0.0.1:1
refuses 1 "GSO on an AF_XDP port" -f tx -i valem:vp0 -k xdp -g 10 \
	-s 10.0.0.1:1 -d 10.0.0.2:1
stop_multistackd
refuses 1 "no daemon" -f rx -i valem:vp0 -s 10.0.0.1:1

echo "1..$count"
exit $failed
