# shellcheck shell=sh disable=SC2034,SC2154 # variables shared with the others
# SPDX-License-Identifier: GPL-2.0-only
#
# remote.sh - samples of rows about programs of several processes
#
# Sourced, as rows.sh. On LibOS a forked child's calls go to the process that has the
# stack; natively and on gVisor there is no such difference, and these columns tell what
# fork itself or the machine changes.

# A call that does nothing, by a child: one after another, and after a sleep; and what it
# takes two processes of the host to wake each other.
row_remote() {
	run near bench-null -f
	echo "remote.ns $(value null_ns)"
	echo "remote.asleep $(value asleep_us)"
	bench-null -e >"$tmp/out"
	echo "remote.echo $(value echo_us)"
}

# The sandbox of gVisor sees the host's files but /tmp, and may write there only.
nginx_conf() {
	cat <<-CONF
		daemon off;
		worker_processes 2;
		user root;
		pid $1/nginx.pid;
		error_log stderr crit;
		events { worker_connections 256; }
		http {
			access_log off;
			keepalive_requests 1000000000;
			client_body_temp_path $1/b;
			proxy_temp_path $1/p;
			fastcgi_temp_path $1/f;
			uwsgi_temp_path $1/u;
			scgi_temp_path $1/s;
			server {
				listen $port reuseport;
				location / { return 200 "hello\n"; }
			}
		}
	CONF
}

# Two workers, 32 connections that are kept.
row_nginx() {
	[ "$column" != pipe ] || return 2	# wrk is on the host's stack
	files=$tmp
	[ "$column" != gvisor ] || files=/tmp
	nginx_conf "$files" >"$out/nginx.conf"
	near_exec nginx -e stderr -c "$out/nginx.conf" >"$tmp/server.out" 2>&1 &
	server=$!
	if ! wait_for 10 in_ns "$far" curl -fsS -m 1 "http://$near_addr:$port/"; then
		echo "near: nginx does not answer: $(reason "$tmp/server.out")" >&2
		return 1
	fi
	# Not by run(): its output is kept if some answers were wrong.
	in_ns "$far" wrk -t 1 -c 32 -d "$seconds" --latency "http://$near_addr:$port/" >"$tmp/out"
	if grep -E 'Non-2xx|Socket errors' "$tmp/out" >&2; then
		return 1
	fi
	awk '
		function us(t) {
			return t ~ /us$/ ? t + 0 : t ~ /ms$/ ? t * 1000 : t * 1000000
		}
		$1 == "99%" { p99 = us($2) }
		$1 == "Requests/sec:" { print "nginx.krps", $2 / 1000; print "nginx.p99", p99 }' \
		"$tmp/out"
	frames_per_call nginx
}

# What far and a program at near have got through one TCP connection.
bulk() {	# COMMAND... that serves once
	serve near "$@"
	reach "$near_addr"
	for option in "" -R; do
		# shellcheck disable=SC2086 # none is no word
		run far iperf3 -c "$near_addr" -p $port -t "$seconds" -O 0.3 -J $option || {
			jq -r '.error // empty' "$tmp/out" >&2 || true
			return 1
		}
		jq -r .end.sum_received.bits_per_second "$tmp/out"
	done
	stop
}

# The same server as the program itself, and as its child. gVisor makes no difference.
row_tcp_child() {
	[ "$column" != gvisor ] || return 2
	bulk iperf3 -s -p "$port" --forceflush >"$tmp/own"
	column_up "$column" up		# another stack: far has to forget the first
	# shellcheck disable=SC2016 # for the shell at near
	bulk sh -c 'trap "kill \$pid" TERM; "$@" & pid=$!; wait' sh \
		iperf3 -s -p "$port" --forceflush >"$tmp/child"
	paste "$tmp/own" "$tmp/child" | awk '
		{
			way = NR == 1 ? "in" : "out"
			print "tcp-child." way, $2 / 1e9
			print "tcp-child." way "-own", $2 / $1
		}'
}
