#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# nginx as a single process: HTTP, HTTPS, IPv6, a big file by sendfile, load.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need nginx curl openssl
begin
make_cert
mkdir -p "$T/www"
head -c 5000000 /dev/urandom > "$T/www/big"
make_nginx 'master_process off;' <<END
	tcp_nopush on;
	server {
		listen 80;
		listen [::]:80;
		listen 443 ssl;
		ssl_certificate $T/cert.pem;
		ssl_certificate_key $T/key.pem;
		root $T/www;
		location = /hello { return 200 "hello\n"; }
	}
END
chmod 755 "$T"
start_nuse nginx -e stderr -c "$T/nginx.conf"
check "nginx accepts" wait_for 10 we_accept 80
for url in http://$OUR4/big "http://[$OUR6]/big" https://$OUR4/big; do
	rm -f "$T/got"
	peer curl -sS --max-time 60 --cacert "$T/cert.pem" -o "$T/got" "$url" 2> "$T/out" || :
	check "nginx gives $url as it is" same_file "$T/got" "$T/www/big"
done
if command -v wrk > /dev/null; then
	peer wrk --timeout 30s -t 1 -c 16 -d 1s http://$OUR4/hello > "$T/wrk" 2>&1 || :
	requests=$(awk '/requests in/ { print $1 }' "$T/wrk")
	check "nginx under wrk: ${requests:-0} requests" test "${requests:-0}" -ge 100
	check "nginx under wrk: no errors" sh -c "! grep -E 'Non-2xx|Socket errors' '$T/wrk'"
fi
stop_nuse QUIT
check "nginx stops when told" test "$status" -eq 0
proved "nginx" snmp.Tcp.PassiveOpens 3
finish
