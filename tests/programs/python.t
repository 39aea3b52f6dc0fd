#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Python: http.server, asyncio with many connections, requests over TLS.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need /usr/bin/python3 curl openssl
begin
peer_http

cd "$T/www"
start_nuse /usr/bin/python3 -m http.server 8080
check "http.server listens" wait_for 10 we_accept 8080
peer curl -sS --max-time 60 -o "$T/got" http://$OUR4:8080/big || :
check "http.server: the file as it was" same_file "$T/got" "$T/www/big"
stop_nuse
proved "http.server" snmp.Tcp.PassiveOpens 1
cd /

cat > "$T/echo.py" <<'END'
import asyncio, sys

async def serve(reader, writer):
    while True:
        data = await reader.read(65536)
        if not data:
            break
        writer.write(data)
        await writer.drain()
    writer.close()

class Datagram(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport
    def datagram_received(self, data, addr):
        self.transport.sendto(data, addr)

async def client(addr, n):
    reader, writer = await asyncio.open_connection(addr, 7000)
    for i in range(20):
        line = b"%d-%d\n" % (n, i) * 10
        writer.write(line)
        assert await reader.readexactly(len(line)) == line
    writer.close()
    await writer.wait_closed()

async def main():
    if sys.argv[1] == "serve":
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(Datagram, ("0.0.0.0", 7000))
        server = await asyncio.start_server(serve, None, 7000)
        async with server:
            await asyncio.wait_for(server.serve_forever(), 60)
    else:
        await asyncio.gather(*(client(sys.argv[2], n) for n in range(100)))
        print("fine")

asyncio.run(main())
END
start_nuse /usr/bin/python3 "$T/echo.py" serve
check "asyncio listens" wait_for 10 we_accept 7000
for addr in $OUR4 $OUR6; do
	peer timeout "$LIMIT" /usr/bin/python3 "$T/echo.py" client "$addr" > "$T/client.out" 2>&1 || :
	check "asyncio serves 100 clients at once at $addr" grep -qx fine "$T/client.out"
done
stop_nuse
proved "asyncio as server" snmp.Tcp.PassiveOpens 200

peer_bg /usr/bin/python3 "$T/echo.py" serve
wait_for 10 peer_listens 7000
run_nuse /usr/bin/python3 "$T/echo.py" client $PEER4
check "asyncio, 100 connections at once" out_has '^fine$'
proved "asyncio as client" snmp.Tcp.ActiveOpens 100

if /usr/bin/python3 -c 'import requests' 2> /dev/null; then
	cat > "$T/get.py" <<'END'
import hashlib, sys, requests
want = hashlib.sha256(open(sys.argv[2], "rb").read()).hexdigest()
with requests.Session() as s:
    s.verify = sys.argv[1]
    s.trust_env = False
    for url in sys.argv[3:]:
        for _ in range(3):
            r = s.get(url, timeout=60)
            assert r.status_code == 200
            assert hashlib.sha256(r.content).hexdigest() == want
print("fine")
END
	run_nuse /usr/bin/python3 "$T/get.py" "$T/cert.pem" "$T/www/big" \
		"https://$PEER4:8443/big" "https://[$PEER6]:8443/big"
	check "requests over TLS" out_has '^fine$'
	proved "requests over TLS" snmp.Tcp.ActiveOpens 2
else
	skip "requests over TLS" "python3-requests is not installed"
fi
finish
