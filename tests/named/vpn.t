#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A VPN for one program, without rights: WireGuard in the stack, as docs/vpn.md tells.
#
#	nuse: client          namespace $NS, loopback       nuse: gateway
#	10.9.0.2 wg0 ~~~~~~ UDP 127.0.0.1:51820 ~~~~~~~~~~ wg0 10.9.0.1 -- masquerade
#	eth0: SLIRP                                      eth0: SLIRP --> 10.77.0.1:8000
#
# Both are a user's who may do nothing.  What the client sends is captured.
# shellcheck source=../lib.sh disable=SC2034
. "${0%/*}/../lib.sh"
need wg curl ip nft setpriv
begin
# The kernel, the program and the files may be where only root can read.
chmod 755 "$T"
kernel=$("$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} -n true | sed -n 's/^# kernel: \(.*\) (.*/\1/p')
cp "$kernel" "$T/liblinux.so"
cp "$NUSE" "$T/nuse.bin"
chmod 644 "$T/liblinux.so"
cat > "$T/nuse" <<END
#!/bin/sh
exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all $T/nuse.bin "\$@"
END
chmod 755 "$T/nuse" "$T/nuse.bin"
NUSE=$T/nuse TEST_KERNEL=$T/liblinux.so
: > "$T/stats"
chmod 666 "$T/stats"

umask 077
wg genkey > "$T/a.key"
wg genkey > "$T/b.key"
umask 022
cat > "$T/client.wg" <<END
[Interface]
PrivateKey = $(cat "$T/a.key")
[Peer]
PublicKey = $(wg pubkey < "$T/b.key")
Endpoint = 10.0.2.2:51820
AllowedIPs = 0.0.0.0/0
END
cat > "$T/gateway.wg" <<END
[Interface]
PrivateKey = $(cat "$T/b.key")
ListenPort = 51820
[Peer]
PublicKey = $(wg pubkey < "$T/a.key")
AllowedIPs = 10.9.0.2/32
END
chown 65534 "$T"/*.wg
chmod 600 "$T"/*.wg
# wg_conf NAME ADDRESS - what both have
wg_conf()
{
	printf 'interface eth0\n\tviftype SLIRP\n\tpcap %s\n' "$T/$1.pcapng"
	case $1 in
	client) printf '\taddress 10.0.2.15/24\n\nsysctl net.ipv6.conf.eth0.disable_ipv6 1\n' ;;
	gateway) printf '\thostfwd udp 127.0.0.1:51820 51820\n' ;;
	esac
	printf '\nrun ip link add wg0 type wireguard\nrun wg setconf wg0 %s\n' "$T/$1.wg"
	printf 'run ip address add %s dev wg0\nrun ip link set wg0 up\n' "$2"
}
{
	wg_conf client 10.9.0.2/24
	echo 'run ip route replace default dev wg0'
} > "$T/nuse.conf"
{
	wg_conf gateway 10.9.0.1/24
	echo 'sysctl net.ipv4.ip_forward 1'
	echo 'run nft add table ip nat'
	echo 'run nft "add chain ip nat post { type nat hook postrouting priority 100; }"'
	echo 'run nft add rule ip nat post oifname eth0 masquerade'
} > "$T/gateway.conf"
for f in client gateway; do
	: > "$T/$f.pcapng"
	chmod 666 "$T/$f.pcapng"
done

# frames NAME FILTER - how many of a capture
frames()
{
	tcpdump -nr "$T/$1.pcapng" "$2" 2> /dev/null | wc -l
}

# The world: a web server of the host's, beyond the gateway.
peer_http

run_nuse curl -sS -m 3 http://$PEER4:8000/hello
check "without its peer nothing comes through" test "$status" -eq 28
check "a handshake was tried" test "$(frames client 'udp dst port 51820')" -ge 1
check "and nothing else went out" test \
	"$(frames client 'ether src host not 52:55:0a:00:02:02 and (ip or ip6) and not udp port 51820')" -eq 0

mkdir -m 700 "$T/run"
chown 65534 "$T/run"
export XDG_RUNTIME_DIR="$T/run"
peer "$NUSE" --kernel "$TEST_KERNEL" -c "$T/gateway.conf" --daemon --name gateway
gateway_listens()
{
	peer ss -Huln 'sport = :51820' | grep -q .
}
check "the gateway is there" wait_for 10 gateway_listens
run_nuse curl -sS -m 15 http://$PEER4:8000/hello
check "curl through the VPN" ran_well
check "the page is the server's" out_has '^hello$'
check "the client's own TCP made the connection" test "$(counter snmp.Tcp.ActiveOpens)" -eq 1
: > "$T/big"
chmod 666 "$T/big"
run_nuse curl -sS -m 15 -o "$T/big" http://$PEER4:8000/big
check "3 MB, all right" same_file "$T/big" "$T/www/big"
check "all of it in the tunnel" test "$(frames client tcp)" -eq 0
check "as many frames of UDP as that takes" test \
	"$(frames client 'udp src port 51820')" -ge 2000
peer "$NUSE" --attach gateway wg show wg0 transfer > "$T/out"
check "wg, attached to the gateway: it has sent it" test "$(cut -f3 "$T/out")" -gt 3000000
peer "$NUSE" --stop gateway
check "the gateway forwarded in the clear what was its to forward" test \
	"$(frames gateway "tcp src port 8000 and src host $PEER4")" -ge 100

# The peer is the host's kernel.
if peer ip link add wg0 type wireguard 2> /dev/null; then
	peer wg setconf wg0 "$T/gateway.wg"
	peer ip address add 10.9.0.1/24 dev wg0
	peer ip link set wg0 up
	run_nuse curl -sS -m 15 http://10.9.0.1:8000/hello
	check "curl to a WireGuard of the host's kernel" out_has '^hello$'
else
	skip "a WireGuard of the host's kernel" "the host's kernel has none"
fi
finish
