# SPDX-License-Identifier: GPL-2.0-only
"""asker.py HOST PORT N: N connections, eight at a time; who answered?"""
import concurrent.futures
import socket
import sys


def ask(_):
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=20) as s:
        s.sendall(b"who")
        return s.recv(20)


with concurrent.futures.ThreadPoolExecutor(8) as pool:
    got = [x for x in pool.map(ask, range(int(sys.argv[3]))) if x]
print("answered", len(got), "by", len(set(got)))
