# shellcheck shell=sh disable=SC2034,SC2154 # variables shared with the others
# SPDX-License-Identifier: GPL-2.0-only
#
# rows.sh - one sample of each row, for the column that is up
#
# Sourced. row_ROW prints "METRIC VALUE" lines; what they mean stands in metrics.tsv.
# It fails with a reason on standard error. near_up says which stack a row stands
# on: an end of a link, or a router. Whatever serves is started anew for each sample
# and is gone after it.

seconds=${BENCH_SECONDS:-1}
server=
server2=
port=7100

row_setup() {	# ROW: up | router
	case $1 in
	fwd | fwd-ping) echo router ;;
	*) echo up ;;
	esac
}

# serve PLACE COMMAND... - start a server there, wait until it says that it is one
serve() {
	place=$1
	shift
	rm -f "$tmp/server.out"
	"${place}_exec" "$@" >"$tmp/server.out" 2>"$tmp/server.err" &
	server=$!
	if ! wait_for 10 serves "$server"; then
		echo "$place: $1 does not serve: $(reason "$tmp/server.err")" >&2
		return 1
	fi
	if ! kill -0 "$server" 2>/dev/null && ! grep -q 'ready\|listening' "$tmp/server.out"; then
		echo "$place: $1 ended: $(reason "$tmp/server.err")" >&2
		return 1
	fi
}

# It said so, or it is dead and will not.
serves() {
	grep -q 'ready\|listening' "$tmp/server.out" || ! kill -0 "$1"
}

# The last thing a program complained of.
reason() {
	grep -v '^$' "$1" 2>/dev/null | tail -n 1 | cut -c 1-160
}

stop() {
	for pid in $server $server2; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	server=
	server2=
}

# run PLACE COMMAND... - to its end, output in $tmp/out
run() {
	place=$1
	shift
	status=0
	("${place}_exec" "$@") >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
	[ $status -eq 0 ] && return
	why=$(reason "$tmp/err")
	[ $status -ne 124 ] || why="no end within $limit s"
	echo "$place: $1: ${why:-exit status $status}" >&2
	return 1
}

# Far can speak to near. A chain of pipes needs no such wait: nothing is lost there.
reach() {
	[ -z "$far_cmd" ] || return 0
	if ! wait_for 5 in_ns "$far" ping -c 1 -W 0.2 -q "$1"; then
		echo "far: no answer from $1" >&2
		return 1
	fi
}

value() {	# NAME [FILE]
	awk -v n="$1" '$1 == n { print $2; found = 1 } END { exit !found }' "${2:-$tmp/out}"
}

# Frames of near's interfaces by system call of the host, if its stack counts them.
frames_per_call() {
	[ -n "$stats" ] || return 0
	stop
	awk -v row="$1" '
		$1 ~ /^eth[01]\.[rt]x_(frames|calls)$/ { n[substr($1, 6)] += $2 }
		END {
			if (n["rx_calls"])
				print row ".rx_batch", n["rx_frames"] / n["rx_calls"]
			if (n["tx_calls"])
				print row ".tx_batch", n["tx_frames"] / n["tx_calls"]
		}' "$stats" 2>/dev/null || true
}

# --- TCP -------------------------------------------------------------------

iperf() {	# ROW OPTION...
	row=$1
	shift
	serve near iperf3 -s -1 -p $port --forceflush
	reach "$near_addr"
	run far iperf3 -c "$near_addr" -p $port -t "$seconds" -O 0.3 -J "$@" || {
		jq -r '.error // empty' "$tmp/out" >&2 || true
		return 1
	}
	jq -r --arg row "$row" '"\($row).gbps \(.end.sum_received.bits_per_second / 1e9)"' \
		"$tmp/out"
	frames_per_call "$row"
}

row_tcp_in() { iperf tcp-in; }
row_tcp_out() { iperf tcp-out -R; }
row_tcp8_in() { iperf tcp8-in -P 8; }
row_tcp8_out() { iperf tcp8-out -P 8 -R; }

# --- UDP -------------------------------------------------------------------

udp_in() {	# ROW BYTES
	serve near bench-udp -s $port
	reach "$near_addr"
	run far bench-udp -t "$seconds" -l "$2" "$near_addr" $port
	wait_server
	udp_result "$1" "$tmp/server.out"
	frames_per_call "$1"
}

udp_out() {	# ROW BYTES
	serve far bench-udp -b 32 -s $port
	run near bench-udp -t "$seconds" -l "$2" "$far_addr" $port
	wait_server
	udp_result "$1" "$tmp/server.out"
	frames_per_call "$1"
}

# The sink ends by itself, when it hears the sender's end or nothing more.
wait_server() {
	wait "$server" || {
		echo "sink: $(reason "$tmp/server.err")" >&2
		return 1
	}
	server=
}

udp_result() {	# ROW FILE
	awk -v row="$1" '
		{ v[$1] = $2 }
		END {
			print row ".gbps", v["gbps"]
			print row ".kpps", v["pps"] / 1000
			print row ".lost", v["sent"] ? 100 * v["lost"] / v["sent"] : 0
		}' "$2"
}

row_udp1024_in() { udp_in udp1024-in 1024; }
row_udp64_in() { udp_in udp64-in 64; }
row_tx1024() { udp_out tx1024 1024; }
row_tx64() { udp_out tx64 64; }

# --- round trips -----------------------------------------------------------

# Percentiles of what ping prints, in us.
ping_result() {	# ROW
	sed -n 's/.*time=\([0-9.]*\) ms.*/\1/p' "$tmp/out" | sort -n | awk -v row="$1" '
		{ t[NR] = $1 * 1000 }
		END {
			if (NR < 50) {
				print "only " NR " answers to ping" >"/dev/stderr"
				exit 1
			}
			print row ".p50", t[int(NR * 0.5) + 1]
			print row ".p99", t[int(NR * 0.99) + 1]
		}'
}

# The stack under test asks; far's answers.
row_ping() {
	if [ -n "$far_cmd" ]; then
		serve far bench-rr -s $port
	fi
	run near ping -n -A -c 3000 -w 2 "$far_addr"
	ping_result ping
}

row_rr() {
	serve near bench-rr -s $port
	reach "$near_addr"
	run far bench-rr -t "$seconds" "$near_addr" $port
	echo "rr.p50 $(value p50_us)"
	echo "rr.p99 $(value p99_us)"
	frames_per_call rr
}

row_conn() {
	serve near bench-conn -s $port
	reach "$near_addr"
	run far bench-conn -t "$seconds" "$near_addr" $port
	echo "conn.rate $(value per_second)"
	frames_per_call conn
}

# --- forwarding ------------------------------------------------------------

# far -> near -> end, as many as far can send; counted at the end.
row_fwd() {
	serve near bench-rr -s $port	# somebody must be there
	server2=$server
	reach "$near_addr"
	reach "$end_addr"
	serve end bench-udp -b 32 -s $port
	run far bench-udp -b 32 -t "$seconds" -l 1024 "$end_addr" $port
	wait_server
	udp_result fwd "$tmp/server.out"
	frames_per_call fwd
}

row_fwd_ping() {
	serve near bench-rr -s $port
	reach "$near_addr"
	if [ -n "$end_cmd" ]; then
		server2=$server
		serve end bench-rr -s $port
	fi
	reach "$end_addr"
	run far ping -n -A -c 3000 -w 2 "$end_addr"
	ping_result fwd-ping
}

# --- the process -----------------------------------------------------------

row_null() {
	run near bench-null
	echo "null.ns $(value null_ns)"
	echo "sockopt.ns $(value sockopt_ns)"
	echo "host.ns $(value host_ns)"
}

row_process() {
	run near bench-process
	echo "process.fork $(value fork_us)"
	echo "process.exec $(value exec_us)"
	echo "process.spawn $(value spawn_us)"
}

# From the start of the launcher to the first word of the program on it, and to the
# end of all. The native counterpart is a network namespace, a stack of one's own too.
boot() {	# ROW
	case $column in
	pipe) return 2 ;;	# would wait for its peer
	native) near_cmd="unshare -n" ;;
	esac
	times=10
	[ "$column" != gvisor ] || times=2
	status=0
	# shellcheck disable=SC2086 # near_cmd is a list of words
	timeout $limit ip netns exec "$near" bench-spawn -n $times $near_cmd echo up \
		>"$tmp/out" 2>"$tmp/err" || status=$?
	if [ $status -ne 0 ]; then
		reason "$tmp/err" >&2
		return 1
	fi
	echo "$1.ms $(value first_ms)"
	echo "$1.end $(value end_ms)"
}

row_boot_full() { boot boot-full; }

# What is measured only of a kernel that nuse can choose.
tiny() {
	[ -n "$stats" ] || return 2
	near_cmd=$(echo "$near_cmd" | sed "s|--kernel=$kernel_full|--kernel=$kernel_tiny|")
}

row_boot_tiny() {
	tiny || return
	boot boot-tiny
}

# All pages of all processes of an instance whose program sleeps.
rss() {	# ROW
	serve near bench-rr -s $port
	total=0
	for pid in $(descendants "$server"); do
		kb=$(awk '$1 == "Rss:" { print $2 }' "/proc/$pid/smaps_rollup" 2>/dev/null) || kb=0
		total=$((total + ${kb:-0}))
	done
	[ $total -gt 0 ] || return 1
	echo "$1.mb $total" | awk '{ print $1, $2 / 1024 }'
}

# All below timeout(1) and the shell of gvisor.sh, which are not part of it.
descendants() {
	ps -e -o pid=,ppid=,comm= | awk -v root="$1" '
		{ parent[$1] = $2; name[$1] = $3 }
		END {
			for (p in parent) {
				for (q = p; q in parent && q != root; q = parent[q])
					;
				if (q == root && p != root && name[p] != "gvisor.sh")
					print p
			}
		}'
}

row_rss_full() { rss rss-full; }

row_rss_tiny() {
	tiny || return
	rss rss-tiny
}
