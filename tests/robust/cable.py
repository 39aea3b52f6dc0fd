# SPDX-License-Identifier: GPL-2.0-only
"""A program whose cable is pulled.

cable.py ADDR PORT TIMEOUT_MS: keep a TCP connection to an echo server busy, saying when
carrier changes ("carrier 0"), and after each change how it goes on.  Ends when
the connection does ("ended: ERRNO"), or when the file "stop" is in the directory.
"""
import errno
import os
import socket
import sys
import time

TCP_USER_TIMEOUT = 18


def carrier():
    try:
        with open("/sys/class/net/eth0/carrier") as f:
            return f.read().strip()
    except OSError as e:
        return errno.errorcode[e.errno]


s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 60)
s.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, int(sys.argv[3]))
s.settimeout(0.2)
sent = got = 0
state, fresh = None, True
try:
    while not os.path.exists("stop"):
        now = carrier()
        if now != state:
            state, fresh = now, True
            print("carrier", state, flush=True)
        if sent - got < 4096:
            sent += s.send(bytes([sent // 64 % 256]) * 64)
        try:
            data = s.recv(65536)
        except TimeoutError as e:
            if e.errno == errno.ETIMEDOUT:
                raise
            continue
        if not data:
            print("ended: EOF", flush=True)
            break
        for i in range(0, len(data), 64):
            assert data[i] == (got + i) // 64 % 256
        got += len(data)
        if fresh:
            print("flows, carrier", state, flush=True)
            fresh = False
        time.sleep(0.01)
except OSError as e:
    print("ended:", errno.errorcode[e.errno], flush=True)
print("got", got, flush=True)
times = os.times()
print("cpu %.2f" % (times.user + times.system), flush=True)
