#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ssh: log in to the peer's sshd, run a command, copy bulk data through it.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need ssh sshd ssh-keygen
begin
PATH=$PATH:/usr/sbin
ssh-keygen -q -t ed25519 -N '' -f "$T/host"
ssh-keygen -q -t ed25519 -N '' -f "$T/user"
mkdir -p /run/sshd
cp "$T/user.pub" "$T/authorized"
cat > "$T/sshd_config" <<END
HostKey $T/host
AuthorizedKeysFile $T/authorized
PermitRootLogin yes
StrictModes no
UsePAM no
PidFile none
ListenAddress 0.0.0.0:2200
ListenAddress [::]:2200
END
peer_bg "$(command -v sshd)" -D -e -f "$T/sshd_config"
wait_for 5 peer_listens 2200
{ printf '[%s]:2200 ' $PEER4; cat "$T/host.pub"; printf '[%s]:2200 ' $PEER6; cat "$T/host.pub"; } > "$T/known"

# shellcheck disable=SC2016 # the variable is the other side's
for addr in $PEER4 $PEER6; do
	run_nuse ssh -F none -o BatchMode=yes -o UserKnownHostsFile="$T/known" -o ConnectTimeout=10 \
		-i "$T/user" -p 2200 root@"$addr" 'echo "$SSH_CONNECTION"; exit 3'
	check "ssh $addr: the command's exit status" test "$status" -eq 3
	check "ssh $addr: the peer sees our address" out_has "^($OUR4|$OUR6) "
	proved "ssh $addr" snmp.Tcp.ActiveOpens 1
done

head -c 2000000 /dev/urandom > "$T/data"
STDIN=$T/data run_nuse ssh -F none -o BatchMode=yes -o UserKnownHostsFile="$T/known" -i "$T/user" \
	-p 2200 root@$PEER4 "cat > '$T/got'; cat '$T/got'"
check "ssh carries bulk data there" same_file "$T/got" "$T/data"
check "and back" same_file "$T/out" "$T/data"
proved "ssh with data" snmp.Tcp.OutSegs 50
finish
