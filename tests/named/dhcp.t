#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A DHCP client on a live stack gets it an address from a server in the peer's
# namespace; its script runs ip, on the same stack.
# shellcheck source=../lib.sh disable=SC2034
. "${0%/*}/../lib.sh"
# shellcheck source=named.sh
. "${0%/*}/named.sh"
need ip ping dnsmasq udhcpc jq
begin_named
printf 'interface eth0\n\tviftype TAP\n\thostif tap0\n\tmacaddr 02:00:00:77:00:02\n' > "$T/nuse.conf"
boot
check "the stack is up, without an address" ran_well
at ip -4 -br address show eth0
check "none" sh -c "! grep -q 10.77 '$T/out'"

peer_bg dnsmasq -d -C /dev/null --port=0 -i tap0 --bind-interfaces --dhcp-leasefile="$T/leases" \
	--dhcp-range=10.77.0.100,10.77.0.110,255.255.255.0,120 --dhcp-option=3,$PEER4 --log-dhcp
check "a server" wait_for 10 peer_listens -u 67
cat > "$T/script" <<'END'
#!/bin/sh
case $1 in
deconfig) ip link set "$interface" up ;;
bound | renew)
	ip -4 address replace "$ip/$mask" dev "$interface"
	[ -z "${router:-}" ] || ip route replace default via "$router" dev "$interface"
	;;
esac
END
chmod +x "$T/script"
at udhcpc -f -q -n -t 5 -T 1 -i eth0 -s "$T/script"
check "udhcpc" ran_well
at ip -4 -br address show eth0
check "the stack has the address" out_has '^eth0 .* 10\.77\.0\.1[01][0-9]/24'
address=$(sed -n 's|.* \(10\.77\.0\.[0-9]*\)/24.*|\1|p' "$T/out")
check "it is the server's lease" grep -q "02:00:00:77:00:02 $address " "$T/leases"
at ip route
check "and the route" out_has "^default via $PEER4 dev eth0"
check "the peer reaches it" wait_for 5 peer ping -c 1 -W 1 "$address"
if command -v dhclient > /dev/null; then
	at ip address flush dev eth0
	cat > "$T/script" <<-'END'
	#!/bin/sh
	case $reason in
	PREINIT) ip link set "$interface" up ;;
	BOUND | REBOOT) ip -4 address replace "$new_ip_address/24" dev "$interface" ;;
	esac
	END
	: > "$T/dhclient.conf"
	at dhclient -1 -v -cf "$T/dhclient.conf" -sf "$T/script" -lf "$T/dhclient.leases" -pf "$T/dhclient.pid" eth0
	check "dhclient: it goes into the background when it has an address" ran_well
	at ip -4 -br address show eth0
	check "the stack has it" out_has '^eth0 .* 10\.77\.0\.1[01][0-9]/24'
	check "dhclient is one of the stack's programs" sh -c "'$NUSE' --list | grep -q dhclient"
	check "and ends by its pid" kill "$(cat "$T/dhclient.pid")"
else
	skip "dhclient" "not installed"
fi
stop_stack
check "--stop" ran_well
finish
