#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# SCTP with lksctp-tools: between two stacks (the host's kernel may lack SCTP), and
# the tools' own functional tests where they are installed.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need checksctp sctp_test sctp_darn /usr/bin/python3
begin
run_nuse checksctp
check "checksctp" ran_well

# Two stacks joined by a pair of FIFOs.
cat > "$T/nuse.conf" <<END
interface eth0
	viftype PIPE
	pipepath $T/link
	address 10.76.0.1/24
	address fd76::1/64
END
sed 's/10.76.0.1/10.76.0.2/; s/fd76::1/fd76::2/' "$T/nuse.conf" > "$T/other.conf"
other()
{
	timeout -k 2 "$LIMIT" "$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} -c "$T/other.conf" \
		--stats="$T/other.stats" "$@"
}
for pair in "10.76.0.1 10.76.0.2" "fd76::1 fd76::2"; do
	ours=${pair% *} theirs=${pair#* }
	: > "$T/other.stats"
	start_nuse sctp_test -H "$ours" -P 5000 -l
	other sctp_test -H "$theirs" -P 5001 -h "$ours" -p 5000 -s -x 50 -c 3 > "$T/other.out" 2>&1 || :
	wait_for 5 test -s "$T/other.stats" || :
	stop_nuse
	check "sctp_test sends from $theirs to $ours" grep -qi 'SNDRCV\|sent' "$T/other.out"
	check "sctp_test: the frames went over the pipe" \
		test "$(awk '$1 == "eth0.tx_frames" { print $2 }' "$T/other.stats")" -ge 10
	check "sctp_test: the other stack received them" test "$(counter eth0.rx_frames)" -ge 10
done

# A program that sends and exits at once; the reader is slow.
exit_py=$TESTS/robust/exit.py
start_nuse /usr/bin/python3 "$exit_py" read sctp 7300 1
wait_for 10 out_has ready || note "the reader is not ready"
other /usr/bin/python3 "$exit_py" send sctp 10.76.0.1 7300 60000 > "$T/other.out" 2>&1 || :
await_nuse
/usr/bin/python3 "$exit_py" digest 60000 > "$T/want"
check "what was sent just before the end arrives" sh -c "tail -n 1 '$T/out' | cmp -s - '$T/want'"
show "$T/other.out"

conf > "$T/nuse.conf"
tests=
for dir in ${LKSCTP_TESTS:-} "$O/lksctp" /usr/lib/lksctp-tools /usr/libexec/lksctp-tools; do
	[ ! -d "$dir" ] || tests=${tests:-$dir}
done
for name in test_1_to_1_accept_close test_1_to_1_addrs test_1_to_1_connect test_1_to_1_connectx \
	test_1_to_1_events test_1_to_1_initmsg_connect test_1_to_1_nonblock test_1_to_1_recvfrom \
	test_1_to_1_recvmsg test_1_to_1_rtoinfo test_1_to_1_send test_1_to_1_sendmsg \
	test_1_to_1_sendto test_1_to_1_shutdown test_1_to_1_socket_bind_listen \
	test_1_to_1_sockopt test_1_to_1_threads test_assoc_abort test_assoc_shutdown \
	test_autoclose test_basic test_connect test_connectx test_fragments test_getname \
	test_inaddr_any test_peeloff test_recvmsg test_sctp_sendrecvmsg test_sctp_sendvrecvv \
	test_sockopt test_tcp_style test_timetolive; do
	for version in "$name" "${name}_v6"; do
		if [ -n "$tests" ] && [ -x "$tests/$version" ]; then
			run_nuse "$tests/$version"
			check "lksctp $version" sh -c "[ $status -eq 0 ] && ! grep -qE ' (FAIL|BROK) : ' '$T/out' '$T/err'"
		else
			skip "lksctp $version" "the tools' own tests are not there (scripts/lksctp.sh, LKSCTP_TESTS)"
		fi
	done
done
finish
