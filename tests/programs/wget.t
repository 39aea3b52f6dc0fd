#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# wget: HTTP and HTTPS, both families.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need wget openssl /usr/bin/python3
begin
peer_http

for url in http://$PEER4:8000/big "http://[$PEER6]:8000/big" https://$PEER4:8443/big "https://[$PEER6]:8443/big"; do
	rm -f "$T/got"
	run_nuse wget -q -T 60 -t 1 --ca-certificate="$T/cert.pem" -O "$T/got" "$url"
	check "wget $url" ran_well
	check "wget $url: the file as it was" same_file "$T/got" "$T/www/big"
	proved "wget $url" snmp.Tcp.ActiveOpens 1
done
finish
