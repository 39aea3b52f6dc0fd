#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# curl: HTTP and HTTPS, both families, upload, parallel transfers.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need curl openssl /usr/bin/python3
begin
peer_http

# get TEXT URL [OPTION...]
get()
{
	what=$1 url=$2
	shift 2
	rm -f "$T/got"
	run_nuse curl -sS --max-time 60 --cacert "$T/cert.pem" -o "$T/got" "$@" "$url"
	check "curl $what" ran_well
	check "curl $what: the file as it was" same_file "$T/got" "$T/www/big"
	proved "curl $what" snmp.Tcp.ActiveOpens 1
}

get "HTTP" http://$PEER4:8000/big
get "HTTP, IPv6" "http://[$PEER6]:8000/big"
get "HTTPS" https://$PEER4:8443/big
get "HTTPS, IPv6" "https://[$PEER6]:8443/big"
get "HTTP at 20 MB/s" http://$PEER4:8000/big --limit-rate 20M

run_nuse curl -sS --max-time 60 -T "$T/www/big" http://$PEER4:8000/up
check "curl upload" ran_well
check "curl upload: the file as it was" same_file "$T/www/up" "$T/www/big"
proved "curl upload" snmp.Tcp.OutSegs 50

run_nuse curl -sS --max-time 60 --cacert "$T/cert.pem" -Z \
	-o "$T/a" http://$PEER4:8000/big -o "$T/b" https://$PEER4:8443/big -o "$T/c" "http://[$PEER6]:8000/big"
check "curl -Z, three at once" ran_well
check "curl -Z: the files as they were" cmp "$T/a" "$T/c"
proved "curl -Z" snmp.Tcp.ActiveOpens 3

run_nuse curl -sS --max-time 60 http://$PEER4:9/
check "curl of a closed port: refused" test "$status" -eq 7
check "and says so" err_has 'refused|Failed to connect'
finish
