#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The programs of tools/testing/selftests/net, of the kernel tree that the stack was
# made from, on the host and under nuse.
#
# The shell scripts around the programs are not used, for they
# make network namespaces; what they set up is set up here, by the same commands on
# both sides.
#
#	run CASE SETUP PROGRAM [ARGUMENT...]	one program, one outcome
#	harness PROGRAM [SETUP [ARGUMENT...]]	an outcome for each of its tests
#	no CASE SETUP PROGRAM...		it is right if the program fails
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
# shellcheck source=compare.sh
. "${0%/*}/compare.sh"
need ip pkill sysctl unshare nc
begin
KERNEL_VERSION=${TEST_KERNEL%%-*}
KERNEL_VERSION=${KERNEL_VERSION:-6.12}
tree=$O/kernel/src/linux-source-$KERNEL_VERSION
[ -d "$tree" ] || skip_all "no kernel tree $tree"
suite selftests "$tree" "$O/suites/selftests-$KERNEL_VERSION"
DIR=$O/suites/selftests-$KERNEL_VERSION/bin
LIMIT=${LIMIT_CASE:-90}

have()
{
	[ -x "$DIR/$1" ] && return
	reason=$(sed -n "s/^$1 //p" "$DIR/../unbuilt")
	skip "$2" "$1 ${reason:+does not build: }${reason:-is not in the tree of $KERNEL_VERSION}"
	return 1
}

run()
{
	name=${3#./}
	have "$name" "$1" || return 0
	expect=pass
	try "$@"
}

# It fails of its own accord, and says the same on both sides: the last line is one of
# perror(3)'s, or of error(3)'s.
no()
{
	name=${3#./}
	have "$name" "$1" || return 0
	expect=fail
	try "$@"
}

outcome()
{
	case $expect/$1 in
	pass/0) echo pass ;;
	*/4) echo skip ;;
	fail/1) if [ "$(tail -n 1 "$T/host.out")" = "$(tail -n 1 "$2")" ]; then echo pass; else echo fail; fi ;;
	*) echo fail ;;
	esac
}

# results FILE - "NAME OUTCOME" for each line of TAP
results()
{
	sed -n -e 's/^ok [0-9]* -* *\(.*[^ ]\) *# *SKIP.*/\1 skip/p; t' \
		-e 's/^ok [0-9]* -* *\([^#]*[^ #]\).*/\1 pass/p' \
		-e 's/^not ok [0-9]* -* *\([^#]*[^ #]\).*/\1 fail/p' "$1" | sed 's/ \(.*\) /-\1 /; s/.* .* .*/&/' |
		awk '{ o = $NF; $NF = ""; sub(/ $/, ""); gsub(/ /, "-"); print $0, o }' | sort -u
}

# harness PROGRAM [SETUP [ARGUMENT...]]
harness()
{
	have "$1" "$1" || return 0
	prog=$1 setup=${2:-}
	shift
	[ $# -eq 0 ] || shift
	each "$prog" "$setup" "./$prog" "$@"
}

# Sockets of one program.
run socket '' ./socket
run reuseport_bpf '' ./reuseport_bpf
run reuseport_bpf_cpu '' ./reuseport_bpf_cpu
run reuseport_bpf_numa '' ./reuseport_bpf_numa
run reuseport_dualstack '' ./reuseport_dualstack
run reuseport_addr_any '' ./reuseport_addr_any
run reuseaddr_conflict '' ./reuseaddr_conflict
run reuseaddr_ports_exhausted 'sysctl -qw net.ipv4.ip_local_port_range="32768 32768"
	sysctl -qw net.ipv4.ip_autobind_reuse=1' ./reuseaddr_ports_exhausted
run stress_reuseport_listen 'sysctl -qw net.ipv6.ip_nonlocal_bind=1' ./stress_reuseport_listen 10 20
run so_netns_cookie '' ./so_netns_cookie
run sk_bind_sendto_listen '' ./sk_bind_sendto_listen
run sk_connect_zero_addr '' ./sk_connect_zero_addr
run sk_so_peek_off '' ./sk_so_peek_off
run tcp_inq-4 '' ./tcp_inq -4
run tcp_inq-6 '' ./tcp_inq -6
run rxtimestamp '' ./rxtimestamp
for args in '-4 -L 127.0.0.1' '-4 -u -L 127.0.0.1' '-4 -r -L 127.0.0.1' '-6 -L ::1' '-6 -u -L ::1' '-6 -C -L ::1'; do
	# shellcheck disable=SC2086 # options
	run "txtimestamp$(echo "${args% -L*}" | tr -d ' ')" '' ./txtimestamp -t 1000000 $args
done
for args in -4 -6 -4s -6s -4r -6r -4sr -6sr; do
	run "tcp_fastopen_backup_key$args" 'sysctl -qw net.ipv4.tcp_fastopen=3' ./tcp_fastopen_backup_key $args
done

# A server and a client: the server's name is that of the test.
pair()
{
	name=$1 setup=$2 server=$3 client=$4
	have "${name%%-*}" "$name" || return 0
	expect=pass
	try "$name" "$setup" sh -c "$server & $client; status=\$?; wait \$! && exit \$status"
}
# Its pages cannot be had, of the network devices that are here: it copies.
pair tcp_mmap '' 'timeout 4 stdbuf -oL ./tcp_mmap -s -z | grep -a "received 4 MB"' \
	'sleep 1; head -c 4194304 /dev/zero | nc -N 127.0.0.1 8787'
for proto in tcp udp; do
	for opt in '' -z; do
		pair "msg_zerocopy-$proto$opt" 'sysctl -qw net.core.optmem_max=1000000' \
			"./msg_zerocopy -4 -t 2 -C 0 -S 127.0.0.1 -D 127.0.0.1 $opt -r $proto" \
			"sleep 0.2; ./msg_zerocopy -4 -t 1 -C 1 -S 127.0.0.1 -D 127.0.0.1 $opt $proto"
	done
done

# IPv6.
run ipv6_flowlabel_mgr '' ./ipv6_flowlabel_mgr
run ipv6_flowlabel 'sysctl -qw net.ipv6.auto_flowlabels=0' ./ipv6_flowlabel -l 1
run ipv6_flowlabel-auto 'sysctl -qw net.ipv6.auto_flowlabels=1' ./ipv6_flowlabel -l 1
run ipv6_flowlabel-send '' ./ipv6_flowlabel -l 1 -s
run ipv6_flowlabel-ping 'sysctl -qw net.ipv6.flowlabel_reflect=4
	sysctl -qw net.ipv4.ping_group_range="0 2147483647"' ./ipv6_flowlabel -l 1 -p

# Control messages: a mark given by either way is routed by.
mark='ip link add d0 type veth peer name d1; ip link set d0 up; ip link set d1 up
	ip addr add 172.16.0.1/24 dev d0; ip addr add 2001:db8:1::1/64 dev d0 nodad
	sysctl -qw net.ipv4.ping_group_range="0 2147483647"
	ip rule add fwmark 1000 lookup 300; ip -6 rule add fwmark 1000 lookup 300
	ip route add prohibit any table 300; ip -6 route add prohibit any table 300'
for proto in u i r; do
	for how in -M -m; do
		run "cmsg_sender-4$proto$how" "$mark" ./cmsg_sender -4 -p $proto $how 1001 172.16.0.2 1234
		no "cmsg_sender-4$proto$how-prohibited" "$mark" ./cmsg_sender -4 -p $proto $how 1000 -s 172.16.0.2 1234
		run "cmsg_sender-6$proto$how" "$mark" ./cmsg_sender -6 -p $proto $how 1001 2001:db8:1::2 1234
		no "cmsg_sender-6$proto$how-prohibited" "$mark" ./cmsg_sender -6 -p $proto $how 1000 -s 2001:db8:1::2 1234
	done
done

# UDP segmentation, fragments.
mtu='ip addr add dev lo 10.0.0.1/32; ip addr add dev lo fd00::1/128 nodad noprefixroute; ip link set dev lo mtu 1500'
for args in '-4 -C' '-4 -C -s' '-6 -C' '-6 -C -s' '-4 -C -m' '-6 -C -m'; do
	# shellcheck disable=SC2086
	run "udpgso$(echo "$args" | tr -d ' ')" "$mtu" ./udpgso $args
done
frag='sysctl -qw net.ipv4.ipfrag_high_thresh=9000000; sysctl -qw net.ipv4.ipfrag_low_thresh=7000000
	sysctl -qw net.ipv4.ipfrag_time=1; sysctl -qw net.ipv6.ip6frag_high_thresh=9000000
	sysctl -qw net.ipv6.ip6frag_low_thresh=7000000; sysctl -qw net.ipv6.ip6frag_time=1'
for args in -4 -4o -6 -6o; do
	run "ip_defrag$args" "$frag" ./ip_defrag $args
done

# Packet sockets.
run psock_fanout '' ./psock_fanout
run psock_tpacket '' ./psock_tpacket
run txring_overwrite '' ./txring_overwrite
for args in -d '-d -b' '' -b -q -V -v '-v -c' '-l 0' '-l 1472' '-d -l 1472' '-v -c -g -l 1473' '-v -c -g -l 65507'; do
	# shellcheck disable=SC2086
	run "psock_snd$(echo "$args" | tr -d ' ')" '' ./psock_snd $args
done
for args in '-v -c -C' '-l 1473' '-V -l 1473' '-d -l 1473' '-t 24' '-t 23' '-v -c -g -l 65508'; do
	# shellcheck disable=SC2086
	no "psock_snd$(echo "$args" | tr -d ' ')" '' ./psock_snd $args
done

# MPTCP.
for args in '' -6; do
	run "mptcp_sockopt$args" 'sysctl -qw net.mptcp.enabled=1' ./mptcp_sockopt $args
	run "mptcp_inq$args" 'sysctl -qw net.mptcp.enabled=1' ./mptcp_inq $args
done

# Those with a harness.
harness tun
harness so_incoming_cpu
harness ip_local_port_range 'sysctl -qw net.ipv4.ip_local_port_range="40000 49999"'
harness bind_wildcard
harness bind_timewait
harness netlink-dumps
harness epoll_busy_poll
# The same few dozen cases for many ciphers.  Debian's 6.12 has tests of another key in the
# middle, which came with 6.14; each waits for half a minute.
rekey=
for name in rekey rekey_fail rekey_peek rekey_peek_splice rekey_getsockopt rekey_poll_pending \
	rekey_poll_delay splice_rekey rekey_tx rekey_rx; do
	rekey="$rekey -T $name"
done
# sendmsg_large sends 2 MB that nobody reads.  What a send buffer may grow to, the kernel
# derives from its memory: 4 MB on most hosts, just below 2 MB here.
wmem='sysctl -qw net.ipv4.tcp_wmem="4096 16384 4194304"'
# shellcheck disable=SC2086
if [ "${CONFORMANCE:-}" = full ]; then
	LIMIT=900 harness tls "$wmem" $rekey
else
	harness tls "$wmem" $rekey -v 13_aes_gcm -v 12_aes_gcm
fi
summary
