# SPDX-License-Identifier: GPL-2.0-only
"""workers.py PORT N: N processes accept from one listener, until SIGTERM."""
import multiprocessing
import os
import signal
import socket
import sys


def work(lst):
    while True:
        c, _ = lst.accept()
        if c.recv(10):
            c.sendall(b"%d" % os.getpid())
        c.close()


if __name__ == "__main__":
    lst = socket.socket(socket.AF_INET6)
    lst.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    lst.bind(("::", int(sys.argv[1])))
    lst.listen(64)
    ps = [multiprocessing.get_context("fork").Process(target=work, args=(lst,)) for _ in range(int(sys.argv[2]))]
    for p in ps:
        p.start()

    def end(*_):
        for p in ps:
            p.terminate()
            p.join()
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    while True:
        signal.pause()
