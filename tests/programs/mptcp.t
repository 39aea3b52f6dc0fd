#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# MPTCP: with the host's kernel as the peer where it has it, and between two
# stacks, with a second subflow.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
need /usr/bin/python3 ip
begin
cat > "$T/mptcp.py" <<'END'
import hashlib, socket, sys
IPPROTO_MPTCP = 262
role, addr = sys.argv[1:3]
family = socket.AF_INET6 if ":" in addr else socket.AF_INET
s = socket.socket(family, socket.SOCK_STREAM, IPPROTO_MPTCP)
s.settimeout(60)
if role == "serve":
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((addr, 6000))
    s.listen()
    print("listening", flush=True)
    c, _ = s.accept()
    h, n = hashlib.sha256(), 0
    while True:
        data = c.recv(65536)
        if not data:
            break
        h.update(data)
        n += len(data)
    c.sendall(h.hexdigest().encode())
    c.close()
    print(n, flush=True)
else:
    data = bytes(range(256)) * 8000
    s.connect((addr, 6000))
    for i in range(0, len(data), 65536):
        s.sendall(data[i:i + 65536])
    s.shutdown(socket.SHUT_WR)
    got = b""
    while len(got) < 64:
        more = s.recv(100)
        if not more:
            break
        got += more
    assert got.decode() == hashlib.sha256(data).hexdigest(), got
    print("fine")
END

if peer /usr/bin/python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)' 2> /dev/null; then
	for addr in $PEER4 $PEER6; do
		peer_bg /usr/bin/python3 "$T/mptcp.py" serve "$addr"
		wait_for 10 peer_listens 6000
		run_nuse /usr/bin/python3 "$T/mptcp.py" get "$addr"
		check "MPTCP to the host's kernel at $addr" out_has '^fine$'
		proved "MPTCP to $addr" netstat.MPTcpExt.MPCapableSYNTX 1
		check "MPTCP to $addr: no fallback to TCP" test "$(counter netstat.MPTcpExt.MPCapableSYNACKRX)" -ge 1
	done
else
	skip "MPTCP to the host's kernel" "the host's kernel has no MPTCP"
fi

# Two stacks, two links between them; the client's path manager knows both ends.
cat > "$T/nuse.conf" <<END
interface a
	viftype PIPE
	pipepath $T/a
	address 10.75.1.1/24

interface b
	viftype PIPE
	pipepath $T/b
	address 10.75.2.1/24

run ip mptcp limits set subflow 2 add_addr_accepted 2
END
sed 's/\.1\/24/.2\/24/' "$T/nuse.conf" > "$T/other.conf"
echo 'run ip mptcp endpoint add 10.75.2.2 dev b subflow' >> "$T/other.conf"
start_nuse /usr/bin/python3 "$T/mptcp.py" serve 10.75.1.1
status=0
: > "$T/other.stats"
wait_for 10 grep -q listening "$T/out" || :
timeout -k 2 "$LIMIT" "$NUSE" ${TEST_KERNEL:+--kernel "$TEST_KERNEL"} -c "$T/other.conf" --stats="$T/other.stats" \
	/usr/bin/python3 "$T/mptcp.py" get 10.75.1.1 > "$T/other.out" 2>&1 || status=$?
await_nuse
check "MPTCP between two stacks" grep -qx fine "$T/other.out"
show "$T/other.out"
joins=$(counter netstat.MPTcpExt.MPJoinAckRx)
check "a second subflow joined ($joins)" test "$joins" -ge 1
check "and carried data" test "$(counter b.rx_frames)" -ge 3
finish
