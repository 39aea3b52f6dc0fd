# SPDX-License-Identifier: GPL-2.0-only
"""Peers that end connections badly, and a program that says what it saw of it.

peer-reset.py serve: port 7100 resets in the middle of a transfer; 7101 leaves
what it got unread and waits to be killed; 7102 says "over" and ends in order.
peer-reset.py get ADDR CASE
"""
import errno
import fcntl
import select
import signal
import socket
import struct
import sys
import threading

RESET, KILLED, ORDERLY = 7100, 7101, 7102


def serve(port):
    listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("::", port))
    listener.listen(16)
    while True:
        c, _ = listener.accept()
        if port == RESET:
            c.sendall(b"x" * 1000)
            got = 0
            while got < 100000:
                got += len(c.recv(65536))
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            c.close()
        elif port == KILLED:
            c.sendall(b"hello")
            threading.Event().wait()
        else:
            c.sendall(b"over")
            c.close()


def outcome(call, *args):
    try:
        ret = call(*args)
        return len(ret) if isinstance(ret, bytes) else ret
    except OSError as e:
        return errno.errorcode[e.errno]


def until_error(call, *args):
    while True:
        o = outcome(call, *args)
        if isinstance(o, str) or o == 0:
            return o


if sys.argv[1] == "serve":
    for port in RESET, KILLED:
        threading.Thread(target=serve, args=(port,), daemon=True).start()
    serve(ORDERLY)

addr, case = sys.argv[2:4]
family = socket.AF_INET6 if ":" in addr else socket.AF_INET
s = socket.socket(family)
s.settimeout(60)
if case == "sending":
    s.connect((addr, RESET))
    print("send:", until_error(s.send, b"d" * 65536))
    print("then send:", outcome(s.send, b"d"))
    print("SO_ERROR:", s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
elif case == "receiving":
    s.connect((addr, RESET))
    assert len(s.recv(1000, socket.MSG_WAITALL)) == 1000
    s.sendall(b"d" * 100000)
    print("recv:", until_error(s.recv, 65536))
    print("then recv:", outcome(s.recv, 1))
    print("then send:", outcome(s.send, b"d"))
elif case == "epoll":
    s.connect((addr, RESET))
    assert len(s.recv(1000, socket.MSG_WAITALL)) == 1000
    ep = select.epoll()
    ep.register(s, select.EPOLLIN | select.EPOLLRDHUP)
    s.sendall(b"d" * 100000)
    (_, events), = ep.poll(60)
    print("events:", *(n for n in ("EPOLLIN", "EPOLLERR", "EPOLLHUP", "EPOLLRDHUP")
                       if events & getattr(select, n)))
    print("SO_ERROR:", errno.errorcode[s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)])
elif case == "killed":
    s.connect((addr, KILLED))
    assert s.recv(5, socket.MSG_WAITALL) == b"hello"
    s.sendall(b"never read")
    # Only what has arrived makes the dying peer reset.
    while struct.unpack("i", fcntl.ioctl(s, 0x5411, b"\0" * 4))[0]:
        pass
    print("ready", flush=True)
    print("recv:", outcome(s.recv, 1))
elif case == "orderly":
    s.connect((addr, ORDERLY))
    print("recv:", outcome(s.recv, 4, socket.MSG_WAITALL), outcome(s.recv, 1))
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    first = outcome(s.send, b"d")
    print("first send:", first, "later:", until_error(s.send, b"d"))
elif case == "refused":
    print("connect:", outcome(s.connect, (addr, 7109)))
