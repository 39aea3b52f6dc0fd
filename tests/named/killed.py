# SPDX-License-Identifier: GPL-2.0-only
"""
killed.py SIGNAL PEER OUR COMMAND... - kill the program of a stack's home

As the peer: COMMAND is nuse with this file's home(), which has a child on its stack
and a connection to us.  We kill it, and say what its parent and its peers see.
"""
import os
import signal
import socket
import subprocess
import sys

PATIENCE = 10
SENT = 200000


def listener(addr, port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((addr, port))
    s.listen()
    return s


def home(peer, our, how):
    """The program.  Its child echoes; it sends, and does nothing more."""
    listening = listener(our, 9)
    if not os.fork():
        for fd in 1, 2:
            os.dup2(os.open("/dev/null", os.O_WRONLY), fd)
        while True:
            c, _ = listening.accept()
            data = c.recv(100)
            c.sendall(data)
            c.close()
            if data == b"end":
                os._exit(0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    s = socket.create_connection((peer, 8))
    # More than the peer takes unread: the stack keeps the rest.
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * SENT)
    s.sendall(b"x" * SENT)
    print("sent", flush=True)
    if how == "receiving":
        s.recv(1)
    while how == "sleeping":
        signal.pause()
    while True:
        pass


def ask(our, what):
    with socket.create_connection((our, 9), PATIENCE) as c:
        c.sendall(what)
        return c.recv(100) == what


def main():
    sig = getattr(signal, "SIG" + sys.argv[1])
    peer, our = sys.argv[2:4]
    listening = listener(peer, 8)
    listening.settimeout(PATIENCE)
    nuse = subprocess.Popen(sys.argv[4:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    c, _ = listening.accept()
    c.settimeout(PATIENCE)
    got = 0
    print("home", nuse.stdout.readline().decode().strip(), flush=True)
    print("child before", ask(our, b"before"), flush=True)
    nuse.send_signal(sig)
    try:
        while True:
            n = len(c.recv(65536))
            if not n:
                break
            got += n
        print("peer got", got, "and the end", flush=True)
    except OSError as e:
        print("peer got", got, "and", e, flush=True)
    # Negative: killed by that signal.
    print("status", nuse.wait(PATIENCE), flush=True)
    print("child after", ask(our, b"after"), flush=True)
    ask(our, b"end")


if sys.argv[1] == "home":
    home(*sys.argv[2:])
else:
    main()
