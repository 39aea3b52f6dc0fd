#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A program on a stack of its own and a program of the host serve different ports
# of one address at once (viftype MULTISTACK).
#
#	namespace "host"					namespace "peer"
#	nginx, host's stack      10.0.0.1:80   \
#	                                        eth1 ===== eth0  10.0.0.2  curl
#	nginx, nuse as nobody    10.0.0.1:8080 /
#
# Who served what is shown by four that cannot know of each other: the counters of
# the stack, those of the port, packets that came by the host's input hook, and a
# raw socket of the host, which gets a copy of all TCP that the host's stack does.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
PATH=$O/multistack:$PATH:/usr/sbin:/sbin
LD_LIBRARY_PATH=$O/multistack${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PATH LD_LIBRARY_PATH
need nginx curl nft jq setpriv nsenter /usr/bin/python3 multistackd multistackctl
[ "$(id -u)" -eq 0 ] || skip_all "needs root for network namespaces"
[ -c /dev/net/tun ] || skip_all "no /dev/net/tun"
[ -x "$NUSE" ] || { echo "Bail out! no $NUSE"; exit 1; }
PYTHON=/usr/bin/python3

T=$(mktemp -d "${TMPDIR:-/tmp}/nuse-test.XXXXXX")
chmod 755 "$T"
NS=nt-$$-peer
HOST=nt-$$-host
NS_MORE=$HOST
tmp=$T
# shellcheck source=multistack/bench/daemon.sh
. "$TOP/multistack/bench/daemon.sh"
trap 'stop_multistackd || :; cleanup' EXIT
trap 'exit 1' INT TERM HUP

in_host()
{
	ip netns exec "$HOST" "$@"
}

make_network()
{
	ip netns add "$HOST"
	ip netns add "$NS"
	ip -n "$HOST" link add eth1 type veth peer name eth0 netns "$NS"
	ip -n "$HOST" address add 10.0.0.1/24 dev eth1
	ip -n "$HOST" address add fd00::1/64 dev eth1 nodad
	ip -n "$NS" address add 10.0.0.2/24 dev eth0
	ip -n "$NS" address add fd00::2/64 dev eth0 nodad
	for dev in "$HOST lo" "$HOST eth1" "$NS lo" "$NS eth0"; do
		ip -n "${dev% *}" link set "${dev#* }" up
	done
	in_host nft -f - <<-END
		table inet proof {
			counter in80 { }
			counter in8080 { }
			chain in {
				type filter hook input priority 0;
				tcp dport 80 counter name in80
				tcp dport 8080 counter name in8080
			}
		}
	END
	peer nft -f - <<-END
		table inet proof {
			counter owned { }
			counter unowned { }
			chain in {
				type filter hook input priority 0;
				tcp sport 9000 counter name owned
				tcp sport 9999 counter name unowned
			}
		}
	END
}

# hook NAMESPACE COUNTER - packets
hook()
{
	ip netns exec "$1" nft -j list counter inet proof "$2" |
		jq '[.. | objects | .counter? | objects | .packets][0]'
}

# nginx_conf NAME LISTEN... - $T/NAME.conf, serving $T/NAME
nginx_conf()
{
	name=$1
	shift
	mkdir -m 777 "$T/$name" "$T/$name-tmp"
	{
		echo "daemon off; master_process off; pid $T/$name-tmp/pid; error_log stderr;"
		echo "events { worker_connections 64; }"
		echo "http { access_log off; sendfile on;"
		for what in client_body proxy fastcgi uwsgi scgi; do
			echo "${what}_temp_path $T/$name-tmp/$what;"
		done
		echo "server { root $T/$name;"
		for listen; do
			echo "listen $listen;"
		done
		echo "} }"
	} > "$T/$name.conf"
	head -c 10000000 /dev/urandom > "$T/$name/big"
	echo "the stack of $name" > "$T/$name/index.html"
}

# ms_conf FILE PORT LINE... - a configuration for a stack on that port
ms_conf()
{
	file=$1
	printf 'interface eth0\n\tviftype MULTISTACK\n\tport %s\n' "$2" > "$file"
	printf '\taddress 10.0.0.1/24\n\taddress fd00::1/64\n' >> "$file"
	shift 2
	printf '\t%s\n' "$@" >> "$file"
}

# ms_nuse CONF PROGRAM... - as nobody, in the host's namespace; a command for the shell
ms_nuse()
{
	conf=$1
	shift
	set -- "$T/bin/nuse" --kernel "$T/bin/liblinux.so" -c "$conf" --stats="$T/stats" "$@"
	exec ip netns exec "$HOST" setpriv --reuid=65534 --regid=65534 --clear-groups \
		env LD_LIBRARY_PATH="$T/bin" "$@"
}

# run_ms CONF PROGRAM... - to its end
run_ms()
{
	status=0
	: > "$T/stats"
	(ms_nuse "$@") > "$T/out" 2> "$T/err" < /dev/null || status=$?
}

# start_ms CONF PROGRAM...
start_ms()
{
	: > "$T/stats"
	(ms_nuse "$@") > "$T/out" 2> "$T/err" < /dev/null &
	NUSE_PID=$!
	pids="$pids $NUSE_PID"
}

# port_says PORT FILTER - of multistackctl's account of the port
port_says()
{
	multistackctl -l --json |
		jq -r --arg p "$1" ".ports[] | select(.name == \$p) | $2"
}

owns()
{
	[ "$(multistackctl -l --json | jq --arg p "$1" '[.tuples[] | select(.port == $p)] | length')" = "$2" ]
}

no_ports()
{
	[ "$(multistackctl -l --json | jq '.ports | length')" = 0 ]
}

# get URL FILE - by the peer
get()
{
	peer curl -gsS --max-time 60 -o "$2" "$1" 2>> "$T/curl.err"
}

gets()
{
	get "$1" "$T/page" && grep -qx "$2" "$T/page"
}

# Both files at once, in twice the time.
both_big()
{
	rm -f "$T/got80" "$T/got8080"
	get "http://$1:80/big" "$T/got80" &
	other=$!
	get "http://$1:8080/big" "$T/got8080"
	wait "$other"
	cmp "$T/got80" "$T/host/big" && cmp "$T/got8080" "$T/nuse/big"
}

at_least()
{
	[ "${1:-0}" -ge "$2" ]
}

refused()
{
	[ "$status" -eq 125 ] && [ "$(wc -l < "$T/err")" -eq 1 ] && err_has "$1"
}

make_network
mkdir "$T/bin"
cp "$NUSE" "$T/bin/nuse"
kernel=${TEST_KERNEL:-${LIBOS_LIBRARY:-$O/kernel/6.12-full/liblinux.so}}
case $kernel in
*/*) ;;
*) kernel=$O/kernel/$kernel/liblinux.so ;;
esac
cp "$kernel" "$T/bin/liblinux.so"
cp -L "$O/multistack/libmultistack.so.1" "$T/bin/"
: > "$T/stats"
chmod 666 "$T/stats"

# --- mistakes, before there is a daemon ------------------------------------

ms_conf "$T/ms.conf" valem:vp0 'tuple tcp 10.0.0.1:8080' 'tuple tcp [fd00::1]:8080'
MULTISTACK_SOCKET=$T/none
export MULTISTACK_SOCKET
run_ms "$T/ms.conf" true
check "no daemon: one line that says so" \
	refused "ms.conf:1: interface eth0: multistack: cannot open valem:vp0: .*$T/none.*running"
mv "$T/bin/libmultistack.so.1" "$T/bin/away"
LD_LIBRARY_PATH='' run_ms "$T/ms.conf" true
if [ "$status" -eq 125 ] && err_has "$T/none"; then
	skip "no library: one line that says so" "it is installed on this machine"
else
	check "no library: one line that says so" refused "cannot load libmultistack.so.1"
fi
mv "$T/bin/away" "$T/bin/libmultistack.so.1"

# --- two stacks, one address -----------------------------------------------

: > "$T/multistackd.log"
start_multistackd "$HOST"
multistackctl -h valem:eth1
nginx_conf host 10.0.0.1:80 '[fd00::1]:80'
nginx_conf nuse 10.0.0.1:8080 '[fd00::1]:8080'
in_host nginx -e stderr -p "$T" -c "$T/host.conf" > "$T/nginx.out" 2>&1 &
pids="$pids $!"
start_ms "$T/ms.conf" nginx -e stderr -p "$T" -c "$T/nuse.conf"
check "nginx on the host's stack is there" wait_for 10 gets http://10.0.0.1/ "the stack of host"
# Before it has its tuples, asking for them would be a matter for the host.
check "a stack of its own has its tuples" wait_for 10 owns valem:vp0 2
check "nginx on that stack is there" \
	wait_for 10 gets http://10.0.0.1:8080/ "the stack of nuse"
check "both by IPv6, the host" gets 'http://[fd00::1]/' "the stack of host"
check "both by IPv6, the other" gets 'http://[fd00::1]:8080/' "the stack of nuse"

cat > "$T/raw.py" <<'END'
import collections, signal, socket, struct, sys
seen = collections.Counter()
def end(*_):
    print(seen[80], seen[8080], flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, end)
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
print("ready", file=sys.stderr, flush=True)
while True:
    p = s.recv(128)
    seen[struct.unpack_from("!H", p, (p[0] & 15) * 4 + 2)[0]] += 1
END
ip netns exec "$HOST" "$PYTHON" "$T/raw.py" > "$T/raw" 2> "$T/raw.err" &
raw=$!
pids="$pids $raw"
wait_for 10 grep -q ready "$T/raw.err"
check "10 MB from each at once are as they should be" both_big 10.0.0.1
check "the same by IPv6" both_big '[fd00::1]'
kill "$raw"
wait "$raw" || :
read -r raw80 raw8080 < "$T/raw"
check "a raw socket of the host got the host's packets ($raw80) ..." at_least "$raw80" 20
check "... and none of the other stack's" [ "$raw8080" = 0 ]
check "the host's input hook: $(hook "$HOST" in80) of port 80" at_least "$(hook "$HOST" in80)" 40
check "the host's input hook: none of port 8080" [ "$(hook "$HOST" in8080)" = 0 ]

cat > "$T/bind.py" <<'END'
import errno, socket
for addr in "10.0.0.1", "0.0.0.0":
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        s.bind((addr, 8080))
        print(addr, "bound")
    except OSError as e:
        print(addr, errno.errorcode[e.errno])
END
in_host "$PYTHON" "$T/bind.py" > "$T/out2"
check "a program of the host cannot bind the tuple" \
	[ "$(tr '\n' ' ' < "$T/out2")" = "10.0.0.1 EADDRINUSE 0.0.0.0 EADDRINUSE " ]
peer ping -c 3 -i 0.2 -W 10 10.0.0.1 > "$T/ping" 2>&1 || :
check "ping is answered, by the host" grep -q ' 0% packet loss' "$T/ping"

multistackctl -l --json > "$T/account"
check "the port has its tuples and no other" sh -c "jq -r '.tuples[] | select(.port == \"valem:vp0\") | .tuple' '$T/account' | sort | tr '\\n' ' ' | grep -Fxq 'tcp:10.0.0.1:8080 tcp:[fd00::1]:8080 '"
port_rx=$(port_says valem:vp0 .rx_packets)
port_tx=$(port_says valem:vp0 .tx_packets)
check "the port carried it: in $port_rx, out $port_tx" at_least "$port_tx" 13000
check "nothing that the stack sent was a violation" \
	[ "$(port_says valem:vp0 '.tx_drop | length')" = 0 ]

run_ms "$T/ms.conf" true
check "a port that is open: one line that says so" refused 'cannot open valem:vp0: '
ms_conf "$T/busy.conf" valem:vp1 'tuple tcp 10.0.0.1:80'
run_ms "$T/busy.conf" true
check "a tuple of the host's: one line that says so" \
	refused 'tcp 10.0.0.1:80 on the host: .*'
sed 's/valem/valex/' "$T/ms.conf" > "$T/switch.conf"
run_ms "$T/switch.conf" true
check "no such switch: one line that says so" refused 'cannot open valex:vp0: '

: > "$T/err"
stop_nuse QUIT
check "nginx on the stack stops when told" ran_well
check "its stack accepted: $(counter snmp.Tcp.PassiveOpens)" at_least "$(counter snmp.Tcp.PassiveOpens)" 4
check "its interface sent 20 MB: $(counter eth0.tx_bytes)" at_least "$(counter eth0.tx_bytes)" 20000000
check "big segments went out whole: $(counter eth0.tx_frames) frames, $port_tx packets" \
	[ "$(counter eth0.tx_frames)" -lt "$port_tx" ]
check "no frame was lost on the way to it" no_drops
check "the host's pings were not its business" [ "$(counter snmp.Icmp.InMsgs)" = 0 ]
check "the port is gone with the program" no_ports
check "the host is served on" gets http://10.0.0.1/ "the stack of host"

# --- what a stack may send from --------------------------------------------

ms_conf "$T/out.conf" valem:vp2 'tuple tcp 10.0.0.1:9000' 'tuple udp 10.0.0.1:9000'
cat > "$T/out.py" <<'END'
import os, socket, sys, time
# A program that tidies up first must not find what its stack lives on.
os.closerange(3, 1 << 20)
def fetch(port):
    s = socket.socket()
    s.settimeout(3)
    s.bind(("10.0.0.1", port))
    try:
        s.connect(("10.0.0.2", 7000))
        s.sendall(b"GET /hello HTTP/1.0\r\n\r\n")
        return b"hello" in s.makefile("rb").read()
    except OSError as e:
        return type(e).__name__
print(9999, fetch(9999), flush=True)
print(9000, fetch(9000), flush=True)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("10.0.0.1", 9000))
print("ready", flush=True)
data, peer = u.recvfrom(2000)
u.sendto(data.upper(), peer)
END
mkdir "$T/www"
echo hello > "$T/www/hello"
peer_bg "$PYTHON" -m http.server -d "$T/www" -b 10.0.0.2 7000
wait_for 10 peer_listens 7000
start_ms "$T/out.conf" "$PYTHON" "$T/out.py"
check "a program with one port binds and connects" wait_for 20 out_has ready
check "from a port of the stack's it reaches the peer" out_has '^9000 True'
check "from another port it does not" out_has '^9999 TimeoutError'
dropped=$(port_says valem:vp2 '.tx_drop["not-owner"]')
check "and what it sent is counted as not-owner: $dropped" at_least "${dropped#null}" 1
check "the peer saw the one ($(hook "$NS" owned)) ..." at_least "$(hook "$NS" owned)" 3
check "... and nothing of the other" [ "$(hook "$NS" unowned)" = 0 ]
cat > "$T/udp.py" <<'END'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(60)
s.sendto(b"quiet", ("10.0.0.1", 9000))
print(*s.recvfrom(100))
END
peer "$PYTHON" "$T/udp.py" > "$T/udp" 2>&1 || :
check "UDP comes and goes by the same address" grep -q "QUIET.*('10.0.0.1', 9000)" "$T/udp"
await_nuse

ms_conf "$T/range.conf" valem:vp3 'tuple tcp 10.0.0.1:40000-40009'
run_ms "$T/range.conf" curl -sS --max-time 60 -w '%{local_port}\n' http://10.0.0.2:7000/hello
check "with a range of tuples, any program may call out" out_has '^hello'
check "from a port of the range" out_has '^4000[0-9]$'

# --- ends that nobody planned ----------------------------------------------

cat > "$T/watch.py" <<'END'
import fcntl, socket, struct, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def running():
    ifr = fcntl.ioctl(s, 0x8913, struct.pack("16s16x", b"eth0"))
    return struct.unpack_from("H", ifr, 16)[0] & 0x40
while not running():
    time.sleep(0.05)
print("up", flush=True)
while running():
    time.sleep(0.05)
print("down", flush=True)
END
start_ms "$T/out.conf" "$PYTHON" "$T/watch.py"
check "a stack with the port of one that was there" wait_for 10 out_has up
kill -9 "$NUSE_PID"
wait "$NUSE_PID" 2> /dev/null || :
check "killed, it leaves no port behind" wait_for 5 no_ports
start_ms "$T/out.conf" "$PYTHON" "$T/watch.py"
check "nor anything that hinders the next" wait_for 10 out_has up
multistackctl -d valem:eth1
check "the NIC is taken away: the stack's link is down" wait_for 10 out_has down
await_nuse
check "and the program goes on, to its own end" ran_well
finish
