#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# dig, host, nslookup and the C library's resolver, by UDP and TCP.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need dig host nslookup dnsmasq
begin
{ conf; echo "nameserver $PEER4"; echo "hosts 10.77.0.1 by-hosts.test"; } > "$T/nuse.conf"
peer_bg dnsmasq -d -C /dev/null --no-resolv --no-hosts --bind-interfaces --user=root \
	--listen-address=$PEER4,$PEER6 --address=/www.nuse.test/10.77.0.77 \
	--address=/www.nuse.test/fd77::77 --txt-record=big.nuse.test,"$(head -c 200 /dev/zero | tr '\\0' x)" \
	--ptr-record=77.0.77.10.in-addr.arpa,www.nuse.test
wait_for 5 peer_listens -u 53

run_nuse dig +short +time=10 +tries=2 @$PEER4 www.nuse.test
check "dig" out_has '^10\.77\.0\.77$'
proved "dig" snmp.Udp.InDatagrams 1
run_nuse dig +short +tcp +time=10 +tries=2 @$PEER4 www.nuse.test
check "dig +tcp" out_has '^10\.77\.0\.77$'
proved "dig +tcp" snmp.Tcp.ActiveOpens 1
run_nuse dig +short +time=10 +tries=2 @$PEER6 www.nuse.test AAAA
check "dig over IPv6" out_has '^fd77::77$'
proved "dig over IPv6" snmp6.Udp6InDatagrams 1
run_nuse dig +short +time=10 +tries=2 www.nuse.test
check "dig by the configuration's nameserver" out_has '^10\.77\.0\.77$'
proved "dig by nameserver" snmp.Udp.InDatagrams 1
run_nuse host -W 10 www.nuse.test $PEER4
check "host" out_has 'www.nuse.test has address 10.77.0.77'
check "host, AAAA" out_has 'www.nuse.test has IPv6 address fd77::77'
proved "host" snmp.Udp.InDatagrams 2
run_nuse host -W 10 10.77.0.77 $PEER4
check "host, PTR" out_has 'domain name pointer www.nuse.test'
run_nuse nslookup -timeout=10 www.nuse.test $PEER4
check "nslookup" out_has 'Address: 10.77.0.77'
proved "nslookup" snmp.Udp.InDatagrams 2
run_nuse getent ahosts www.nuse.test
check "getaddrinfo" out_has '^fd77::77 '
check "getaddrinfo, IPv4" out_has '^10.77.0.77 '
proved "getaddrinfo" snmp.Udp.InDatagrams 2
run_nuse getent hosts by-hosts.test
check "getent hosts by the configuration" out_has '^10.77.0.1 '
finish
