#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Running programs: exit statuses, signals, run lines, what the program sees, what
# is counted and captured, and that nothing is left behind.  Needs a kernel; what
# needs a network is in the top folder's tests/programs.
# shellcheck source=lib.sh disable=SC2016,SC2034,SC3045
. "${0%/*}/lib.sh"
unset NUSECONF NUSE_TRACE NUSE_HOSTNET
[ -x "$NUSE" ] || { echo "Bail out! no $NUSE"; exit 1; }
run "$NUSE" -n true
if out_has '^# no kernel'; then
	echo "1..0 # SKIP no kernel library (NUSE_KERNELS, LIBOS_LIBRARY)"
	exit 0
fi
NONE='-o fallback=none'

in_tmp()
{
	find /tmp /dev/shm -maxdepth 1 -name 'nuse*' ! -name 'nuse-test.*' | sort
}
before=$(in_tmp)

# shellcheck disable=SC2086 # two words
nuse()
{
	run "$NUSE" $NONE "$@"
}

nuse true
check "true" ended 0
nuse sh -c 'exit 7'
check "an exit status" ended 7
nuse false
check "false" ended 1
nuse no-such-program-here
check "no such program: 127" ended 127
check "and one line" one_line
nuse /etc/passwd
check "not to be executed: 126" ended 126
check "and one line, too" one_line
nuse -- echo -n hello -v
check "arguments reach the program" eval 'ended 0 && [ "$(cat "$T/out")" = "hello -v" ]'
nuse sh -c 'kill -TERM $$'
check "a program killed by a signal" ended 143
nuse --stats="$T/stats" sh -c 'kill -TERM $$'
check "a program killed by a signal, with counters" ended 143
check "the counters are there" grep -q '^kernel [0-9]' "$T/stats"
check "those of TCP too" grep -q '^snmp.Tcp.ActiveOpens 0$' "$T/stats"
run "$NUSE" --stats true
check "counters of SLIRP on standard error" eval 'err_has "^eth0.tx_frames [0-9]" && err_has "^eth0.drop.tx_error 0$"'
run "$NUSE" --stats="$T/stats" -o eth0.viftype=SLIRP -o 'eth0.loss=tx 100%' ip -br link
check "counters of impairment: $(awk '$1 == "eth0.impair.tx.lost" { print $2 }' "$T/stats") lost" awk '
	{ v[$1] = $2 }
	END { exit !(v["eth0.impair.tx.lost"] > 0 && v["eth0.impair.tx.lost"] == v["eth0.drop.impair"] &&
		v["eth0.tx_frames"] == 0 && v["eth0.impair.rx.lost"] == 0) }' "$T/stats"
nuse --stats=/nonexistent/stats true
check "counters that cannot be written" eval 'ended 125 && err_has "stats: cannot write /nonexistent/stats"'
run "$NUSE" --pcap eth0="$T/a.pcapng" true
check "a capture" eval 'ended 0 && [ "$(od -An -tx4 -N4 "$T/a.pcapng" | tr -d " ")" = 0a0d0d0a ]'
run "$NUSE" --pcap eth0=/nonexistent/a.pcapng true
check "a capture that cannot be written" eval 'ended 125 && err_has "interface eth0: .*/nonexistent/a.pcapng"'

run "$NUSE" cat /proc/net/dev
check "the stack's interfaces, not the host's" eval \
	'out_has "eth0:" && [ "$(grep -c : "$T/out")" -lt 20 ] && ! grep -qE "docker|veth|ens|enp" "$T/out"'
run "$NUSE" cat /etc/resolv.conf
check "SLIRP: its name server" out_has '^nameserver 10\.0\.2\.3$'
run "$NUSE" cat /etc/nsswitch.conf
check "SLIRP: names are asked of the stack" out_has '^hosts: files dns$'
nuse -o nameserver=192.0.2.1 -o nameserver=2001:db8::1 cat /etc/resolv.conf
check "name servers of the configuration" eval \
	'out_has "^nameserver 192.0.2.1$" && out_has "^nameserver 2001:db8::1$" && ! out_has "10.0.2.3"'
nuse -o 'hosts=192.0.2.7 seven seven.example' cat /etc/hosts
check "hosts: the line is first" eval '[ "$(head -n1 "$T/out")" = "192.0.2.7 seven seven.example" ]'
check "hosts: the host's own follow" eval '[ "$(tail -n +2 "$T/out")" = "$(cat /etc/hosts)" ]'
nuse cat /etc/hosts
check "without hosts lines: the host's file" cmp "$T/out" /etc/hosts
nuse cat /proc/self/comm
check "other files are the host's" out_has '^cat$'
nuse cat /proc/self/maps
check "the program's mappings" eval 'ended 0 && out_has "/cat$" && out_has "\.so"'
check "and none of the library's" eval '! out_has "liblinux|/nuse|libos-arena"'
nuse sh -c 'exec 4< /proc/$$/maps; [ -e /proc/self/fd/4 ] && wc -l <&4'
check "by other names, too" eval 'ended 0 && [ "$(cat "$T/out")" -gt 5 ] && [ "$(cat "$T/out")" -lt 100 ]'

nuse -o sysctl.net.ipv4.ip_default_ttl=99 cat /proc/sys/net/ipv4/ip_default_ttl
check "a sysctl" out_has '^99$'
nuse -o sysctl.net.ipv4.no_such_thing=1 true
check "a sysctl that is not there" eval 'ended 125 && one_line && err_has "net.ipv4.no_such_thing"'
nuse -o sysctl.net.ipv4.ip_forward=x true
check "a value that the kernel refuses" eval 'ended 125 && one_line && err_has "ip_forward"'

nuse -o 'run=sh -c "echo one >&2"' -o 'run=sh -c "echo two >&2"' sh -c 'echo three >&2'
check "run lines, in order, then the program" eval '[ "$(tr "\n" " " < "$T/err")" = "one two three " ]'
nuse -o 'run=sh -c "exit 3"' echo never
check "a run line that fails stops it all" eval \
	'ended 125 && ! out_has never && err_has "run: .sh. failed with exit status 3"'
nuse -o 'run=-sh -c "exit 3"' echo still
check "unless it may fail" eval 'ended 0 && out_has still && err_has "ignored"'
nuse -o 'run=no-such-program-here' true
check "a run line without a program" eval 'ended 125 && err_has "cannot run .no-such-program-here.: No such file"'
nuse -o 'run=sh -c "kill -TERM $$"' true
check "a run line that is killed" eval 'ended 125 && err_has "was killed by signal 15"'
if command -v ip > /dev/null && nuse ip link add d0 type dummy && ended 0; then
	nuse -o 'run=ip link add d0 type dummy' ip -br link show d0
	check "run lines change the stack" out_has '^d0 '
	nuse -o 'run=ip link add d0 type dummy' -o 'capabilities=none' ip link add d1 type dummy
	check "capabilities none" eval '! ended 0 && ! ended 125 && err_has "not permitted"'
	run "$NUSE" -o 'eth0.viftype=SLIRP' -o 'eth0.mtu=1400' -o eth0.macaddr=02:00:00:00:00:77 ip link show eth0
	check "mtu and macaddr" eval 'out_has "mtu 1400" && out_has "02:00:00:00:00:77"'
fi

nuse --trace cat /proc/net/dev
check "--trace shows calls of both" eval 'err_has "^[0-9]+ stack\|" && err_has "^[0-9]+ host\|"'
nuse --trace=stack cat /proc/net/dev
check "--trace=stack shows the stack's" eval 'err_has "^[0-9]+ stack\|" && ! err_has "^[0-9]+ host\|"'
nuse --intercept trap echo trapped
check "--intercept trap" out_has '^trapped$'
nuse -v true
check "-v says what is done" err_has '^nuse: Linux [0-9.]+ is up$'

# Rights.
if [ "$(id -u)" -eq 0 ] && command -v setpriv > /dev/null; then
	user="setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all"
	# The kernel may be where only root can read.
	chmod 755 "$T"
	run "$NUSE" -n true
	cp "$(sed -n 's/^# kernel: \(.*\) (.*/\1/p' "$T/out")" "$T/liblinux.so"
	cp "$NUSE" "$T/nuse"
	chmod 644 "$T/liblinux.so"
	chmod 755 "$T/nuse"
	run $user env LIBOS_LIBRARY="$T/liblinux.so" "$T/nuse" -o eth0.viftype=TAP -o eth0.hostif=nuse-none -o eth0.address=10.0.0.1/24 true
	check "TAP without rights: exit status 125" ended 125
	check "and a line that says what to do" eval 'one_line && err_has "interface eth0: .*CAP_NET_ADMIN"'
	run $user env LIBOS_LIBRARY="$T/liblinux.so" "$T/nuse" -o eth0.viftype=RAW -o eth0.hostif=lo -o eth0.address=10.0.0.1/24 true
	check "RAW without rights" eval 'ended 125 && one_line && err_has "interface eth0: .*CAP_NET_RAW"'
	run $user env LIBOS_LIBRARY="$T/liblinux.so" "$T/nuse" cat /proc/net/dev
	check "SLIRP without rights" eval 'ended 0 && out_has eth0:'
else
	skip "what needs rights" "not root, or no setpriv"
fi

# Endings.
mkfifo "$T/fifo"
for sig in TERM=143 HUP=129 USR1=138; do
	: > "$T/out"
	"$NUSE" -o fallback=none sh -c "echo up; read -r never < $T/fifo" > "$T/out" 2> "$T/err" &
	nuse_pid=$!
	i=0
	while [ $i -lt 400 ] && ! out_has up; do sleep 0.05; i=$((i + 1)); done
	kill -"${sig%=*}" $nuse_pid
	status=0
	wait $nuse_pid || status=$?
	check "SIG${sig%=*} ends the program and nuse" ended "${sig#*=}"
done
"$NUSE" -o fallback=none sleep 20 > "$T/out" 2> "$T/err" &
nuse_pid=$!
# Not the shell that is about to become nuse: it has a handler.
while [ "$(cat /proc/$nuse_pid/comm)" != nuse ]; do :; done
kill -TERM $nuse_pid
status=0
wait $nuse_pid || status=$?
check "a signal at the very start, too" ended 143
if [ -x /usr/bin/python3 ]; then
	# What still waits when the program has ended concerns nobody.
	late='import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
for s in signal.SIGTERM, signal.SIGINT: os.kill(os.getpid(), s)
os._exit(3)'
	nuse /usr/bin/python3 -c "$late"
	check "a signal that comes too late" ended 3
	nuse --stats="$T/stats" /usr/bin/python3 -c "$late"
	check "a signal that comes too late, with counters" \
		eval 'ended 3 && grep -q "^snmp.Tcp.ActiveOpens 0$" "$T/stats"'
else
	skip "a signal that comes too late" "no python3"
fi
# Signals all the time, whenever a program ends that ignores them.
whole=0
for round in 1 2 3 4 5 6 7 8; do
	: > "$T/out"
	"$NUSE" -o fallback=none --stats="$T/stats" sh -c 'trap "" USR1; echo up; exit 3' > "$T/out" 2> "$T/err" &
	nuse_pid=$!
	i=0
	while [ $i -lt 2000 ] && ! out_has up; do sleep 0.01; i=$((i + 1)); done
	while kill -USR1 $nuse_pid && ! grep -q '^State:.*Z' /proc/$nuse_pid/status; do :; done 2> /dev/null
	status=0
	wait $nuse_pid || status=$?
	! ended 3 || ! grep -q '^snmp.Tcp.ActiveOpens 0$' "$T/stats" || whole=$((whole + 1))
done
check "signals at the end: $whole of $round write their counters" [ $whole -eq 8 ]
ulimit -c 0
nuse sh -c 'kill -SEGV $$'
check "a program that crashes" ended 139
check "nothing was left in /tmp and /dev/shm" eval '[ "$before" = "$(in_tmp)" ]'
finish
