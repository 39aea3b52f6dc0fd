#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# nuse valgrind: memcheck finds a program's mistakes, and only those, while it talks
# through the stack.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need valgrind socat nc "${CC:-cc}"
# It needs the symbols of ld.so (libc6-dbg).
valgrind --error-exitcode=9 /bin/true > /dev/null 2>&1 || skip_all "valgrind does not work here"
begin
"${CC:-cc}" -g -O0 -w -pthread -o "$T/talk" "${0%/*}/valgrind-talk.c" || exit 1
peer_bg socat TCP-LISTEN:7,fork,reuseaddr,backlog=20 PIPE
check "a peer that echoes" wait_for 5 peer_listens 7

run_nuse valgrind --error-exitcode=9 --leak-check=full "$T/talk" $PEER4
check "valgrind ends as it should after errors" test "$status" -eq 9
check "main() talks" out_has '^main 0$'
check "a thread" out_has '^thread 0$'
check "a child" out_has '^child 0$'
check "a signal ends a wait" out_has '^interrupted 1$'
check "a read beyond an allocation is found" err_has 'Invalid read of size 1'
check "in the function that makes it" err_has 'at 0x[0-9A-F]+: mistakes \(valgrind-talk.c:[0-9]+\)'
check "its allocation too" err_has '0 bytes after a block of size 10 alloc'
check "a read of freed memory" err_has '3 bytes inside a block of size 10 free'
check "bytes that nobody has written are sent" err_has 'sendto\(msg\) points to uninitialised'
check "nothing else" sh -c "grep 'ERROR SUMMARY' '$T/err' | tail -n 1 | grep -q ' 3 errors from 3 contexts'"
proved "what valgrind's client sends" snmp.Tcp.ActiveOpens 3
check "and the datagram" test "$(counter snmp.Udp.OutDatagrams)" -ge 1

peer_bg nc -lk 8
check "a peer that listens" wait_for 5 peer_listens 8
run_nuse valgrind -q --error-exitcode=9 "$(command -v nc)" -z -w 5 $PEER4 8
check "nc has no mistakes" ran_well
proved "nc in valgrind" snmp.Tcp.ActiveOpens 1

# The other way round there is no room for a program: one line that says what to do.
status=0
timeout -k 2 "$LIMIT" valgrind -q --tool=none "$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} \
	-o fallback=none true > "$T/out" 2> "$T/err" < /dev/null || status=$?
check "valgrind nuse: refused" test "$status" -eq 125
check "with a line that tells the right order" err_has '^nuse: true: .*: run nuse valgrind PROGRAM$'
finish
