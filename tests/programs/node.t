#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# node: an HTTP server, an HTTP client, DNS by getaddrinfo in its thread pool.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need node curl openssl
begin
cat > "$T/server.js" <<'END'
const http = require('http');
const body = Buffer.alloc(2000000, 'x');
http.createServer((req, res) => {
	if (req.url === '/quit') { res.end('bye'); setTimeout(() => process.exit(0), 50); return; }
	res.end(body);
}).listen(8080, '::');
END
cat > "$T/client.js" <<'END'
const http = require('http'), https = require('https'), fs = require('fs');
const [plain, secure, ca] = process.argv.slice(2);
function get(lib, url, options) {
	return new Promise((done, failed) => lib.get(url, options, res => {
		let n = 0;
		res.on('data', d => n += d.length);
		res.on('end', () => done(n));
	}).on('error', failed));
}
(async () => {
	const sizes = await Promise.all([
		...Array.from({length: 10}, () => get(http, plain, {})),
		get(https, secure, {ca: fs.readFileSync(ca)}),
	]);
	console.log(sizes.join(' '));
	process.exit(sizes.every(n => n === 3000000) ? 0 : 1);
})().catch(e => { console.error(e); process.exit(2); });
END

start_nuse node "$T/server.js"
check "node listens" wait_for 15 we_accept 8080
for url in http://$OUR4:8080/ "http://[$OUR6]:8080/"; do
	peer curl -sS --max-time 60 -o "$T/got" "$url" || :
	check "node serves $url" test "$(wc -c < "$T/got")" -eq 2000000
done
peer curl -sS --max-time 60 -o /dev/null http://$OUR4:8080/quit || :
await_nuse
check "node exits" ran_well
proved "node as server" snmp.Tcp.PassiveOpens 3

peer_http
run_nuse node "$T/client.js" http://$PEER4:8000/big https://$PEER4:8443/big "$T/cert.pem"
check "node as client: 11 requests at once" ran_well
proved "node as client" snmp.Tcp.ActiveOpens 11
finish
