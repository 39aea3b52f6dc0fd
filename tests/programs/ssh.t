#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ssh: log in to the peer's sshd, run a command, copy bulk data through it, forward
# connections both ways; scp, sftp and ProxyCommand, which are processes beside it.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need ssh sshd ssh-keygen
begin
PATH=$PATH:/usr/sbin
make_sshd 2200 $PEER4 $PEER6
peer_bg "$T/sshd"
wait_for 5 peer_listens 2200

set -- -F none -o BatchMode=yes -o UserKnownHostsFile="$T/known" -o ConnectTimeout=60 \
	-o ExitOnForwardFailure=yes -i "$T/user" -o Port=2200

# shellcheck disable=SC2016 # the variable is the other side's
for addr in $PEER4 $PEER6; do
	run_nuse ssh "$@" root@"$addr" 'echo "$SSH_CONNECTION"; exit 3'
	check "ssh $addr: the command's exit status" test "$status" -eq 3
	check "ssh $addr: the peer sees our address" out_has "^($OUR4|$OUR6) "
	proved "ssh $addr" snmp.Tcp.ActiveOpens 1
done

head -c 2000000 /dev/urandom > "$T/data"
STDIN=$T/data run_nuse ssh "$@" root@$PEER4 "cat > '$T/got'; cat '$T/got'"
check "ssh carries bulk data there" same_file "$T/got" "$T/data"
check "and back" same_file "$T/out" "$T/data"
proved "ssh with data" snmp.Tcp.OutSegs 50

# Keys anew after each 64 KB, in the middle of compressed data.
STDIN=$T/data run_nuse ssh "$@" -C -o RekeyLimit=64K root@$PEER4 cat
check "ssh -C with many rekeyings" same_file "$T/out" "$T/data"

run_nuse scp "$@" "$T/data" root@$PEER4:"$T/scp"
check "scp" ran_well
check "scp: the file as it was" same_file "$T/scp" "$T/data"
proved "scp" snmp.Tcp.OutSegs 50
printf 'get %s %s\n' "$T/scp" "$T/sftp" > "$T/batch"
run_nuse sftp "$@" -b "$T/batch" "root@[$PEER6]"
check "sftp" ran_well
check "sftp, IPv6: the file as it was" same_file "$T/sftp" "$T/data"
proved "sftp" snmp6.Ip6InReceives 50

run_nuse ssh "$@" -o ProxyCommand="nc %h %p" root@$PEER4 'exit 4'
check "ssh with a ProxyCommand, which has the connection" test "$status" -eq 4
proved "ssh with a ProxyCommand" snmp.Tcp.ActiveOpens 1

# -W: a connection from the peer to where it says, here to its sshd once more.
run_nuse ssh "$@" -W $PEER4:2200 root@$PEER4
check "ssh -W: the far sshd's greeting" out_has '^SSH-2.0-OpenSSH'

# -R: the peer's port 2300 leads through ssh to a port of the stack's choice.
start_nuse ssh "$@" -N -R 127.0.0.1:2300:$PEER4:2301 root@$PEER4
ip netns exec "$NS" nc -l $PEER4 2301 > "$T/got" 2> /dev/null &
pids="$pids $!"
wait_for 10 peer_listens 2300
wait_for 10 peer_listens 2301
peer nc -N 127.0.0.1 2300 < "$T/data" &
pids="$pids $!"
wait_for 10 same_file "$T/got" "$T/data" || :
check "ssh -R: what comes in on the peer goes out of the stack" same_file "$T/got" "$T/data"
stop_nuse
proved "ssh -R" snmp.Tcp.ActiveOpens 2

# -L: who connects to a port of the stack's must be on that stack; a local socket is the host's.
start_nuse ssh "$@" -N -L "$T/local:$PEER4:2302" root@$PEER4
ip netns exec "$NS" nc -l $PEER4 2302 > "$T/got" 2> /dev/null &
pids="$pids $!"
wait_for 10 peer_listens 2302
wait_for 10 test -S "$T/local"
nc -N -U "$T/local" < "$T/data" &
pids="$pids $!"
wait_for 10 same_file "$T/got" "$T/data" || :
check "ssh -L from a local socket of the host" same_file "$T/got" "$T/data"
stop_nuse
proved "ssh -L" snmp.Tcp.ActiveOpens 1
finish
