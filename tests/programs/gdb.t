#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# gdb with scripts/gdb/libos-gdb.py: a running instance is attached to and says what the
# peer and its own `ip` say; so does its core; and one backtrace goes from the driver to
# main() of an unmodified program, in any of its threads.  Of two instances in a process
# one is selected.
# shellcheck source=../lib.sh disable=SC2016
. "${0%/*}/../lib.sh"
need gdb "${CC:-cc}" nc
gdb -nx -batch -ex 'python import gdb.unwinder' > /dev/null 2>&1 || skip_all "gdb without Python"
K=${TEST_KERNEL:-6.12-full}
[ -f "$O/kernel/$K/vmlinux" ] || skip_all "$K was not built here"
begin
HERE=$(cd "${0%/*}" && pwd)
export LIBOS_GDB="$T/gdb"
"$TOP/scripts/gdb/types.sh" "$O/kernel/$K" "$LIBOS_GDB" "$K" 2> "$T/err"
check "the types of $K" ran_well
"${CC:-cc}" -g -O1 -Wall -Wextra -pthread -o "$T/talk" "$HERE/gdb-talk.c" || exit 1

# debug [GDB-OPTION...] - with our commands loaded; to $T/out
debug()
{
	status=0
	PYTHONDONTWRITEBYTECODE=1 timeout -k 1 "$LIMIT" gdb -q -nx -batch \
		-ex 'set debuginfod enabled off' -ex 'set pagination off' \
		-ex "source $TOP/scripts/gdb/libos-gdb.py" "$@" \
		> "$T/out" 2> "$T/err" < /dev/null || status=$?
}

give_up()
{
	fail "$1"
	show "$T/out" "$T/err"
	finish
}

# says NAME - what a running instance and its core have to say
says()
{
	check "$1: the instance is listed" out_has '^\* 0 .* Linux version [0-9.]+.* .*liblinux\.so$'
	check "$1: the listener" out_has "^TCP +LISTEN +0 +7 +$OUR4:7000 .*fd=3\)"
	check "$1: the connection, with what was not read" \
		out_has "^TCP +ESTABLISHED +5 +0 +$OUR4:7000 +$PEER4:[0-9]+ .*fd=4\)"
	check "$1: a UDP socket" out_has "^UDP +- +0 +0 +0\.0\.0\.0:7001 .*fd=5\)"
	check "$1: the interface" out_has '^[0-9]+: eth0: <.*UP.*> mtu 1500 link 02:00:00:77:00:02$'
	check "$1: its addresses" sh -c "grep -q ' $OUR4/24$' '$T/out' && grep -q ' $OUR6/64$' '$T/out'"
	check "$1: the main thread waits in accept()" \
		out_has '^ +1 +1 S .* inet_csk_accept < inet_accept < '
	check "$1: another in recv()" out_has '^ +[0-9]+ +1 S .* __skb_recv_udp < '
	check "$1: frames of the one that waits in accept()" \
		sh -c "grep -q '^#.* inet_csk_accept+' '$T/out' && grep -q '^#.* lib_fiber_entry+' '$T/out'"
	check "$1: the kernel's log" out_has '^\[ *[0-9]+\.[0-9]+\] NET: Registered PF_INET '
	check "$1: no error" sh -c "! grep -E 'Python|Error|libos:' '$T/err'"
}

# received - packets of eth0 that gdb says were
received()
{
	sed -n '/: eth0: /,/ rx /s/^ *rx \([0-9]*\) packets.*/\1/p' "$T/out"
}

conf > "$T/nuse.conf"
echo 'memory 48M' >> "$T/nuse.conf"
start_nuse "$T/talk" serve $OUR4
up()
{
	grep -q '^ready' "$T/out"
}
wait_for 5 up || give_up "the server is not ready"
# The peer sends 5 bytes, and 6 more when it is told so; nc -N ends with its input.
mkfifo "$T/fifo"
ip netns exec "$NS" nc -w 60 $OUR4 7000 < "$T/fifo" > "$T/echo" & pids="$pids $!"
exec 9> "$T/fifo"
printf hello >&9
taken()
{
	grep -q '^taken' "$T/out"
}
wait_for 5 taken || give_up "the connection is not there"
debug -p "$NUSE_PID" -ex libos-instances -ex libos-sockets -ex libos-interfaces -ex libos-tasks \
	-ex 'libos-bt 1' -ex libos-log -ex 'set dump-excluded-mappings on' -ex "gcore $T/core"
says attached
sent=$(peer cat /sys/class/net/tap0/statistics/tx_packets)
got=$(received)
check "attached: eth0 has received $got packets, the peer has sent $sent" \
	sh -c "[ '${got:-0}' -gt 0 ] && [ '${got:-0}' -le '$sent' ]"
debug "$NUSE" "$T/core" -ex libos-instances -ex libos-sockets -ex libos-interfaces \
	-ex libos-tasks -ex 'libos-bt 1' -ex libos-log
says core
check "core: the same counters" test "$(received)" = "$got"

# It runs on as if nothing had been.
printf ' world' >&9
echoed()
{
	[ "$(cat "$T/echo")" = "hello world" ]
}
# The server's second thread is told by a datagram to serve the connection.
peer nc -u -w 1 $OUR4 7001 < "$T/nuse.conf" > /dev/null 2>&1 || :
check "the server goes on where it was" wait_for 10 echoed
exec 9>&-
kill -9 "$NUSE_PID"

# From the driver to main(), and to a thread's function.
run_gdb()
{
	status=0
	PYTHONDONTWRITEBYTECODE=1 timeout -k 1 "$LIMIT" ip netns exec "$NSX" gdb -q -nx -batch \
		-ex 'set debuginfod enabled off' -ex "source $TOP/scripts/gdb/libos-gdb.py" \
		-ex 'set breakpoint pending on' -ex 'handle SIGSYS SIGSEGV nostop noprint pass' \
		-ex "tbreak $1" -ex run \
		-ex 'tbreak netdev_start_xmit_skb if $_any_caller_is("udp_sendmsg", 30)' -ex continue \
		-ex backtrace -ex libos-tasks -ex kill --args "$NUSE" \
		${TEST_KERNEL:+--kernel "$TEST_KERNEL"} -c "$T/nuse.conf" "$T/talk" "$2" $PEER4 \
		> "$T/out" 2> "$T/err" < /dev/null || status=$?
}

# goes_to FUNCTION - frames in this order: the driver, the call, our entry, the program
goes_to()
{
	grep '^#' "$T/out" | sed 's/^#[0-9]* *\(0x[0-9a-f]* in \)\{0,1\}\([^ ]*\).*/\2/' | awk -v last="$1" '
		BEGIN { split("netdev_start_xmit_skb udp_sendmsg lib_syscall lib_fiber_entry lib_vcpu_enter say " last, want); n = 1 }
		$1 == want[n] { n++ }
		END { exit want[n] != "" }'
}
run_gdb say once
check "a backtrace from the driver to main()" goes_to main
check "the task runs on thread 1" out_has '^ +1 +1 \* .* runs on thread 1$'
run_gdb say thread
check "a backtrace from the driver to a thread's function" goes_to other
check "the task runs on another thread" out_has '^ +[0-9]+ +1 \* .* runs on thread [2-9]'

# Two instances.
"${CC:-cc}" -O1 -Wall -Wextra -I"$TOP/include" -o "$T/two" "$HERE/gdb-two.c" \
	"$O/host/host.a" "$O/netio/netio.a" -lslirp -lmnl -lpthread || exit 1
LIBOS_LIBRARY="$O/kernel/$K/liblinux.so" "$T/two" > "$T/two.out" & two=$!
pids="$pids $two"
booted()
{
	grep -q '^ready' "$T/two.out"
}
wait_for 5 booted || give_up "two instances do not boot"
debug -p "$two" -ex libos-instances -ex libos-sockets -ex 'libos-use 1' -ex libos-instances \
	-ex libos-sockets -ex 'libos-use 2'
check "two instances are listed" \
	test "$(grep -c '^[* ] [01]  0x[0-9a-f]*  Linux version ' "$T/out")" -eq 4
check "and looked into, one after the other" test \
	"$(awk '/^\* [01] / { print $2 } /^(TCP|UDP) / { print $1 }' "$T/out" | xargs)" = "0 UDP 1 TCP"
check "there is no third" err_has 'libos-use takes a number'
finish
