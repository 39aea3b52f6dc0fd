# SPDX-License-Identifier: GPL-2.0-only
"""Programs that send and exit at once, and a peer that is slow to read.

exit.py read PROTO PORT SECONDS: accept one connection, wait, and print the length
and digest of what came; UDP: of one datagram.
exit.py send PROTO ADDR PORT BYTES [SIGNAL]: send, close, and exit or die.
exit.py digest BYTES: what the reader is to print.
"""
import hashlib
import os
import socket
import sys
import time

PROTOS = {"tcp": (socket.SOCK_STREAM, 0), "udp": (socket.SOCK_DGRAM, 0),
          "sctp": (socket.SOCK_STREAM, 132)}


def digest(data):
    return "%d %s" % (len(data), hashlib.sha256(data).hexdigest())


def content(n):
    return bytes(i * 7 & 255 for i in range(251)) * (n // 251) + b"." * (n % 251)


def open_socket(proto):
    kind, number = PROTOS[proto]
    return socket.socket(socket.AF_INET, kind, number)


what = sys.argv[1]
if what == "digest":
    print(digest(content(int(sys.argv[2]))))
elif what == "read":
    s = open_socket(sys.argv[2])
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", int(sys.argv[3])))
    if sys.argv[2] == "udp":
        print("ready", flush=True)
        print(digest(s.recv(65536)), flush=True)
        sys.exit()
    # A small window, so that most of it is still at the sender.
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    s.listen()
    print("ready", flush=True)
    c, _ = s.accept()
    time.sleep(float(sys.argv[4]))
    data = b""
    while True:
        more = c.recv(65536)
        if not more:
            break
        data += more
    print(digest(data), flush=True)
else:
    s = open_socket(sys.argv[2])
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 200000)
    s.connect((sys.argv[3], int(sys.argv[4])))
    s.sendall(content(int(sys.argv[5])))
    s.close()
    if len(sys.argv) > 6:
        os.kill(os.getpid(), int(sys.argv[6]))
    os._exit(0)
