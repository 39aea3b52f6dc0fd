# SPDX-License-Identifier: GPL-2.0-only
"""A program that keeps a connection to an echo server through a flood.

hold.py ADDR PORT GO: connect, echo, say "ready", bind a few sockets that garbage
can find; when the file GO is there, echo again on the old connection and on a new one.
"""
import os
import socket
import sys
import time

addr, port, go = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def echo(s, data):
    s.sendall(data)
    got = b""
    while len(got) < len(data):
        more = s.recv(65536)
        if not more:
            raise SystemExit("the echo ended")
        got += more
    assert got == data


old = socket.create_connection((addr, port), 60)
echo(old, b"before")
listener = socket.socket(socket.AF_INET6)
listener.bind(("::", 7007))
listener.listen(64)
udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
udp.bind(("::", 7))
print("ready", flush=True)
while not os.path.exists(go):
    time.sleep(0.05)
echo(old, bytes(range(256)) * 1000)
new = socket.create_connection((addr, port), 60)
echo(new, b"after")
print("both work", flush=True)
