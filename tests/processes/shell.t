#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Shells: scripts and pipelines of network programs, job control, daemons, make.
# shellcheck source=../lib.sh disable=SC2016,SC2034
. "${0%/*}/../lib.sh"
need bash ip ping nc ss
begin
LIMIT=60
peer_bg nc -lk 4300
wait_for 5 peer_listens 4300

run_nuse bash -c 'ip -4 -o addr show eth0 | grep -o "10.77.0.2/24"; exit ${PIPESTATUS[0]}'
check "a pipeline of the stack's addresses" ran_well
check "the address is the stack's" out_has '^10.77.0.2/24$'

run_nuse sh -c 'ping -q -c 2 10.77.0.1 && ping -q -c 1 fd77::1; echo "rc $?"; exit 7'
check "exit status of the shell" test "$status" -eq 7
check "two pings in a row" out_has '^rc 0$'
proved "two pings in a row" snmp.Icmp.InEchoReps 2

# Depth: a shell that runs a shell that runs a program in the background.
run_nuse bash -c 'bash -c "bash -c \"ping -q -c 1 10.77.0.1 & wait \\\$!; exit \\\$?\"; exit \$?"; echo "deep $?"'
check "three shells deep" out_has '^deep 0$'
proved "three shells deep" snmp.Icmp.InEchoReps 1

# Twenty at once.
run_nuse bash -c 'for i in {1..20}; do ping -q -c 1 10.77.0.1 > /dev/null & p+=($!); done; n=0; for j in "${p[@]}"; do wait $j && n=$((n + 1)); done; echo "answered $n"'
check "twenty pings at once" out_has '^answered 20$'
proved "twenty pings at once" snmp.Icmp.InEchoReps 20

# A socket of the shell's own, used by its children.
run_nuse bash -c 'exec 5<>/dev/tcp/10.77.0.1/4300; echo from bash >&5; /bin/echo from echo >&5; (echo from a subshell >&5); sh -c "echo from sh >&5"; ss -Htn | wc -l; exec 5>&-; ss -Htn state established | wc -l'
check "a connection used by children" ran_well
check "seen once by ss, and closed" test "$(xargs < "$T/out")" = "1 0"
wait_for 5 grep -q 'from sh' "$T/peer.out" || :
check "all of them were heard" test "$(grep -c '^from' "$T/peer.out")" -eq 4

# close-on-exec of stack sockets; what is not is inherited.
run_nuse bash -c 'exec 5<>/dev/tcp/10.77.0.1/4300; ls -l /proc/self/fd | grep -c " 5 -> "; exec 5>&-; ls /proc/self/fd | grep -cx 5'
check "descriptors of children" test "$(xargs < "$T/out")" = "1 0"

# Children are seen, killed and waited for like any.
run_nuse bash -c 'nc -l 4301 & p=$!; for i in {1..100}; do ss -Htln "sport = :4301" | grep -q . && break; sleep 0.05; done; kill -9 $p; wait $p; echo "status $?"; for i in {1..100}; do ss -Htln "sport = :4301" | grep -q . || break; sleep 0.05; done; ss -Htln | wc -l'
check "a killed child's socket is gone" test "$(xargs < "$T/out")" = "status 137 0"
run_nuse bash -c 'timeout 0.3 nc -l 4302; echo "timeout $?"; nc -l 4302 < /dev/null & for i in {1..100}; do ss -Htln "sport = :4302" | grep -q . && break; sleep 0.05; done; ss -Htln "sport = :4302" | wc -l; kill $!; for i in {1..100}; do ss -Htln "sport = :4302" | grep -q . || break; sleep 0.05; done'
check "a port can be used again at once" out_has '^1$'

run_nuse bash -c 'x=$(for i in 1 2 3 4 5; do ip -o link show eth0; done | sort -u | wc -l); echo "lines $x"; ip route get 10.77.0.1 > >(cat >&2); [[ $(sysctl -n net.ipv4.ip_forward) == 0 ]] && sysctl -qw net.ipv4.ip_forward=1; cat /proc/sys/net/ipv4/ip_forward'
check "substitutions" out_has '^lines 1$'
check "a sysctl set by one child, read by another" out_has '^1$'
check "process substitution" err_has 'dev eth0'

if command -v make > /dev/null; then
	printf 'all: %s\n\t@cat [0-9]*.o | sort -n | paste -sd,\n%%.o:\n\t@ping -q -c 1 10.77.0.1 > /dev/null && echo $* > $@\n' \
		"$(seq -s ' ' -f %g.o 20)" > "$T/Makefile"
	run_nuse make -s -j4 -C "$T"
	check "make -j4 of twenty pings" out_has '^1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20$'
	proved "make -j4" snmp.Icmp.InEchoReps 20
fi

# Errors are as natively.
run_nuse sh -c '/nonexistent; echo $?; /etc/passwd; echo $?; exec /nonexistent'
check "programs that are not there" test "$(xargs < "$T/out")" = "127 126"
check "exec of one" test "$status" -eq 127
finish
