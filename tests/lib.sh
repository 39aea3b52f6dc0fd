# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034
#
# What tests of programs on a stack share.
#
#	network namespace $NS (made here, gone at the end)
#	+------------------------------------------------------------+
#	|  peer: the host's stack          nuse: the stack under test |
#	|  10.77.0.1/24  fd77::1/64        10.77.0.2/24  fd77::2/64   |
#	|        tap0 =================== TAP ===== eth0              |
#	+------------------------------------------------------------+
#
# tap0 is persistent, so that peers can be started before the stack and captures
# see all of it.  With VIF=raw it is a veth pair (tap0 -- nic0) between two
# namespaces, and the stack is on nic0 by packet socket.
#
# A test sources this file, says what it needs, and makes test points:
#
#	. "${0%/*}/../lib.sh"
#	need ping
#	begin
#	run_nuse ping -c 3 10.77.0.1
#	check "ping" ran_well
#	proved "ping" snmp.Icmp.InEchoReps 3
#	finish
#
# Nobody is believed without proof: proved() compares the counters of the stack's
# own kernel and of its interface (--stats), and those of tap0 on the other side.
#
# Environment: O, the build tree; NUSE, the program; TEST_KERNEL, which kernel
# (default: nuse's own); VIF, tap or raw.

set -eu

TESTS=$(cd "$(dirname "$0")" && pwd)
while [ ! -e "$TESTS/lib.sh" ]; do TESTS=$(dirname "$TESTS"); done
TOP=$(dirname "$TESTS")
O=${O:-$TOP/build}
NUSE=${NUSE:-$O/nuse/nuse}
TEST_KERNEL=${TEST_KERNEL:-}
VIF=${VIF:-tap}
LIMIT=${LIMIT:-90}	# seconds for one command
PATIENCE=${PATIENCE:-6}	# conditions are awaited so many times longer than an idle machine takes

PEER4=10.77.0.1 PEER6=fd77::1
OUR4=10.77.0.2 OUR6=fd77::2

n=0
failed=0
status=0
pids=
T=
NS=
NSN=

# --- test points -----------------------------------------------------------

skip_all()
{
	echo "1..0 # SKIP $*"
	exit 0
}

# need PROGRAM... - else all is skipped
need()
{
	for prog; do
		command -v "$prog" > /dev/null 2>&1 ||
			PATH=$PATH:/usr/sbin:/sbin command -v "$prog" > /dev/null 2>&1 ||
			skip_all "$prog is not installed"
	done
}

note()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

show()
{
	for file; do
		[ ! -s "$file" ] || { note "$(basename "$file"):"; tail -n 15 "$file" | sed 's/^/#   /'; }
	done
}

# pass/fail TEXT
pass()
{
	n=$((n + 1))
	echo "ok $n - $1"
}

fail()
{
	n=$((n + 1))
	failed=$((failed + 1))
	echo "not ok $n - $1"
}

skip()
{
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

# check TEXT COMMAND... - a test point that is the command's success
check()
{
	text=$1
	shift
	if "$@"; then
		pass "$text"
	else
		fail "$text"
		note "failed: $*"
		note "exit status $status"
		show "$T/out" "$T/err"
	fi
}

finish()
{
	echo "1..$n"
	[ "$failed" -eq 0 ] || exit 1
	exit 0
}

# --- the place -------------------------------------------------------------

cleanup()
{
	set +e
	for pid in $pids; do
		kill -9 "$pid" 2> /dev/null
	done
	for ns in $NS $NSN ${NS_MORE:-}; do
		# What a test left behind lives in its namespace and nowhere else.
		for pid in $(ip netns pids "$ns" 2> /dev/null); do
			kill -9 "$pid" 2> /dev/null
		done
		ip netns del "$ns" 2> /dev/null
	done
	[ -z "$T" ] || rm -rf "$T"
}

# begin - make the place; needs root
begin()
{
	[ "$(id -u)" -eq 0 ] || skip_all "needs root for network namespaces"
	[ -c /dev/net/tun ] || skip_all "no /dev/net/tun"
	[ -x "$NUSE" ] || { echo "Bail out! no $NUSE"; exit 1; }
	PATH=$PATH:/usr/sbin:/sbin
	T=$(mktemp -d "${TMPDIR:-/tmp}/nuse-test.XXXXXX")
	NS=nt-$$-peer
	trap cleanup EXIT
	trap 'exit 1' INT TERM HUP
	ip netns add "$NS"
	ip -n "$NS" link set lo up
	# The stack under test must not be reachable but through tap0.
	case $VIF in
	tap)
		ip -n "$NS" tuntap add dev tap0 mode tap
		NSX=$NS
		;;
	raw)
		NSN=nt-$$-nic
		NSX=$NSN
		ip netns add "$NSN"
		ip -n "$NSN" link add nic0 type veth peer name tap0 netns "$NS"
		# No stack of the host there: it would answer for others.
		ip netns exec "$NSN" sysctl -qw net.ipv6.conf.nic0.disable_ipv6=1
		ip -n "$NSN" link set nic0 up
		;;
	esac
	ip -n "$NS" address add $PEER4/24 dev tap0
	ip -n "$NS" address add $PEER6/64 dev tap0 nodad
	ip -n "$NS" link set tap0 up
	conf > "$T/nuse.conf"
	: > "$T/out"
	: > "$T/err"
}

# conf [LINE...] - the configuration; lines go into the interface block
conf()
{
	case $VIF in
	tap) printf 'interface eth0\n\tviftype TAP\n\thostif tap0\n' ;;
	raw) printf 'interface eth0\n\tviftype RAW\n\thostif nic0\n' ;;
	esac
	# One address for all runs of a test: peers remember it for a while.
	printf '\tmacaddr 02:00:00:77:00:02\n'
	printf '\taddress %s/24\n\taddress %s/64\n\tgateway %s\n\tgateway %s\n' \
		$OUR4 $OUR6 $PEER4 $PEER6
	for line; do
		printf '\t%s\n' "$line"
	done
	printf '\n'
}

# --- running ---------------------------------------------------------------

peer()
{
	ip netns exec "$NS" "$@"
}

# peer_bg COMMAND... - a peer in the background, killed at the end; $! is its pid
peer_bg()
{
	ip netns exec "$NS" "$@" > "$T/peer.out" 2>&1 &
	pids="$pids $!"
}

# run_nuse [OPTION...] PROGRAM... - on the stack, to its end; out, err, stats in $T;
# its standard input is the file $STDIN, if there is one
run_nuse()
{
	status=0
	: > "$T/stats"
	timeout -k 2 "$LIMIT" ip netns exec "$NSX" "$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} \
		-c "$T/nuse.conf" --stats="$T/stats" "$@" > "$T/out" 2> "$T/err" < "${STDIN:-/dev/null}" ||
		status=$?
}

ran_well()
{
	[ "$status" -eq 0 ]
}

# start_nuse PROGRAM... - in the background; NUSE_PID
start_nuse()
{
	: > "$T/stats"
	ip netns exec "$NSX" "$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} \
		-c "$T/nuse.conf" --stats="$T/stats" "$@" > "$T/out" 2> "$T/err" < /dev/null &
	NUSE_PID=$!
	pids="$pids $NUSE_PID"
}

# await_nuse - it ends by itself; collect status and counters
await_nuse()
{
	wait_for 5 nuse_is_gone || note "the program does not end by itself"
	kill -9 "$NUSE_PID" 2> /dev/null || :
	status=0
	wait "$NUSE_PID" 2> /dev/null || status=$?
}

nuse_is_gone()
{
	case $(cut -d' ' -f3 "/proc/$NUSE_PID/stat" 2> /dev/null) in
	'' | Z) return 0 ;;
	esac
	return 1
}

# stop_nuse [SIGNAL] - end it and wait, so that its counters are there
stop_nuse()
{
	kill -"${1:-TERM}" "$NUSE_PID" 2> /dev/null || :
	await_nuse
}

# --- conditions ------------------------------------------------------------

# wait_for SECONDS COMMAND... - until the command succeeds; seconds on an idle machine
wait_for()
{
	until=$(($(date +%s) + $1 * PATIENCE + 1))
	shift
	while ! "$@" > /dev/null 2>&1; do
		[ "$(date +%s)" -lt "$until" ] || return 1
		sleep 0.05
	done
}

# A peer listens on TCP (or, with -u, UDP) PORT.
peer_listens()
{
	case $1 in
	-u) peer ss -Huln "sport = :$2" | grep -q . ;;
	*) peer ss -Htln "sport = :$1" | grep -q . ;;
	esac
}

# The stack's TCP PORT accepts.
we_accept()
{
	peer nc -z -w 5 $OUR4 "$1"
}

we_answer_ping()
{
	peer ping -c 1 -W 5 $OUR4
}

# --- proof -----------------------------------------------------------------

# counter NAME - its value in the last stats; 0 if it is not there
counter()
{
	awk -v name="$1" '$1 == name { print $2; found = 1; exit } END { if (!found) print 0 }' \
		"$T/stats"
}

# peer_saw - frames that came out of the stack on the peer's side
peer_saw()
{
	peer cat /sys/class/net/tap0/statistics/rx_packets
}

# proved TEXT COUNTER MIN - the stack's kernel counted at least MIN, its interface
# sent and received, and what it sent came out at the other side
proved()
{
	# A process that the program has started may be the last to end.
	wait_for 5 grep -q '^eth0.tx_frames ' "$T/stats" || note "no counters"
	got=$(counter "$2")
	tx=$(counter eth0.tx_frames)
	rx=$(counter eth0.rx_frames)
	saw=$(peer_saw)
	if [ "$got" -ge "$3" ] && [ "$tx" -gt 0 ] && [ "$rx" -gt 0 ] && [ "$saw" -ge "$tx" ]; then
		pass "$1: went through the stack ($2 $got, eth0 tx $tx rx $rx, peer saw $saw)"
	else
		fail "$1: went through the stack"
		note "$2 $got, expected at least $3; eth0 tx $tx rx $rx; the peer saw $saw"
		show "$T/err"
	fi
}

# no_drops - nothing was lost by the stack's interface
no_drops()
{
	! grep -E '^eth0\.drop\..* [1-9]' "$T/stats"
}

out_has()
{
	grep -Eq -- "$1" "$T/out"
}

err_has()
{
	grep -Eq -- "$1" "$T/err"
}

# same_file A B
same_file()
{
	cmp -s "$1" "$2"
}

# make_cert - $T/cert.pem, $T/key.pem for the peer's and our own addresses
make_cert()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-keyout "$T/key.pem" -out "$T/cert.pem" -subj /CN=nuse-test \
		-addext "subjectAltName=IP:$PEER4,IP:$PEER6,IP:$OUR4,IP:$OUR6,DNS:peer.test" \
		2> /dev/null
}

# make_nginx MAIN - $T/nginx.conf: directives of the main block; those of the http
# block are standard input
make_nginx()
{
	cat > "$T/nginx.conf" <<-END
		daemon off;
		$1
		pid $T/nginx.pid;
		error_log stderr;
		events { worker_connections 512; }
		http {
			access_log off;
			sendfile on;
			client_body_temp_path $T/b; proxy_temp_path $T/p; fastcgi_temp_path $T/f;
			uwsgi_temp_path $T/u; scgi_temp_path $T/s;
			$(cat)
		}
	END
}

# make_sshd PORT ADDR... - $T/sshd, which starts it, with $T/sshd_config; $T/known and the
# key $T/user for those who log in at these addresses
#
# Who logs in has a home of the test's own and a plain shell: what the machine's root
# has in its startup files is none of the test's business, and may wait or fail.
make_sshd()
{
	port=$1
	shift
	mkdir "$T/home"
	echo "root:x:0:0:root:$T/home:/bin/sh" > "$T/passwd"
	grep -v '^root:' /etc/passwd >> "$T/passwd"
	# The namespace that ip netns exec makes for its mounts is the test's.
	cat > "$T/sshd" <<-END
		#!/bin/sh
		mount --bind '$T/passwd' /etc/passwd &&
			exec '$(command -v sshd)' -D -e -f '$T/sshd_config'
	END
	chmod +x "$T/sshd"
	ssh-keygen -q -t ed25519 -N '' -f "$T/host"
	ssh-keygen -q -t ed25519 -N '' -f "$T/user"
	mkdir -p /run/sshd
	cp "$T/user.pub" "$T/authorized"
	cat > "$T/sshd_config" <<-END
		HostKey $T/host
		AuthorizedKeysFile $T/authorized
		PermitRootLogin yes
		StrictModes no
		UsePAM no
		PidFile none
		ListenAddress 0.0.0.0:$port
		ListenAddress [::]:$port
		Subsystem sftp internal-sftp
	END
	for addr; do
		printf '[%s]:%s ' "$addr" "$port"
		cat "$T/host.pub"
	done > "$T/known"
}

# peer_http - the peer serves $T/www on ports 8000 (HTTP) and 8443 (HTTPS)
peer_http()
{
	make_cert
	mkdir -p "$T/www"
	head -c 3000000 /dev/urandom > "$T/www/big"
	echo hello > "$T/www/hello"
	peer_bg /usr/bin/python3 "$TESTS/programs/peer-http.py" "$T/www" "$T/cert.pem" "$T/key.pem"
	wait_for 10 peer_listens 8443 || { note "the peer does not listen"; show "$T/peer.out"; }
}
