#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# sshd on the stack: log in from the peer, run commands there. It is a process for
# each connection that executes itself anew, and a confined one before the login.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need ssh sshd ssh-keygen
begin
LIMIT=60
make_sshd 2222 $OUR4 $OUR6
ssh-keygen -q -t ed25519 -N '' -f "$T/stranger"
head -c 1000000 /dev/urandom > "$T/data"

# login USER-KEY ARGUMENT... - ssh from the peer
login()
{
	key=$1
	shift
	ip netns exec "$NS" timeout "$LIMIT" ssh -F none -o BatchMode=yes -o UserKnownHostsFile="$T/known" \
		-o IdentitiesOnly=yes -o ConnectTimeout=60 -i "$T/$key" -p 2222 "$@"
}

start_nuse "$T/sshd"
check "sshd accepts" wait_for 10 we_accept 2222
for addr in $OUR4 $OUR6; do
	status=0
	# shellcheck disable=SC2016 # the variable is the other side's
	login user root@"$addr" 'echo "$SSH_CONNECTION"; ip -4 -o address show dev eth0; exit 3' \
		< /dev/null > "$T/got" 2> "$T/out" || status=$?
	check "log in to $addr: the command's exit status" test "$status" -eq 3
	check "sshd sees the peer's address" grep -Eq "^($PEER4|$PEER6) .* $addr 2222$" "$T/got"
	check "the command is on the stack" grep -q "$OUR4/24" "$T/got"
done
login user root@$OUR4 cat < "$T/data" > "$T/got" 2> "$T/out" || :
check "1 MB there and back" same_file "$T/got" "$T/data"

# A terminal: the session is its own, and the shell has job control.
login user -tt root@$OUR4 'tty; ps -o tpgid= -p $$; ping -q -c 1 '$PEER4 < /dev/null > "$T/got" 2> "$T/out" || :
check "a terminal" grep -q '^/dev/pts/' "$T/got"
check "ping in it" grep -q ' 0% packet loss' "$T/got"

# Three at once.
for i in 1 2 3; do
	login user root@$OUR4 "sleep 0.2; echo session $i" < /dev/null > "$T/got.$i" 2> "$T/out" &
	eval "p$i=\$!"
done
# shellcheck disable=SC2154
wait "$p1" "$p2" "$p3" || :
check "three sessions at once" test "$(cat "$T"/got.[123] | xargs)" = "session 1 session 2 session 3"

status=0
login stranger root@$OUR4 true < /dev/null > "$T/got" 2> "$T/out" || status=$?
check "a stranger is refused" grep -q 'Permission denied' "$T/out"

printf 'put %s %s\n' "$T/data" "$T/sftp" > "$T/batch"
ip netns exec "$NS" timeout "$LIMIT" sftp -F none -q -o BatchMode=yes -o UserKnownHostsFile="$T/known" \
	-i "$T/user" -P 2222 -b "$T/batch" root@$OUR4 > "$T/got" 2> "$T/out" || :
check "sftp puts a file" same_file "$T/sftp" "$T/data"

stop_nuse TERM
proved "sshd" snmp.Tcp.PassiveOpens 8
finish
