#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# lwip-beside-nginx.t - two stacks serve two ports of one address, under load
#
# nginx on the host's stack has port 80, lwip-httpd on a MultiStack port has
# port 8080 of the same address; a client in another network namespace loads
# both at once, over IPv4 and over IPv6. That each gets exactly its own is shown
# in four places:
#
#	port's link	a capture holds packets of port 8080 and nothing else
#	host's stack	its input and output hooks saw none of port 8080, and all
#			of port 80
#	servers		each counted as many requests as the client made of it
#	wire		no reset from either port
#
# and that killing the daemon meanwhile harms nobody.
#
# Needs root.
# shellcheck disable=SC2317 # functions are called by name, through ok and trap
set -eu

plan=14
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=multistack/tests/two-hosts.sh
. "$here/../../tests/two-hosts.sh"
need nginx wrk curl nft tcpdump jq setpriv nsenter lwip-httpd multistackd multistackctl
two_hosts msl

count=0
failed=0
ok() {	# NAME COMMAND...
	name=$1
	shift
	count=$((count + 1))
	if "$@" >"$tmp/ok.out" 2>&1; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		sed 's/^/# /' "$tmp/ok.out"
		failed=1
	fi
}

wait_for() {	# COMMAND...
	tries=1200
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		if [ $tries -le 0 ]; then
			echo "# timed out: $*"
			cat "$tmp"/*.log | sed 's/^/# /'
			exit 1
		fi
		sleep 0.05
	done
}

count_ports() {
	# what the host's stack takes in and gives out, by the server's port
	in_host nft -f - <<-NFT
		table inet proof {
			counter in80 { }
			counter in8080 { }
			counter out80 { }
			counter out8080 { }
			chain in {
				type filter hook input priority 0;
				tcp dport 80 counter name in80
				tcp dport 8080 counter name in8080
			}
			chain out {
				type filter hook output priority 0;
				tcp sport 80 counter name out80
				tcp sport 8080 counter name out8080
			}
		}
	NFT
}

start_nginx() {
	mkdir "$tmp/www"
	chmod 755 "$tmp" "$tmp/www"
	echo "This page comes from nginx on the host's stack." \
		>"$tmp/www/index.html"
	cat >"$tmp/nginx.conf" <<-CONF
		worker_processes 1;
		daemon off;
		pid $tmp/nginx.pid;
		error_log $tmp/nginx-error.log;
		events { worker_connections 256; }
		http {
			access_log $tmp/access;
			keepalive_requests 1000000;
			client_body_temp_path $tmp/b; proxy_temp_path $tmp/p;
			fastcgi_temp_path $tmp/f; uwsgi_temp_path $tmp/u;
			scgi_temp_path $tmp/s;
			server {
				listen 10.0.0.1:80;
				listen [fd00::1]:80;
				root $tmp/www;
			}
		}
	CONF
	ip netns exec "$host" nginx -p "$tmp" -c "$tmp/nginx.conf" >"$tmp/nginx.log" 2>&1 &
	pids="$pids $!"
}

# As nobody, who cannot look into a build directory below a private home.
start_lwip() {	# PORT-NAME ADDRESS
	ip netns exec "$host" setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$tmp/bin/lwip-httpd" "$1" "$2" >"$tmp/lwip-$3.log" 2>&1 &
	eval "lwip$3=\$!"
	pids="$pids $!"
	wait_for grep -q ready "$tmp/lwip-$3.log"
}

copy_program() {
	mkdir -m 755 "$tmp/bin"
	cp -L "$(command -v lwip-httpd)" "$tmp/bin/"
	ldd "$tmp/bin/lwip-httpd" |
		awk '/libmultistack/ { print $3 }' |
		xargs -r -I{} cp -L {} "$tmp/bin/"
	LD_LIBRARY_PATH=$tmp/bin${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
	export LD_LIBRARY_PATH
}

start_capture() {
	link=$(multistackctl -l --json |
		jq -r '.ports[] | select(.name == "valem:vp4") | .link')
	ip netns exec "$host" tcpdump -i "$link" -s 96 -w "$tmp/port.pcap" -U tcp or udp \
		>"$tmp/tcpdump.log" 2>&1 &
	pids="$pids $!" capture1=$!
	ip netns exec "$peer" tcpdump -i eth0 -s 96 -w "$tmp/wire.pcap" -U \
		'(src host 10.0.0.1 and tcp[13] & 4 != 0) or
		 (src host fd00::1 and ip6[6] == 6 and ip6[53] & 4 != 0)' \
		>"$tmp/tcpdump-peer.log" 2>&1 &
	pids="$pids $!" capture2=$!
	wait_for grep -q listening "$tmp/tcpdump.log"
	wait_for grep -q listening "$tmp/tcpdump-peer.log"
}

load() {	# URL OUT
	in_peer wrk -t1 -c8 -d2s --timeout 10s "$1" >"$2" 2>&1
}

# wrk prints a line of socket errors, and of answers that are not 2xx or 3xx,
# only when there were some.
clean_load() {	# OUT
	cat "$1"
	grep -q '[1-9][0-9]* requests in' "$1" &&
		! grep -qE 'Socket errors|Non-2xx' "$1"
}

requests_of() {	# wrk's OUT...
	awk '/requests in/ { n += $1 } END { print n + 0 }' "$@"
}

# Served is what the client counted, and at most one more on each connection,
# under way when the client's time was over; curl's requests apart.
as_many() {	# SERVED COUNTED CONNECTIONS CURLS
	echo "served $1, counted $2"
	[ "$1" -ge $(($2 + $4)) ] && [ "$1" -le $(($2 + $3 + $4)) ]
}

hook() {	# COUNTER
	in_host nft -j list counter inet proof "$1" |
		jq '[.. | objects | .counter? | objects | .packets][0]'
}

only_8080() {	# PCAP
	tcpdump -nr "$1" 2>/dev/null | awk 'END { print NR " packets" }'
	others=$(tcpdump -nr "$1" 'not tcp port 8080' 2>/dev/null)
	echo "$others" | head
	[ "$(tcpdump -nr "$1" 2>/dev/null | head -n 100 | wc -l)" = 100 ] &&
		[ -z "$others" ]
}

no_packets() {	# PCAP
	tcpdump -nr "$1" 2>/dev/null | tee "$tmp/rst" | head
	[ ! -s "$tmp/rst" ]
}

hooks_right() {
	echo "in 80: $(hook in80) 8080: $(hook in8080); out 80: $(hook out80) 8080: $(hook out8080)"
	[ "$(hook in80)" -gt 100 ] && [ "$(hook out80)" -gt 100 ] &&
		[ "$(hook in8080)" = 0 ] && [ "$(hook out8080)" = 0 ]
}

served_by_lwip() {
	cat "$tmp"/lwip-4.log "$tmp"/lwip-6.log |
		awk '/requests/ { for (i = 1; i < NF; i++)
			if ($i == "requests") n += $(i + 1) }
			END { print n + 0 }'
}

echo "1..$plan"
join_hosts
count_ports
copy_program
start_multistackd "$host"
multistackctl -h valem:eth1
start_nginx
start_lwip valem:vp4 10.0.0.1:8080 4
start_lwip valem:vp6 '[fd00::1]:8080' 6
wait_for in_peer curl -sf --max-time 2 http://10.0.0.1/
start_capture

page() {	# URL TEXT
	in_peer curl -sg --max-time 10 "$1" | tee /dev/stderr | grep -q "$2"
}
ok "IPv4: nginx answers on port 80" page http://10.0.0.1/ nginx
ok "IPv4: lwIP answers on port 8080" page http://10.0.0.1:8080/ lwIP
ok "IPv6: nginx answers on port 80" page 'http://[fd00::1]/' nginx
ok "IPv6: lwIP answers on port 8080" page 'http://[fd00::1]:8080/' lwIP

load http://10.0.0.1/ "$tmp/nginx4.wrk" &
load1=$!
load http://10.0.0.1:8080/ "$tmp/lwip4.wrk" || true
wait $load1 || true
load 'http://[fd00::1]/' "$tmp/nginx6.wrk" &
load1=$!
load 'http://[fd00::1]:8080/' "$tmp/lwip6.wrk" || true
wait $load1 || true
ok "load on nginx, no error" clean_load "$tmp/nginx4.wrk"
ok "load on lwIP at the same time, no error" clean_load "$tmp/lwip4.wrk"
ok "IPv6: load on both, no error" \
	sh -c "cat '$tmp/nginx6.wrk' '$tmp/lwip6.wrk'
		! grep -hE 'Socket errors|Non-2xx' '$tmp/nginx6.wrk' '$tmp/lwip6.wrk'"

# The daemon dies under load and another one takes its place, twice.
load http://10.0.0.1:8080/ "$tmp/killed.wrk" &
load1=$!
for _ in 1 2; do
	sleep 0.3
	kill -KILL "$msd_pid"
	wait "$msd_pid" 2>/dev/null || true
	sleep 0.2
	start_multistackd "$host"
done
wait $load1 || true
ok "the daemon is killed and started again under load: no error" clean_load "$tmp/killed.wrk"
ok "and the ports are there" [ "$(multistackctl -l --json | jq '.ports | length')" = 2 ]

# shellcheck disable=SC2154 # set by start_lwip
kill -TERM "$lwip4" "$lwip6" $capture1 $capture2
# shellcheck disable=SC2154
wait "$lwip4" "$lwip6" $capture1 $capture2 || true
ok "lwIP served what was asked of it" as_many "$(served_by_lwip)" \
	"$(requests_of "$tmp/lwip4.wrk" "$tmp/lwip6.wrk" "$tmp/killed.wrk")" 24 2
# nginx's curls: one while waiting, two tests
ok "nginx served what was asked of it" as_many "$(wc -l <"$tmp/access")" \
	"$(requests_of "$tmp/nginx4.wrk" "$tmp/nginx6.wrk")" 17 3
ok "the port's link carried its tuple and nothing else" \
	only_8080 "$tmp/port.pcap"
ok "the host's stack saw its own port and nothing of the other" hooks_right
ok "no reset on the wire" no_packets "$tmp/wire.pcap"
exit $failed
