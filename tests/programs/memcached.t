#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# memcached with two worker threads: text protocol by TCP and UDP.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need memcached /usr/bin/python3
begin

start_nuse memcached -u root -t 2 -l 0.0.0.0,:: -U 11211
check "memcached accepts" wait_for 10 we_accept 11211
cat > "$T/client.py" <<'END'
import socket, struct, sys, threading
addr = sys.argv[1]
errors = []

def tcp(n):
    try:
        s = socket.create_connection((addr, 11211), 30)
        f = s.makefile("rwb")
        for i in range(200):
            value = b"v%d-%d" % (n, i) * 50
            f.write(b"set k%d-%d 0 0 %d\r\n%s\r\n" % (n, i, len(value), value))
            f.flush()
            assert f.readline() == b"STORED\r\n"
            f.write(b"get k%d-%d\r\n" % (n, i))
            f.flush()
            assert f.readline().startswith(b"VALUE")
            assert f.readline().rstrip() == value
            assert f.readline() == b"END\r\n"
    except Exception as e:
        errors.append(repr(e))

threads = [threading.Thread(target=tcp, args=(n,)) for n in range(8)]
for t in threads: t.start()
for t in threads: t.join()
u = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET, socket.SOCK_DGRAM)
u.settimeout(10)
u.sendto(struct.pack(">HHHH", 7, 0, 1, 0) + b"get k1-1\r\n", (addr, 11211))
if not u.recv(2000)[8:].startswith(b"VALUE"):
    errors.append("UDP")
print("\n".join(errors) or "fine")
sys.exit(bool(errors))
END
for addr in $OUR4 $OUR6; do
	status=0
	peer timeout "$LIMIT" /usr/bin/python3 "$T/client.py" "$addr" > "$T/client.out" 2>&1 || status=$?
	check "memcached: 8 clients with 200 sets and gets at $addr: $(tail -n1 "$T/client.out")" ran_well
done
stop_nuse
proved "memcached" snmp.Tcp.PassiveOpens 16
finish
